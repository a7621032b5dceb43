# The pipeline that listens.

output "pipeline_name" {
  description = "Name of the CodePipeline that listens to the repository."
  value       = aws_codepipeline.this.name
}

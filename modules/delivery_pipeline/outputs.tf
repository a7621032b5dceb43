# How to find and start the pipeline.

output "arn" {
  description = "ARN of the CodePipeline: the pipeline_id that the API answers with."
  value       = aws_codepipeline.this.arn
}

output "name" {
  description = "Name of the CodePipeline."
  value       = aws_codepipeline.this.name
}

output "source_action" {
  description = "Name of the source action, which a start overrides with another bundle's key."
  value       = "Bundle"
}

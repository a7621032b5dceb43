# What delivery pipelines and the orchestrator start, and as whom.

output "pipeline_role_arn" {
  description = "ARN of the role that every delivery pipeline runs with."
  value       = aws_iam_role.this["codepipeline"].arn

  # CodePipeline tries the role as soon as a pipeline names it.
  depends_on = [aws_iam_role_policy.this]
}

output "project_arns" {
  description = "ARNs of the builds by what they do: apply, plan, provision, verify."
  value       = { for project, it in aws_codebuild_project.this : project => it.arn }
}

output "project_names" {
  description = "Names of the builds by what they do: apply, plan, provision, verify."
  value       = { for project, it in aws_codebuild_project.this : project => it.name }
}

output "role_arns" {
  description = "ARNs of the builds' roles by what they may do: apply, plan, provision."
  value = {
    apply     = aws_iam_role.this["build-apply"].arn
    plan      = aws_iam_role.this["build-plan"].arn
    provision = aws_iam_role.this["build-provision"].arn
  }
}

# What a delivery starts and checks, and what people look for.

output "build_role_arn" {
  description = "ARN of the role that builds work with."
  value       = aws_iam_role.build.arn
}

output "image_uri" {
  description = "URI of the image under its tag; it exists once a run has succeeded."
  value       = "${local.repository_uri}:${var.image_tag}"
}

output "jobs" {
  description = "Jobs to run after each apply: state machines with the input to start them with."
  value       = local.jobs
}

output "live" {
  description = "What must be live after an apply and its jobs: a run that succeeded, and the schedule."
  value       = local.live
}

output "log_group_name" {
  description = "Log group of the builds."
  value       = aws_cloudwatch_log_group.build.name
}

output "project_name" {
  description = "Name of the CodeBuild project."
  value       = aws_codebuild_project.this.name
}

output "state_machine_arn" {
  description = "ARN of the state machine; starting it builds the image once more."
  value       = aws_sfn_state_machine.this.arn
}

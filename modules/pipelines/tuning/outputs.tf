# What a delivery starts and checks, and what people look for.

output "execution_role_arn" {
  description = "ARN of the role that SageMaker works with."
  value       = aws_iam_role.execution.arn
}

output "job_name_prefix" {
  description = "Beginning of every job's name, without the hyphen; 10 hexadecimal digits follow."
  value       = local.job_prefix
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
  description = "Log group of the state machine; the jobs' own logs are in /aws/sagemaker/TrainingJobs."
  value       = aws_cloudwatch_log_group.machine.name
}

output "output_s3_uri" {
  description = "S3 prefix of the results."
  value       = var.output_s3_uri
}

output "state_machine_arn" {
  description = "ARN of the state machine; starting it runs the job once more."
  value       = aws_sfn_state_machine.this.arn
}

# What people look for; what a delivery starts and checks is in live.tf.

output "execution_role_arn" {
  description = "ARN of the role that SageMaker works with."
  value       = aws_iam_role.execution.arn
}

output "job_name_prefix" {
  description = "Beginning of every job's name, without the hyphen; 10 hexadecimal digits follow."
  value       = local.job_prefix
}

output "log_group_name" {
  description = "Log group of the state machine; the jobs' own logs are in /aws/sagemaker/."
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

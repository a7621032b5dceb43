# What people look for, and what a delivery starts after an apply and then checks.

output "baseline_s3_uri" {
  description = "S3 prefix of the baseline's results; another baseline gets another."
  value       = local.baseline_s3_uri
}

output "execution_role_arn" {
  description = "ARN of the role that SageMaker works with."
  value       = aws_iam_role.execution.arn
}

output "job_definition_name" {
  description = "Name of the job definition; changes with its content."
  value       = local.made_definition_name
}

output "jobs" {
  description = "Jobs to run after each apply: state machines with the input to start them with."
  value = [{
    kind  = "state_machine"
    arn   = aws_sfn_state_machine.this.arn
    input = { started_by = "release" }
  }]
}

output "live" {
  description = "What must be live after an apply and its jobs: a run of the state machine that succeeded, and the schedule."
  value = concat(
    [{ kind = "state_machine_execution", arn = aws_sfn_state_machine.this.arn }],
    [for name in local.made_schedule_names : {
      kind                = "monitoring_schedule"
      name                = name
      schedule_expression = var.schedule.expression
      job_definition_name = local.made_definition_name
      status              = "Scheduled"
    }],
  )
}

output "log_group_name" {
  description = "Log group of the state machine; the jobs' own logs are in /aws/sagemaker/ProcessingJobs."
  value       = aws_cloudwatch_log_group.machine.name
}

output "report_s3_uri" {
  description = "S3 prefix of the monitor's reports."
  value       = local.report_s3_uri
}

output "schedule_name" {
  description = "Name of the monitoring schedule, which changes with its content; null for a monitor that runs once."
  value       = one(local.made_schedule_names)
}

output "state_machine_arn" {
  description = "ARN of the state machine; starting it makes the baseline, if there is none, and starts the schedule (or runs once, NOW)."
  value       = aws_sfn_state_machine.this.arn
}

# What a delivery starts after an apply and then checks. The same file in every job module.

output "jobs" {
  description = "Jobs to run after each apply: state machines with the input to start them with."
  value = [{
    kind  = "state_machine"
    arn   = aws_sfn_state_machine.this.arn
    input = { started_by = "release" }
  }]
}

output "live" {
  description = "What must be live after an apply and its jobs: a run that succeeded, and the schedule."
  value = concat(
    [{ kind = "state_machine_execution", arn = aws_sfn_state_machine.this.arn }],
    [for schedule in aws_scheduler_schedule.this : {
      kind       = "eventbridge_schedule"
      name       = schedule.name
      group_name = schedule.group_name
      state      = schedule.state
      expression = schedule.schedule_expression
      target_arn = schedule.target[0].arn
    }],
  )
}

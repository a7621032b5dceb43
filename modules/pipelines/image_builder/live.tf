# What a delivery starts after an apply, and what it then checks. The same file in every job module.

locals {
  jobs = [{
    kind  = "state_machine"
    arn   = aws_sfn_state_machine.this.arn
    input = { started_by = "release" }
  }]

  live = concat(
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

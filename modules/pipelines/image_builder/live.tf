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
      kind       = "aws_api"
      name       = "schedule ${schedule.name}"
      service    = "scheduler"
      operation  = "get_schedule"
      parameters = { GroupName = schedule.group_name, Name = schedule.name }
      expect = {
        ScheduleExpression = schedule.schedule_expression
        State              = schedule.state
        "Target.Arn"       = schedule.target[0].arn
      }
    }],
  )
}

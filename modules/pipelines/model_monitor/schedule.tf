# When SageMaker runs the job definition. A schedule that a failed baseline left stopped cannot be changed
# through the provider, so each change makes a new one: its name (and its key here) carries a hash.

locals {
  schedule_key = substr(sha256(jsonencode([local.job_definition_key, var.schedule])), 0, 8)
  # The name as text, for policies and states that must not wait for the schedule itself.
  schedule_name = "${var.name}-${local.schedule_key}"
  has_window    = var.schedule.analysis_start != null
  made_definition_name = local.is_native ? (
    aws_sagemaker_data_quality_job_definition.this[local.job_definition_key].name
  ) : jsondecode(aws_cloudcontrolapi_resource.job_definition[local.job_definition_key].desired_state).JobDefinitionName
}

resource "aws_sagemaker_monitoring_schedule" "this" {
  for_each = toset(local.is_once || local.has_window ? [] : [local.schedule_key])

  name = local.schedule_name
  tags = var.tags

  monitoring_schedule_config {
    monitoring_job_definition_name = local.made_definition_name
    monitoring_type                = local.type

    schedule_config {
      schedule_expression = var.schedule.expression
    }
  }

  lifecycle {
    create_before_destroy = true
  }

  # Last of all: its first run may come with the next full hour, and the state machine stops it before.
  depends_on = [aws_sfn_state_machine.this, aws_iam_role_policy.execution]
}

# The provider's schedule knows no analysed period.
resource "aws_cloudcontrolapi_resource" "schedule" {
  for_each = toset(!local.is_once && local.has_window ? [local.schedule_key] : [])

  type_name = "AWS::SageMaker::MonitoringSchedule"
  schema    = file("${path.module}/schemas/MonitoringSchedule.json")
  desired_state = jsonencode({
    MonitoringScheduleName = local.schedule_name
    MonitoringScheduleConfig = {
      MonitoringJobDefinitionName = local.made_definition_name
      MonitoringType              = local.type
      ScheduleConfig = {
        ScheduleExpression    = var.schedule.expression
        DataAnalysisStartTime = var.schedule.analysis_start
        DataAnalysisEndTime   = var.schedule.analysis_end
      }
    }
    Tags = [for key, value in local.tags : { Key = key, Value = value }]
  })

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [aws_sfn_state_machine.this, aws_iam_role_policy.execution]
}

locals {
  made_schedule_names = concat(
    [for schedule in aws_sagemaker_monitoring_schedule.this : schedule.name],
    [for schedule in aws_cloudcontrolapi_resource.schedule : jsondecode(schedule.desired_state).MonitoringScheduleName],
  )
}

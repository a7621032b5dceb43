# When a run is stopped or runs out of time, its AutoML job would go on and cost: Step Functions stops
# by itself only the kinds of jobs that it can wait for. So EventBridge starts this second state machine
# with word of the stopped run (notifications.tf), and it stops the job of that run.

locals {
  stopped_machine_arn = "arn:${local.partition}:states:${local.region}:${var.account_id}:stateMachine:${var.name}-stop"
}

resource "aws_sfn_state_machine" "stop" {
  name     = "${var.name}-stop"
  role_arn = "arn:${local.partition}:iam::${var.account_id}:role/${aws_iam_role.stop.name}"
  type     = "STANDARD"
  tags     = var.tags

  definition = jsonencode({
    Comment = "Stops the AutoML job of a run of ${var.name} that was stopped."
    StartAt = "NameTheJob"
    States = {
      NameTheJob = {
        Comment       = "As the run itself named it."
        Type          = "Pass"
        QueryLanguage = "JSONata"
        Output        = { job = "{% '${local.job_prefix}-' & $substring($hash($states.input.detail.executionArn, 'SHA-256'), 0, 10) %}" }
        Next          = "Stop"
      }
      Stop = {
        Type       = "Task"
        Resource   = "arn:${local.partition}:states:::aws-sdk:sagemaker:stopAutoMLJob"
        Parameters = { "AutoMLJobName.$" = "$.job" }
        ResultPath = null
        Retry      = [{ ErrorEquals = ["SageMaker.SageMakerException"], IntervalSeconds = 5, BackoffRate = 2, MaxAttempts = 6 }]
        Catch      = [{ ErrorEquals = ["SageMaker.ResourceNotFoundException"], ResultPath = null, Next = "Done" }]
        Next       = "Done"
      }
      Done = {
        Comment = "A run that was stopped before it started a job has nothing to stop."
        Type    = "Succeed"
      }
    }
  })

  depends_on = [aws_iam_role_policy.stop]
}

resource "aws_iam_role" "stop" {
  name                 = "${var.name}-stop"
  description          = "Step Functions: stops the jobs of stopped runs of ${var.name}."
  assume_role_policy   = data.aws_iam_policy_document.machine_trust.json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

resource "aws_iam_role_policy" "stop" {
  name   = "stop"
  role   = aws_iam_role.stop.name
  policy = data.aws_iam_policy_document.stop.json
}

data "aws_iam_policy_document" "stop" {
  statement {
    sid       = "StopJobs"
    actions   = ["sagemaker:StopAutoMLJob"]
    resources = local.automl_job_arns
  }
}

# How a run ends, in states: why it failed in plain words, and who is told. The same file in every job
# module, which names its job in local.job (kind, status_member).
#
#   a task that fails   -> Explain         (its error at $.error)
#   a job that stopped  -> GiveStatus      (its description at $.result)
#   all is well         -> local.succeeded (what to tell at $.message)

locals {
  succeeded = var.notifications == null ? "Done" : "TellSuccess"
  failed    = var.notifications == null ? "Failed" : "TellFailure"

  caught = [{ ErrorEquals = ["States.ALL"], ResultPath = "$.error", Next = "Explain" }]

  # Calls that start a job are tried again when SageMaker or CodeBuild refuses for now (throttling, a
  # role so new that it cannot be assumed yet, a quota in use). A job's name is the same at each try,
  # so that no try can start a second job.
  start_retry = [
    { ErrorEquals = ["SageMaker.ResourceLimitExceededException", "CodeBuild.AccountLimitExceededException"], IntervalSeconds = 60, BackoffRate = 2, MaxAttempts = 3 },
    { ErrorEquals = ["SageMaker.AmazonSageMakerException", "CodeBuild.AWSCodeBuildException", "SageMaker.SageMakerException"], IntervalSeconds = 2, BackoffRate = 2, MaxAttempts = 4 },
  ]

  # Calls that may be repeated without a thought.
  call_retry = [{ ErrorEquals = ["States.TaskFailed"], IntervalSeconds = 2, BackoffRate = 2, MaxAttempts = 3 }]

  outcome_states = {
    for name, state in local._outcome_states : name => state
    if var.notifications != null || !contains(["TellSuccess", "TellFailure"], name)
  }

  _outcome_states = {
    Explain = {
      Comment = "The cause of a job that failed is its description as JSON; that of a refused call is a sentence."
      Type    = "Choice"
      Choices = [
        { And = [{ Variable = "$.error.Cause", IsPresent = true }, { Variable = "$.error.Cause", StringMatches = "{*" }], Next = "ReadCause" },
        { Variable = "$.error.Cause", IsPresent = true, Next = "GiveCause" },
      ]
      Default = "GiveError"
    }
    ReadCause = {
      Type       = "Pass"
      Parameters = { "description.$" = "States.StringToJson($.error.Cause)" }
      ResultPath = "$.cause"
      Next       = "FindReason"
    }
    FindReason = {
      Type = "Choice"
      Choices = concat(
        [{ Variable = "$.cause.description.FailureReason", IsPresent = true, Next = "GiveReason" }],
        local.job.more_reasons,
        [{ Variable = "$.cause.description.${local.job.status_member}", IsPresent = true, Next = "GiveDescribedStatus" }],
      )
      Default = "GiveCause"
    }
    GiveReason = {
      Type       = "Pass"
      Parameters = { error = "JobFailed", "reason.$" = "States.Format('${local.job.kind} {} failed: {}', $.job, $.cause.description.FailureReason)" }
      ResultPath = "$.failure"
      Next       = local.failed
    }
    GiveDescribedStatus = {
      Type       = "Pass"
      Parameters = { error = "JobFailed", "reason.$" = "States.Format('${local.job.kind} {} ended with status {}', $.job, $.cause.description.${local.job.status_member})" }
      ResultPath = "$.failure"
      Next       = local.failed
    }
    GiveStatus = {
      Type       = "Pass"
      Parameters = { error = "JobFailed", "reason.$" = "States.Format('${local.job.kind} {} ended with status {}', $.job, $.result.${local.job.status_member})" }
      ResultPath = "$.failure"
      Next       = local.failed
    }
    GiveCause = {
      Type       = "Pass"
      Parameters = { error = "JobFailed", "reason.$" = "States.Format('${local.job.kind} {}: {}: {}', $.job, $.error.Error, $.error.Cause)" }
      ResultPath = "$.failure"
      Next       = local.failed
    }
    GiveError = {
      Type       = "Pass"
      Parameters = { error = "JobFailed", "reason.$" = "States.Format('${local.job.kind} {}: {}', $.job, $.error.Error)" }
      ResultPath = "$.failure"
      Next       = local.failed
    }
    TellFailure = {
      Comment  = "Whoever cannot be told does not hide why the run failed."
      Type     = "Task"
      Resource = "arn:${local.partition}:states:::sns:publish"
      Parameters = {
        TopicArn    = try(var.notifications.topic_arn, null)
        Subject     = "${var.name}: ${local.job.kind} failed"
        "Message.$" = "States.Format('{}. Execution: {}', $.failure.reason, $$.Execution.Id)"
      }
      ResultPath = null
      Retry      = local.call_retry
      Catch      = [{ ErrorEquals = ["States.ALL"], ResultPath = null, Next = "Failed" }]
      Next       = "Failed"
    }
    Failed = {
      Type      = "Fail"
      ErrorPath = "$.failure.error"
      CausePath = "$.failure.reason"
    }
    TellSuccess = {
      Comment  = "A result that cannot be told of is a result all the same."
      Type     = "Task"
      Resource = "arn:${local.partition}:states:::sns:publish"
      Parameters = {
        TopicArn    = try(var.notifications.topic_arn, null)
        Subject     = "${var.name}: ${local.job.kind} finished"
        "Message.$" = "States.Format('{} Execution: {}', $.message, $$.Execution.Id)"
      }
      ResultPath = null
      Retry      = local.call_retry
      Catch      = [{ ErrorEquals = ["States.ALL"], ResultPath = null, Next = "Done" }]
      Next       = "Done"
    }
    Done = {
      Type = "Succeed"
    }
  }
}

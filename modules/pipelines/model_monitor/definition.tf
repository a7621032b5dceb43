# The state machine: the schedule stands still, the baseline is made, the schedule starts. A baseline that is
# there already (of this very content, and for Clarify of the endpoint's model) is not made again.

locals {
  definition = {
    Comment = "Makes the baseline of ${var.name}, then lets it run. A run's jobs are named after its execution, so that a retry never starts a second one."
    StartAt = "NameTheJob"
    States = merge(
      local.find_states,
      { for name, state in local.clarify_states : name => state if local.is_clarify && !contains(local.other_header_states, name) },
      { for name, state in local.schedule_states : name => state if !local.is_once },
      local.baseline_states,
      { for name, state in local.once_states : name => state if local.is_once },
      local.outcome_states,
      local.message_states,
    )
  }

  sdk = "arn:${local.partition}:states:::aws-sdk"

  before_baseline     = local.is_clarify ? (local.given_header == null ? "ReadTheHeader" : "TakeTheHeader") : "MakeTheBaseline"
  other_header_states = [local.given_header == null ? "TakeTheHeader" : "ReadTheHeader"]
  with_baseline       = local.is_once ? "RunOnce" : "LookAtTheSchedule"

  find_states = {
    NameTheJob = {
      Comment       = "10 digits of the SHA-256 of the execution's name: as long for every name, and the same whenever a state is tried again."
      Type          = "Pass"
      QueryLanguage = "JSONata"
      Output = {
        run = "{% $substring($hash($states.context.Execution.Name, 'SHA-256'), 0, 10) %}"
        job = "{% '${local.job_prefix}-' & $substring($hash($states.context.Execution.Name, 'SHA-256'), 0, 10) %}"
      }
      Next = local.is_clarify ? "FindTheConfiguration" : "LookForTheBaseline"
    }
    LookForTheBaseline = {
      Type           = "Task"
      Resource       = "${local.sdk}:s3:listObjectsV2"
      Parameters     = { Bucket = local.baseline_bucket, Prefix = "${local.baseline_prefix}/constraints.json", MaxKeys = 1 }
      ResultSelector = { "count.$" = "$.KeyCount" }
      ResultPath     = "$.found"
      Retry          = local.call_retry
      Catch          = local.caught
      Next           = "IsThereABaseline"
    }
    IsThereABaseline = {
      Type    = "Choice"
      Choices = [{ Variable = "$.found.count", NumericGreaterThan = 0, Next = local.with_baseline }]
      Default = local.is_once ? local.before_baseline : "LookAtTheOldSchedule"
    }
  }

  # Clarify: which model the endpoint has, what the columns are called, what is to be analysed.
  marker_prefix = "${local.baseline_prefix}/made-for/"

  clarify_states = {
    FindTheConfiguration = {
      Type           = "Task"
      Resource       = "${local.sdk}:sagemaker:describeEndpoint"
      Parameters     = { EndpointName = var.endpoint_name }
      ResultSelector = { "configuration.$" = "$.EndpointConfigName" }
      ResultPath     = "$.endpoint"
      Retry          = local.call_retry
      Catch          = local.caught
      Next           = "FindTheModel"
    }
    FindTheModel = {
      Type       = "Task"
      Resource   = "${local.sdk}:sagemaker:describeEndpointConfig"
      Parameters = { "EndpointConfigName.$" = "$.endpoint.configuration" }
      ResultSelector = {
        "models.$" = var.prediction.variant_name == null ? "$.ProductionVariants[*].ModelName" : "$.ProductionVariants[?(@.VariantName == '${var.prediction.variant_name}')].ModelName"
      }
      ResultPath = "$.variants"
      Retry      = local.call_retry
      Catch      = local.caught
      Next       = "IsThereAModel"
    }
    IsThereAModel = {
      Type    = "Choice"
      Choices = [{ Variable = "$.variants.models[0]", IsPresent = true, Next = "TakeTheModel" }]
      Default = "GiveNoModel"
    }
    GiveNoModel = {
      Type       = "Pass"
      Parameters = { error = "NoModel", reason = "endpoint ${var.endpoint_name} has no ${var.prediction.variant_name == null ? "variant" : "variant ${var.prediction.variant_name}"} with a model to ask" }
      ResultPath = "$.failure"
      Next       = local.failed
    }
    TakeTheModel = {
      Comment       = "The job is named after the model too: the endpoint may get another while this runs."
      Type          = "Pass"
      QueryLanguage = "JSONata"
      Output = {
        run      = "{% $states.input.run %}"
        job      = "{% '${local.job_prefix}-' & $substring($hash($states.context.Execution.Name & ' ' & $states.input.variants.models[0], 'SHA-256'), 0, 10) %}"
        endpoint = { model = "{% $states.input.variants.models[0] %}", marker = "{% '${local.marker_prefix}' & $states.input.variants.models[0] %}" }
      }
      Next = "LookForTheBaseline"
    }
    LookForTheBaseline = {
      Comment       = "A baseline is there if one marker is, and that of this model."
      Type          = "Task"
      QueryLanguage = "JSONata"
      Resource      = "${local.sdk}:s3:listObjectsV2"
      Arguments     = { Bucket = local.baseline_bucket, Prefix = local.marker_prefix, MaxKeys = 2 }
      Output = merge(local.kept, {
        found = { count = "{% $states.result.KeyCount %}", marker = "{% $states.result.KeyCount = 0 ? '' : $states.result.Contents[0].Key %}" }
      })
      Retry = local.call_retry
      Catch = local.caught_keeping
      Next  = "IsThereABaseline"
    }
    IsThereABaseline = {
      Type = "Choice"
      Choices = [
        { And = [{ Variable = "$.found.count", NumericEquals = 1 }, { Variable = "$.found.marker", StringEqualsPath = "$.endpoint.marker" }], Next = local.with_baseline },
        { Variable = "$.found.count", NumericGreaterThan = 0, Next = "ForgetTheModel" },
      ]
      Default = local.is_once ? local.before_baseline : "LookAtTheOldSchedule"
    }
    ForgetTheModel = {
      Comment    = "The files are about to be of another model."
      Type       = "Task"
      Resource   = "${local.sdk}:s3:deleteObject"
      Parameters = { Bucket = local.baseline_bucket, "Key.$" = "$.found.marker" }
      ResultPath = null
      Retry      = local.call_retry
      Catch      = local.caught
      Next       = "LookForTheBaseline"
    }
    TakeTheHeader = {
      Type       = "Pass"
      Result     = local.given_header
      ResultPath = "$.header"
      Next       = "WriteTheAnalysis"
    }
    ReadTheHeader = {
      Comment       = "The first line of the data set names the columns; the label, the first of them, is no feature."
      Type          = "Task"
      QueryLanguage = "JSONata"
      Resource      = "${local.sdk}:s3:getObject"
      Arguments     = { Bucket = local.dataset_bucket, Key = local.dataset_key, Range = "bytes=0-65535" }
      Output = merge(local.kept, {
        header = {
          columns  = "{% $split(${local.first_line}, ',') %}"
          features = "{% $split($substringAfter(${local.first_line}, ','), ',') %}"
        }
      })
      Retry = local.call_retry
      Catch = local.caught_keeping
      Next  = "WriteTheAnalysis"
    }
    WriteTheAnalysis = {
      Type       = "Task"
      Resource   = "${local.sdk}:s3:putObject"
      Parameters = merge(local.put, { Key = "${local.baseline_prefix}/analysis_config.json", Body = local.baseline_analysis })
      ResultPath = null
      Retry      = local.call_retry
      Catch      = local.caught
      Next       = "WriteTheRunsAnalysis"
    }
    WriteTheRunsAnalysis = {
      Type       = "Task"
      Resource   = "${local.sdk}:s3:putObject"
      Parameters = merge(local.put, { Key = "${local.baseline_prefix}/monitor/analysis_config.json", Body = local.monitor_analysis })
      ResultPath = null
      Retry      = local.call_retry
      Catch      = local.caught
      Next       = "MakeTheBaseline"
    }
    RememberTheModel = {
      Comment    = "Says that the baseline is of this model, and looks again: the endpoint may have another by now, and another execution may have written the files of another."
      Type       = "Task"
      Resource   = "${local.sdk}:s3:putObject"
      Parameters = merge(local.put, { "Key.$" = "$.endpoint.marker", Body = { "job.$" = "$.job" } })
      ResultPath = null
      Retry      = local.call_retry
      Catch      = local.caught
      Next       = "FindTheConfiguration"
    }
  }

  # What a JSONata state hands on, and how it hands on an error: it has no ResultPath.
  kept = { for name in ["run", "job", "endpoint"] : name => "{% $states.input.${name} %}" }
  caught_keeping = [{
    ErrorEquals = ["States.ALL"]
    Output      = { run = "{% $states.input.run %}", job = "{% $states.input.job %}", error = "{% $states.errorOutput %}" }
    Next        = "Explain"
  }]

  # Files end their lines in one way or another, and quote or do not quote what they name.
  first_line = "$replace($replace($replace($split($states.result.Body, '\\n')[0], '\\r', ''), '\"', ''), '\\uFEFF', '')"

  put = merge(
    { Bucket = local.baseline_bucket, ContentType = "application/json" },
    { for member, value in { ServerSideEncryption = "aws:kms", SsekmsKeyId = var.kms_key_arn } : member => value if var.kms_key_arn != null },
  )

  # A new schedule is active from the start: it is stopped first, and started when the baseline is there.
  schedule_states = {
    LookAtTheOldSchedule = merge(local.look_at_schedule, { Next = "IsTheScheduleStill" })
    IsTheScheduleStill = {
      Type = "Choice"
      Choices = [
        { Variable = "$.schedule.status", StringEquals = "Scheduled", Next = "StopTheSchedule" },
        { Variable = "$.schedule.status", StringEquals = "Pending", Next = "WaitForStop" },
      ]
      Default = local.before_baseline
    }
    StopTheSchedule = {
      Type       = "Task"
      Resource   = "${local.sdk}:sagemaker:stopMonitoringSchedule"
      Parameters = { MonitoringScheduleName = local.schedule_name }
      ResultPath = null
      Retry      = local.call_retry
      Catch      = local.caught
      Next       = "WaitForStop"
    }
    WaitForStop       = { Type = "Wait", Seconds = 5, Next = "LookAtTheOldSchedule" }
    LookAtTheSchedule = merge(local.look_at_schedule, { Next = "DoesTheScheduleRun" })
    DoesTheScheduleRun = {
      Type = "Choice"
      Choices = [
        { Variable = "$.schedule.status", StringEquals = "Scheduled", Next = "Report" },
        { Variable = "$.schedule.status", StringEquals = "Pending", Next = "WaitForStart" },
        { Variable = "$.schedule.status", StringEquals = "Stopped", Next = "StartTheSchedule" },
      ]
      Default = "GiveScheduleStatus"
    }
    StartTheSchedule = {
      Type       = "Task"
      Resource   = "${local.sdk}:sagemaker:startMonitoringSchedule"
      Parameters = { MonitoringScheduleName = local.schedule_name }
      ResultPath = null
      Retry      = local.call_retry
      Catch      = local.caught
      Next       = "WaitForStart"
    }
    WaitForStart = { Type = "Wait", Seconds = 5, Next = "LookAtTheSchedule" }
    GiveScheduleStatus = {
      Type       = "Pass"
      Parameters = { error = "ScheduleFailed", "reason.$" = "States.Format('monitoring schedule ${local.schedule_name} is {} and does not run', $.schedule.status)" }
      ResultPath = "$.failure"
      Next       = local.failed
    }
  }

  look_at_schedule = {
    Type           = "Task"
    Resource       = "${local.sdk}:sagemaker:describeMonitoringSchedule"
    Parameters     = { MonitoringScheduleName = local.schedule_name }
    ResultSelector = { "status.$" = "$.MonitoringScheduleStatus" }
    ResultPath     = "$.schedule"
    Retry          = local.call_retry
    Catch          = local.caught
  }

  # Runs once: a schedule NOW is a job, made by the state machine and gone when it has ended.
  once_states = {
    RunOnce = {
      Type     = "Task"
      Resource = "${local.sdk}:sagemaker:createMonitoringSchedule"
      Parameters = {
        "MonitoringScheduleName.$" = "States.Format('${var.name}-now-{}', $.run)"
        MonitoringScheduleConfig = {
          MonitoringJobDefinitionName = local.job_definition_name
          MonitoringType              = local.type
          ScheduleConfig = {
            ScheduleExpression    = "NOW"
            DataAnalysisStartTime = coalesce(var.schedule.analysis_start, "-PT1H")
            DataAnalysisEndTime   = coalesce(var.schedule.analysis_end, "-PT0H")
          }
        }
        Tags = [for key, value in local.tags : { Key = key, Value = value }]
      }
      ResultPath = null
      Retry      = local.start_retry
      Catch      = local.caught
      Next       = "WaitForTheRun"
    }
    WaitForTheRun = { Type = "Wait", Seconds = 30, Next = "LookAtTheRun" }
    LookAtTheRun = {
      Type       = "Task"
      Resource   = "${local.sdk}:sagemaker:describeMonitoringSchedule"
      Parameters = { "MonitoringScheduleName.$" = "States.Format('${var.name}-now-{}', $.run)" }
      ResultPath = "$.once"
      Retry      = local.call_retry
      Catch      = local.caught
      Next       = "HasTheRunEnded"
    }
    HasTheRunEnded = {
      Type = "Choice"
      Choices = [
        { Variable = "$.once.LastMonitoringExecutionSummary.MonitoringExecutionStatus", IsPresent = false, Next = "HasTheScheduleFailed" },
        { Variable = "$.once.LastMonitoringExecutionSummary.MonitoringExecutionStatus", StringMatches = "Completed*", Next = "ClearUpTheRun" },
        { Variable = "$.once.LastMonitoringExecutionSummary.MonitoringExecutionStatus", StringEquals = "Failed", Next = "HasTheRunAReason" },
        { Variable = "$.once.LastMonitoringExecutionSummary.MonitoringExecutionStatus", StringEquals = "Stopped", Next = "GiveRunStatus" },
      ]
      Default = "WaitForTheRun"
    }
    HasTheScheduleFailed = {
      Type    = "Choice"
      Choices = [{ Variable = "$.once.MonitoringScheduleStatus", StringEquals = "Failed", Next = "GiveRunStatus" }]
      Default = "WaitForTheRun"
    }
    HasTheRunAReason = {
      Type    = "Choice"
      Choices = [{ Variable = "$.once.LastMonitoringExecutionSummary.FailureReason", IsPresent = true, Next = "GiveRunReason" }]
      Default = "GiveRunStatus"
    }
    GiveRunReason = {
      Type       = "Pass"
      Parameters = { error = "JobFailed", "reason.$" = "States.Format('monitoring run ${var.name}-now-{} failed: {}', $.run, $.once.LastMonitoringExecutionSummary.FailureReason)" }
      ResultPath = "$.failure"
      Next       = "ClearUpTheFailedRun"
    }
    GiveRunStatus = {
      Type       = "Pass"
      Parameters = { error = "JobFailed", "reason.$" = "States.Format('monitoring run ${var.name}-now-{} did not complete; its schedule was {}', $.run, $.once.MonitoringScheduleStatus)" }
      ResultPath = "$.failure"
      Next       = "ClearUpTheFailedRun"
    }
    ClearUpTheRun       = merge(local.clear_up, { Catch = local.caught, Next = "Report" })
    ClearUpTheFailedRun = merge(local.clear_up, { Catch = [{ ErrorEquals = ["States.ALL"], ResultPath = null, Next = local.failed }], Next = local.failed })
  }

  clear_up = {
    Type       = "Task"
    Resource   = "${local.sdk}:sagemaker:deleteMonitoringSchedule"
    Parameters = { "MonitoringScheduleName.$" = "States.Format('${var.name}-now-{}', $.run)" }
    ResultPath = null
    Retry      = local.call_retry
  }

  message_states = {
    GiveExitMessage = {
      Type       = "Pass"
      Parameters = { error = "JobFailed", "reason.$" = "States.Format('${local.job.kind} {} failed: {}', $.job, $.cause.description.ExitMessage)" }
      ResultPath = "$.failure"
      Next       = local.failed
    }
    Report = {
      Type = "Pass"
      Parameters = {
        "job.$"         = "$.job"
        baseline_s3_uri = local.baseline_s3_uri
        message         = local.is_once ? "The baseline is in ${local.baseline_s3_uri}, the report of this run below ${local.report_s3_uri}." : "The baseline is in ${local.baseline_s3_uri}; monitoring schedule ${local.schedule_name} runs."
      }
      Next = local.succeeded
    }
  }
}

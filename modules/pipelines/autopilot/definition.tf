# The state machine: start the AutoML job, look until it has ended, register the best model, tell.

locals {
  definition = {
    Comment = "Searches a model for ${var.name}. A run's jobs are named after its execution, so that a retry never starts a second one."
    StartAt = "NameTheJob"
    States  = merge(local.job_states, local.outcome_states)
  }

  # Step Functions refuses states that nothing leads to.
  job_states = {
    for name, state in local._job_states : name => state
    if !contains(concat(
      var.registration == null ? ["FindGroup", "KeepMetrics", "Register", "ReportRegistered"] : ["Report"],
      var.job.definitions_only ? ["ReadMetrics", "Report"] : ["ReportDefinitions"],
    ), name)
  }

  # Members that are null are left out of a request.
  automl_job = { for member, value in {
    "AutoMLJobName.$" = "$.job"
    InputDataConfig = [for channel, s3_uri in local.channels : { for member, value in {
      DataSource                = { S3DataSource = { S3DataType = channel == "training" ? var.data.s3_data_type : "S3Prefix", S3Uri = s3_uri } }
      TargetAttributeName       = var.data.target_attribute
      CompressionType           = var.data.compression
      ContentType               = var.data.content_type
      SampleWeightAttributeName = var.data.sample_weight_attribute
      # A single channel is for training by itself.
      ChannelType = length(local.channels) == 1 ? null : channel
    } : member => value if value != null }]
    OutputDataConfig   = { for member, value in { S3OutputPath = var.output_s3_uri, KmsKeyId = var.kms_key_arn } : member => value if value != null }
    ProblemType        = try(var.problem.type, null)
    AutoMLJobObjective = var.problem == null ? null : { MetricName = var.problem.objective }
    AutoMLJobConfig = { for member, value in {
      CompletionCriteria = {
        MaxCandidates                     = var.job.max_candidates
        MaxRuntimePerTrainingJobInSeconds = var.job.max_runtime_per_job_seconds
        MaxAutoMLJobRuntimeInSeconds      = var.job.max_total_runtime_seconds
      }
      SecurityConfig = { for member, value in {
        VolumeKmsKeyId                        = local.volume_kms_key
        EnableInterContainerTrafficEncryption = var.job.encrypt_between_instances
        VpcConfig                             = local.vpc_config
      } : member => value if value != null }
      DataSplitConfig           = var.data.validation_fraction == null ? null : { ValidationFraction = var.data.validation_fraction }
      CandidateGenerationConfig = length(var.job.algorithms) == 0 ? null : { AlgorithmsConfig = [{ AutoMLAlgorithms = sort(var.job.algorithms) }] }
      Mode                      = var.job.mode
    } : member => value if value != null }
    GenerateCandidateDefinitionsOnly = var.job.definitions_only
    RoleArn                          = local.execution_role_arn
    Tags                             = [for key, value in local.tags : { Key = key, Value = value }]
  } : member => value if value != null }

  channels = { for channel, s3_uri in { training = var.data.s3_uri, validation = var.data.validation_s3_uri } : channel => s3_uri if s3_uri != null }

  model_package = { for member, value in {
    ModelPackageGroupName   = try(var.registration.model_package_group_name, null)
    ModelPackageDescription = try(var.registration.description, null)
    ModelApprovalStatus     = try(var.registration.approval_status, null)
    "ClientToken.$"         = "$.run"
    InferenceSpecification = { for member, value in {
      "Containers.$"                          = "$.result.BestCandidate.InferenceContainers"
      SupportedContentTypes                   = try(var.registration.content_types, null)
      SupportedResponseMIMETypes              = try(var.registration.response_types, null)
      SupportedRealtimeInferenceInstanceTypes = length(try(var.registration.realtime_instance_types, [])) == 0 ? null : var.registration.realtime_instance_types
      SupportedTransformInstanceTypes         = length(try(var.registration.transform_instance_types, [])) == 0 ? null : var.registration.transform_instance_types
    } : member => value if value != null }
    ModelMetrics = { ModelQuality = { Statistics = {
      ContentType = "application/json"
      "S3Uri.$"   = "States.Format('${var.output_s3_uri}/{}/metrics.json', $.job)"
    } } }
    MetadataProperties = { "GeneratedBy.$" = "$.result.AutoMLJobArn" }
    CustomerMetadataProperties = {
      pipeline       = var.name
      "automl_job.$" = "$.job"
      "candidate.$"  = "$.result.BestCandidate.CandidateName"
      "execution.$"  = "$$.Execution.Name"
    }
  } : member => value if value != null }

  _job_states = {
    NameTheJob = {
      Comment       = "10 digits of the SHA-256 of the execution's ARN: as long for every name, and the same whenever a state is tried again."
      Type          = "Pass"
      QueryLanguage = "JSONata"
      Output = {
        run   = "{% $substring($hash($states.context.Execution.Id, 'SHA-256'), 0, 10) %}"
        job   = "{% '${local.job_prefix}-' & $substring($hash($states.context.Execution.Id, 'SHA-256'), 0, 10) %}"
        pause = { seconds = 5 }
      }
      Next = var.registration == null ? "Start" : "FindGroup"
    }
    FindGroup = {
      Comment    = "A group that is missing shows before the search is paid for."
      Type       = "Task"
      Resource   = "arn:${local.partition}:states:::aws-sdk:sagemaker:describeModelPackageGroup"
      Parameters = { ModelPackageGroupName = try(var.registration.model_package_group_name, null) }
      ResultPath = null
      Retry      = local.call_retry
      Catch      = local.caught
      Next       = "Start"
    }
    Start = {
      Comment    = "The name is taken when an earlier try of this very state got through."
      Type       = "Task"
      Resource   = "arn:${local.partition}:states:::aws-sdk:sagemaker:createAutoMLJob"
      Parameters = local.automl_job
      ResultPath = "$.started"
      Retry      = local.start_retry
      Catch      = concat([{ ErrorEquals = ["SageMaker.ResourceInUseException"], ResultPath = "$.started", Next = "Pause" }], local.caught)
      Next       = "Pause"
    }
    Pause = {
      Type        = "Wait"
      SecondsPath = "$.pause.seconds"
      Next        = "Look"
    }
    Look = {
      Type       = "Task"
      Resource   = "arn:${local.partition}:states:::aws-sdk:sagemaker:describeAutoMLJob"
      Parameters = { "AutoMLJobName.$" = "$.job" }
      ResultPath = "$.result"
      Retry      = [{ ErrorEquals = ["States.TaskFailed"], IntervalSeconds = 5, BackoffRate = 2, MaxAttempts = 8 }]
      Catch      = local.caught
      Next       = "LookHowItStands"
    }
    LookHowItStands = {
      Type = "Choice"
      Choices = [
        { Or = [for status in ["InProgress", "Stopping"] : { Variable = "$.result.AutoMLJobStatus", StringEquals = status }], Next = "WaitLonger" },
        { And = [{ Not = { Variable = "$.result.AutoMLJobStatus", StringEquals = "Completed" } }, { Variable = "$.result.FailureReason", IsPresent = true }], Next = "GiveFoundReason" },
        { Not = { Variable = "$.result.AutoMLJobStatus", StringEquals = "Completed" }, Next = "GiveStatus" },
        { Variable = "$.result.${var.job.definitions_only ? "AutoMLJobArtifacts.CandidateDefinitionNotebookLocation" : "BestCandidate.CandidateName"}", IsPresent = true, Next = var.job.definitions_only ? "ReportDefinitions" : "ReadMetrics" },
      ]
      Default = "NoteNothing"
    }
    WaitLonger = {
      Comment    = "Two seconds more each time: a job of an hour is noticed within two minutes, and one of 30 days takes 1,600 looks, well within the 25,000 events that an execution may have."
      Type       = "Pass"
      Parameters = { "seconds.$" = "States.MathAdd($.pause.seconds, 2)" }
      ResultPath = "$.pause"
      Next       = "Pause"
    }
    GiveFoundReason = {
      Type       = "Pass"
      Parameters = { error = "JobFailed", "reason.$" = "States.Format('${local.job.kind} {} ended with status {}: {}', $.job, $.result.AutoMLJobStatus, $.result.FailureReason)" }
      ResultPath = "$.failure"
      Next       = local.failed
    }
    NoteNothing = {
      Type       = "Pass"
      Parameters = { error = "JobFailed", "reason.$" = "States.Format('${local.job.kind} {} completed without a ${var.job.definitions_only ? "candidate definition" : "best candidate"}', $.job)" }
      ResultPath = "$.failure"
      Next       = local.failed
    }
    ReadMetrics = {
      Type       = "Pass"
      Parameters = { "text.$" = "States.JsonToString($.result.BestCandidate.FinalAutoMLJobObjectiveMetric)" }
      ResultPath = "$.metrics"
      Next       = var.registration == null ? "Report" : "KeepMetrics"
    }
    KeepMetrics = {
      Comment  = "The registered version points to its metrics, so they stay where its artifact is."
      Type     = "Task"
      Resource = "arn:${local.partition}:states:::aws-sdk:s3:putObject"
      Parameters = { for member, value in {
        Bucket               = local.output_bucket
        "Key.$"              = "States.Format('${local.output_folder}{}/metrics.json', $.job)"
        ContentType          = "application/json"
        Body                 = { "automl_job.$" = "$.job", "best_candidate.$" = "$.result.BestCandidate" }
        ServerSideEncryption = var.kms_key_arn == null ? null : "aws:kms"
        SsekmsKeyId          = var.kms_key_arn
      } : member => value if value != null }
      ResultPath = null
      Retry      = local.call_retry
      Catch      = local.caught
      Next       = "Register"
    }
    Register = {
      Type       = "Task"
      Resource   = "arn:${local.partition}:states:::aws-sdk:sagemaker:createModelPackage"
      Parameters = local.model_package
      ResultPath = "$.package"
      Retry      = local.call_retry
      Catch      = local.caught
      Next       = "ReportRegistered"
    }
    ReportRegistered = {
      Type = "Pass"
      Parameters = {
        "job.$"           = "$.job"
        "candidate.$"     = "$.result.BestCandidate.CandidateName"
        "containers.$"    = "$.result.BestCandidate.InferenceContainers"
        "metrics.$"       = "$.metrics.text"
        "model_package.$" = "$.package.ModelPackageArn"
        "message.$"       = "States.Format('${local.job.kind} {} finished. Best candidate: {}. Objective: {}. Registered as {} (${try(var.registration.approval_status, "")}).', $.job, $.result.BestCandidate.CandidateName, $.metrics.text, $.package.ModelPackageArn)"
      }
      Next = local.succeeded
    }
    Report = {
      Type = "Pass"
      Parameters = {
        "job.$"        = "$.job"
        "candidate.$"  = "$.result.BestCandidate.CandidateName"
        "containers.$" = "$.result.BestCandidate.InferenceContainers"
        "metrics.$"    = "$.metrics.text"
        "message.$"    = "States.Format('${local.job.kind} {} finished. Best candidate: {}. Objective: {}. Results: ${var.output_s3_uri}/{}/', $.job, $.result.BestCandidate.CandidateName, $.metrics.text, $.job)"
      }
      Next = local.succeeded
    }
    ReportDefinitions = {
      Type = "Pass"
      Parameters = {
        "job.$"             = "$.job"
        "notebook_s3_uri.$" = "$.result.AutoMLJobArtifacts.CandidateDefinitionNotebookLocation"
        "message.$"         = "States.Format('${local.job.kind} {} wrote its candidate definitions: {}.', $.job, $.result.AutoMLJobArtifacts.CandidateDefinitionNotebookLocation)"
      }
      Next = local.succeeded
    }
  }
}

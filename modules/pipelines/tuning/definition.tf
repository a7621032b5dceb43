# The state machine: tune, look how it ended, register the best model, tell.

locals {
  definition = {
    Comment = "Tunes ${var.name}. A run's jobs are named after its execution, so that a retry never starts a second one."
    StartAt = "NameTheJob"
    States  = merge(local.job_states, local.outcome_states)
  }

  # Step Functions refuses states that nothing leads to.
  job_states = {
    for name, state in local._job_states : name => state
    if !contains(var.registration == null ? local.registration_states : ["Report"], name)
  }

  registration_states = ["FindGroup", "KeepMetrics", "Register", "ReportRegistered"]

  # What is searched for is not fixed as well.
  ranged = setunion(keys(var.ranges.continuous), keys(var.ranges.integer), keys(var.ranges.categorical), keys(var.tuning.auto_parameters))

  # Members that are null are left out of a request.
  tuning_job = { for member, value in local._tuning_job : member => value if value != null }

  _tuning_job = {
    "HyperParameterTuningJobName.$" = "$.job"
    HyperParameterTuningJobConfig = { for member, value in {
      Strategy                         = var.tuning.strategy
      StrategyConfig                   = var.tuning.hyperband == null ? null : { HyperbandStrategyConfig = { MinResource = var.tuning.hyperband.min_resource, MaxResource = var.tuning.hyperband.max_resource } }
      HyperParameterTuningJobObjective = { Type = var.tuning.objective_type, MetricName = var.tuning.objective_metric }
      ResourceLimits = { for member, value in {
        MaxNumberOfTrainingJobs = var.tuning.max_jobs
        MaxParallelTrainingJobs = var.tuning.max_parallel_jobs
        MaxRuntimeInSeconds     = var.tuning.max_runtime_seconds
      } : member => value if value != null }
      ParameterRanges = { for member, value in {
        ContinuousParameterRanges  = [for name, range in var.ranges.continuous : { Name = name, MinValue = tostring(range.min), MaxValue = tostring(range.max), ScalingType = range.scaling }]
        IntegerParameterRanges     = [for name, range in var.ranges.integer : { Name = name, MinValue = tostring(range.min), MaxValue = tostring(range.max), ScalingType = range.scaling }]
        CategoricalParameterRanges = [for name, choices in var.ranges.categorical : { Name = name, Values = choices }]
        AutoParameters             = [for name, hint in var.tuning.auto_parameters : { Name = name, ValueHint = hint }]
      } : member => value if length(value) > 0 }
      TrainingJobEarlyStoppingType = var.tuning.early_stopping
      RandomSeed                   = var.tuning.random_seed
      TuningJobCompletionCriteria  = length(local.completion) == 0 ? null : local.completion
    } : member => value if value != null }
    Autotune              = var.tuning.autotune ? { Mode = "Enabled" } : null
    TrainingJobDefinition = { for member, value in local._training_job : member => value if value != null }
    Tags                  = [for key, value in local.tags : { Key = key, Value = value }]
  }

  completion = { for member, value in {
    TargetObjectiveMetricValue = var.tuning.target_value
    BestObjectiveNotImproving  = var.tuning.max_jobs_unimproved == null ? null : { MaxNumberOfTrainingJobsNotImproving = var.tuning.max_jobs_unimproved }
    ConvergenceDetected        = var.tuning.stop_on_convergence ? { CompleteOnConvergence = "Enabled" } : null
  } : member => value if value != null }

  _training_job = {
    DefinitionName = var.tuning.definition_name
    AlgorithmSpecification = { for member, value in {
      TrainingImage     = var.algorithm.image_uri
      TrainingInputMode = var.algorithm.input_mode
      MetricDefinitions = length(var.algorithm.metric_definitions) == 0 ? null : [for name, expression in var.algorithm.metric_definitions : { Name = name, Regex = expression }]
    } : member => value if value != null }
    RoleArn               = local.execution_role_arn
    StaticHyperParameters = length(local.static_hyperparameters) == 0 ? null : local.static_hyperparameters
    Environment           = length(var.algorithm.environment) == 0 ? null : var.algorithm.environment
    InputDataConfig = [for name, channel in var.channels : { for member, value in {
      ChannelName = name
      DataSource = { S3DataSource = { for member, value in {
        S3Uri                  = channel.s3_uri
        S3DataType             = channel.s3_data_type
        S3DataDistributionType = channel.distribution
        AttributeNames         = length(channel.attribute_names) == 0 ? null : channel.attribute_names
      } : member => value if value != null } }
      ContentType       = channel.content_type
      CompressionType   = channel.compression
      InputMode         = channel.input_mode
      RecordWrapperType = channel.record_wrapper
      ShuffleConfig     = channel.shuffle_seed == null ? null : { Seed = channel.shuffle_seed }
    } : member => value if value != null }]
    OutputDataConfig = { for member, value in { S3OutputPath = var.output_s3_uri, KmsKeyId = var.kms_key_arn } : member => value if value != null }
    ResourceConfig = { for member, value in {
      InstanceType   = var.instances.type
      InstanceCount  = var.instances.count
      VolumeSizeInGB = var.instances.volume_size_gb
      VolumeKmsKeyId = local.volume_kms_key
    } : member => value if value != null }
    StoppingCondition = { for member, value in {
      MaxRuntimeInSeconds  = var.instances.max_runtime_seconds
      MaxWaitTimeInSeconds = try(var.instances.spot.max_wait_seconds, null)
    } : member => value if value != null }
    EnableManagedSpotTraining             = var.instances.spot != null
    CheckpointConfig                      = local.shared_checkpoint_s3_uri == null ? null : { S3Uri = local.shared_checkpoint_s3_uri }
    EnableNetworkIsolation                = var.algorithm.network_isolation
    EnableInterContainerTrafficEncryption = var.algorithm.encrypt_between_instances
    VpcConfig                             = local.vpc_config
    RetryStrategy                         = var.instances.retry_attempts == 0 ? null : { MaximumRetryAttempts = var.instances.retry_attempts }
  }

  static_hyperparameters = { for name, value in var.algorithm.hyperparameters : name => value if !contains(local.ranged, name) }

  model_package = { for member, value in local._model_package : member => value if value != null }

  _model_package = {
    ModelPackageGroupName   = try(var.registration.model_package_group_name, null)
    ModelPackageDescription = try(var.registration.description, null)
    ModelApprovalStatus     = try(var.registration.approval_status, null)
    "ClientToken.$"         = "$.run"
    InferenceSpecification = { for member, value in {
      Containers = [{
        Image            = try(coalesce(var.registration.image_uri, var.algorithm.image_uri), null)
        "ModelDataUrl.$" = "$.best.ModelArtifacts.S3ModelArtifacts"
      }]
      SupportedContentTypes                   = try(var.registration.content_types, null)
      SupportedResponseMIMETypes              = try(var.registration.response_types, null)
      SupportedRealtimeInferenceInstanceTypes = length(try(var.registration.realtime_instance_types, [])) == 0 ? null : var.registration.realtime_instance_types
      SupportedTransformInstanceTypes         = length(try(var.registration.transform_instance_types, [])) == 0 ? null : var.registration.transform_instance_types
    } : member => value if value != null }
    MetadataProperties = { "GeneratedBy.$" = "$.best.TrainingJobArn" }
    CustomerMetadataProperties = {
      pipeline         = var.name
      "tuning_job.$"   = "$.job"
      "training_job.$" = "$.best.TrainingJobName"
      "execution.$"    = "$$.Execution.Name"
    }
  }

  _job_states = {
    NameTheJob = {
      Comment       = "10 digits of the SHA-256 of the execution's ARN: as long for every name, and the same whenever a state is tried again."
      Type          = "Pass"
      QueryLanguage = "JSONata"
      Output = {
        run = "{% $substring($hash($states.context.Execution.Id, 'SHA-256'), 0, 10) %}"
        job = "{% '${local.job_prefix}-' & $substring($hash($states.context.Execution.Id, 'SHA-256'), 0, 10) %}"
      }
      Next = var.registration == null ? "Tune" : "FindGroup"
    }
    FindGroup = {
      Comment    = "A group that is missing shows before the search is paid for."
      Type       = "Task"
      Resource   = "arn:${local.partition}:states:::aws-sdk:sagemaker:describeModelPackageGroup"
      Parameters = { ModelPackageGroupName = try(var.registration.model_package_group_name, null) }
      ResultPath = null
      Retry      = local.call_retry
      Catch      = local.caught
      Next       = "Tune"
    }
    Tune = {
      Type       = "Task"
      Resource   = "arn:${local.partition}:states:::sagemaker:createHyperParameterTuningJob.sync"
      Parameters = local.tuning_job
      ResultPath = "$.result"
      Retry      = local.start_retry
      Catch      = local.caught
      Next       = "LookHowItEnded"
    }
    LookHowItEnded = {
      Comment = "A job that somebody stopped has not finished; one whose training jobs all failed has no best."
      Type    = "Choice"
      Choices = [
        { Not = { Variable = "$.result.HyperParameterTuningJobStatus", StringEquals = "Completed" }, Next = "GiveStatus" },
        { Variable = "$.result.BestTrainingJob.TrainingJobName", IsPresent = true, Next = "LookAtTheBest" },
      ]
      Default = "NoteNoBest"
    }
    NoteNoBest = {
      Type       = "Pass"
      Parameters = { error = "JobFailed", "reason.$" = "States.Format('tuning job {} has no training job that reported its objective metric', $.job)" }
      ResultPath = "$.failure"
      Next       = local.failed
    }
    LookAtTheBest = {
      Type       = "Task"
      Resource   = "arn:${local.partition}:states:::aws-sdk:sagemaker:describeTrainingJob"
      Parameters = { "TrainingJobName.$" = "$.result.BestTrainingJob.TrainingJobName" }
      ResultPath = "$.best"
      Retry      = local.call_retry
      Catch      = local.caught
      Next       = "ReadMetrics"
    }
    ReadMetrics = {
      Type       = "Pass"
      Parameters = { "text.$" = "States.JsonToString($.result.BestTrainingJob.FinalHyperParameterTuningJobObjectiveMetric)" }
      ResultPath = "$.metrics"
      Next       = var.registration == null ? "Report" : "KeepMetrics"
    }
    KeepMetrics = {
      Comment  = "The registered version points to its metrics, so they stay where its artifact is."
      Type     = "Task"
      Resource = "arn:${local.partition}:states:::aws-sdk:s3:putObject"
      Parameters = { for member, value in {
        Bucket      = local.output_bucket
        "Key.$"     = "States.Format('${local.output_folder}{}/metrics.json', $.best.TrainingJobName)"
        ContentType = "application/json"
        Body = {
          "tuning_job.$"      = "$.job"
          "training_job.$"    = "$.best.TrainingJobName"
          "hyperparameters.$" = "$.result.BestTrainingJob.TunedHyperParameters"
          "metrics.$"         = "States.Array($.result.BestTrainingJob.FinalHyperParameterTuningJobObjectiveMetric)"
        }
        ServerSideEncryption = var.kms_key_arn == null ? null : "aws:kms"
        SsekmsKeyId          = var.kms_key_arn
      } : member => value if value != null }
      ResultPath = null
      Retry      = local.call_retry
      Catch      = local.caught
      Next       = "Register"
    }
    Register = {
      Type     = "Task"
      Resource = "arn:${local.partition}:states:::aws-sdk:sagemaker:createModelPackage"
      Parameters = merge(local.model_package, {
        ModelMetrics = { ModelQuality = { Statistics = {
          ContentType = "application/json"
          "S3Uri.$"   = "States.Format('${var.output_s3_uri}/{}/metrics.json', $.best.TrainingJobName)"
        } } }
      })
      ResultPath = "$.package"
      Retry      = local.call_retry
      Catch      = local.caught
      Next       = "ReportRegistered"
    }
    ReportRegistered = {
      Type = "Pass"
      Parameters = {
        "job.$"           = "$.job"
        "training_job.$"  = "$.best.TrainingJobName"
        "model_s3_uri.$"  = "$.best.ModelArtifacts.S3ModelArtifacts"
        "metrics.$"       = "$.metrics.text"
        "model_package.$" = "$.package.ModelPackageArn"
        "message.$"       = "States.Format('tuning job {} finished. Best training job: {}. Model: {}. Objective: {}. Registered as {} (${try(var.registration.approval_status, "")}).', $.job, $.best.TrainingJobName, $.best.ModelArtifacts.S3ModelArtifacts, $.metrics.text, $.package.ModelPackageArn)"
      }
      Next = local.succeeded
    }
    Report = {
      Type = "Pass"
      Parameters = {
        "job.$"          = "$.job"
        "training_job.$" = "$.best.TrainingJobName"
        "model_s3_uri.$" = "$.best.ModelArtifacts.S3ModelArtifacts"
        "metrics.$"      = "$.metrics.text"
        "message.$"      = "States.Format('tuning job {} finished. Best training job: {}. Model: {}. Objective: {}.', $.job, $.best.TrainingJobName, $.best.ModelArtifacts.S3ModelArtifacts, $.metrics.text)"
      }
      Next = local.succeeded
    }
  }
}

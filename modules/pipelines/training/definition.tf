# The state machine: train, look how it ended, register the model, tell.

locals {
  definition = {
    Comment = "Trains ${var.name}. A run's jobs are named after its execution, so that a retry never starts a second one."
    StartAt = "NameTheJob"
    States  = merge(local.job_states, local.outcome_states)
  }

  # Step Functions refuses states that nothing leads to.
  job_states = {
    for name, state in local._job_states : name => state
    if !contains(var.registration == null ? local.registration_states : ["Report"], name)
  }

  registration_states = ["FindGroup", "KeepMetrics", "RegisterWithMetrics", "Register", "ReportRegistered"]

  # Members that are null are left out of a request.
  training_job = { for member, value in local._training_job : member => value if value != null }

  _training_job = {
    "TrainingJobName.$" = "$.job"
    AlgorithmSpecification = { for member, value in {
      TrainingImage     = var.algorithm.image_uri
      TrainingInputMode = var.algorithm.input_mode
      MetricDefinitions = length(var.algorithm.metric_definitions) == 0 ? null : [for name, expression in var.algorithm.metric_definitions : { Name = name, Regex = expression }]
    } : member => value if value != null }
    RoleArn         = local.execution_role_arn
    HyperParameters = length(var.algorithm.hyperparameters) == 0 ? null : var.algorithm.hyperparameters
    Environment     = length(var.algorithm.environment) == 0 ? null : var.algorithm.environment
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
    CheckpointConfig                      = var.instances.spot == null ? null : { "S3Uri.$" = "States.Format('${var.output_s3_uri}/{}/checkpoint', $.job)" }
    EnableNetworkIsolation                = var.algorithm.network_isolation
    EnableInterContainerTrafficEncryption = var.algorithm.encrypt_between_instances
    VpcConfig                             = local.vpc_config
    RetryStrategy                         = var.instances.retry_attempts == 0 ? null : { MaximumRetryAttempts = var.instances.retry_attempts }
    Tags                                  = [for key, value in local.tags : { Key = key, Value = value }]
  }

  model_package = { for member, value in local._model_package : member => value if value != null }

  _model_package = {
    ModelPackageGroupName   = try(var.registration.model_package_group_name, null)
    ModelPackageDescription = try(var.registration.description, null)
    ModelApprovalStatus     = try(var.registration.approval_status, null)
    "ClientToken.$"         = "$.run"
    InferenceSpecification = { for member, value in {
      Containers = [{
        Image            = try(coalesce(var.registration.image_uri, var.algorithm.image_uri), null)
        "ModelDataUrl.$" = "$.result.ModelArtifacts.S3ModelArtifacts"
      }]
      SupportedContentTypes                   = try(var.registration.content_types, null)
      SupportedResponseMIMETypes              = try(var.registration.response_types, null)
      SupportedRealtimeInferenceInstanceTypes = length(try(var.registration.realtime_instance_types, [])) == 0 ? null : var.registration.realtime_instance_types
      SupportedTransformInstanceTypes         = length(try(var.registration.transform_instance_types, [])) == 0 ? null : var.registration.transform_instance_types
    } : member => value if value != null }
    MetadataProperties = { "GeneratedBy.$" = "$.result.TrainingJobArn" }
    CustomerMetadataProperties = {
      pipeline         = var.name
      "training_job.$" = "$.job"
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
      Next = var.registration == null ? "Train" : "FindGroup"
    }
    FindGroup = {
      Comment    = "A group that is missing shows before the training is paid for."
      Type       = "Task"
      Resource   = "arn:${local.partition}:states:::aws-sdk:sagemaker:describeModelPackageGroup"
      Parameters = { ModelPackageGroupName = try(var.registration.model_package_group_name, null) }
      ResultPath = null
      Retry      = local.call_retry
      Catch      = local.caught
      Next       = "Train"
    }
    Train = {
      Type       = "Task"
      Resource   = "arn:${local.partition}:states:::sagemaker:createTrainingJob.sync"
      Parameters = local.training_job
      ResultPath = "$.result"
      Retry      = local.start_retry
      Catch      = local.caught
      Next       = "LookHowItEnded"
    }
    LookHowItEnded = {
      Comment = "A job that somebody stopped, or that ran out of its time, has not finished."
      Type    = "Choice"
      Choices = [
        { Not = { Variable = "$.result.TrainingJobStatus", StringEquals = "Completed" }, Next = "GiveStatus" },
        { Variable = "$.result.FinalMetricDataList[0]", IsPresent = true, Next = "ReadMetrics" },
      ]
      Default = "NoteNoMetrics"
    }
    ReadMetrics = {
      Type       = "Pass"
      Parameters = { "text.$" = "States.JsonToString($.result.FinalMetricDataList)" }
      ResultPath = "$.metrics"
      Next       = var.registration == null ? "Report" : "KeepMetrics"
    }
    NoteNoMetrics = {
      Type       = "Pass"
      Result     = { text = "none" }
      ResultPath = "$.metrics"
      Next       = var.registration == null ? "Report" : "Register"
    }
    KeepMetrics = {
      Comment  = "The registered version points to its metrics, so they stay where its artifact is."
      Type     = "Task"
      Resource = "arn:${local.partition}:states:::aws-sdk:s3:putObject"
      Parameters = { for member, value in {
        Bucket               = local.output_bucket
        "Key.$"              = "States.Format('${local.output_folder}{}/metrics.json', $.job)"
        ContentType          = "application/json"
        Body                 = { "training_job.$" = "$.job", "metrics.$" = "$.result.FinalMetricDataList" }
        ServerSideEncryption = var.kms_key_arn == null ? null : "aws:kms"
        SsekmsKeyId          = var.kms_key_arn
      } : member => value if value != null }
      ResultPath = null
      Retry      = local.call_retry
      Catch      = local.caught
      Next       = "RegisterWithMetrics"
    }
    RegisterWithMetrics = {
      Type     = "Task"
      Resource = "arn:${local.partition}:states:::aws-sdk:sagemaker:createModelPackage"
      Parameters = merge(local.model_package, {
        ModelMetrics = { ModelQuality = { Statistics = {
          ContentType = "application/json"
          "S3Uri.$"   = "States.Format('${var.output_s3_uri}/{}/metrics.json', $.job)"
        } } }
      })
      ResultPath = "$.package"
      Retry      = local.call_retry
      Catch      = local.caught
      Next       = "ReportRegistered"
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
        "model_s3_uri.$"  = "$.result.ModelArtifacts.S3ModelArtifacts"
        "metrics.$"       = "$.metrics.text"
        "model_package.$" = "$.package.ModelPackageArn"
        "message.$"       = "States.Format('training job {} finished. Model: {}. Metrics: {}. Registered as {} (${try(var.registration.approval_status, "")}).', $.job, $.result.ModelArtifacts.S3ModelArtifacts, $.metrics.text, $.package.ModelPackageArn)"
      }
      Next = local.succeeded
    }
    Report = {
      Type = "Pass"
      Parameters = {
        "job.$"          = "$.job"
        "model_s3_uri.$" = "$.result.ModelArtifacts.S3ModelArtifacts"
        "metrics.$"      = "$.metrics.text"
        "message.$"      = "States.Format('training job {} finished. Model: {}. Metrics: {}.', $.job, $.result.ModelArtifacts.S3ModelArtifacts, $.metrics.text)"
      }
      Next = local.succeeded
    }
  }
}

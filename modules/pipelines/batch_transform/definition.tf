# The state machine: transform, look how it ended, tell.

locals {
  definition = {
    Comment = "Scores data with ${var.name}. A run's jobs are named after its execution, so that a retry never starts a second one."
    StartAt = "NameTheJob"
    States  = merge(local.job_states, local.outcome_states)
  }

  # Members that are null are left out of a request.
  transform_job = { for member, value in {
    "TransformJobName.$"    = "$.job"
    ModelName               = aws_sagemaker_model.this.name
    BatchStrategy           = var.batching.strategy
    MaxPayloadInMB          = var.batching.max_payload_mb
    MaxConcurrentTransforms = var.batching.max_concurrent_transforms
    Environment             = length(var.batching.environment) == 0 ? null : var.batching.environment
    ModelClientConfig       = length(local.model_client) == 0 ? null : local.model_client
    TransformInput = { for member, value in {
      DataSource      = { S3DataSource = { S3DataType = var.input.s3_data_type, S3Uri = var.input.s3_uri } }
      ContentType     = var.input.content_type
      CompressionType = var.input.compression
      SplitType       = var.input.split_type
    } : member => value if value != null }
    TransformOutput = merge(
      { for member, value in {
        Accept       = var.output.accept
        AssembleWith = var.output.assemble_with
        KmsKeyId     = var.kms_key_arn
      } : member => value if value != null },
      { for member, value in {
        S3OutputPath     = var.output.folder_per_run ? null : var.output.s3_uri
        "S3OutputPath.$" = var.output.folder_per_run ? "States.Format('${var.output.s3_uri}/{}', $.job)" : null
      } : member => value if value != null },
    )
    TransformResources = { for member, value in {
      InstanceType   = var.instances.type
      InstanceCount  = var.instances.count
      VolumeKmsKeyId = local.volume_kms_key
    } : member => value if value != null }
    DataProcessing = { for member, value in {
      InputFilter  = var.input.filter
      OutputFilter = var.output.filter
      JoinSource   = var.output.join_source
    } : member => value if value != null }
    DataCaptureConfig = var.data_capture == null ? null : { for member, value in {
      DestinationS3Uri    = local.capture_s3_uri
      KmsKeyId            = var.kms_key_arn
      GenerateInferenceId = var.data_capture.generate_inference_id
    } : member => value if value != null }
    Tags = [for key, value in local.tags : { Key = key, Value = value }]
  } : member => value if value != null }

  model_client = { for member, value in {
    InvocationsTimeoutInSeconds = var.batching.request_timeout_seconds
    InvocationsMaxRetries       = var.batching.request_retries
  } : member => value if value != null }

  job_states = {
    NameTheJob = {
      Comment       = "10 digits of the SHA-256 of the execution's ARN: as long for every name, and the same whenever a state is tried again."
      Type          = "Pass"
      QueryLanguage = "JSONata"
      Output = {
        run = "{% $substring($hash($states.context.Execution.Id, 'SHA-256'), 0, 10) %}"
        job = "{% '${local.job_prefix}-' & $substring($hash($states.context.Execution.Id, 'SHA-256'), 0, 10) %}"
      }
      Next = "Transform"
    }
    Transform = {
      Type       = "Task"
      Resource   = "arn:${local.partition}:states:::sagemaker:createTransformJob.sync"
      Parameters = local.transform_job
      ResultPath = "$.result"
      Retry      = local.start_retry
      Catch      = local.caught
      Next       = "LookHowItEnded"
    }
    LookHowItEnded = {
      Comment = "A job that somebody stopped has not finished."
      Type    = "Choice"
      Choices = [{ Not = { Variable = "$.result.TransformJobStatus", StringEquals = "Completed" }, Next = "GiveStatus" }]
      Default = "Report"
    }
    Report = {
      Type = "Pass"
      Parameters = {
        "job.$"           = "$.job"
        "model.$"         = "$.result.ModelName"
        "output_s3_uri.$" = "$.result.TransformOutput.S3OutputPath"
        "message.$"       = "States.Format('${local.job.kind} {} finished. Model: {}. Predictions: {}.', $.job, $.result.ModelName, $.result.TransformOutput.S3OutputPath)"
      }
      Next = local.succeeded
    }
  }
}

locals {
  analyzer = "048819808253.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-model-monitor-analyzer"
  clarify  = "017069133835.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-clarify-processing:1.0"
  folder   = "s3://${aws_s3_bucket.data.id}"
  job = {
    JobResources = {
      ClusterConfig = { InstanceCount = 1, InstanceType = "ml.m5.large", VolumeSizeInGB = 10 + 10 * var.revision }
    }
    RoleArn           = aws_iam_role.execution.arn
    StoppingCondition = { MaxRuntimeInSeconds = 1800 }
    Tags              = [{ Key = "Project", Value = "contract" }]
  }
  endpoint_input = {
    EndpointName       = aws_sagemaker_endpoint.realtime.name
    LocalPath          = "/opt/ml/processing/input"
    InferenceAttribute = "0"
  }
  outputs = {
    MonitoringOutputs = [{
      S3Output = {
        S3Uri        = "${local.folder}/reports"
        LocalPath    = "/opt/ml/processing/output"
        S3UploadMode = "EndOfJob"
      }
    }]
  }
}

resource "aws_sagemaker_data_quality_job_definition" "quality" {
  name     = "data-quality"
  role_arn = aws_iam_role.execution.arn

  data_quality_app_specification {
    image_uri   = local.analyzer
    environment = { publish_cloudwatch_metrics = "Enabled" }
  }

  data_quality_baseline_config {
    constraints_resource {
      s3_uri = "${local.folder}/constraints.json"
    }

    statistics_resource {
      s3_uri = "${local.folder}/statistics.json"
    }
  }

  data_quality_job_input {
    endpoint_input {
      endpoint_name = aws_sagemaker_endpoint.realtime.name
    }
  }

  data_quality_job_output_config {
    monitoring_outputs {
      s3_output {
        s3_uri = "${local.folder}/reports"
      }
    }
  }

  job_resources {
    cluster_config {
      instance_count    = 1
      instance_type     = "ml.m5.large"
      volume_size_in_gb = 20
    }
  }

  stopping_condition {
    max_runtime_in_seconds = 1800
  }

  network_config {
    enable_network_isolation = true
  }
}

resource "aws_sagemaker_monitoring_schedule" "quality" {
  name = "data-quality"

  monitoring_schedule_config {
    monitoring_job_definition_name = aws_sagemaker_data_quality_job_definition.quality.name
    monitoring_type                = "DataQuality"

    schedule_config {
      schedule_expression = var.revision == 1 ? "cron(0 * ? * * *)" : "cron(0 6 ? * * *)"
    }
  }
}

# A definition cannot be changed, and the provider does not replace the resource for what lies deeper in the
# document: its name carries what changed.
resource "aws_cloudcontrolapi_resource" "model_quality" {
  type_name = "AWS::SageMaker::ModelQualityJobDefinition"
  desired_state = jsonencode(merge(local.job, {
    JobDefinitionName            = "model-quality-${var.revision}"
    ModelQualityAppSpecification = { ImageUri = local.analyzer, ProblemType = "Regression" }
    ModelQualityBaselineConfig   = { ConstraintsResource = { S3Uri = "${local.folder}/constraints.json" } }
    ModelQualityJobInput = {
      EndpointInput      = local.endpoint_input
      GroundTruthS3Input = { S3Uri = "${local.folder}/truth" }
    }
    ModelQualityJobOutputConfig = local.outputs
  }))
}

resource "aws_cloudcontrolapi_resource" "model_bias" {
  type_name = "AWS::SageMaker::ModelBiasJobDefinition"
  desired_state = jsonencode(merge(local.job, {
    JobDefinitionName         = "model-bias-${var.revision}"
    ModelBiasAppSpecification = { ImageUri = local.clarify, ConfigUri = "${local.folder}/analysis_config.json" }
    ModelBiasBaselineConfig   = { ConstraintsResource = { S3Uri = "${local.folder}/analysis.json" } }
    ModelBiasJobInput = {
      EndpointInput      = local.endpoint_input
      GroundTruthS3Input = { S3Uri = "${local.folder}/truth" }
    }
    ModelBiasJobOutputConfig = local.outputs
  }))
}

resource "aws_cloudcontrolapi_resource" "explainability" {
  type_name = "AWS::SageMaker::ModelExplainabilityJobDefinition"
  desired_state = jsonencode(merge(local.job, {
    JobDefinitionName = "explainability-${var.revision}"
    ModelExplainabilityAppSpecification = {
      ImageUri  = local.clarify
      ConfigUri = "${local.folder}/analysis_config.json"
    }
    ModelExplainabilityJobInput        = { EndpointInput = local.endpoint_input }
    ModelExplainabilityJobOutputConfig = local.outputs
  }))
}

resource "aws_cloudcontrolapi_resource" "card" {
  type_name = "AWS::SageMaker::ModelCard"
  desired_state = jsonencode({
    ModelCardName   = "card"
    ModelCardStatus = var.revision == 1 ? "Draft" : "PendingReview"
    Content = {
      ModelOverview         = { ModelDescription = "A model", ProblemType = "Binary" }
      AdditionalInformation = { CustomDetails = { "Some key" = "a value" } }
    }
    Tags = [{ Key = "Revision", Value = tostring(var.revision) }]
  })
}

resource "aws_sagemaker_model" "single" {
  name               = "single"
  execution_role_arn = aws_iam_role.execution.arn

  primary_container {
    image          = local.image
    model_data_url = "s3://${aws_s3_object.artifact.bucket}/${aws_s3_object.artifact.key}"
  }

  depends_on = [aws_iam_role_policy.execution]
}

resource "aws_sagemaker_model" "pipeline" {
  name                     = "pipeline"
  execution_role_arn       = aws_iam_role.execution.arn
  enable_network_isolation = true

  inference_execution_config {
    mode = "Direct"
  }

  container {
    image              = local.image
    container_hostname = "one"
    model_data_url     = "s3://${aws_s3_object.artifact.bucket}/${aws_s3_object.artifact.key}"
    environment        = { LEVEL = "info" }
  }

  container {
    image              = local.image
    container_hostname = "two"

    model_data_source {
      s3_data_source {
        s3_uri           = "s3://${aws_s3_object.artifact.bucket}/model/"
        s3_data_type     = "S3Prefix"
        compression_type = "None"
      }
    }
  }

  vpc_config {
    subnets            = ["subnet-12345678"]
    security_group_ids = ["sg-12345678"]
  }

  depends_on = [aws_iam_role_policy.execution]
}

resource "aws_kms_key" "volumes" {
  description = "Volumes of the endpoints"
}

resource "aws_sagemaker_endpoint_configuration" "realtime" {
  name        = "realtime-${var.revision}"
  kms_key_arn = aws_kms_key.volumes.arn

  production_variants {
    variant_name           = "AllTraffic"
    model_name             = aws_sagemaker_model.single.name
    initial_instance_count = 1
    instance_type          = "ml.m6i.large"
    initial_variant_weight = 1
  }

  shadow_production_variants {
    variant_name           = "Shadow"
    model_name             = aws_sagemaker_model.single.name
    initial_instance_count = 1
    instance_type          = "ml.m7i.large"
    initial_variant_weight = 1
  }

  data_capture_config {
    enable_capture              = true
    initial_sampling_percentage = 50 * var.revision
    destination_s3_uri          = "s3://${aws_s3_bucket.data.id}/capture"

    capture_options {
      capture_mode = "Input"
    }

    capture_options {
      capture_mode = "Output"
    }

    capture_content_type_header {
      csv_content_types  = ["text/csv"]
      json_content_types = ["application/json"]
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_sagemaker_endpoint_configuration" "serverless" {
  name = "serverless"

  production_variants {
    variant_name = "AllTraffic"
    model_name   = aws_sagemaker_model.single.name

    serverless_config {
      max_concurrency   = 5
      memory_size_in_mb = 2048
    }
  }
}

resource "aws_sagemaker_endpoint_configuration" "asynchronous" {
  name = "asynchronous"

  production_variants {
    variant_name           = "one"
    model_name             = aws_sagemaker_model.single.name
    initial_instance_count = 2
    instance_type          = "ml.g5.xlarge"
    initial_variant_weight = 9
  }

  production_variants {
    variant_name           = "two"
    model_name             = aws_sagemaker_model.single.name
    initial_instance_count = 2
    instance_type          = "ml.inf2.xlarge"
    initial_variant_weight = 1
  }

  async_inference_config {
    output_config {
      s3_output_path = "s3://${aws_s3_bucket.data.id}/async/"
    }

    client_config {
      max_concurrent_invocations_per_instance = 4
    }
  }
}

resource "aws_sagemaker_endpoint" "realtime" {
  name                 = "realtime"
  endpoint_config_name = aws_sagemaker_endpoint_configuration.realtime.name

  deployment_config {
    blue_green_update_policy {
      termination_wait_in_seconds          = 60
      maximum_execution_timeout_in_seconds = 1800

      traffic_routing_configuration {
        type                     = "CANARY"
        wait_interval_in_seconds = 60

        canary_size {
          type  = "CAPACITY_PERCENT"
          value = 10
        }
      }
    }

    auto_rollback_configuration {
      alarms {
        alarm_name = "errors"
      }
    }
  }
}

resource "aws_sagemaker_endpoint" "serverless" {
  name                 = "serverless"
  endpoint_config_name = aws_sagemaker_endpoint_configuration.serverless.name
}

resource "aws_sagemaker_model_package_group" "group" {
  model_package_group_name        = "group"
  model_package_group_description = "Versions of the model"
}

resource "aws_sagemaker_model_package_group_policy" "group" {
  model_package_group_name = aws_sagemaker_model_package_group.group.model_package_group_name
  resource_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Readers${var.revision}"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::333333333333:root" }
      Action    = ["sagemaker:DescribeModelPackage"]
      Resource  = "${replace(aws_sagemaker_model_package_group.group.arn, "package-group", "package")}/*"
    }]
  })
}

resource "aws_appautoscaling_target" "variant" {
  service_namespace  = "sagemaker"
  scalable_dimension = "sagemaker:variant:DesiredInstanceCount"
  resource_id        = "endpoint/${aws_sagemaker_endpoint.realtime.name}/variant/AllTraffic"
  min_capacity       = 1
  max_capacity       = 2 + var.revision
}

resource "aws_appautoscaling_policy" "variant" {
  name               = "track"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.variant.service_namespace
  scalable_dimension = aws_appautoscaling_target.variant.scalable_dimension
  resource_id        = aws_appautoscaling_target.variant.resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = 70 + var.revision
    scale_in_cooldown  = 300
    scale_out_cooldown = 60

    predefined_metric_specification {
      predefined_metric_type = "SageMakerVariantInvocationsPerInstance"
    }
  }
}

resource "aws_appautoscaling_scheduled_action" "night" {
  name               = "night"
  service_namespace  = aws_appautoscaling_target.variant.service_namespace
  scalable_dimension = aws_appautoscaling_target.variant.scalable_dimension
  resource_id        = aws_appautoscaling_target.variant.resource_id
  schedule           = "cron(0 2${var.revision} * * ? *)"
  timezone           = "Europe/Berlin"

  scalable_target_action {
    min_capacity = 1
    max_capacity = 2
  }
}

# A realtime (or asynchronous, or serverless) endpoint with all that belongs to it.
# In: a model, what serves it, where captured data goes. Out: the endpoint, its API, what must be live.
#
# Models and endpoint configurations cannot be changed in AWS, so their names (and their keys here) carry
# a hash of their content: a change makes a new one, moves the endpoint over in place, and only then
# removes the old. Keys, because after an update that failed both exist: going back must find the old one.

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  endpoint_name = var.endpoint_name == null ? var.name : var.endpoint_name
  serverless    = anytrue([for variant in var.variants : variant.serverless != null])
  mode          = local.serverless ? "serverless" : var.async_inference == null ? "realtime" : "asynchronous"

  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name
  # SageMaker writes names in ARNs in lower case; policies name both spellings.
  endpoint_arns = distinct([
    for name in [lower(local.endpoint_name), local.endpoint_name] :
    "arn:${local.partition}:sagemaker:${local.region}:${var.account_id}:endpoint/${name}"
  ])

  # The models in use: the endpoint's own, if any variant takes it, and those that replace it.
  uses_own_model = (
    anytrue([for variant in var.variants : variant.model == null])
    || try(var.shadow.model == null, false)
  )
  models = merge(
    { for key, model in { endpoint = var.model } : key => model if local.uses_own_model },
    { for name, variant in var.variants : "variant-${name}" => variant.model if variant.model != null },
    { for name in ["shadow"] : name => var.shadow.model if try(var.shadow.model, null) != null },
  )
  model_keys = {
    for part, model in local.models :
    part => "${part}-${var.revision == null ? substr(sha256(jsonencode([part, model, var.vpc])), 0, 8) : var.revision}"
  }
  model_names = {
    for part, key in local.model_keys :
    part => "${var.name}-${var.revision == null ? trimprefix(key, "${part}-") : substr(sha256(key), 0, 8)}"
  }
  # SageMaker takes an object as an archive and a folder as it is.
  artifact_is_folder = {
    for part, model in local.models : part => model.artifact_s3_uri == null ? false : endswith(model.artifact_s3_uri, "/")
  }

  # SageMaker refuses a volume key if any instance brings local NVMe storage, which hardware encrypts:
  # the d families (m5d, c6gd, g4dn, p4d, ...), g5 to g7, p5 and p6, Trainium, Gaudi.
  instance_types    = compact(concat([for variant in var.variants : variant.instance_type], [try(var.shadow.instance_type, null)]))
  has_local_storage = anytrue([for type in local.instance_types : can(regex("^ml\\.([a-z]+[0-9]+[a-z]*d[a-z]*|g[5-7]e?|p[5-6][a-z0-9-]*|trn[0-9]+[a-z]*|dl1)\\.", type))])
  volume_key_arn    = local.has_local_storage || local.serverless ? null : var.kms_key_arn

  # A shadow's share is its weight against the one production variant's.
  variants = [
    for name, variant in var.variants : merge(variant, {
      name       = name
      model_name = local.model_names[variant.model == null ? "endpoint" : "variant-${name}"]
      weight     = var.shadow == null ? variant.weight : 100
      count = (
        variant.autoscaling == null ? variant.instance_count
        : min(variant.autoscaling.max_count, max(variant.autoscaling.min_count, lookup(var.live_instance_counts, name, 1), 1))
      )
    })
  ]

  capture_s3_uri = var.data_capture == null ? null : trimsuffix(var.data_capture.destination_s3_uri, "/")

  # Everything in the endpoint configuration but tags, and the count that an autoscaled variant starts
  # with: that one differs from day to day and is no reason for a new configuration. The rollout is in
  # it because an update of the endpoint always takes a configuration of a new name.
  configuration = {
    variants = [for variant in local.variants : merge(variant, { count = variant.autoscaling == null ? variant.count : null, model = null, autoscaling = null })]
    shadow   = var.shadow == null ? null : merge(var.shadow, { model = null, model_name = local.shadow_model_name })
    capture  = var.data_capture
    async    = var.async_inference
    kms      = [var.kms_key_arn, local.volume_key_arn]
    rollout  = local.serverless ? null : var.rollout
  }
  configuration_key  = var.revision == null ? substr(sha256(jsonencode(local.configuration)), 0, 8) : var.revision
  configuration_name = "${var.name}-${local.configuration_key}"
  shadow_model_name  = var.shadow == null ? null : local.model_names[try(var.shadow.model, null) == null ? "endpoint" : "shadow"]
}

resource "aws_sagemaker_model" "this" {
  for_each = { for part, key in local.model_keys : key => merge(local.models[part], { part = part }) }

  name                     = local.model_names[each.value.part]
  execution_role_arn       = aws_iam_role.execution.arn
  enable_network_isolation = each.value.network_isolation
  tags                     = var.tags

  primary_container {
    image              = each.value.image_uri
    model_data_url     = local.artifact_is_folder[each.value.part] ? null : each.value.artifact_s3_uri
    model_package_name = each.value.model_package_arn
    environment        = each.value.environment

    dynamic "model_data_source" {
      for_each = local.artifact_is_folder[each.value.part] ? [each.value.artifact_s3_uri] : []

      content {
        s3_data_source {
          compression_type = "None"
          s3_data_type     = "S3Prefix"
          s3_uri           = model_data_source.value
        }
      }
    }
  }

  dynamic "vpc_config" {
    for_each = var.vpc == null ? [] : [var.vpc]

    content {
      security_group_ids = vpc_config.value.security_group_ids
      subnets            = vpc_config.value.subnet_ids
    }
  }

  lifecycle {
    create_before_destroy = true
  }

  # SageMaker looks at the image and the artifact with this role when the model is made, and again
  # whenever an instance starts: the permission comes first and goes last.
  depends_on = [aws_iam_role_policy.execution]
}

resource "aws_sagemaker_endpoint_configuration" "this" {
  for_each = toset([local.configuration_key])

  name        = local.configuration_name
  kms_key_arn = local.volume_key_arn
  tags        = var.tags

  dynamic "production_variants" {
    for_each = local.variants

    content {
      variant_name           = production_variants.value.name
      model_name             = production_variants.value.model_name
      instance_type          = production_variants.value.instance_type
      initial_instance_count = production_variants.value.serverless == null ? production_variants.value.count : null
      initial_variant_weight = production_variants.value.weight
      volume_size_in_gb      = production_variants.value.volume_size_gb

      model_data_download_timeout_in_seconds            = production_variants.value.model_download_timeout_seconds
      container_startup_health_check_timeout_in_seconds = production_variants.value.startup_timeout_seconds

      dynamic "serverless_config" {
        for_each = production_variants.value.serverless == null ? [] : [production_variants.value.serverless]

        content {
          memory_size_in_mb       = serverless_config.value.memory_mb
          max_concurrency         = serverless_config.value.max_concurrency
          provisioned_concurrency = serverless_config.value.provisioned_concurrency
        }
      }
    }
  }

  dynamic "shadow_production_variants" {
    for_each = var.shadow == null ? [] : [var.shadow]

    content {
      variant_name           = shadow_production_variants.value.variant_name
      model_name             = local.shadow_model_name
      instance_type          = shadow_production_variants.value.instance_type
      initial_instance_count = shadow_production_variants.value.instance_count
      initial_variant_weight = shadow_production_variants.value.sampling_percent
    }
  }

  dynamic "data_capture_config" {
    for_each = var.data_capture == null ? [] : [var.data_capture]

    content {
      enable_capture              = true
      destination_s3_uri          = local.capture_s3_uri
      initial_sampling_percentage = data_capture_config.value.sampling_percentage
      kms_key_id                  = var.kms_key_arn

      dynamic "capture_options" {
        for_each = data_capture_config.value.modes

        content {
          capture_mode = capture_options.value
        }
      }

      dynamic "capture_content_type_header" {
        for_each = (
          length(data_capture_config.value.csv_content_types) + length(data_capture_config.value.json_content_types) == 0
          ? [] : [data_capture_config.value]
        )

        content {
          csv_content_types  = length(capture_content_type_header.value.csv_content_types) == 0 ? null : capture_content_type_header.value.csv_content_types
          json_content_types = length(capture_content_type_header.value.json_content_types) == 0 ? null : capture_content_type_header.value.json_content_types
        }
      }
    }
  }

  dynamic "async_inference_config" {
    for_each = var.async_inference == null ? [] : [var.async_inference]

    content {
      output_config {
        s3_output_path  = async_inference_config.value.output_s3_uri
        s3_failure_path = async_inference_config.value.failure_s3_uri
        kms_key_id      = var.kms_key_arn

        dynamic "notification_config" {
          for_each = (
            async_inference_config.value.success_topic_arn == null && async_inference_config.value.error_topic_arn == null
            ? [] : [async_inference_config.value]
          )

          content {
            success_topic = notification_config.value.success_topic_arn
            error_topic   = notification_config.value.error_topic_arn
          }
        }
      }

      dynamic "client_config" {
        for_each = async_inference_config.value.max_concurrent_invocations_per_instance == null ? [] : [async_inference_config.value]

        content {
          max_concurrent_invocations_per_instance = client_config.value.max_concurrent_invocations_per_instance
        }
      }
    }
  }

  lifecycle {
    create_before_destroy = true
    # The configuration never changes under its name, so nothing real is hidden here: what is ignored
    # is only the count that an autoscaled variant would start with today.
    ignore_changes = [
      production_variants[0].initial_instance_count,
      production_variants[1].initial_instance_count,
      production_variants[2].initial_instance_count,
      production_variants[3].initial_instance_count,
      production_variants[4].initial_instance_count,
      production_variants[5].initial_instance_count,
      production_variants[6].initial_instance_count,
      production_variants[7].initial_instance_count,
      production_variants[8].initial_instance_count,
      production_variants[9].initial_instance_count,
    ]
  }

  # Names of models are computed, so that they are known at plan; the order has to be said.
  depends_on = [aws_sagemaker_model.this]
}

# SageMaker moves no endpoint between realtime, asynchronous and serverless: that takes a new one.
resource "terraform_data" "mode" {
  input = local.mode
}

resource "aws_sagemaker_endpoint" "this" {
  name                 = local.endpoint_name
  endpoint_config_name = aws_sagemaker_endpoint_configuration.this[local.configuration_key].name
  tags                 = var.tags

  # The alarm is always the same one: the provider replaces (deletes!) an endpoint whose alarms change.
  dynamic "deployment_config" {
    for_each = local.serverless ? [] : [var.rollout]

    content {
      auto_rollback_configuration {
        alarms {
          alarm_name = aws_cloudwatch_metric_alarm.rollback[0].alarm_name
        }
      }

      dynamic "blue_green_update_policy" {
        for_each = deployment_config.value.strategy == "rolling" ? [] : [deployment_config.value]

        content {
          termination_wait_in_seconds          = blue_green_update_policy.value.termination_wait_seconds
          maximum_execution_timeout_in_seconds = blue_green_update_policy.value.timeout_seconds

          traffic_routing_configuration {
            type                     = upper(blue_green_update_policy.value.strategy)
            wait_interval_in_seconds = blue_green_update_policy.value.strategy == "all_at_once" ? 0 : blue_green_update_policy.value.wait_seconds

            dynamic "canary_size" {
              for_each = blue_green_update_policy.value.strategy == "canary" ? [blue_green_update_policy.value.step_percent] : []

              content {
                type  = "CAPACITY_PERCENT"
                value = canary_size.value
              }
            }

            dynamic "linear_step_size" {
              for_each = blue_green_update_policy.value.strategy == "linear" ? [blue_green_update_policy.value.step_percent] : []

              content {
                type  = "CAPACITY_PERCENT"
                value = linear_step_size.value
              }
            }
          }
        }
      }

      dynamic "rolling_update_policy" {
        for_each = deployment_config.value.strategy == "rolling" ? [deployment_config.value] : []

        content {
          wait_interval_in_seconds             = rolling_update_policy.value.wait_seconds
          maximum_execution_timeout_in_seconds = rolling_update_policy.value.timeout_seconds

          maximum_batch_size {
            type  = "CAPACITY_PERCENT"
            value = rolling_update_policy.value.step_percent
          }
        }
      }
    }
  }

  lifecycle {
    replace_triggered_by = [terraform_data.mode]

    # An update that was rolled back leaves the endpoint InService with its old configuration, which the
    # provider takes for success. Failing here keeps that configuration, its models and permissions.
    postcondition {
      condition     = self.endpoint_config_name == aws_sagemaker_endpoint_configuration.this[local.configuration_key].name
      error_message = "Endpoint ${self.name} still runs configuration ${self.endpoint_config_name}: SageMaker rolled the update back. Its alarm ${var.name}-rollback and the endpoint's logs say why; nothing of the old configuration was removed."
    }
  }
}

# What the endpoint is made of, in one place: a plan then shows what changes, and from what to what.
resource "terraform_data" "contents" {
  input = {
    models = {
      for part, model in local.models : part => {
        image_uri          = model.image_uri
        model_data_url     = model.artifact_s3_uri
        model_package_name = model.model_package_arn
      }
    }
    variants = {
      for name, variant in var.variants : name => {
        instance_type          = variant.instance_type
        initial_instance_count = variant.autoscaling == null && variant.serverless == null ? variant.instance_count : null
        initial_variant_weight = variant.weight
        memory_size_in_mb      = try(variant.serverless.memory_mb, null)
        max_concurrency        = try(variant.serverless.max_concurrency, null)
      }
    }
    shadow = var.shadow == null ? null : {
      instance_type          = var.shadow.instance_type
      initial_instance_count = var.shadow.instance_count
    }
    initial_sampling_percentage = try(var.data_capture.sampling_percentage, null)
  }

  # After an update that failed, the next plan shows the difference again.
  depends_on = [aws_sagemaker_endpoint.this]
}

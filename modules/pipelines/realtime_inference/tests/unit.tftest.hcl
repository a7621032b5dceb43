# The module with a mocked provider: what is made, how it is wired, what is refused.

mock_provider "aws" {
  source = "../../../tests/mocks"
}

variables {
  name       = "acme-ml-dev-churn-realtime-builtin"
  account_id = "111111111111"

  model = {
    image_uri       = "685385470294.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:1.7-1"
    artifact_s3_uri = "s3://assets/churn/model.tar.gz"
  }
  variants     = { AllTraffic = { instance_type = "ml.m5.large" } }
  data_capture = { destination_s3_uri = "s3://capture/churn/" }
}

run "makes_an_endpoint_with_capture_and_an_api_by_default" {
  command = apply

  assert {
    condition     = length(aws_sagemaker_model.this) == 1 && aws_sagemaker_model.this[local.model_keys["endpoint"]].primary_container[0].model_data_url == "s3://assets/churn/model.tar.gz"
    error_message = "one model, of the artifact"
  }
  assert {
    condition     = can(regex("^acme-ml-dev-churn-realtime-builtin-[0-9a-f]{8}$", aws_sagemaker_model.this[local.model_keys["endpoint"]].name))
    error_message = "the model's name carries a hash"
  }
  assert {
    condition     = can(regex("^acme-ml-dev-churn-realtime-builtin-[0-9a-f]{8}$", one(values(aws_sagemaker_endpoint_configuration.this)).name))
    error_message = "the configuration's name carries a hash"
  }
  assert {
    condition     = aws_sagemaker_endpoint.this.name == "acme-ml-dev-churn-realtime-builtin"
    error_message = "without a name the endpoint takes the base name"
  }
  assert {
    condition = (
      one(values(aws_sagemaker_endpoint_configuration.this)).production_variants[0].variant_name == "AllTraffic"
      && one(values(aws_sagemaker_endpoint_configuration.this)).production_variants[0].initial_instance_count == 1
      && one(values(aws_sagemaker_endpoint_configuration.this)).production_variants[0].initial_variant_weight == 1
      && one(values(aws_sagemaker_endpoint_configuration.this)).production_variants[0].model_name == aws_sagemaker_model.this[local.model_keys["endpoint"]].name
    )
    error_message = "one variant on one instance takes all traffic"
  }
  assert {
    condition = (
      one(values(aws_sagemaker_endpoint_configuration.this)).data_capture_config[0].enable_capture
      && one(values(aws_sagemaker_endpoint_configuration.this)).data_capture_config[0].destination_s3_uri == "s3://capture/churn"
      && one(values(aws_sagemaker_endpoint_configuration.this)).data_capture_config[0].initial_sampling_percentage == 100
      && [for option in one(values(aws_sagemaker_endpoint_configuration.this)).data_capture_config[0].capture_options : option.capture_mode] == ["Input", "Output"]
      && one(values(aws_sagemaker_endpoint_configuration.this)).data_capture_config[0].capture_content_type_header[0].csv_content_types == toset(["text/csv"])
      && one(values(aws_sagemaker_endpoint_configuration.this)).data_capture_config[0].capture_content_type_header[0].json_content_types == toset(["application/json"])
    )
    error_message = "everything that goes in and out is captured, CSV and JSON as text"
  }
  assert {
    condition     = one(values(aws_sagemaker_endpoint_configuration.this)).kms_key_arn == null && one(values(aws_sagemaker_endpoint_configuration.this)).data_capture_config[0].kms_key_id == null
    error_message = "no key was given"
  }
  assert {
    condition = (
      aws_sagemaker_endpoint.this.deployment_config[0].blue_green_update_policy[0].traffic_routing_configuration[0].type == "ALL_AT_ONCE"
      && one(aws_sagemaker_endpoint.this.deployment_config[0].auto_rollback_configuration[0].alarms).alarm_name == "acme-ml-dev-churn-realtime-builtin-rollback"
    )
    error_message = "an update switches at once and an alarm takes it back"
  }
  assert {
    condition     = aws_api_gateway_method.post[0].authorization == "AWS_IAM" && aws_api_gateway_resource.inference[0].path_part == "inference" && aws_api_gateway_stage.prod[0].stage_name == "prod"
    error_message = "POST /inference of stage prod needs a signature"
  }
  assert {
    condition     = one(aws_api_gateway_rest_api.inference[0].endpoint_configuration[0].types) == "REGIONAL"
    error_message = "the API is regional"
  }
  assert {
    condition     = aws_api_gateway_method_settings.inference[0].settings[0].throttling_rate_limit == 100 && aws_api_gateway_method_settings.inference[0].settings[0].throttling_burst_limit == 200
    error_message = "the API is throttled"
  }
  assert {
    condition     = aws_lambda_function.inference[0].environment[0].variables["ENDPOINT_NAME"] == aws_sagemaker_endpoint.this.name
    error_message = "the Lambda knows its endpoint"
  }
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.errors) + length(aws_cloudwatch_metric_alarm.latency) + length(aws_cloudwatch_metric_alarm.no_request) == 0
    error_message = "without a topic there is nobody to tell"
  }
  assert {
    condition     = length(aws_appautoscaling_target.variant) == 0
    error_message = "scaling is off by default"
  }
  assert {
    condition = (
      length(output.live) == 1
      && output.live[0].kind == "sagemaker_endpoint"
      && output.live[0].name == aws_sagemaker_endpoint.this.name
      && output.live[0].endpoint_config_name == one(values(aws_sagemaker_endpoint_configuration.this)).name
      && output.live[0].model_names == tolist([aws_sagemaker_model.this[local.model_keys["endpoint"]].name])
      && output.live[0].models[aws_sagemaker_model.this[local.model_keys["endpoint"]].name].artifact_s3_uri == "s3://assets/churn/model.tar.gz"
      && output.live[0].variants == { AllTraffic = 1 }
      && length(output.live[0].autoscaled) == 0
    )
    error_message = "live says what to look for"
  }
  assert {
    condition     = output.inference_api_url == "${aws_api_gateway_stage.prod[0].invoke_url}/inference"
    error_message = "the URL is complete"
  }
}

run "takes_a_name_for_the_endpoint" {
  command = plan

  variables {
    endpoint_name = "Churn-Endpoint"
  }

  assert {
    condition     = aws_sagemaker_endpoint.this.name == "Churn-Endpoint" && startswith(one(values(aws_sagemaker_endpoint_configuration.this)).name, "acme-ml-dev-churn")
    error_message = "only the endpoint is called so"
  }
}

run "an_instance_type_renames_the_configuration_and_not_the_model" {
  command = plan

  variables {
    variants = { AllTraffic = { instance_type = "ml.m5.xlarge" } }
  }

  assert {
    condition     = one(values(aws_sagemaker_endpoint_configuration.this)).name != run.makes_an_endpoint_with_capture_and_an_api_by_default.endpoint_config_name
    error_message = "another type is another configuration"
  }
  assert {
    condition     = aws_sagemaker_model.this[local.model_keys["endpoint"]].name == run.makes_an_endpoint_with_capture_and_an_api_by_default.model_names["endpoint"]
    error_message = "the model stays"
  }
}

run "another_artifact_renames_model_and_configuration" {
  command = plan

  variables {
    model = {
      image_uri       = "685385470294.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:1.7-1"
      artifact_s3_uri = "s3://assets/churn/2/model.tar.gz"
    }
  }

  assert {
    condition = (
      aws_sagemaker_model.this[local.model_keys["endpoint"]].name != run.makes_an_endpoint_with_capture_and_an_api_by_default.model_names["endpoint"]
      && one(values(aws_sagemaker_endpoint_configuration.this)).name != run.makes_an_endpoint_with_capture_and_an_api_by_default.endpoint_config_name
    )
    error_message = "both are made anew"
  }
}

run "tags_rename_nothing" {
  command = plan

  variables {
    tags = { model_name = "churn" }
  }

  assert {
    condition = (
      one(values(aws_sagemaker_endpoint_configuration.this)).name == run.makes_an_endpoint_with_capture_and_an_api_by_default.endpoint_config_name
      && aws_sagemaker_model.this[local.model_keys["endpoint"]].tags["model_name"] == "churn"
      && aws_sagemaker_endpoint.this.tags["model_name"] == "churn"
      && aws_iam_role.execution.tags["model_name"] == "churn"
    )
    error_message = "tags are put everywhere and change in place"
  }
}

run "takes_a_model_package" {
  command = plan

  variables {
    model = { model_package_arn = "arn:aws:sagemaker:eu-west-1:222222222222:model-package/churn/3" }
  }

  assert {
    condition     = aws_sagemaker_model.this[local.model_keys["endpoint"]].primary_container[0].model_package_name == "arn:aws:sagemaker:eu-west-1:222222222222:model-package/churn/3" && aws_sagemaker_model.this[local.model_keys["endpoint"]].primary_container[0].image == null
    error_message = "the model is the package's"
  }
}

run "takes_a_folder_uncompressed_and_an_environment" {
  command = plan

  variables {
    model = {
      image_uri         = "111111111111.dkr.ecr.eu-west-1.amazonaws.com/acme/llm@sha256:0000000000000000000000000000000000000000000000000000000000000000"
      artifact_s3_uri   = "s3://assets/llm/7b/"
      environment       = { MODEL_CACHE = "/tmp" }
      network_isolation = true
    }
    vpc = { subnet_ids = ["subnet-0123456789abcdef0"], security_group_ids = ["sg-0123456789abcdef0"] }
  }

  assert {
    condition = (
      aws_sagemaker_model.this[local.model_keys["endpoint"]].primary_container[0].model_data_url == null
      && aws_sagemaker_model.this[local.model_keys["endpoint"]].primary_container[0].model_data_source[0].s3_data_source[0].s3_uri == "s3://assets/llm/7b/"
      && aws_sagemaker_model.this[local.model_keys["endpoint"]].primary_container[0].model_data_source[0].s3_data_source[0].compression_type == "None"
      && aws_sagemaker_model.this[local.model_keys["endpoint"]].primary_container[0].environment["MODEL_CACHE"] == "/tmp"
      && aws_sagemaker_model.this[local.model_keys["endpoint"]].enable_network_isolation
      && aws_sagemaker_model.this[local.model_keys["endpoint"]].vpc_config[0].subnets == toset(["subnet-0123456789abcdef0"])
    )
    error_message = "folder, environment, isolation and VPC reach the model"
  }
}

run "a_key_encrypts_capture_and_volume" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  }

  assert {
    condition = (
      one(values(aws_sagemaker_endpoint_configuration.this)).kms_key_arn == "arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"
      && one(values(aws_sagemaker_endpoint_configuration.this)).data_capture_config[0].kms_key_id == "arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    )
    error_message = "both have the key"
  }
}

run "no_volume_key_with_local_storage" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    variants    = { AllTraffic = { instance_type = "ml.g5.xlarge" }, Cheap = { instance_type = "ml.m5.large" } }
  }

  assert {
    condition     = one(values(aws_sagemaker_endpoint_configuration.this)).kms_key_arn == null && one(values(aws_sagemaker_endpoint_configuration.this)).data_capture_config[0].kms_key_id != null
    error_message = "AWS refuses a volume key beside local NVMe storage; the capture keeps it"
  }
}

run "a_canary_goes_first" {
  command = plan

  variables {
    rollout = { strategy = "canary", step_percent = 20, wait_seconds = 600, latency_milliseconds = 250 }
  }

  assert {
    condition = (
      aws_sagemaker_endpoint.this.deployment_config[0].blue_green_update_policy[0].traffic_routing_configuration[0].type == "CANARY"
      && aws_sagemaker_endpoint.this.deployment_config[0].blue_green_update_policy[0].traffic_routing_configuration[0].canary_size[0].value == 20
      && aws_sagemaker_endpoint.this.deployment_config[0].blue_green_update_policy[0].traffic_routing_configuration[0].canary_size[0].type == "CAPACITY_PERCENT"
      && aws_sagemaker_endpoint.this.deployment_config[0].blue_green_update_policy[0].traffic_routing_configuration[0].wait_interval_in_seconds == 600
    )
    error_message = "a fifth of the traffic first, for ten minutes"
  }
  assert {
    condition     = [for query in aws_cloudwatch_metric_alarm.rollback[0].metric_query : query.expression if query.id == "worst"] == ["MAX([of_e0, of_l0])"]
    error_message = "errors and latency both roll back"
  }
  assert {
    condition = alltrue([
      for query in aws_cloudwatch_metric_alarm.rollback[0].metric_query :
      query.metric[0].dimensions["EndpointConfigName"] == one(values(aws_sagemaker_endpoint_configuration.this)).name if length(query.metric) > 0
    ])
    error_message = "only the new configuration is judged"
  }
}

run "goes_step_by_step" {
  command = plan

  variables {
    rollout = { strategy = "linear", step_percent = 25 }
  }

  assert {
    condition     = aws_sagemaker_endpoint.this.deployment_config[0].blue_green_update_policy[0].traffic_routing_configuration[0].linear_step_size[0].value == 25
    error_message = "a quarter at a time"
  }
}

run "rolls" {
  command = plan

  variables {
    rollout = { strategy = "rolling", step_percent = 50 }
  }

  assert {
    condition     = length(aws_sagemaker_endpoint.this.deployment_config[0].blue_green_update_policy) == 0 && aws_sagemaker_endpoint.this.deployment_config[0].rolling_update_policy[0].maximum_batch_size[0].value == 50
    error_message = "half the fleet at a time, no second fleet"
  }
}

run "scales_between_min_and_max" {
  command   = apply
  state_key = "scales_between_min_and_max"

  variables {
    variants = {
      AllTraffic = { instance_type = "ml.m5.large", autoscaling = { min_count = 2, max_count = 6, target = 500 } }
    }
  }

  assert {
    condition = (
      aws_appautoscaling_target.variant["AllTraffic"].min_capacity == 2
      && aws_appautoscaling_target.variant["AllTraffic"].max_capacity == 6
      && aws_appautoscaling_target.variant["AllTraffic"].resource_id == "endpoint/acme-ml-dev-churn-realtime-builtin/variant/AllTraffic"
      && aws_appautoscaling_policy.load["AllTraffic"].target_tracking_scaling_policy_configuration[0].target_value == 500
      && aws_appautoscaling_policy.load["AllTraffic"].target_tracking_scaling_policy_configuration[0].predefined_metric_specification[0].predefined_metric_type == "SageMakerVariantInvocationsPerInstance"
    )
    error_message = "the variant scales on its requests"
  }
  assert {
    condition     = one(values(aws_sagemaker_endpoint_configuration.this)).production_variants[0].initial_instance_count == 2 && output.live[0].variants["AllTraffic"] == 2 && output.live[0].autoscaled == ["AllTraffic"]
    error_message = "it starts with min, and may be more"
  }
}

run "todays_count_alone_renames_nothing" {
  command   = apply
  state_key = "scales_between_min_and_max"

  variables {
    variants = {
      AllTraffic = { instance_type = "ml.m5.large", autoscaling = { min_count = 2, max_count = 6, target = 500 } }
    }
    live_instance_counts = { AllTraffic = 5 }
  }

  assert {
    condition     = one(values(aws_sagemaker_endpoint_configuration.this)).name == run.scales_between_min_and_max.endpoint_config_name && one(values(aws_sagemaker_endpoint_configuration.this)).production_variants[0].initial_instance_count == 2
    error_message = "the configuration is the same one"
  }
}

run "a_new_configuration_starts_with_todays_count" {
  command   = plan
  state_key = "a_new_configuration_starts_with_todays_count"

  variables {
    variants = {
      AllTraffic = { instance_type = "ml.m5.xlarge", autoscaling = { min_count = 2, max_count = 6, target = 500 } }
    }
    live_instance_counts = { AllTraffic = 5 }
  }

  assert {
    condition     = one(values(aws_sagemaker_endpoint_configuration.this)).name != run.scales_between_min_and_max.endpoint_config_name && one(values(aws_sagemaker_endpoint_configuration.this)).production_variants[0].initial_instance_count == 5
    error_message = "an update does not undo what scaling did"
  }
}

run "todays_count_stays_within_the_limits" {
  command   = plan
  state_key = "todays_count_stays_within_the_limits"

  variables {
    variants = {
      AllTraffic = { instance_type = "ml.c5.large", autoscaling = { min_count = 2, max_count = 6 } }
    }
    live_instance_counts = { AllTraffic = 40 }
  }

  assert {
    condition     = one(values(aws_sagemaker_endpoint_configuration.this)).production_variants[0].initial_instance_count == 6
    error_message = "never above max"
  }
}

run "shares_requests_by_weight_between_models" {
  command   = plan
  state_key = "shares_requests_by_weight_between_models"

  variables {
    variants = {
      Champion   = { instance_type = "ml.m5.large", weight = 9 }
      Challenger = { instance_type = "ml.c5.large", instance_count = 2, weight = 1, model = { image_uri = "111111111111.dkr.ecr.eu-west-1.amazonaws.com/churn:2" } }
    }
  }

  assert {
    condition = (
      { for variant in one(values(aws_sagemaker_endpoint_configuration.this)).production_variants : variant.variant_name => variant.initial_variant_weight } == { Champion = 9, Challenger = 1 }
      && { for variant in one(values(aws_sagemaker_endpoint_configuration.this)).production_variants : variant.variant_name => variant.model_name } == { Champion = aws_sagemaker_model.this[local.model_keys["endpoint"]].name, Challenger = aws_sagemaker_model.this[local.model_keys["variant-Challenger"]].name }
    )
    error_message = "nine in ten go to the champion"
  }
}

run "a_model_that_nobody_uses_is_not_made" {
  command = plan

  variables {
    variants = { Only = { instance_type = "ml.m5.large", model = { image_uri = "111111111111.dkr.ecr.eu-west-1.amazonaws.com/churn:2" } } }
  }

  assert {
    condition     = keys(local.model_keys) == ["variant-Only"] && length(aws_sagemaker_model.this) == 1
    error_message = "every variant has its own model"
  }
}

run "shows_a_copy_of_requests_to_a_shadow" {
  command   = plan
  state_key = "shows_a_copy_of_requests_to_a_shadow"

  variables {
    shadow = { instance_type = "ml.c5.large", sampling_percent = 20, model = { image_uri = "111111111111.dkr.ecr.eu-west-1.amazonaws.com/churn:2" } }
  }

  assert {
    condition = (
      one(values(aws_sagemaker_endpoint_configuration.this)).shadow_production_variants[0].variant_name == "Shadow"
      && one(values(aws_sagemaker_endpoint_configuration.this)).shadow_production_variants[0].model_name == aws_sagemaker_model.this[local.model_keys["shadow"]].name
      && one(values(aws_sagemaker_endpoint_configuration.this)).shadow_production_variants[0].initial_variant_weight == 20
      && one(values(aws_sagemaker_endpoint_configuration.this)).production_variants[0].initial_variant_weight == 100
    )
    error_message = "a fifth of the requests is copied"
  }
  assert {
    condition     = output.live[0].variants == { AllTraffic = 1, Shadow = 1 }
    error_message = "both must be live"
  }
}

run "serves_without_servers" {
  command   = plan
  state_key = "serves_without_servers"

  variables {
    data_capture = null
    kms_key_arn  = "arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    variants     = { AllTraffic = { serverless = { memory_mb = 3072, max_concurrency = 10 } } }
  }

  assert {
    condition = (
      one(values(aws_sagemaker_endpoint_configuration.this)).production_variants[0].serverless_config[0].memory_size_in_mb == 3072
      && one(values(aws_sagemaker_endpoint_configuration.this)).production_variants[0].initial_instance_count == null
      && one(values(aws_sagemaker_endpoint_configuration.this)).kms_key_arn == null
      && length(one(values(aws_sagemaker_endpoint_configuration.this)).data_capture_config) == 0
      && length(aws_sagemaker_endpoint.this.deployment_config) == 0
      && length(aws_cloudwatch_metric_alarm.rollback) == 0
      && output.live[0].variants["AllTraffic"] == null
    )
    error_message = "no instances, no volume, no rollout guard: SageMaker has none for it"
  }
}

run "answers_later" {
  command   = plan
  state_key = "answers_later"

  variables {
    async_inference = {
      input_s3_uri                            = "s3://queue/in"
      output_s3_uri                           = "s3://queue/out"
      failure_s3_uri                          = "s3://queue/failed"
      max_concurrent_invocations_per_instance = 4
      error_topic_arn                         = "arn:aws:sns:eu-west-1:111111111111:alerts"
    }
    variants = { AllTraffic = { instance_type = "ml.m5.large", autoscaling = { min_count = 0, max_count = 3 } } }
  }

  assert {
    condition = (
      one(values(aws_sagemaker_endpoint_configuration.this)).async_inference_config[0].output_config[0].s3_output_path == "s3://queue/out"
      && one(values(aws_sagemaker_endpoint_configuration.this)).async_inference_config[0].output_config[0].s3_failure_path == "s3://queue/failed"
      && one(values(aws_sagemaker_endpoint_configuration.this)).async_inference_config[0].output_config[0].notification_config[0].error_topic == "arn:aws:sns:eu-west-1:111111111111:alerts"
      && one(values(aws_sagemaker_endpoint_configuration.this)).async_inference_config[0].client_config[0].max_concurrent_invocations_per_instance == 4
      && one(values(aws_sagemaker_endpoint_configuration.this)).production_variants[0].initial_instance_count == 1
    )
    error_message = "answers go to S3 and failures to a topic"
  }
  assert {
    condition = (
      aws_appautoscaling_target.variant["AllTraffic"].min_capacity == 0
      && aws_appautoscaling_policy.load["AllTraffic"].target_tracking_scaling_policy_configuration[0].customized_metric_specification[0].metric_name == "ApproximateBacklogSizePerInstance"
      && aws_cloudwatch_metric_alarm.wake["AllTraffic"].metric_name == "HasBacklogWithoutCapacity"
    )
    error_message = "it scales on what waits, and wakes from zero"
  }
  assert {
    condition     = length(aws_api_gateway_rest_api.inference) == 0 && output.inference_api_url == null
    error_message = "there is no API: the input is in S3"
  }
}

run "tells_a_topic" {
  command = plan

  variables {
    alarms = { topic_arn = "arn:aws:sns:eu-west-1:222222222222:alerts", error_percent = 1, latency_milliseconds = 300, no_request_minutes = 60 }
  }

  assert {
    condition = alltrue([
      for alarm in [aws_cloudwatch_metric_alarm.errors[0], aws_cloudwatch_metric_alarm.latency[0], aws_cloudwatch_metric_alarm.no_request[0]] :
      alarm.alarm_actions == toset(["arn:aws:sns:eu-west-1:222222222222:alerts"]) && alarm.ok_actions == alarm.alarm_actions
    ])
    error_message = "every alarm tells the topic, also that it is over"
  }
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.errors[0].threshold == 1
      && aws_cloudwatch_metric_alarm.latency[0].threshold == 300
      && aws_cloudwatch_metric_alarm.no_request[0].evaluation_periods == 12
      && aws_cloudwatch_metric_alarm.no_request[0].treat_missing_data == "breaching"
    )
    error_message = "the thresholds are those asked for"
  }
}

run "works_without_an_api" {
  command = plan

  variables {
    inference_api = null
  }

  assert {
    condition     = length(aws_lambda_function.inference) + length(aws_api_gateway_rest_api.inference) + length(aws_iam_role.lambda) + length(aws_cloudwatch_log_group.access) == 0 && output.inference_api_url == null
    error_message = "nothing of it is made"
  }
}

run "a_plan_shows_what_changes" {
  command = plan

  variables {
    variants = { AllTraffic = { instance_type = "ml.m5.xlarge", instance_count = 2 } }
  }

  assert {
    condition = (
      terraform_data.contents.input.variants.AllTraffic.instance_type == "ml.m5.xlarge"
      && terraform_data.contents.input.variants.AllTraffic.initial_instance_count == 2
      && terraform_data.contents.input.models.endpoint.model_data_url == "s3://assets/churn/model.tar.gz"
    )
    error_message = "what people decide by stands in one place"
  }
}

run "a_revision_takes_the_place_of_the_hash" {
  command = plan

  variables {
    revision = "r7"
  }

  assert {
    condition = (
      one(values(aws_sagemaker_endpoint_configuration.this)).name == "acme-ml-dev-churn-realtime-builtin-r7"
      && keys(aws_sagemaker_endpoint_configuration.this) == ["r7"]
      && keys(aws_sagemaker_model.this) == ["endpoint-r7"]
      && keys(aws_iam_role_policy.execution) == ["r7"]
      && can(regex("^acme-ml-dev-churn-realtime-builtin-[0-9a-f]{8}$", aws_sagemaker_model.this["endpoint-r7"].name))
    )
    error_message = "the names are known even if the content is not"
  }
}

run "sets_the_boundary_on_both_roles" {
  command = plan

  variables {
    permissions_boundary_arn = "arn:aws:iam::111111111111:policy/boundary"
  }

  assert {
    condition     = aws_iam_role.execution.permissions_boundary == "arn:aws:iam::111111111111:policy/boundary" && aws_iam_role.lambda[0].permissions_boundary == "arn:aws:iam::111111111111:policy/boundary"
    error_message = "no role without it"
  }
}

run "refuses_more_metrics_than_an_alarm_takes" {
  command = plan

  variables {
    rollout  = { latency_milliseconds = 100 }
    variants = { for index in range(6) : "V${index}" => { instance_type = "ml.m5.large" } }
  }

  expect_failures = [var.rollout]
}

run "refuses_to_roll_several_variants" {
  command = plan

  variables {
    rollout  = { strategy = "rolling", step_percent = 50 }
    variants = { A = { instance_type = "ml.m5.large" }, B = { instance_type = "ml.m5.large" } }
  }

  expect_failures = [var.rollout]
}

run "refuses_a_shadow_of_several_variants" {
  command = plan

  variables {
    shadow   = { instance_type = "ml.m5.large" }
    variants = { A = { instance_type = "ml.m5.large" }, B = { instance_type = "ml.m5.large" } }
  }

  expect_failures = [var.shadow]
}

run "refuses_a_shadow_of_an_asynchronous_endpoint" {
  command = plan

  variables {
    shadow          = { instance_type = "ml.m5.large" }
    async_inference = { input_s3_uri = "s3://queue/in", output_s3_uri = "s3://queue/out" }
  }

  expect_failures = [var.shadow]
}

run "refuses_a_serverless_size_that_there_is_not" {
  command = plan

  variables {
    data_capture = null
    variants     = { AllTraffic = { serverless = { memory_mb = 512 } } }
  }

  expect_failures = [var.variants]
}

run "refuses_serverless_beside_others" {
  command = plan

  variables {
    data_capture = null
    variants     = { A = { serverless = {} }, B = { instance_type = "ml.m5.large" } }
  }

  expect_failures = [var.variants]
}

run "refuses_serverless_in_a_vpc" {
  command = plan

  variables {
    data_capture = null
    variants     = { AllTraffic = { serverless = {} } }
    vpc          = { subnet_ids = ["subnet-0123456789abcdef0"], security_group_ids = ["sg-0123456789abcdef0"] }
  }

  expect_failures = [var.variants]
}

run "refuses_asynchronous_serverless" {
  command = plan

  variables {
    data_capture    = null
    async_inference = { input_s3_uri = "s3://queue/in", output_s3_uri = "s3://queue/out" }
    variants        = { AllTraffic = { serverless = {} } }
  }

  expect_failures = [var.variants]
}

run "refuses_a_volume_without_servers" {
  command = plan

  variables {
    data_capture = null
    variants     = { AllTraffic = { serverless = {}, volume_size_gb = 10 } }
  }

  expect_failures = [var.variants]
}

# One plan refuses many variables at once: each run breaks one rule of each variable.
run "refuses_1" {
  command = plan

  variables {
    # an account id of another form
    account_id = "1234"
    # alarms without a topic arn
    alarms = { topic_arn = "alerts" }
    # an asynchronous location that is no s3 uri
    async_inference = { input_s3_uri = "s3://queue/in", output_s3_uri = "queue/out" }
    # a capture location that is no s3 uri
    data_capture = { destination_s3_uri = "capture/churn" }
    # an endpoint name that sagemaker refuses
    endpoint_name = "churn_endpoint"
    # a rate of nothing
    inference_api = { rate_limit = 0 }
    # an alias as key
    kms_key_arn = "arn:aws:kms:eu-west-1:111111111111:alias/acme"
    # half an instance
    live_instance_counts = { AllTraffic = 1.5 }
    # a model of nothing
    model = {}
    # a name that is too long
    name = "acme-ml-dev-churn-realtime-builtin-0123456789"
    # a boundary that is no policy
    permissions_boundary_arn = "arn:aws:iam::111111111111:role/boundary"
    # a revision that names do not take
    revision = "R-7"
    # a vpc without subnets
    vpc = { subnet_ids = [], security_group_ids = ["sg-0123456789abcdef0"] }
  }

  expect_failures = [var.account_id, var.alarms, var.async_inference, var.data_capture, var.endpoint_name, var.inference_api, var.kms_key_arn, var.live_instance_counts, var.model, var.name, var.permissions_boundary_arn, var.revision, var.vpc]
}

run "refuses_2" {
  command = plan

  variables {
    # an error share above everything
    alarms = { topic_arn = "arn:aws:sns:eu-west-1:222222222222:alerts", error_percent = 101 }
    # too many asynchronous requests at once
    async_inference = { input_s3_uri = "s3://queue/in", output_s3_uri = "s3://queue/out", max_concurrent_invocations_per_instance = 1001 }
    # to capture more than everything
    data_capture = { destination_s3_uri = "s3://capture/churn", sampling_percentage = 101 }
    # to wait longer than api gateway
    inference_api = { timeout_seconds = 30 }
    # an artifact beside a package
    model = { model_package_arn = "arn:aws:sagemaker:eu-west-1:222222222222:model-package/churn/3", artifact_s3_uri = "s3://assets/churn/model.tar.gz" }
  }

  expect_failures = [var.alarms, var.async_inference, var.data_capture, var.inference_api, var.model]
}

run "refuses_3" {
  command = plan

  variables {
    # a latency of nothing
    alarms = { topic_arn = "arn:aws:sns:eu-west-1:222222222222:alerts", latency_milliseconds = 0 }
    # an asynchronous topic that is no arn
    async_inference = { input_s3_uri = "s3://queue/in", output_s3_uri = "s3://queue/out", error_topic_arn = "alerts" }
    # to capture a side that there is not
    data_capture = { destination_s3_uri = "s3://capture/churn", modes = ["InputAndOutput"] }
    # too little memory
    inference_api = { memory_mb = 64 }
    # an image outside ecr
    model = { image_uri = "docker.io/library/python:3.12" }
  }

  expect_failures = [var.alarms, var.async_inference, var.data_capture, var.inference_api, var.model]
}

run "refuses_4" {
  command = plan

  variables {
    # a silence that metrics cannot show
    alarms = { topic_arn = "arn:aws:sns:eu-west-1:222222222222:alerts", no_request_minutes = 7 }
    # a content type of another form
    data_capture = { destination_s3_uri = "s3://capture/churn", json_content_types = ["json"] }
    # a retention that cloudwatch has not
    inference_api = { log_retention_days = 10 }
    # an artifact with a wildcard
    model = { image_uri = "111111111111.dkr.ecr.eu-west-1.amazonaws.com/churn:2", artifact_s3_uri = "s3://assets/*" }
  }

  expect_failures = [var.alarms, var.data_capture, var.inference_api, var.model]
}

run "refuses_5" {
  command = plan

  variables {
    # a package name instead of an arn
    model = { model_package_arn = "churn/3" }
  }

  expect_failures = [var.model]
}

run "refuses_6" {
  command = plan

  variables {
    # an artifact key that is no arn
    model = { image_uri = "111111111111.dkr.ecr.eu-west-1.amazonaws.com/churn:2", artifact_kms_key_arns = ["alias/acme"] }
  }

  expect_failures = [var.model]
}

run "refuses_7" {
  command = plan

  variables {
    # an environment variable of another form
    model = { image_uri = "111111111111.dkr.ecr.eu-west-1.amazonaws.com/churn:2", environment = { "MODEL-CACHE" = "/tmp" } }
  }

  expect_failures = [var.model]
}

run "refuses_8" {
  command = plan

  variables {
    # an unknown rollout
    rollout = { strategy = "blue_green" }
    # a shadow with the name of a variant
    shadow = { instance_type = "ml.m5.large", variant_name = "AllTraffic" }
  }

  expect_failures = [var.rollout, var.shadow]
}

run "refuses_9" {
  command = plan

  variables {
    # a step that is too small for linear
    rollout = { strategy = "linear", step_percent = 5 }
    # a shadow on no ml instance
    shadow = { instance_type = "m5.large" }
  }

  expect_failures = [var.rollout, var.shadow]
}

run "refuses_10" {
  command = plan

  variables {
    # a wait of more than an hour
    rollout = { wait_seconds = 3601 }
    # a shadow of no instance
    shadow = { instance_type = "ml.m5.large", instance_count = 0 }
  }

  expect_failures = [var.rollout, var.shadow]
}

run "refuses_11" {
  command = plan

  variables {
    # a timeout that is too short
    rollout = { timeout_seconds = 60 }
    # a shadow share that floats cannot hold
    shadow = { instance_type = "ml.m5.large", sampling_percent = 0.1 }
  }

  expect_failures = [var.rollout, var.shadow]
}

run "refuses_12" {
  command = plan

  variables {
    # a rollback that never comes
    rollout = { error_percent = 0 }
    # a shadow model of both kinds
    shadow = { instance_type = "ml.m5.large", model = { image_uri = "111111111111.dkr.ecr.eu-west-1.amazonaws.com/churn:2", model_package_arn = "arn:aws:sagemaker:eu-west-1:222222222222:model-package/churn/3" } }
  }

  expect_failures = [var.rollout, var.shadow]
}

run "refuses_13" {
  command = plan

  variables {
    # a rollback latency of nothing
    rollout = { latency_milliseconds = 0 }
  }

  expect_failures = [var.rollout]
}

run "refuses_14" {
  command = plan

  variables {
    # no variant
    variants = {}
  }

  expect_failures = [var.variants]
}

run "refuses_15" {
  command = plan

  variables {
    # a variant on nothing
    variants = { AllTraffic = {} }
  }

  expect_failures = [var.variants]
}

run "refuses_16" {
  command = plan

  variables {
    # a variant on no ml instance
    variants = { AllTraffic = { instance_type = "m5.large" } }
  }

  expect_failures = [var.variants]
}

run "refuses_17" {
  command = plan

  variables {
    # a variant of no instance
    variants = { AllTraffic = { instance_type = "ml.m5.large", instance_count = 0 } }
  }

  expect_failures = [var.variants]
}

run "refuses_18" {
  command = plan

  variables {
    # a weight that comes back changed
    variants = { A = { instance_type = "ml.m5.large", weight = 0.9 }, B = { instance_type = "ml.m5.large", weight = 0.1 } }
  }

  expect_failures = [var.variants]
}

run "refuses_19" {
  command = plan

  variables {
    # weights of nothing
    variants = { AllTraffic = { instance_type = "ml.m5.large", weight = 0 } }
  }

  expect_failures = [var.variants]
}

run "refuses_20" {
  command = plan

  variables {
    # capture without servers
    variants = { AllTraffic = { serverless = {} } }
  }

  expect_failures = [var.variants]
}

run "refuses_21" {
  command = plan

  variables {
    # to scale realtime to zero
    variants = { AllTraffic = { instance_type = "ml.m5.large", autoscaling = { min_count = 0, max_count = 2 } } }
  }

  expect_failures = [var.variants]
}

run "refuses_22" {
  command = plan

  variables {
    # a max below the min
    variants = { AllTraffic = { instance_type = "ml.m5.large", autoscaling = { min_count = 3, max_count = 2 } } }
  }

  expect_failures = [var.variants]
}

run "refuses_23" {
  command = plan

  variables {
    # a variants model of nothing
    variants = { AllTraffic = { instance_type = "ml.m5.large", model = {} } }
  }

  expect_failures = [var.variants]
}

run "refuses_24" {
  command = plan

  variables {
    # a volume of nothing
    variants = { AllTraffic = { instance_type = "ml.m5.large", volume_size_gb = 0 } }
  }

  expect_failures = [var.variants]
}

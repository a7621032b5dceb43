# The module with a mocked provider: what is made for each kind, in which order, what is refused.

mock_provider "aws" {
  source = "../../../tests/mocks"
}

variables {
  name                = "acme-ml-dev-churn-data-quality-monitor"
  account_id          = "111111111111"
  kind                = "data_quality"
  endpoint_name       = "churn"
  data_capture_s3_uri = "s3://capture/churn/"
  output_s3_uri       = "s3://monitor/reports/"
  baseline            = { dataset_s3_uri = "s3://assets/baselines/churn.csv", output_s3_uri = "s3://monitor/baseline/" }
  instances           = { type = "ml.m5.large" }
  schedule            = { expression = "cron(0 * ? * * *)" }
  image_uri           = "468650794304.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-model-monitor-analyzer"
}

run "makes_a_machine_a_job_definition_and_a_schedule" {
  command = apply

  assert {
    condition     = aws_sfn_state_machine.this.name == var.name && aws_sfn_state_machine.this.type == "STANDARD"
    error_message = "the machine carries the base name"
  }
  assert {
    condition     = can(regex("^acme-ml-dev-churn-data-quality-monitor-[0-9a-f]{8}$", output.job_definition_name)) && can(regex("^acme-ml-dev-churn-data-quality-monitor-[0-9a-f]{8}$", output.schedule_name))
    error_message = "names carry a hash"
  }
  assert {
    condition     = can(regex("^s3://monitor/baseline/acme-ml-dev-churn-data-quality-monitor-[0-9a-f]{8}$", output.baseline_s3_uri)) && output.report_s3_uri == "s3://monitor/reports"
    error_message = "a baseline has a folder of its own"
  }
  assert {
    condition = (
      one(values(aws_sagemaker_monitoring_schedule.this)).monitoring_schedule_config[0].monitoring_type == "DataQuality"
      && one(values(aws_sagemaker_monitoring_schedule.this)).monitoring_schedule_config[0].schedule_config[0].schedule_expression == "cron(0 * ? * * *)"
      && one(values(aws_sagemaker_monitoring_schedule.this)).monitoring_schedule_config[0].monitoring_job_definition_name == output.job_definition_name
    )
    error_message = "the schedule runs the job definition"
  }
  assert {
    condition = (
      one(values(aws_sagemaker_data_quality_job_definition.this)).data_quality_baseline_config[0].constraints_resource[0].s3_uri == "${output.baseline_s3_uri}/constraints.json"
      && one(values(aws_sagemaker_data_quality_job_definition.this)).data_quality_baseline_config[0].statistics_resource[0].s3_uri == "${output.baseline_s3_uri}/statistics.json"
      && one(values(aws_sagemaker_data_quality_job_definition.this)).data_quality_app_specification[0].environment["publish_cloudwatch_metrics"] == "Enabled"
      && one(values(aws_sagemaker_data_quality_job_definition.this)).stopping_condition[0].max_runtime_in_seconds == 1800
      && length(one(values(aws_sagemaker_data_quality_job_definition.this)).network_config) == 0
      && one(one(values(aws_sagemaker_data_quality_job_definition.this)).data_quality_job_input[0].endpoint_input).endpoint_name == "churn"
    )
    error_message = "each run compares with the baseline and publishes metrics"
  }
  assert {
    condition     = output.jobs == [{ kind = "state_machine", arn = aws_sfn_state_machine.this.arn, input = { started_by = "release" } }]
    error_message = "the delivery starts the machine"
  }
  assert {
    condition = output.live[0].kind == "state_machine_execution" && output.live[1] == {
      kind                = "monitoring_schedule"
      name                = output.schedule_name
      schedule_expression = "cron(0 * ? * * *)"
      job_definition_name = output.job_definition_name
      status              = "Scheduled"
    }
    error_message = "live is a run that succeeded, and a schedule that runs"
  }
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.violations) + length(aws_sfn_state_machine.results) + length(aws_cloudwatch_event_rule.job_ended) + length(aws_cloudwatch_event_rule.endpoint) == 0
    error_message = "without a topic nobody is told, and data quality follows no model"
  }
}

run "the_baseline_comes_before_the_schedule_starts" {
  command = plan

  assert {
    condition = {
      for name in ["NameTheJob", "LookForTheBaseline", "LookAtTheOldSchedule", "StopTheSchedule", "WaitForStop", "MakeTheBaseline", "StartTheSchedule", "WaitForStart", "LookAtTheSchedule"] :
      name => jsondecode(aws_sfn_state_machine.this.definition).States[name].Next
      } == {
      NameTheJob           = "LookForTheBaseline"
      LookForTheBaseline   = "IsThereABaseline"
      LookAtTheOldSchedule = "IsTheScheduleStill"
      StopTheSchedule      = "WaitForStop"
      WaitForStop          = "LookAtTheOldSchedule"
      MakeTheBaseline      = "LookHowItEnded"
      LookAtTheSchedule    = "DoesTheScheduleRun"
      StartTheSchedule     = "WaitForStart"
      WaitForStart         = "LookAtTheSchedule"
    }
    error_message = "stop, baseline, start"
  }
  assert {
    condition     = jsondecode(aws_sfn_state_machine.this.definition).States.IsTheScheduleStill.Default == "MakeTheBaseline" && jsondecode(aws_sfn_state_machine.this.definition).States.IsThereABaseline == { Type = "Choice", Choices = [{ Variable = "$.found.count", NumericGreaterThan = 0, Next = "LookAtTheSchedule" }], Default = "LookAtTheOldSchedule" }
    error_message = "what is there is not made again, and nothing is stopped for it"
  }
  assert {
    condition     = jsondecode(aws_sfn_state_machine.this.definition).States.LookHowItEnded == { Comment = "A job that somebody stopped has made no baseline.", Type = "Choice", Choices = [{ Not = { Variable = "$.result.ProcessingJobStatus", StringEquals = "Completed" }, Next = "GiveStatus" }], Default = "LookAtTheSchedule" }
    error_message = "only a completed job goes on to the schedule"
  }
  assert {
    condition = alltrue([
      for name, state in jsondecode(aws_sfn_state_machine.this.definition).States :
      alltrue([for next in compact(concat([try(state.Next, ""), try(state.Default, "")], [for choice in try(state.Choices, []) : choice.Next], [for catch in try(state.Catch, []) : catch.Next])) : contains(keys(jsondecode(aws_sfn_state_machine.this.definition).States), next)])
    ])
    error_message = "every state that is named exists"
  }
  assert {
    condition = {
      for name, value in jsondecode(aws_sfn_state_machine.this.definition).States.MakeTheBaseline.Parameters : name => value if !contains(["Tags", "ProcessingInputs"], name)
      } == {
      "ProcessingJobName.$" = "$.job"
      RoleArn               = "arn:aws:iam::111111111111:role/acme-ml-dev-churn-data-quality-monitor-execution"
      AppSpecification      = { ImageUri = var.image_uri }
      Environment = {
        dataset_format             = "{\"csv\":{\"header\":true,\"output_columns_position\":\"START\"}}"
        dataset_source             = "/opt/ml/processing/input/baseline_dataset_input"
        output_path                = "/opt/ml/processing/output"
        publish_cloudwatch_metrics = "Disabled"
      }
      ProcessingOutputConfig = { Outputs = [{ OutputName = "monitoring_output", S3Output = { S3Uri = output.baseline_s3_uri, LocalPath = "/opt/ml/processing/output", S3UploadMode = "EndOfJob" } }] }
      ProcessingResources    = { ClusterConfig = { InstanceType = "ml.m5.large", InstanceCount = 1, VolumeSizeInGB = 20 } }
    }
    error_message = "the job has every setting, and only those that were made"
  }
}

run "settings_reach_the_jobs" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    baseline    = { dataset_s3_uri = "s3://assets/baselines/churn.csv", output_s3_uri = "s3://monitor/baseline", max_runtime_seconds = 3300 }
    scripts     = { record_preprocessor_s3_uri = "s3://assets/scripts/before.py", post_analytics_processor_s3_uri = "s3://assets/scripts/after.py" }
    network     = { isolation = true, encrypt_inter_container_traffic = true }
    vpc         = { subnet_ids = ["subnet-0123456789abcdef0"], security_group_ids = ["sg-0123456789abcdef0"] }
    tags        = { Team = "churn" }
  }

  assert {
    condition = {
      for name, value in jsondecode(aws_sfn_state_machine.this.definition).States.MakeTheBaseline.Parameters : name => value if contains(["StoppingCondition", "NetworkConfig", "ProcessingResources"], name)
      } == {
      StoppingCondition   = { MaxRuntimeInSeconds = 3300 }
      NetworkConfig       = { EnableNetworkIsolation = true, EnableInterContainerTrafficEncryption = true, VpcConfig = { SecurityGroupIds = ["sg-0123456789abcdef0"], Subnets = ["subnet-0123456789abcdef0"] } }
      ProcessingResources = { ClusterConfig = { InstanceType = "ml.m5.large", InstanceCount = 1, VolumeSizeInGB = 20, VolumeKmsKeyId = "arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab" } }
    }
    error_message = "key, network and time reach the baseline"
  }
  assert {
    condition     = jsondecode(aws_sfn_state_machine.this.definition).States.MakeTheBaseline.Parameters.Environment.record_preprocessor_script == "/opt/ml/processing/input/record_preprocessor_script_input/before.py" && [for input in jsondecode(aws_sfn_state_machine.this.definition).States.MakeTheBaseline.Parameters.ProcessingInputs : input.InputName] == ["baseline_dataset_input", "record_preprocessor_script_input", "post_analytics_processor_script_input"]
    error_message = "the scripts are brought to the baseline"
  }
  assert {
    condition     = contains([for tag in jsondecode(aws_sfn_state_machine.this.definition).States.MakeTheBaseline.Parameters.Tags : "${tag.Key}=${tag.Value}"], "Team=churn")
    error_message = "jobs carry the tags"
  }
  assert {
    condition = (
      one(values(aws_sagemaker_data_quality_job_definition.this)).network_config[0].enable_network_isolation
      && one(values(aws_sagemaker_data_quality_job_definition.this)).network_config[0].enable_inter_container_traffic_encryption
      && one(values(aws_sagemaker_data_quality_job_definition.this)).network_config[0].vpc_config[0].subnets == toset(["subnet-0123456789abcdef0"])
      && one(values(aws_sagemaker_data_quality_job_definition.this)).data_quality_job_output_config[0].kms_key_id == var.kms_key_arn
      && one(values(aws_sagemaker_data_quality_job_definition.this)).job_resources[0].cluster_config[0].volume_kms_key_id == var.kms_key_arn
      && one(values(aws_sagemaker_data_quality_job_definition.this)).data_quality_app_specification[0].record_preprocessor_source_uri == "s3://assets/scripts/before.py"
      && one(values(aws_sagemaker_data_quality_job_definition.this)).data_quality_app_specification[0].post_analytics_processor_source_uri == "s3://assets/scripts/after.py"
    )
    error_message = "and the runs"
  }
  assert {
    condition     = output.baseline_s3_uri != run.makes_a_machine_a_job_definition_and_a_schedule.baseline_s3_uri
    error_message = "other scripts, another baseline"
  }
}

run "another_time_keeps_the_baseline_and_the_job_definition" {
  command = plan

  variables {
    schedule = { expression = "cron(0 6 ? * * *)" }
  }

  assert {
    condition     = output.baseline_s3_uri == run.makes_a_machine_a_job_definition_and_a_schedule.baseline_s3_uri && output.job_definition_name == run.makes_a_machine_a_job_definition_and_a_schedule.job_definition_name && output.schedule_name != run.makes_a_machine_a_job_definition_and_a_schedule.schedule_name
    error_message = "only the schedule is another"
  }
}

run "a_revision_makes_the_baseline_anew" {
  command = plan

  variables {
    baseline = { dataset_s3_uri = "s3://assets/baselines/churn.csv", output_s3_uri = "s3://monitor/baseline/", revision = "2" }
  }

  assert {
    condition     = output.baseline_s3_uri != run.makes_a_machine_a_job_definition_and_a_schedule.baseline_s3_uri && output.job_definition_name != run.makes_a_machine_a_job_definition_and_a_schedule.job_definition_name
    error_message = "another folder, and the runs compare with it"
  }
}

run "now_is_a_job_of_the_machine" {
  command   = plan
  state_key = "now"

  variables {
    schedule = { expression = "NOW", analysis_start = "-PT6H", analysis_end = "-PT1H" }
  }

  assert {
    condition     = length(aws_sagemaker_monitoring_schedule.this) + length(aws_cloudcontrolapi_resource.schedule) == 0 && output.schedule_name == null && length(output.live) == 1
    error_message = "nothing stands, nothing runs by itself"
  }
  assert {
    condition = jsondecode(aws_sfn_state_machine.this.definition).States.RunOnce.Parameters.MonitoringScheduleConfig == {
      MonitoringJobDefinitionName = output.job_definition_name
      MonitoringType              = "DataQuality"
      ScheduleConfig              = { ScheduleExpression = "NOW", DataAnalysisStartTime = "-PT6H", DataAnalysisEndTime = "-PT1H" }
    }
    error_message = "the machine runs it over the period"
  }
  assert {
    condition     = jsondecode(aws_sfn_state_machine.this.definition).States.LookHowItEnded.Default == "RunOnce" && !contains(keys(jsondecode(aws_sfn_state_machine.this.definition).States), "StartTheSchedule") && jsondecode(aws_sfn_state_machine.this.definition).States.ClearUpTheRun.Next == "Report"
    error_message = "after the baseline, and it is cleared up"
  }
  assert {
    condition = alltrue([
      for name, state in jsondecode(aws_sfn_state_machine.this.definition).States :
      alltrue([for next in compact(concat([try(state.Next, ""), try(state.Default, "")], [for choice in try(state.Choices, []) : choice.Next], [for catch in try(state.Catch, []) : catch.Next])) : contains(keys(jsondecode(aws_sfn_state_machine.this.definition).States), next)])
    ])
    error_message = "every state that is named exists"
  }
}

run "model_quality_judges_probabilities" {
  command   = plan
  state_key = "model_quality"

  variables {
    kind = "model_quality"
    attributes = {
      problem_type                 = "BinaryClassification"
      probability_attribute        = "0"
      probability_threshold        = 0.5
      baseline_ground_truth_column = "label"
      baseline_inference_column    = "prediction"
      baseline_probability_column  = "probability"
    }
    ground_truth = { s3_uri = "s3://truth/churn" }
  }

  assert {
    condition = {
      for name, value in jsondecode(aws_sfn_state_machine.this.definition).States.MakeTheBaseline.Parameters.Environment : name => value if strcontains(name, "attribute") || strcontains(name, "type")
      } == {
      analysis_type                   = "MODEL_QUALITY"
      problem_type                    = "BinaryClassification"
      ground_truth_attribute          = "label"
      probability_attribute           = "probability"
      probability_threshold_attribute = "0.5"
    }
    error_message = "with column and threshold, probabilities are judged"
  }
}

run "model_quality_falls_back_on_predictions" {
  command   = plan
  state_key = "model_quality"

  variables {
    kind = "model_quality"
    attributes = {
      problem_type                 = "Regression"
      inference_attribute          = "0"
      probability_attribute        = "1"
      probability_threshold        = 0.5
      baseline_ground_truth_column = "label"
      baseline_inference_column    = "prediction"
      baseline_probability_column  = "probability"
    }
    ground_truth = { s3_uri = "s3://truth/churn" }
  }

  assert {
    condition = {
      for name, value in jsondecode(aws_sfn_state_machine.this.definition).States.MakeTheBaseline.Parameters.Environment : name => value if strcontains(name, "attribute")
    } == { ground_truth_attribute = "label", inference_attribute = "prediction" }
    error_message = "a regression has no probabilities"
  }
  assert {
    condition     = !can(local.endpoint_input.ProbabilityAttribute) && !can(local.endpoint_input.ProbabilityThresholdAttribute) && local.endpoint_input.InferenceAttribute == "0"
    error_message = "nor have its runs"
  }
}

run "bias_is_told_what_to_measure" {
  command   = plan
  state_key = "bias"

  variables {
    kind         = "model_bias"
    attributes   = { problem_type = "BinaryClassification", probability_attribute = "0", probability_threshold = 0.6, features_attribute = "features" }
    ground_truth = { s3_uri = "s3://truth/churn" }
    bias = {
      label_values_json = "[1]"
      facets            = [{ name = "age", values_json = "[40]" }, { name = "3", values_json = "[\"f\"]" }, { name = "region" }]
      group_name        = "tenure"
    }
    prediction = { probability = "0", probability_threshold = 0.6, label_headers_json = "[\"yes\"]", variant_name = "Champion" }
  }

  assert {
    condition = jsondecode(aws_sfn_state_machine.this.definition).States.WriteTheAnalysis.Parameters.Body == {
      dataset_type              = "text/csv"
      "headers.$"               = "$.header.columns"
      "label.$"                 = "$.header.columns[0]"
      label_values_or_threshold = [1]
      facet                     = [{ name_or_index = "age", value_or_threshold = [40] }, { name_or_index = 3, value_or_threshold = ["f"] }, { name_or_index = "region" }]
      group_variable            = "tenure"
      probability_threshold     = 0.6
      methods = {
        pre_training_bias  = { methods = "all" }
        post_training_bias = { methods = "all" }
        report             = { name = "report", title = "Analysis Report" }
      }
      predictor = {
        "model_name.$"         = "$.endpoint.model"
        instance_type          = "ml.m5.large"
        initial_instance_count = 1
        content_type           = "text/csv"
        accept_type            = "text/csv"
        endpoint_name_prefix   = "acme-ml-dev-churn-da"
        probability            = 0
        label_headers          = ["yes"]
      }
    }
    error_message = "Clarify's configuration, with what the machine finds"
  }
  assert {
    condition = jsondecode(aws_sfn_state_machine.this.definition).States.WriteTheRunsAnalysis.Parameters.Body == {
      "headers.$"               = "$.header.columns"
      "label.$"                 = "$.header.columns[0]"
      label_values_or_threshold = [1]
      facet                     = [{ name_or_index = "age", value_or_threshold = [40] }, { name_or_index = 3, value_or_threshold = ["f"] }, { name_or_index = "region" }]
      group_variable            = "tenure"
    }
    error_message = "runs ask no model"
  }
  assert {
    condition = (
      jsondecode(aws_sfn_state_machine.this.definition).States.FindTheModel.ResultSelector == { "models.$" = "$.ProductionVariants[?(@.VariantName == 'Champion')].ModelName" }
      && jsondecode(aws_sfn_state_machine.this.definition).States.IsTheScheduleStill.Default == "ReadTheHeader"
      && jsondecode(aws_sfn_state_machine.this.definition).States.LookHowItEnded.Default == "RememberTheModel"
    )
    error_message = "the variant's model is taken, the header read, the model remembered"
  }
  assert {
    condition     = local.baseline_config == { ConstraintsResource = { S3Uri = "${output.baseline_s3_uri}/analysis.json" } } && local.app_specification.ConfigUri == "${output.baseline_s3_uri}/monitor/analysis_config.json" && local.endpoint_input.ProbabilityThresholdAttribute == 0.6 && local.endpoint_input.FeaturesAttribute == "features"
    error_message = "runs compare with Clarify's analysis"
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.endpoint[0].event_pattern).detail.EndpointName == ["churn"] && jsondecode(aws_cloudwatch_event_target.endpoint[0].input) == { started_by = "endpoint" }
    error_message = "another model of the endpoint makes the baseline anew"
  }
}

run "a_clarify_baseline_is_of_one_model" {
  command   = plan
  state_key = "marker"

  variables {
    kind           = "model_explainability"
    attributes     = { problem_type = "Regression" }
    explainability = {}
    prediction     = { label = "0", variant_name = "Champion" }
  }

  assert {
    condition = { for name, state in jsondecode(aws_sfn_state_machine.this.definition).States : name => try(state.Choices, state.Next) if contains(["FindTheModel", "IsThereAModel", "TakeTheModel", "LookForTheBaseline", "IsThereABaseline", "ForgetTheModel", "RememberTheModel"], name) } == {
      FindTheModel       = "IsThereAModel"
      IsThereAModel      = [{ Variable = "$.variants.models[0]", IsPresent = true, Next = "TakeTheModel" }]
      TakeTheModel       = "LookForTheBaseline"
      LookForTheBaseline = "IsThereABaseline"
      IsThereABaseline = [
        { And = [{ Variable = "$.found.count", NumericEquals = 1 }, { Variable = "$.found.marker", StringEqualsPath = "$.endpoint.marker" }], Next = "LookAtTheSchedule" },
        { Variable = "$.found.count", NumericGreaterThan = 0, Next = "ForgetTheModel" },
      ]
      ForgetTheModel   = "LookForTheBaseline"
      RememberTheModel = "FindTheConfiguration"
    }
    error_message = "one marker, of the endpoint's model; any other goes before files are written, and the endpoint is looked at again afterwards"
  }
  assert {
    condition     = jsondecode(aws_sfn_state_machine.this.definition).States.GiveNoModel.Parameters.reason == "endpoint churn has no variant Champion with a model to ask"
    error_message = "says which variant is missing"
  }
}

run "explainability_leaves_the_label_out" {
  command   = plan
  state_key = "explainability"

  variables {
    kind           = "model_explainability"
    baseline       = { dataset_s3_uri = "s3://assets/baselines/churn.csv", output_s3_uri = "s3://monitor/baseline", headers = ["age", "churn", "tenure"], label = "churn" }
    attributes     = { inference_attribute = "0" }
    explainability = { baseline_rows_json = "[[40, 1.5]]", num_samples = 100, agg_method = "mean_abs", seed = 7 }
    prediction     = { label = "0" }
  }

  assert {
    condition     = jsondecode(aws_sfn_state_machine.this.definition).States.TakeTheHeader.Result == { columns = ["age", "churn", "tenure"], features = ["age", "tenure"] } && jsondecode(aws_sfn_state_machine.this.definition).States.IsTheScheduleStill.Default == "TakeTheHeader" && !contains(keys(jsondecode(aws_sfn_state_machine.this.definition).States), "ReadTheHeader")
    error_message = "the columns are as given"
  }
  assert {
    condition = jsondecode(aws_sfn_state_machine.this.definition).States.WriteTheRunsAnalysis.Parameters.Body == {
      "headers.$" = "$.header.features"
      methods     = { shap = { baseline = [[40, 1.5]], num_samples = 100, agg_method = "mean_abs", use_logit = false, save_local_shap_values = true, seed = 7 } }
      predictor   = { "model_name.$" = "$.endpoint.model", instance_type = "ml.m5.large", initial_instance_count = 1, content_type = "text/csv", accept_type = "text/csv", endpoint_name_prefix = "acme-ml-dev-churn-da" }
    }
    error_message = "runs explain what the endpoint was asked"
  }
  assert {
    condition     = jsondecode(aws_sfn_state_machine.this.definition).States.WriteTheAnalysis.Parameters.Body.label == "churn" && jsondecode(aws_sfn_state_machine.this.definition).States.WriteTheAnalysis.Parameters.Body.predictor.label == 0
    error_message = "an index is a number, a name is text"
  }
}

run "tells_a_topic" {
  command = plan

  variables {
    notifications = { topic_arn = "arn:aws:sns:eu-west-1:222222222222:alerts" }
    alarms = {
      no_execution_hours = 6
      metrics            = { drift = { metric_name = "feature_baseline_drift_age", threshold = 0.2 } }
    }
  }

  assert {
    condition = alltrue([
      for alarm in [aws_cloudwatch_metric_alarm.violations[0], aws_cloudwatch_metric_alarm.failures[0], aws_cloudwatch_metric_alarm.no_run[0], aws_cloudwatch_metric_alarm.metric["drift"]] :
      alarm.alarm_actions == toset(["arn:aws:sns:eu-west-1:222222222222:alerts"]) && alarm.ok_actions == alarm.alarm_actions
    ])
    error_message = "every alarm tells the topic"
  }
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.no_run[0].evaluation_periods == 6
      && aws_cloudwatch_metric_alarm.no_run[0].treat_missing_data == "breaching"
      && aws_cloudwatch_metric_alarm.metric["drift"].namespace == "aws/sagemaker/Endpoints/data-metrics"
      && aws_cloudwatch_metric_alarm.metric["drift"].dimensions == tomap({ Endpoint = "churn", MonitoringSchedule = output.schedule_name })
    )
    error_message = "silence and SageMaker's own metrics are watched"
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.job_ended[0].event_pattern).detail.RoleArn == ["arn:aws:iam::111111111111:role/acme-ml-dev-churn-data-quality-monitor-execution"] && aws_sfn_state_machine.results[0].type == "EXPRESS"
    error_message = "jobs of this monitor are counted"
  }
  assert {
    condition = { for metric in jsondecode(aws_sfn_state_machine.results[0].definition).States.CountViolations.Parameters.MetricData : metric.MetricName => metric.Value } == {
      Runs               = 1
      RunsWithViolations = 1
      FailedRuns         = 0
    }
    error_message = "a run with violations counts as a run and as one with violations"
  }
}

run "sets_the_boundary_on_every_role" {
  command = plan

  variables {
    kind                     = "model_explainability"
    explainability           = {}
    notifications            = { topic_arn = "arn:aws:sns:eu-west-1:222222222222:alerts" }
    permissions_boundary_arn = "arn:aws:iam::111111111111:policy/boundary"
  }

  assert {
    condition     = alltrue([for role in [aws_iam_role.execution, aws_iam_role.machine, aws_iam_role.results[0], aws_iam_role.watch[0], aws_iam_role.events[0]] : role.permissions_boundary == "arn:aws:iam::111111111111:policy/boundary"])
    error_message = "no role without it"
  }
}

# One plan refuses many variables at once: each run breaks one rule of each variable.
run "refuses_1" {
  command = plan

  variables {
    # an account id of another form
    account_id = "1234"
    # silence of less than an hour
    alarms = { no_execution_hours = 0 }
    # an unknown problem type
    attributes = { problem_type = "Clustering" }
    # a data set that is a folder
    baseline = { dataset_s3_uri = "s3://assets/baselines/", output_s3_uri = "s3://monitor/baseline" }
    # bias of data quality
    bias = { label_values_json = "[1]", facets = [{ name = "age" }] }
    # a capture location that is no s3 uri
    data_capture_s3_uri = "capture/churn"
    # a key that is no arn
    data_kms_key_arns = ["alias/acme"]
    # an endpoint name that sagemaker refuses
    endpoint_name = "churn_endpoint"
    # explanations of data quality
    explainability = {}
    # labels of data quality
    ground_truth = { s3_uri = "s3://truth/churn" }
    # an image outside ecr
    image_uri = "python:3.12"
    # no ml instance
    instances = { type = "m5.large" }
    # an alias as key
    kms_key_arn = "arn:aws:kms:eu-west-1:111111111111:alias/acme"
    # a name that is too long
    name = "acme-ml-dev-churn-data-quality-monitor-0123456"
    # a topic that is no arn
    notifications = { topic_arn = "alerts" }
    # a report location that is no s3 uri
    output_s3_uri = "monitor/reports"
    # a boundary that is no policy
    permissions_boundary_arn = "boundary"
    # answers that clarify cannot read
    prediction = { accept_type = "application/xml" }
    # a time that sagemaker has not
    schedule = { expression = "cron(30 * ? * * *)" }
    # a script that is a folder
    scripts = { record_preprocessor_s3_uri = "s3://assets/scripts/" }
    # a vpc without subnets
    vpc = { subnet_ids = [], security_group_ids = ["sg-0123456789abcdef0"] }
  }

  expect_failures = [var.account_id, var.alarms, var.attributes, var.baseline, var.bias, var.data_capture_s3_uri, var.data_kms_key_arns, var.endpoint_name, var.explainability, var.ground_truth, var.image_uri, var.instances, var.kms_key_arn, var.name, var.notifications, var.output_s3_uri, var.permissions_boundary_arn, var.prediction, var.schedule, var.scripts, var.vpc]
}

run "refuses_2" {
  command = plan

  variables {
    # a metric alarm with a long name
    alarms = { metrics = { "a-name-of-seventeen" = { metric_name = "x", threshold = 1 } } }
    # a threshold above 1
    attributes = { problem_type = "BinaryClassification", probability_threshold = 2 }
    # a baseline location that is no s3 uri
    baseline = { dataset_s3_uri = "s3://assets/baselines/churn.csv", output_s3_uri = "monitor/baseline" }
    # no instance
    instances = { type = "ml.m5.large", count = 0 }
    # a topic key that is no arn
    notifications = { topic_arn = "arn:aws:sns:eu-west-1:222222222222:alerts", kms_key_arn = "alias/acme" }
    # a variant that cannot be
    prediction = { variant_name = "a_b" }
    # half a period
    schedule = { expression = "cron(0 * ? * * *)", analysis_start = "-PT1H" }
  }

  expect_failures = [var.alarms, var.attributes, var.baseline, var.instances, var.notifications, var.prediction, var.schedule]
}

run "refuses_3" {
  command = plan

  variables {
    # a metric alarm with an unknown statistic
    alarms = { metrics = { drift = { metric_name = "x", threshold = 1, statistic = "p99" } } }
    # a baseline of no time
    baseline = { dataset_s3_uri = "s3://assets/baselines/churn.csv", output_s3_uri = "s3://monitor/baseline", max_runtime_seconds = 0 }
    # no volume
    instances = { type = "ml.m5.large", volume_size_gb = 0 }
    # label headers that are no list
    prediction = { label_headers_json = "yes" }
    # a period of another form
    schedule = { expression = "cron(0 * ? * * *)", analysis_start = "-P", analysis_end = "-PT" }
  }

  expect_failures = [var.alarms, var.baseline, var.instances, var.prediction, var.schedule]
}

run "refuses_4" {
  command = plan

  variables {
    # a prediction threshold above 1
    prediction = { probability_threshold = 2 }
  }

  expect_failures = [var.prediction]
}

# Rules that look at several variables need the others in order.
run "refuses_an_unknown_kind" {
  command = plan

  variables {
    kind = "drift"
  }

  expect_failures = [var.kind]
}

run "refuses_runs_that_outlast_an_hourly_schedule" {
  command = plan

  variables {
    max_runtime_seconds = 3601
  }

  expect_failures = [var.schedule]
}

run "accepts_runs_of_hours_on_a_schedule_of_hours" {
  command = plan

  variables {
    max_runtime_seconds = 43200
    schedule            = { expression = "cron(0 6/12 ? * * *)" }
  }

  assert {
    condition     = output.schedule_name != null
    error_message = "twelve hours fit a schedule of twelve hours"
  }
}

run "refuses_runs_that_outlast_a_schedule_of_hours" {
  command = plan

  variables {
    max_runtime_seconds = 43201
    schedule            = { expression = "cron(0 6/12 ? * * *)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_model_quality_runs_of_more_than_half_an_hour_every_hour" {
  command = plan

  variables {
    kind                = "model_quality"
    max_runtime_seconds = 3600
    ground_truth        = { s3_uri = "s3://truth/churn" }
    attributes          = { problem_type = "Regression", inference_attribute = "0", baseline_ground_truth_column = "label", baseline_inference_column = "prediction" }
  }

  expect_failures = [var.schedule]
}

run "refuses_a_run_of_more_than_a_day" {
  command = plan

  variables {
    max_runtime_seconds = 86401
    schedule            = { expression = "NOW" }
  }

  expect_failures = [var.max_runtime_seconds]
}

run "refuses_model_quality_without_labels_and_columns" {
  command = plan

  variables {
    kind = "model_quality"
  }

  expect_failures = [var.attributes, var.ground_truth]
}

run "refuses_bias_without_what_to_measure" {
  command = plan

  variables {
    kind         = "model_bias"
    ground_truth = { s3_uri = "s3://truth/churn" }
    attributes   = { problem_type = "Regression", inference_attribute = "0" }
  }

  expect_failures = [var.bias]
}

run "refuses_bias_with_labels_that_are_no_list_and_labels_that_come_before_they_are_made" {
  command = plan

  variables {
    kind         = "model_bias"
    ground_truth = { s3_uri = "s3://truth/churn", start_time_offset = "PT1H" }
    attributes   = { problem_type = "Regression", inference_attribute = "0" }
    bias         = { label_values_json = "1", facets = [{ name = "age" }] }
  }

  expect_failures = [var.bias, var.ground_truth]
}

run "refuses_labels_in_no_place" {
  command = plan

  variables {
    kind         = "model_bias"
    ground_truth = { s3_uri = "truth/churn" }
    attributes   = { problem_type = "Regression", inference_attribute = "0" }
    bias         = { label_values_json = "[1]", facets = [{ name = "age" }] }
  }

  expect_failures = [var.ground_truth]
}

run "refuses_explanations_with_two_things_to_compare_with_scripts_and_isolation" {
  command = plan

  variables {
    kind           = "model_explainability"
    explainability = { baseline_s3_uri = "s3://assets/shap.csv", num_clusters = 2 }
    scripts        = { record_preprocessor_s3_uri = "s3://assets/scripts/before.py" }
    network        = { isolation = true }
  }

  expect_failures = [var.explainability, var.scripts, var.network]
}

run "refuses_explanations_put_together_in_an_unknown_way_of_a_label_that_is_nowhere" {
  command = plan

  variables {
    kind           = "model_explainability"
    explainability = { agg_method = "sum" }
    baseline       = { dataset_s3_uri = "s3://assets/baselines/churn.csv", output_s3_uri = "s3://monitor/baseline", label = "churn" }
  }

  expect_failures = [var.explainability, var.baseline]
}

run "refuses_records_to_compare_with_that_are_a_folder" {
  command = plan

  variables {
    kind           = "model_explainability"
    explainability = { baseline_s3_uri = "s3://assets/shap/" }
  }

  expect_failures = [var.explainability]
}

run "refuses_records_to_compare_with_that_are_no_rows" {
  command = plan

  variables {
    kind           = "model_explainability"
    explainability = { baseline_rows_json = "7" }
  }

  expect_failures = [var.explainability]
}

run "refuses_half_a_sample" {
  command = plan

  variables {
    kind           = "model_explainability"
    explainability = { num_samples = 0.5 }
  }

  expect_failures = [var.explainability]
}

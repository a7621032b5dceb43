# The policies, documents and images as the real provider makes them, offline: who may what, exactly.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

# The provider asks AWS to judge a definition as soon as it plans one.
override_resource {
  target = aws_sfn_state_machine.this
  values = { arn = "arn:aws:states:eu-west-1:111111111111:stateMachine:acme-churn" }
}

override_resource {
  target = aws_sfn_state_machine.results
  values = { arn = "arn:aws:states:eu-west-1:111111111111:stateMachine:acme-churn-results" }
}

variables {
  name                = "acme-churn"
  account_id          = "111111111111"
  endpoint_name       = "churn"
  data_capture_s3_uri = "s3://capture/churn"
  output_s3_uri       = "s3://monitor/reports"
  baseline            = { dataset_s3_uri = "s3://assets/baselines/churn.csv", output_s3_uri = "s3://monitor/baseline" }
  instances           = { type = "ml.m5.large" }
  schedule            = { expression = "cron(0 * ? * * *)" }
}

run "data_quality_reads_capture_and_baseline_and_writes_reports" {
  command = plan

  variables {
    kind    = "data_quality"
    scripts = { record_preprocessor_s3_uri = "s3://assets/scripts/before.py" }
  }

  assert {
    condition     = local.image_uri == "468650794304.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-model-monitor-analyzer"
    error_message = "AWS's own image of the region"
  }
  assert {
    condition = { for statement in jsondecode(data.aws_iam_policy_document.run.json).Statement : statement.Sid => statement.Resource } == {
      RunJobs                 = "arn:aws:sagemaker:eu-west-1:111111111111:processing-job/acme-churn-*"
      PassRole                = "arn:aws:iam::111111111111:role/acme-churn-execution"
      HearOfTheEnd            = "arn:aws:events:eu-west-1:111111111111:rule/StepFunctionsGetEventsForSageMakerProcessingJobsRule"
      StopAndStartTheSchedule = "arn:aws:sagemaker:eu-west-1:111111111111:monitoring-schedule/${local.schedule_name}"
      LookForTheBaseline      = "arn:aws:s3:::monitor"
    }
    error_message = "the state machine runs its own jobs and turns its own schedule"
  }
  assert {
    condition = { for statement in jsondecode(data.aws_iam_policy_document.execution.json).Statement : statement.Sid => sort(flatten([statement.Resource])) if contains(["Read", "Write", "PullImages"], statement.Sid) } == {
      Read = tolist([
        "arn:aws:s3:::assets/baselines/churn.csv",
        "arn:aws:s3:::assets/scripts/before.py",
        "arn:aws:s3:::capture/churn/*",
        "arn:aws:s3:::monitor/${local.baseline_prefix}/*",
        "arn:aws:s3:::monitor/reports/*",
      ])
      Write      = tolist(["arn:aws:s3:::monitor/${local.baseline_prefix}/*", "arn:aws:s3:::monitor/reports/*"])
      PullImages = tolist(["arn:aws:ecr:eu-west-1:468650794304:repository/sagemaker-model-monitor-analyzer"])
    }
    error_message = "SageMaker reads what it compares and writes what it finds"
  }
  assert {
    condition     = length(data.aws_iam_policy_document.clarify) == 0 && length(aws_iam_role.watch) == 0 && length(aws_iam_role.results) == 0
    error_message = "data quality makes no endpoints, and without a topic nothing is watched"
  }
}

run "model_quality_goes_through_cloud_control" {
  command = plan

  variables {
    kind         = "model_quality"
    kms_key_arn  = "arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    ground_truth = { s3_uri = "s3://truth/churn/", start_time_offset = "-PT2H", end_time_offset = "-PT1H" }
    attributes = {
      problem_type                 = "BinaryClassification"
      probability_attribute        = "0"
      probability_threshold        = 0.5
      baseline_ground_truth_column = "label"
      baseline_probability_column  = "probability"
    }
    vpc = { subnet_ids = ["subnet-0123456789abcdef0"], security_group_ids = ["sg-0123456789abcdef0"] }
  }

  assert {
    condition     = one(values(aws_cloudcontrolapi_resource.job_definition)).type_name == "AWS::SageMaker::ModelQualityJobDefinition"
    error_message = "the provider lacks this job definition"
  }
  assert {
    condition = jsondecode(one(values(aws_cloudcontrolapi_resource.job_definition)).desired_state) == {
      JobDefinitionName = local.job_definition_name
      RoleArn           = "arn:aws:iam::111111111111:role/acme-churn-execution"
      JobResources = { ClusterConfig = {
        InstanceType   = "ml.m5.large"
        InstanceCount  = 1
        VolumeSizeInGB = 20
        VolumeKmsKeyId = "arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"
      } }
      StoppingCondition = { MaxRuntimeInSeconds = 1800 }
      NetworkConfig     = { VpcConfig = { SecurityGroupIds = ["sg-0123456789abcdef0"], Subnets = ["subnet-0123456789abcdef0"] } }
      ModelQualityAppSpecification = {
        ImageUri    = "468650794304.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-model-monitor-analyzer"
        ProblemType = "BinaryClassification"
        Environment = { publish_cloudwatch_metrics = "Enabled" }
      }
      ModelQualityBaselineConfig = { ConstraintsResource = { S3Uri = "${local.baseline_s3_uri}/constraints.json" } }
      ModelQualityJobInput = {
        EndpointInput = {
          EndpointName                  = "churn"
          LocalPath                     = "/opt/ml/processing/input/model_quality_input"
          S3DataDistributionType        = "FullyReplicated"
          S3InputMode                   = "File"
          ProbabilityAttribute          = "0"
          ProbabilityThresholdAttribute = 0.5
          StartTimeOffset               = "-PT2H"
          EndTimeOffset                 = "-PT1H"
        }
        GroundTruthS3Input = { S3Uri = "s3://truth/churn" }
      }
      ModelQualityJobOutputConfig = {
        KmsKeyId          = "arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"
        MonitoringOutputs = [{ S3Output = { S3Uri = "s3://monitor/reports", LocalPath = "/opt/ml/processing/output/model_quality_output", S3UploadMode = "EndOfJob" } }]
      }
      Tags = []
    }
    error_message = "the document has every setting, and only those that were made"
  }
  assert {
    condition     = contains(flatten([for statement in jsondecode(data.aws_iam_policy_document.execution.json).Statement : statement.Resource if statement.Sid == "Read"]), "arn:aws:s3:::truth/churn/*")
    error_message = "the labels are read"
  }
}

run "bias_may_ask_the_model_and_nothing_else" {
  command = plan

  variables {
    kind              = "model_bias"
    ground_truth      = { s3_uri = "s3://truth/churn" }
    attributes        = { problem_type = "BinaryClassification", inference_attribute = "0" }
    bias              = { label_values_json = "[1]", facets = [{ name = "age", values_json = "[40]" }] }
    data_kms_key_arns = ["arn:aws:kms:eu-west-1:222222222222:alias/acme-ml"]
    notifications     = { topic_arn = "arn:aws:sns:eu-west-1:222222222222:alerts" }
  }

  assert {
    condition     = local.image_uri == "131013547314.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-clarify-processing:1.0"
    error_message = "AWS's own image of the region"
  }
  assert {
    condition = { for statement in jsondecode(data.aws_iam_policy_document.clarify[0].json).Statement : statement.Sid => sort(flatten([statement.Resource])) } == {
      AskTheModel = tolist([
        "arn:aws:sagemaker:eu-west-1:111111111111:endpoint-config/acme-churn*",
        "arn:aws:sagemaker:eu-west-1:111111111111:endpoint-config/sagemaker-clarify-*",
        "arn:aws:sagemaker:eu-west-1:111111111111:endpoint/acme-churn*",
        "arn:aws:sagemaker:eu-west-1:111111111111:endpoint/sagemaker-clarify-*",
      ])
      LookAtTheModel = tolist(["arn:aws:sagemaker:eu-west-1:111111111111:model/*"])
    }
    error_message = "only endpoints that Clarify makes for itself"
  }
  assert {
    condition = { for statement in jsondecode(data.aws_iam_policy_document.run.json).Statement : statement.Sid => sort(flatten([statement.Resource])) if !contains(["RunJobs", "PassRole", "HearOfTheEnd", "StopAndStartTheSchedule", "LookForTheBaseline"], statement.Sid) } == {
      FindTheModel  = tolist(["arn:aws:sagemaker:eu-west-1:111111111111:endpoint-config/*", "arn:aws:sagemaker:eu-west-1:111111111111:endpoint/churn"])
      ReadTheHeader = tolist(["arn:aws:s3:::assets/baselines/churn.csv"])
      WriteTheAnalysis = tolist([
        "arn:aws:s3:::monitor/${local.baseline_prefix}/analysis_config.json",
        "arn:aws:s3:::monitor/${local.baseline_prefix}/made-for/*",
        "arn:aws:s3:::monitor/${local.baseline_prefix}/monitor/analysis_config.json",
      ])
      ForgetTheModel     = tolist(["arn:aws:s3:::monitor/${local.baseline_prefix}/made-for/*"])
      UseDataKeyByAlias0 = tolist(["arn:aws:kms:eu-west-1:222222222222:key/*"])
    }
    error_message = "the state machine reads one line and writes three files, of which it takes one back"
  }
  assert {
    condition = { for statement in jsondecode(data.aws_iam_policy_document.watch[0].json).Statement : statement.Sid => statement.Resource } == {
      StartStateMachines = ["arn:aws:states:eu-west-1:111111111111:stateMachine:acme-churn-results", "arn:aws:states:eu-west-1:111111111111:stateMachine:acme-churn"]
    }
    error_message = "events start these two state machines"
  }
  assert {
    condition = { for statement in jsondecode(data.aws_iam_policy_document.results.json).Statement : statement.Sid => statement.Resource } == {
      LookAtTheJob = "arn:aws:sagemaker:eu-west-1:111111111111:processing-job/*"
      Count        = "*"
    }
    error_message = "counting looks at jobs and writes one namespace"
  }
}

run "explainability_and_a_window_go_through_cloud_control" {
  command = plan

  variables {
    kind           = "model_explainability"
    explainability = { baseline_s3_uri = "s3://assets/baselines/shap.csv", num_samples = 100, agg_method = "mean_abs" }
    schedule       = { expression = "cron(0 6/12 ? * * *)", analysis_start = "-PT13H", analysis_end = "-PT1H" }
  }

  assert {
    condition = (
      one(values(aws_cloudcontrolapi_resource.job_definition)).type_name == "AWS::SageMaker::ModelExplainabilityJobDefinition"
      && one(values(aws_cloudcontrolapi_resource.schedule)).type_name == "AWS::SageMaker::MonitoringSchedule"
      && length(aws_sagemaker_monitoring_schedule.this) == 0
      && jsondecode(one(values(aws_cloudcontrolapi_resource.schedule)).desired_state) == {
        MonitoringScheduleName = local.schedule_name
        MonitoringScheduleConfig = {
          MonitoringJobDefinitionName = local.job_definition_name
          MonitoringType              = "ModelExplainability"
          ScheduleConfig              = { ScheduleExpression = "cron(0 6/12 ? * * *)", DataAnalysisStartTime = "-PT13H", DataAnalysisEndTime = "-PT1H" }
        }
        Tags = []
      }
    )
    error_message = "the provider's schedule knows no analysed period"
  }
  assert {
    condition     = contains(flatten([for statement in jsondecode(data.aws_iam_policy_document.execution.json).Statement : statement.Resource if statement.Sid == "Read"]), "arn:aws:s3:::assets/baselines/shap.csv")
    error_message = "the records to compare with are read"
  }
}

run "excluded_features_go_through_cloud_control" {
  command = plan

  variables {
    kind       = "data_quality"
    attributes = { excluded_features = ["id", "name"] }
  }

  assert {
    condition     = jsondecode(one(values(aws_cloudcontrolapi_resource.job_definition)).desired_state).DataQualityJobInput.EndpointInput.ExcludeFeaturesAttribute == "id,name" && length(aws_sagemaker_data_quality_job_definition.this) == 0
    error_message = "the provider's job definition knows none"
  }
}

run "a_run_once_may_make_and_remove_its_schedule" {
  command = plan

  variables {
    kind     = "data_quality"
    schedule = { expression = "NOW" }
  }

  assert {
    condition = { for statement in jsondecode(data.aws_iam_policy_document.run.json).Statement : statement.Sid => statement.Resource if strcontains(statement.Sid, "Once") || strcontains(statement.Sid, "Schedule") } == {
      RunOnce = "arn:aws:sagemaker:eu-west-1:111111111111:monitoring-schedule/acme-churn-now-*"
    }
    error_message = "only schedules of its own"
  }
}

run "nothing_is_granted_on_everything_without_a_reason" {
  command = plan

  variables {
    kind           = "model_explainability"
    explainability = {}
    notifications  = { topic_arn = "arn:aws:sns:eu-west-1:222222222222:alerts" }
    vpc            = { subnet_ids = ["subnet-0123456789abcdef0"], security_group_ids = ["sg-0123456789abcdef0"] }
  }

  assert {
    condition = sort(flatten([
      for document in [
        data.aws_iam_policy_document.execution.json, data.aws_iam_policy_document.machine.json, data.aws_iam_policy_document.results.json,
        data.aws_iam_policy_document.watch[0].json,
        ] : [
        for statement in jsondecode(document).Statement : statement.Sid if contains(flatten([statement.Resource]), "*")
      ]
    ])) == tolist(["Count", "Log", "LogInToRegistries", "LookAtVpc", "PutMetrics", "PutMonitoringMetrics", "Trace"])
    error_message = "a wildcard needs a reason beside it and its name here"
  }
}

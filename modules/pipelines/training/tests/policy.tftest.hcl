# The policies as the real provider makes them, offline: who may what, exactly.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

# The provider asks Step Functions to validate a definition while it plans; that is left to
# tests/terraform/test_job_definitions.py, which answers it.
override_resource {
  target = aws_sfn_state_machine.this
}

variables {
  account_id        = "111111111111"
  name              = "acme-churn"
  job_name          = "Churn"
  algorithm         = { image_uri = "222222222222.dkr.ecr.eu-west-1.amazonaws.com/acme-ml-algorithms:churn-1" }
  channels          = { train = { s3_uri = "s3://assets/train/data.csv" }, validation = { s3_uri = "s3://assets/validation" } }
  instances         = { type = "ml.m5.xlarge", spot = { max_wait_seconds = 90000 } }
  kms_key_arn       = "arn:aws:kms:eu-west-1:111111111111:key/11111111-1111-1111-1111-111111111111"
  data_kms_key_arns = ["arn:aws:kms:eu-west-1:222222222222:alias/acme-ml"]
  output_s3_uri     = "s3://results/churn"
}

run "sagemaker_reads_writes_pulls_and_decrypts_what_is_named" {
  command = plan

  assert {
    condition = { for statement in jsondecode(data.aws_iam_policy_document.execution.json).Statement : statement.Sid => statement.Resource } == {
      Read              = ["arn:aws:s3:::results/churn/Churn-*", "arn:aws:s3:::assets/validation*", "arn:aws:s3:::assets/train/data.csv*"]
      List0             = "arn:aws:s3:::assets"
      List1             = "arn:aws:s3:::results"
      Write             = "arn:aws:s3:::results/churn/*"
      PullImages        = "arn:aws:ecr:eu-west-1:222222222222:repository/acme-ml-algorithms"
      LogInToRegistries = "*"
      Log = [
        "arn:aws:logs:eu-west-1:111111111111:log-group:/aws/sagemaker/TrainingJobs:log-stream:Churn-*",
        "arn:aws:logs:eu-west-1:111111111111:log-group:/aws/sagemaker/TrainingJobs",
      ]
      PutMetrics         = "*"
      Encrypt            = "arn:aws:kms:eu-west-1:111111111111:key/11111111-1111-1111-1111-111111111111"
      EncryptVolumes     = "arn:aws:kms:eu-west-1:111111111111:key/11111111-1111-1111-1111-111111111111"
      UseDataKeyByAlias0 = "arn:aws:kms:eu-west-1:222222222222:key/*"
    }
    error_message = "two inputs, one output, its checkpoints, one image, one log group, two keys"
  }
  assert {
    condition = { for statement in jsondecode(data.aws_iam_policy_document.execution.json).Statement : statement.Sid => statement.Condition if can(statement.Condition) } == {
      List0          = { StringLike = { "s3:prefix" = ["train/data.csv*", "validation*"] } }
      List1          = { StringLike = { "s3:prefix" = "churn/Churn-*" } }
      PutMetrics     = { StringLike = { "cloudwatch:namespace" = "/aws/sagemaker/*" } }
      EncryptVolumes = { Bool = { "kms:GrantIsForAWSResource" = "true" } }
      UseDataKeyByAlias0 = {
        "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = "alias/acme-ml" }
      }
    }
    error_message = "and only under these conditions"
  }
  assert {
    condition     = jsondecode(data.aws_iam_policy_document.execution_trust.json).Statement[0].Principal == { Service = "sagemaker.amazonaws.com" } && jsondecode(data.aws_iam_policy_document.execution_trust.json).Statement[0].Condition == { StringEquals = { "aws:SourceAccount" = "111111111111" } }
    error_message = "only SageMaker, and only for this account"
  }
}

run "the_machine_runs_only_jobs_of_its_name" {
  command = plan

  assert {
    condition = { for statement in jsondecode(data.aws_iam_policy_document.machine.json).Statement : statement.Sid => statement.Resource } == {
      RunJobs        = ["arn:aws:sagemaker:eu-west-1:111111111111:training-job/churn-*", "arn:aws:sagemaker:eu-west-1:111111111111:training-job/Churn-*"]
      PassRole       = "arn:aws:iam::111111111111:role/acme-churn-execution"
      HearOfTheEnd   = "arn:aws:events:eu-west-1:111111111111:rule/StepFunctionsGetEventsForSageMakerTrainingJobsRule"
      EncryptVolumes = "arn:aws:kms:eu-west-1:111111111111:key/11111111-1111-1111-1111-111111111111"
      Log            = "*"
      Trace          = "*"
    }
    error_message = "jobs of this name in both spellings, one role, one rule"
  }
  assert {
    condition     = one([for statement in jsondecode(data.aws_iam_policy_document.machine.json).Statement : statement.Condition if statement.Sid == "PassRole"]) == { StringEquals = { "iam:PassedToService" = "sagemaker.amazonaws.com" } }
    error_message = "the role is handed to SageMaker only"
  }
  assert {
    condition     = jsondecode(data.aws_iam_policy_document.machine_trust.json).Statement[0].Principal == { Service = "states.amazonaws.com" }
    error_message = "only Step Functions"
  }
}

run "registering_adds_one_group_one_image_and_the_results" {
  command = plan

  variables {
    registration  = { model_package_group_name = "Acme-registry" }
    notifications = { topic_arn = "arn:aws:sns:eu-west-1:111111111111:topic", kms_key_arn = "arn:aws:kms:eu-west-1:111111111111:key/22222222-2222-2222-2222-222222222222" }
  }

  assert {
    condition = {
      for statement in jsondecode(data.aws_iam_policy_document.machine.json).Statement : statement.Sid => [statement.Action, statement.Resource]
      if contains(["Register", "ShowArtifact", "ShowImage", "EncryptMetrics", "EncryptMetricsByAlias0", "Tell", "EncryptWhatIsTold"], statement.Sid)
      } == {
      Register = [
        ["sagemaker:DescribeModelPackageGroup", "sagemaker:CreateModelPackage"],
        ["arn:aws:sagemaker:eu-west-1:111111111111:model-package/acme-registry/*", "arn:aws:sagemaker:eu-west-1:111111111111:model-package-group/acme-registry"],
      ]
      ShowArtifact           = [["s3:PutObject", "s3:GetObject"], "arn:aws:s3:::results/churn/Churn-*"]
      ShowImage              = [["ecr:DescribeImages", "ecr:BatchGetImage"], "arn:aws:ecr:eu-west-1:222222222222:repository/acme-ml-algorithms"]
      EncryptMetricsByAlias0 = [["kms:GenerateDataKey*", "kms:Decrypt"], "arn:aws:kms:eu-west-1:222222222222:key/*"]
      EncryptMetrics         = [["kms:GenerateDataKey*", "kms:Decrypt"], "arn:aws:kms:eu-west-1:111111111111:key/11111111-1111-1111-1111-111111111111"]
      Tell                   = ["sns:Publish", "arn:aws:sns:eu-west-1:111111111111:topic"]
      EncryptWhatIsTold      = [["kms:GenerateDataKey*", "kms:Decrypt"], "arn:aws:kms:eu-west-1:111111111111:key/22222222-2222-2222-2222-222222222222"]
    }
    error_message = "registering and telling take no more than this"
  }
}

run "a_schedule_may_start_this_machine_only" {
  command = plan

  variables {
    schedule = { expression = "rate(7 days)" }
  }

  assert {
    condition     = jsondecode(data.aws_iam_policy_document.schedule.json).Statement == [{ Sid = "Start", Effect = "Allow", Action = "states:StartExecution", Resource = "arn:aws:states:eu-west-1:111111111111:stateMachine:acme-churn" }]
    error_message = "start this machine"
  }
}

run "instances_with_local_storage_need_no_grant_on_the_key" {
  command = plan

  variables {
    instances = { type = "ml.g5.xlarge" }
  }

  assert {
    condition     = !contains(jsondecode(data.aws_iam_policy_document.machine.json).Statement[*].Sid, "EncryptVolumes")
    error_message = "their volumes are encrypted in hardware"
  }
}

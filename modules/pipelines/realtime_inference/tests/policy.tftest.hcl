# The policies as the real provider makes them, offline: who may what, exactly.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  name       = "acme-churn"
  account_id = "111111111111"

  model = {
    image_uri             = "222222222222.dkr.ecr.eu-west-1.amazonaws.com/acme-ml-algorithms:churn-1"
    artifact_s3_uri       = "s3://artifacts/objects/0123/model.tar.gz"
    artifact_kms_key_arns = ["arn:aws:kms:eu-west-1:222222222222:alias/acme-ml"]
  }
  variants     = { AllTraffic = { instance_type = "ml.m5.large" } }
  data_capture = { destination_s3_uri = "s3://capture/churn" }
}

run "the_execution_role_touches_only_what_this_endpoint_uses" {
  command = plan

  assert {
    condition = jsondecode(data.aws_iam_policy_document.trust.json).Statement == [{
      Sid       = "SageMakerOfThisAccount"
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "sagemaker.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = "111111111111" } }
    }]
    error_message = "only SageMaker, and only for this account"
  }
  assert {
    condition = { for statement in jsondecode(data.aws_iam_policy_document.execution.json).Statement : statement.Sid => statement.Resource } == {
      PullTheImages            = "arn:aws:ecr:eu-west-1:222222222222:repository/acme-ml-algorithms"
      LogInToTheRegistry       = "*"
      ReadTheArtifacts         = "arn:aws:s3:::artifacts/objects/0123/model.tar.gz"
      FindTheArtifacts0        = "arn:aws:s3:::artifacts"
      UseTheBucketsKeyByAlias0 = "arn:aws:kms:eu-west-1:222222222222:key/*"
      WriteCaptureAndAnswers   = "arn:aws:s3:::capture/churn/*"
      WriteLogs = [
        "arn:aws:logs:eu-west-1:111111111111:log-group:/aws/sagemaker/Endpoints/acme-churn:*",
        "arn:aws:logs:eu-west-1:111111111111:log-group:/aws/sagemaker/Endpoints/acme-churn",
      ]
      PublishMetrics        = "*"
      WatchTheRollbackAlarm = "arn:aws:cloudwatch:eu-west-1:111111111111:alarm:acme-churn-rollback"
    }
    error_message = "one image repository, one object, one prefix, one log group, one alarm"
  }
  assert {
    condition = { for statement in jsondecode(data.aws_iam_policy_document.execution.json).Statement : statement.Sid => statement.Condition if can(statement.Condition) } == {
      FindTheArtifacts0 = { StringLike = { "s3:prefix" = "objects/0123/model.tar.gz" } }
      UseTheBucketsKeyByAlias0 = {
        "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = "alias/acme-ml" }
        StringEquals               = { "kms:ViaService" = "s3.eu-west-1.amazonaws.com" }
      }
      PublishMetrics = { StringLike = { "cloudwatch:namespace" = ["AWS/SageMaker", "/aws/sagemaker/*", "aws/sagemaker/*"] } }
    }
    error_message = "what has no resource level, or too wide a one, has a condition"
  }
  assert {
    condition     = can(regex("^execution-[0-9a-f]{8}$", one(values(aws_iam_role_policy.execution)).name))
    error_message = "the policy is named by its content: the old one outlives the update"
  }
}

run "the_lambda_may_invoke_this_endpoint_and_write_its_log" {
  command = plan

  variables {
    endpoint_name = "Churn"
  }

  assert {
    condition = { for statement in jsondecode(data.aws_iam_policy_document.lambda.json).Statement : statement.Sid => { action = statement.Action, resource = statement.Resource } } == {
      InvokeTheEndpoint = {
        action   = "sagemaker:InvokeEndpoint"
        resource = ["arn:aws:sagemaker:eu-west-1:111111111111:endpoint/churn", "arn:aws:sagemaker:eu-west-1:111111111111:endpoint/Churn"]
      }
      WriteLogs = {
        action   = ["logs:PutLogEvents", "logs:CreateLogStream"]
        resource = "arn:aws:logs:eu-west-1:111111111111:log-group:/aws/lambda/acme-churn-inference:*"
      }
    }
    error_message = "this endpoint, however its name is spelt, and its own log"
  }
}

run "every_option_grants_its_own_and_no_more" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    model = {
      model_package_arn        = "arn:aws:sagemaker:eu-west-1:222222222222:model-package/churn/3"
      package_image_uris       = ["222222222222.dkr.ecr.eu-west-1.amazonaws.com/acme/churn:2@sha256:0000000000000000000000000000000000000000000000000000000000000000"]
      package_artifact_s3_uris = ["s3://training/churn/out/", "s3://training/churn/extra.tar.gz"]
      artifact_kms_key_arns    = ["arn:aws:kms:eu-west-1:222222222222:key/00000000-0000-0000-0000-000000000000"]
    }
    async_inference = {
      input_s3_uri      = "s3://queue/in/"
      output_s3_uri     = "s3://queue/out"
      failure_s3_uri    = "s3://queue/failed"
      success_topic_arn = "arn:aws:sns:eu-west-1:111111111111:done"
      error_topic_arn   = "arn:aws:sns:eu-west-1:111111111111:done"
    }
    vpc = { subnet_ids = ["subnet-0123456789abcdef0"], security_group_ids = ["sg-0123456789abcdef0"] }
  }

  assert {
    condition = { for statement in jsondecode(data.aws_iam_policy_document.execution.json).Statement : statement.Sid => statement.Resource if !contains(["LogInToTheRegistry", "WriteLogs", "PublishMetrics", "WatchTheRollbackAlarm"], statement.Sid) } == {
      PullTheImages       = "arn:aws:ecr:eu-west-1:222222222222:repository/acme/churn"
      ReadTheArtifacts    = ["arn:aws:s3:::training/churn/out/*", "arn:aws:s3:::training/churn/extra.tar.gz"]
      FindTheArtifacts0   = "arn:aws:s3:::training"
      UseTheBucketsKeys   = "arn:aws:kms:eu-west-1:222222222222:key/00000000-0000-0000-0000-000000000000"
      ReadTheModelPackage = "arn:aws:sagemaker:eu-west-1:222222222222:model-package/churn/3"
      WriteCaptureAndAnswers = [
        "arn:aws:s3:::queue/out/*",
        "arn:aws:s3:::queue/failed/*",
        "arn:aws:s3:::capture/churn/*",
      ]
      ReadAsynchronousInput    = "arn:aws:s3:::queue/in/*"
      TellAsynchronousOutcomes = "arn:aws:sns:eu-west-1:111111111111:done"
      UseTheKey                = "arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"
      LendTheKeyToVolumes      = "arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"
      AttachToTheVpc = [
        "arn:aws:ec2:eu-west-1:111111111111:subnet/subnet-0123456789abcdef0",
        "arn:aws:ec2:eu-west-1:111111111111:security-group/sg-0123456789abcdef0",
        "arn:aws:ec2:eu-west-1:111111111111:network-interface/*",
      ]
      LookAtTheVpc = "*"
    }
    error_message = "each option adds its own resources"
  }
}

run "nothing_is_granted_on_everything_without_a_reason" {
  command = plan

  variables {
    inference_api = { tracing = true }
    vpc           = { subnet_ids = ["subnet-0123456789abcdef0"], security_group_ids = ["sg-0123456789abcdef0"] }
  }

  assert {
    condition = sort([
      for statement in concat(jsondecode(data.aws_iam_policy_document.execution.json).Statement, jsondecode(data.aws_iam_policy_document.lambda.json).Statement) :
      statement.Sid if contains(flatten([statement.Resource]), "*")
    ]) == tolist(["LogInToTheRegistry", "LookAtTheVpc", "PublishMetrics", "SendTraces"])
    error_message = "a wildcard needs a reason beside it and its name here"
  }
}

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

override_resource {
  target = aws_sfn_state_machine.stop
}

variables {
  account_id    = "111111111111"
  name          = "acme-churn"
  data          = { s3_uri = "s3://assets/train/data.csv", target_attribute = "churned" }
  kms_key_arn   = "arn:aws:kms:eu-west-1:111111111111:key/11111111-1111-1111-1111-111111111111"
  output_s3_uri = "s3://results/churn"
}

run "the_machines_run_and_stop_only_jobs_of_their_name" {
  command = plan

  assert {
    condition = { for statement in jsondecode(data.aws_iam_policy_document.run.json).Statement : statement.Sid => [statement.Action, statement.Resource] } == {
      RunJobs        = [["sagemaker:DescribeAutoMLJob", "sagemaker:CreateAutoMLJob", "sagemaker:AddTags"], "arn:aws:sagemaker:eu-west-1:111111111111:automl-job/acme-churn-*"]
      PassRole       = ["iam:PassRole", "arn:aws:iam::111111111111:role/acme-churn-execution"]
      EncryptVolumes = [["kms:DescribeKey", "kms:CreateGrant"], "arn:aws:kms:eu-west-1:111111111111:key/11111111-1111-1111-1111-111111111111"]
    }
    error_message = "jobs of this name, one role, one key"
  }
  assert {
    condition     = jsondecode(data.aws_iam_policy_document.stop.json).Statement == [{ Sid = "StopJobs", Effect = "Allow", Action = "sagemaker:StopAutoMLJob", Resource = "arn:aws:sagemaker:eu-west-1:111111111111:automl-job/acme-churn-*" }]
    error_message = "the second machine stops them and no more"
  }
  assert {
    condition     = jsondecode(data.aws_iam_policy_document.events[0].json).Statement == [{ Sid = "Clear", Effect = "Allow", Action = "states:StartExecution", Resource = "arn:aws:states:eu-west-1:111111111111:stateMachine:acme-churn-stop" }]
    error_message = "EventBridge starts that machine and no more"
  }
}

run "sagemaker_works_in_its_own_folder_and_asks_its_own_endpoints" {
  command = plan

  assert {
    condition = {
      for statement in jsondecode(data.aws_iam_policy_document.execution.json).Statement : statement.Sid => statement.Resource
      if contains(["AskOwnEndpoints", "Read", "Write"], statement.Sid)
      } == {
      AskOwnEndpoints = [
        "arn:aws:sagemaker:eu-west-1:111111111111:model/acme-churn-*",
        "arn:aws:sagemaker:eu-west-1:111111111111:endpoint/acme-churn-*",
        "arn:aws:sagemaker:eu-west-1:111111111111:endpoint-config/acme-churn-*",
      ]
      Read  = ["arn:aws:s3:::results/churn/*", "arn:aws:s3:::assets/train/data.csv*"]
      Write = "arn:aws:s3:::results/churn/*"
    }
    error_message = "its data, its results, its endpoints"
  }
  assert {
    condition = {
      for statement in jsondecode(data.aws_iam_policy_document.execution.json).Statement : statement.Sid => statement.Resource
      if length(regexall("Image|Pass", statement.Sid)) > 0
      } == {
      PassItself = "arn:aws:iam::111111111111:role/acme-churn-execution"
      PullAwsImages = [
        "arn:aws:ecr:eu-west-1:*:repository/sagemaker-*",
        "arn:aws:ecr:eu-west-1:*:repository/linear-learner",
        "arn:aws:ecr:eu-west-1:*:repository/autogluon-*",
      ]
    }
    error_message = "Autopilot's images are AWS's own, and its jobs run with its role"
  }
}

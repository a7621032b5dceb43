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
  account_id    = "111111111111"
  name          = "acme-churn"
  algorithm     = { image_uri = "222222222222.dkr.ecr.eu-west-1.amazonaws.com/acme-ml-algorithms:churn-1" }
  channels      = { train = { s3_uri = "s3://assets/train/data.csv" } }
  instances     = { type = "ml.m5.xlarge", max_runtime_seconds = 3600, spot = { max_wait_seconds = 3600 } }
  output_s3_uri = "s3://results/churn"
  ranges        = { continuous = { eta = { min = 0.1, max = 0.5 } } }
  tuning        = { objective_metric = "validation:auc", max_jobs = 10 }
}

run "the_machine_runs_only_tuning_jobs_of_its_name" {
  command = plan

  assert {
    condition = { for statement in jsondecode(data.aws_iam_policy_document.run.json).Statement : statement.Sid => [statement.Action, statement.Resource] } == {
      RunJobs = [
        ["sagemaker:StopHyperParameterTuningJob", "sagemaker:DescribeHyperParameterTuningJob", "sagemaker:CreateHyperParameterTuningJob", "sagemaker:AddTags"],
        "arn:aws:sagemaker:eu-west-1:111111111111:hyper-parameter-tuning-job/acme-churn-*",
      ]
      LookAtTheBest = ["sagemaker:DescribeTrainingJob", "arn:aws:sagemaker:eu-west-1:111111111111:training-job/acme-churn-*"]
      PassRole      = ["iam:PassRole", "arn:aws:iam::111111111111:role/acme-churn-execution"]
      HearOfTheEnd = [
        ["events:PutTargets", "events:PutRule", "events:DescribeRule"],
        "arn:aws:events:eu-west-1:111111111111:rule/StepFunctionsGetEventsForSageMakerTuningJobsRule",
      ]
    }
    error_message = "jobs of this name, one role, one rule"
  }
}

run "sagemaker_reads_the_data_and_writes_the_results" {
  command = plan

  assert {
    condition = {
      for statement in jsondecode(data.aws_iam_policy_document.execution.json).Statement : statement.Sid => statement.Resource
      if contains(["Read", "Write"], statement.Sid)
    } == { Read = "arn:aws:s3:::assets/train/data.csv*", Write = "arn:aws:s3:::results/churn/*" }
    error_message = "spot alone brings no checkpoints, because all training jobs would share them"
  }
}

run "shared_checkpoints_are_read_and_written_where_they_are_wanted" {
  command = plan

  variables {
    instances = { type = "ml.m5.xlarge", max_runtime_seconds = 3600, spot = { max_wait_seconds = 3600, shared_checkpoint_s3_uri = "s3://results/checkpoints" } }
  }

  assert {
    condition = {
      for statement in jsondecode(data.aws_iam_policy_document.execution.json).Statement : statement.Sid => statement.Resource
      if contains(["Read", "Write"], statement.Sid)
      } == {
      Read  = ["arn:aws:s3:::results/checkpoints*", "arn:aws:s3:::assets/train/data.csv*"]
      Write = ["arn:aws:s3:::results/churn/*", "arn:aws:s3:::results/checkpoints/*"]
    }
    error_message = "the prefix that was named"
  }
}

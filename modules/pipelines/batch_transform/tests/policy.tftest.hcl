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
  model             = { image_uri = "222222222222.dkr.ecr.eu-west-1.amazonaws.com/acme-ml-algorithms:churn-1", artifact_s3_uri = "s3://artifacts/objects/0abc/model.tar.gz", artifact_kms_key_arns = ["arn:aws:kms:eu-west-1:222222222222:key/22222222-2222-2222-2222-222222222222"] }
  input             = { s3_uri = "s3://anywhere/in" }
  output            = { s3_uri = "s3://elsewhere/out" }
  instances         = { type = "ml.m5.large" }
  kms_key_arn       = "arn:aws:kms:eu-west-1:111111111111:key/11111111-1111-1111-1111-111111111111"
  data_kms_key_arns = ["arn:aws:kms:eu-west-1:333333333333:key/33333333-3333-3333-3333-333333333333"]
  data_capture      = { destination_s3_uri = "s3://capture/batch/" }
}

run "the_model_reads_one_artifact_and_any_input_and_writes_one_output" {
  command = plan

  assert {
    condition = { for statement in jsondecode(data.aws_iam_policy_document.execution.json).Statement : statement.Sid => statement.Resource } == {
      Read              = ["arn:aws:s3:::artifacts/objects/0abc/model.tar.gz", "arn:aws:s3:::anywhere/in*"]
      List0             = "arn:aws:s3:::anywhere"
      List1             = "arn:aws:s3:::artifacts"
      Write             = ["arn:aws:s3:::elsewhere/out/*", "arn:aws:s3:::capture/batch/*"]
      PullImages        = "arn:aws:ecr:eu-west-1:222222222222:repository/acme-ml-algorithms"
      LogInToRegistries = "*"
      Log = [
        "arn:aws:logs:eu-west-1:111111111111:log-group:/aws/sagemaker/TransformJobs:log-stream:acme-churn-*",
        "arn:aws:logs:eu-west-1:111111111111:log-group:/aws/sagemaker/TransformJobs",
      ]
      PutMetrics     = "*"
      Encrypt        = "arn:aws:kms:eu-west-1:111111111111:key/11111111-1111-1111-1111-111111111111"
      EncryptVolumes = "arn:aws:kms:eu-west-1:111111111111:key/11111111-1111-1111-1111-111111111111"
      UseDataKeys = [
        "arn:aws:kms:eu-west-1:333333333333:key/33333333-3333-3333-3333-333333333333",
        "arn:aws:kms:eu-west-1:222222222222:key/22222222-2222-2222-2222-222222222222",
      ]
    }
    error_message = "one object, one input, one output, its capture, three keys"
  }
}

run "the_machine_runs_jobs_of_its_name_and_passes_no_role" {
  command = plan

  assert {
    condition = { for statement in jsondecode(data.aws_iam_policy_document.run.json).Statement : statement.Sid => statement.Resource } == {
      RunJobs        = "arn:aws:sagemaker:eu-west-1:111111111111:transform-job/acme-churn-*"
      HearOfTheEnd   = "arn:aws:events:eu-west-1:111111111111:rule/StepFunctionsGetEventsForSageMakerTransformJobsRule"
      EncryptVolumes = "arn:aws:kms:eu-west-1:111111111111:key/11111111-1111-1111-1111-111111111111"
    }
    error_message = "a transform job works with the model's role"
  }
}

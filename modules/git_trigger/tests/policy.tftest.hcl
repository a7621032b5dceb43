# The real policies, made offline by the real provider: the build submits and does nothing else.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  account_id       = "111111111111"
  artifacts_bucket = "acme-ml-artifacts-111111111111-eu-west-1"
  function = {
    arn  = "arn:aws:lambda:eu-west-1:111111111111:function:acme-ml-orchestrator"
    name = "acme-ml-orchestrator"
  }
  git_source  = { repository = "ml-configs" }
  kms_key_arn = "arn:aws:kms:eu-west-1:111111111111:key/k"
  name        = "acme-ml"
  topic_arn   = "arn:aws:sns:eu-west-1:111111111111:acme-ml-notifications"
}

run "the_build_submits_and_reads_its_source" {
  command = plan

  assert {
    condition = {
      for statement in jsondecode(data.aws_iam_policy_document.submit.json).Statement : statement.Sid => statement.Resource
      if contains(["SubmitConfigs", "TakeTheSource"], statement.Sid)
      } == {
      SubmitConfigs = "arn:aws:lambda:eu-west-1:111111111111:function:acme-ml-orchestrator"
      TakeTheSource = "arn:aws:s3:::acme-ml-artifacts-111111111111-eu-west-1/acme-ml.git-source*"
    }
    error_message = "one function, its own artifacts; no plans, no bundles"
  }
}

run "each_role_is_run_for_one_source" {
  command = plan

  assert {
    condition = {
      for role, document in data.aws_iam_policy_document.trust :
      role => one(jsondecode(document.json).Statement).Condition.ArnEquals["aws:SourceArn"]
      } == {
      pipeline = "arn:aws:codepipeline:eu-west-1:111111111111:acme-ml.git-source"
      push     = "arn:aws:events:eu-west-1:111111111111:rule/acme-ml-git-push"
      submit   = "arn:aws:codebuild:eu-west-1:111111111111:project/acme-ml-submit"
    }
    error_message = "the pipeline, the rule, the project"
  }
}

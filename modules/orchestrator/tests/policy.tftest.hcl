# The real policies, made offline by the real provider: what the function may do, and above all what not.

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
  api_log_role_arn = "arn:aws:iam::111111111111:role/acme-ml-api-log"
  buckets = {
    artifacts = "acme-ml-artifacts-111111111111-eu-west-1"
    assets    = "acme-ml-assets-111111111111-eu-west-1"
  }
  kms_key_arn = "arn:aws:kms:eu-west-1:111111111111:key/k"
  # Any file will do: nothing here looks into the package.
  lambda    = { package_path = "versions.tf" }
  name      = "acme-ml"
  topic_arn = "arn:aws:sns:eu-west-1:111111111111:acme-ml-notifications"
}

run "makes_no_infrastructure_and_assumes_no_role" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(data.aws_iam_policy_document.orchestrate.json).Statement : [
        for action in flatten([statement.Action]) :
        !can(regex("^(iam|sts|cloudformation|lambda|apigateway):|codepipeline:(Create|Update|Delete|PutApproval)|codebuild:(Create|Update|Delete)", action))
      ]
    ]))
    error_message = "it starts deliveries; it neither makes them nor approves them"
  }
}

run "starts_deliveries_and_the_provisioner_only" {
  command = plan

  assert {
    condition = {
      for statement in jsondecode(data.aws_iam_policy_document.orchestrate.json).Statement : statement.Sid => statement.Resource
      if contains(["StartAndFollowDeliveries", "StartTheProvisioner"], statement.Sid)
      } == {
      StartAndFollowDeliveries = "arn:aws:codepipeline:eu-west-1:111111111111:acme-ml-*"
      StartTheProvisioner      = "arn:aws:codebuild:eu-west-1:111111111111:project/acme-ml-provision"
    }
    error_message = "ours, and no other build"
  }
}

run "writes_bundles_and_exports_only" {
  command = plan

  assert {
    condition = jsonencode(sort(flatten([
      for statement in jsondecode(data.aws_iam_policy_document.orchestrate.json).Statement : statement.Resource
      if contains(flatten([statement.Action]), "s3:PutObject")
      ]))) == jsonencode([
      "arn:aws:s3:::acme-ml-artifacts-111111111111-eu-west-1/bundles/*",
      "arn:aws:s3:::acme-ml-assets-111111111111-eu-west-1/model_card_exports/*",
    ])
    error_message = "never assets, plans, pinned objects or evidence"
  }
}

run "reads_the_config_bucket_when_there_is_one" {
  command = plan

  variables {
    buckets = {
      artifacts = "acme-ml-artifacts-111111111111-eu-west-1"
      assets    = "acme-ml-assets-111111111111-eu-west-1"
      config    = "their-configs"
    }
  }

  assert {
    condition = one([
      for statement in jsondecode(data.aws_iam_policy_document.orchestrate.json).Statement : statement.Resource
      if statement.Sid == "ReadConfigs"
    ]) == "arn:aws:s3:::their-configs/*"
    error_message = "its objects"
  }
}

run "the_policy_fits" {
  command = plan

  variables {
    vpc = {
      security_group_ids = ["sg-0123456789abcdef0"]
      subnet_ids         = ["subnet-0123456789abcdef0"]
    }
  }

  assert {
    condition     = length(jsonencode(jsondecode(data.aws_iam_policy_document.orchestrate.json))) <= 10240
    error_message = "a role's inline policies hold 10,240 characters"
  }
}

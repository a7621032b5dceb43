# The real policies, made offline by the real provider: no build may do another's work.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  account_id = "111111111111"
  buckets = {
    artifacts = "acme-ml-artifacts-111111111111-eu-west-1"
    assets    = "acme-ml-assets-111111111111-eu-west-1"
    state     = "acme-ml-state-111111111111-eu-west-1"
  }
  kms_key_arn       = "arn:aws:kms:eu-west-1:111111111111:key/k"
  name              = "acme-ml"
  stage_account_ids = ["222222222222", "444444444444"]
  topic_arn         = "arn:aws:sns:eu-west-1:111111111111:acme-ml-notifications"
}

run "services_run_the_roles_for_our_projects_and_pipelines_only" {
  command = plan

  assert {
    condition = {
      for role, document in data.aws_iam_policy_document.trust : role => [
        for statement in jsondecode(document.json).Statement : [
          statement.Principal.Service,
          statement.Condition.StringEquals["aws:SourceAccount"],
          jsonencode(sort(flatten([statement.Condition.ArnLike["aws:SourceArn"]]))),
        ]
      ]
      } == {
      build-apply     = [["codebuild.amazonaws.com", "111111111111", jsonencode(["arn:aws:codebuild:eu-west-1:111111111111:project/acme-ml-apply"])]]
      build-plan      = [["codebuild.amazonaws.com", "111111111111", jsonencode(["arn:aws:codebuild:eu-west-1:111111111111:project/acme-ml-plan", "arn:aws:codebuild:eu-west-1:111111111111:project/acme-ml-verify"])]]
      build-provision = [["codebuild.amazonaws.com", "111111111111", jsonencode(["arn:aws:codebuild:eu-west-1:111111111111:project/acme-ml-provision"])]]
      codepipeline    = [["codepipeline.amazonaws.com", "111111111111", jsonencode(["arn:aws:codepipeline:eu-west-1:111111111111:acme-ml-*"])]]
    }
    error_message = "one service, this account, these sources"
  }
}

run "planning_reads_and_applying_changes" {
  command = plan

  assert {
    condition = {
      for name, document in local.policies : name => jsonencode(sort(flatten([
        for statement in jsondecode(document).Statement : statement.Resource
        if contains(flatten([statement.Action]), "sts:AssumeRole")
      ])))
      } == {
      apply     = jsonencode([for account in ["111111111111", "222222222222", "444444444444"] : "arn:aws:iam::${account}:role/acme-ml-deploy"])
      pipeline  = "[]"
      plan      = jsonencode([for account in ["111111111111", "222222222222", "444444444444"] : "arn:aws:iam::${account}:role/acme-ml-plan"])
      provision = "[]"
    }
    error_message = "plan assumes plan roles, apply assumes deploy roles, nobody else assumes anything"
  }
}

run "the_provisioner_owns_delivery_pipelines_and_their_states" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(data.aws_iam_policy_document.provision.json).Statement : [
        for arn in flatten([statement.Resource]) : startswith(arn, "arn:aws:s3:::acme-ml-state-111111111111-eu-west-1/acme-ml/delivery/")
        if startswith(arn, "arn:aws:s3:::acme-ml-state-111111111111-eu-west-1/")
      ]
    ]))
    error_message = "no stage's state"
  }
  assert {
    condition = one([
      for statement in jsondecode(data.aws_iam_policy_document.provision.json).Statement :
      [statement.Resource, statement.Condition.StringEquals["iam:PassedToService"]]
      if contains(flatten([statement.Action]), "iam:PassRole")
    ]) == ["arn:aws:iam::111111111111:role/acme-ml-codepipeline", "codepipeline.amazonaws.com"]
    error_message = "one role, to one service"
  }
  assert {
    condition = one([
      for statement in jsondecode(data.aws_iam_policy_document.provision.json).Statement : statement.Resource
      if contains(flatten([statement.Action]), "codepipeline:CreatePipeline")
    ]) == "arn:aws:codepipeline:eu-west-1:111111111111:acme-ml-*"
    error_message = "our pipelines only"
  }
  assert {
    condition = one([
      for statement in jsondecode(data.aws_iam_policy_document.provision.json).Statement : statement.Resource
      if contains(flatten([statement.Action]), "events:PutRule")
    ]) == "arn:aws:events:eu-west-1:111111111111:rule/acme-ml.approved-*"
    error_message = "the rules that hear of approved models, and no other rule"
  }
  assert {
    condition = one([
      for statement in jsondecode(data.aws_iam_policy_document.provision.json).Statement :
      [statement.Resource, statement.Condition["ForAnyValue:StringEquals"]["kms:ResourceAliases"]] if statement.Sid == "UseTheStatesKey"
    ]) == ["arn:aws:kms:eu-west-1:111111111111:key/*", "alias/acme-ml-state"]
    error_message = "the states' key, by its alias"
  }
}

run "the_provisioner_uses_the_given_key" {
  command = plan

  variables {
    state_kms_key_arn = "arn:aws:kms:eu-west-1:111111111111:key/given"
  }

  assert {
    condition = one([
      for statement in jsondecode(data.aws_iam_policy_document.provision.json).Statement :
      [statement.Resource, can(statement.Condition["ForAnyValue:StringEquals"])] if statement.Sid == "UseTheStatesKey"
    ]) == ["arn:aws:kms:eu-west-1:111111111111:key/given", false]
    error_message = "by its ARN"
  }
}

run "pipelines_start_the_three_builds_and_announce_approvals" {
  command = plan

  assert {
    condition = jsonencode(sort(one([
      for statement in jsondecode(data.aws_iam_policy_document.pipeline.json).Statement : statement.Resource
      if contains(flatten([statement.Action]), "codebuild:StartBuild")
    ]))) == jsonencode([for project in ["apply", "plan", "verify"] : "arn:aws:codebuild:eu-west-1:111111111111:project/acme-ml-${project}"])
    error_message = "never the provisioner"
  }
  assert {
    condition = one([
      for statement in jsondecode(data.aws_iam_policy_document.pipeline.json).Statement : statement.Resource
      if contains(flatten([statement.Action]), "sns:Publish")
    ]) == "arn:aws:sns:eu-west-1:111111111111:acme-ml-notifications"
    error_message = "the one topic"
  }
}

run "policies_fit_with_sixteen_accounts_in_a_vpc" {
  command = plan

  variables {
    stage_account_ids = [for number in range(16) : format("%012d", number)]
    vpc = {
      id                 = "vpc-0123456789abcdef0"
      security_group_ids = ["sg-0123456789abcdef0"]
      subnet_ids         = [for number in range(16) : "subnet-0123456789abcde${number}"]
    }
  }

  assert {
    condition     = alltrue([for document in local.policies : length(jsonencode(jsondecode(document))) <= 10240])
    error_message = "a role's inline policies hold 10,240 characters"
  }
}

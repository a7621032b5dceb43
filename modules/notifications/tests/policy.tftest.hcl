# The real policy, made offline by the real provider: which services may publish for whom.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  account_id        = "111111111111"
  kms_key_arn       = "arn:aws:kms:eu-west-1:111111111111:key/k"
  name              = "acme-ml"
  stage_account_ids = ["111111111111", "222222222222"]
}

run "only_our_own_rules_and_alarms_publish" {
  command = plan

  assert {
    condition = {
      for statement in jsondecode(data.aws_iam_policy_document.publish.json).Statement :
      statement.Principal.Service => [statement.Action, statement.Resource, statement.Condition.ArnLike["aws:SourceArn"]]
      if can(statement.Principal.Service)
      } == {
      "events.amazonaws.com" = [
        "sns:Publish",
        "arn:aws:sns:eu-west-1:111111111111:acme-ml-notifications",
        "arn:aws:events:eu-west-1:111111111111:rule/acme-ml-*",
      ]
      "cloudwatch.amazonaws.com" = [
        "sns:Publish",
        "arn:aws:sns:eu-west-1:111111111111:acme-ml-notifications",
        "arn:aws:cloudwatch:eu-west-1:*:alarm:acme-ml-*",
      ]
    }
    error_message = "EventBridge and CloudWatch, for what carries the prefix"
  }
  assert {
    condition = jsonencode([
      for statement in jsondecode(data.aws_iam_policy_document.publish.json).Statement :
      sort(flatten([statement.Condition.StringEquals["aws:SourceAccount"]])) if can(statement.Principal.Service)
    ]) == jsonencode([["111111111111"], ["111111111111", "222222222222"]])
    error_message = "rules of this account, alarms of the stages too"
  }
}

run "the_stages_publish_with_their_own_roles_only" {
  command = plan

  assert {
    condition = [
      for statement in jsondecode(data.aws_iam_policy_document.publish.json).Statement :
      [statement.Action, statement.Resource, statement.Principal.AWS, statement.Condition.ArnLike["aws:PrincipalArn"]]
      if can(statement.Principal.AWS)
      ] == [[
        "sns:Publish",
        "arn:aws:sns:eu-west-1:111111111111:acme-ml-notifications",
        "arn:aws:iam::222222222222:root",
        "arn:aws:iam::222222222222:role/acme-ml-*",
    ]]
    error_message = "roles of the platform in the stages' accounts; the topic's own account needs no grant"
  }
}

run "one_account_needs_no_grant" {
  command = plan

  variables {
    stage_account_ids = ["111111111111"]
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(data.aws_iam_policy_document.publish.json).Statement : can(statement.Principal.Service)
    ])
    error_message = "services only"
  }
}

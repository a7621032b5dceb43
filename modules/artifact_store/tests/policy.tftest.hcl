# The real policies, made offline by the real provider: who reads what, and which services encrypt.

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
  bucket_names = {
    artifacts = "acme-ml-artifacts-111111111111-eu-west-1"
    assets    = "acme-ml-assets-111111111111-eu-west-1"
    logs      = "acme-ml-logs-111111111111-eu-west-1"
  }
  name               = "acme-ml"
  reader_account_ids = ["111111111111", "222222222222"]
  state_bucket       = "acme-ml-state-111111111111-eu-west-1"
}

run "every_bucket_refuses_plain_http" {
  command = plan

  assert {
    condition = alltrue([
      for document in data.aws_iam_policy_document.bucket : anytrue([
        for statement in jsondecode(document.json).Statement :
        statement.Effect == "Deny" && try(statement.Condition.Bool["aws:SecureTransport"] == "false", false)
      ])
    ])
    error_message = "TLS only"
  }
}

run "the_stages_read_assets_and_pinned_objects_only" {
  command = plan

  assert {
    condition = {
      for role, document in data.aws_iam_policy_document.bucket : role => [
        for statement in jsondecode(document.json).Statement :
        [statement.Resource, statement.Principal.AWS, statement.Condition.ArnLike["aws:PrincipalArn"]]
        if statement.Sid == "LetTheStagesRead"
      ]
      } == {
      artifacts = [[
        "arn:aws:s3:::acme-ml-artifacts-111111111111-eu-west-1/objects/*",
        "arn:aws:iam::222222222222:root",
        "arn:aws:iam::222222222222:role/acme-ml-*",
      ]]
      assets = [[
        "arn:aws:s3:::acme-ml-assets-111111111111-eu-west-1/*",
        "arn:aws:iam::222222222222:root",
        "arn:aws:iam::222222222222:role/acme-ml-*",
      ]]
      logs = []
    }
    error_message = "never plans, bundles or evidence; the owner's account needs no grant"
  }
  assert {
    condition = alltrue(flatten([
      for document in data.aws_iam_policy_document.bucket : [
        for statement in jsondecode(document.json).Statement : [
          for action in flatten([statement.Action]) : startswith(action, "s3:Get") || action == "s3:ListBucket"
        ] if try(statement.Principal.AWS == "arn:aws:iam::222222222222:root", false)
      ]
    ]))
    error_message = "they write nothing"
  }
}

run "only_s3_logging_of_this_account_writes_logs" {
  command = plan

  assert {
    condition = one([
      for statement in jsondecode(data.aws_iam_policy_document.bucket["logs"].json).Statement :
      [statement.Principal.Service, statement.Condition.StringEquals["aws:SourceAccount"], length(statement.Condition.ArnEquals["aws:SourceArn"])]
      if statement.Sid == "ReceiveAccessLogs"
    ]) == ["logging.s3.amazonaws.com", "111111111111", 3]
    error_message = "for the three buckets that are logged"
  }
}

run "the_key_serves_the_services_that_need_it" {
  command = plan

  assert {
    condition = {
      for statement in jsondecode(data.aws_iam_policy_document.key.json).Statement :
      statement.Principal.Service => jsonencode([sort(statement.Action), sort(flatten([statement.Condition.StringEquals["aws:SourceAccount"]]))])
      if startswith(statement.Sid, "LetMessagesOf")
      } == {
      "cloudwatch.amazonaws.com" = jsonencode([["kms:Decrypt", "kms:GenerateDataKey*"], ["111111111111", "222222222222"]])
      "events.amazonaws.com"     = jsonencode([["kms:Decrypt", "kms:GenerateDataKey*"], ["111111111111"]])
    }
    error_message = "rules of this account, and alarms of the stages too, publish to the encrypted topic"
  }
  assert {
    condition = one([
      for statement in jsondecode(data.aws_iam_policy_document.key.json).Statement :
      [statement.Principal.Service, statement.Condition.ArnLike["kms:EncryptionContext:aws:logs:arn"]]
      if statement.Sid == "LetLogGroupsBeEncrypted"
    ]) == ["logs.eu-west-1.amazonaws.com", "arn:aws:logs:eu-west-1:111111111111:log-group:*"]
    error_message = "log groups of this account"
  }
  assert {
    condition = {
      for statement in jsondecode(data.aws_iam_policy_document.key.json).Statement :
      statement.Condition.StringEquals["kms:ViaService"] => jsonencode([sort(statement.Action), statement.Principal.AWS, statement.Condition.ArnLike["aws:PrincipalArn"]])
      if endswith(statement.Sid, "FromTheStages")
      } == {
      "s3.eu-west-1.amazonaws.com"  = jsonencode([["kms:Decrypt", "kms:DescribeKey"], "arn:aws:iam::222222222222:root", "arn:aws:iam::222222222222:role/acme-ml-*"])
      "sns.eu-west-1.amazonaws.com" = jsonencode([["kms:Decrypt", "kms:GenerateDataKey*"], "arn:aws:iam::222222222222:root", "arn:aws:iam::222222222222:role/acme-ml-*"])
    }
    error_message = "the stages' roles decrypt by way of S3, and encrypt messages by way of SNS; nothing else"
  }
}

run "says_what_an_existing_assets_bucket_must_allow" {
  command = plan

  variables {
    existing_assets_bucket = "their-models"
  }

  assert {
    condition = contains([
      for statement in jsondecode(output.assets_bucket_policy_json).Statement : jsonencode(statement.Resource)
    ], jsonencode("arn:aws:s3:::their-models/*"))
    error_message = "the same grants, for its name"
  }
}

run "one_account_needs_no_grants" {
  command = plan

  variables {
    reader_account_ids = ["111111111111"]
  }

  assert {
    condition     = [for statement in jsondecode(data.aws_iam_policy_document.bucket["assets"].json).Statement : statement.Sid] == ["RefusePlainHttp"]
    error_message = "the roles' own policies decide"
  }
}

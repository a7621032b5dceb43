# The real policies, made offline by the real provider: who may do what with which state.

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
  bucket     = "acme-ml-state-111111111111-eu-west-1"
  name       = "acme-ml"
  stages     = { dev = "222222222222", prod = "444444444444" }
}

run "each_account_reaches_the_states_of_its_own_stages" {
  command = plan

  assert {
    condition = [
      for statement in jsondecode(data.aws_iam_policy_document.bucket.json).Statement : statement
      if statement.Sid == "ReadStatesOf222222222222"
      ] == [{
        Sid       = "ReadStatesOf222222222222"
        Effect    = "Allow"
        Action    = "s3:GetObject"
        Resource  = "arn:aws:s3:::acme-ml-state-111111111111-eu-west-1/acme-ml/dev/*/terraform.tfstate"
        Principal = { AWS = "arn:aws:iam::222222222222:root" }
        Condition = { ArnEquals = { "aws:PrincipalArn" = [
          "arn:aws:iam::222222222222:role/acme-ml-plan",
          "arn:aws:iam::222222222222:role/acme-ml-deploy",
        ] } }
    }]
    error_message = "plan and deploy of dev's account read dev's states"
  }
  assert {
    condition = [
      for statement in jsondecode(data.aws_iam_policy_document.bucket.json).Statement :
      [statement.Action, statement.Resource, statement.Condition.ArnEquals["aws:PrincipalArn"]]
      if statement.Sid == "WriteStatesOf444444444444"
      ] == [[
        "s3:PutObject",
        "arn:aws:s3:::acme-ml-state-111111111111-eu-west-1/acme-ml/prod/*/terraform.tfstate",
        "arn:aws:iam::444444444444:role/acme-ml-deploy",
    ]]
    error_message = "deploy of prod's account, and only deploy, writes prod's states"
  }
}

run "plain_http_and_the_roles_own_states_are_refused" {
  command = plan

  assert {
    condition = anytrue([
      for statement in jsondecode(data.aws_iam_policy_document.bucket.json).Statement :
      statement.Effect == "Deny" && statement.Action == "s3:*" && try(statement.Condition.Bool["aws:SecureTransport"] == "false", false)
    ])
    error_message = "TLS only"
  }
  assert {
    condition = anytrue([
      for statement in jsondecode(data.aws_iam_policy_document.bucket.json).Statement :
      statement.Effect == "Deny" && statement.Resource == "arn:aws:s3:::acme-ml-state-111111111111-eu-west-1/acme-ml/*/account/*"
    ])
    error_message = "the roles may not rewrite what they are made of"
  }
}

run "the_key_works_for_the_stages_through_s3_only" {
  command = plan

  assert {
    condition = [
      for statement in jsondecode(data.aws_iam_policy_document.key.json).Statement :
      [statement.Condition.StringEquals["kms:ViaService"], length(statement.Principal.AWS)]
      if statement.Sid == "UseThroughS3FromTheStages"
    ] == [["s3.eu-west-1.amazonaws.com", 2]]
    error_message = "two accounts, by way of S3"
  }
}

run "one_account_for_everything_needs_no_grant_to_others" {
  command = plan

  variables {
    stages = { prod = "111111111111" }
  }

  assert {
    condition = [
      for statement in jsondecode(data.aws_iam_policy_document.bucket.json).Statement : statement.Effect
    ] == ["Deny", "Deny"]
    error_message = "in the owner's account the roles' own policies decide"
  }
  assert {
    condition     = length(jsondecode(data.aws_iam_policy_document.key.json).Statement) == 1
    error_message = "the key needs no other principal either"
  }
}

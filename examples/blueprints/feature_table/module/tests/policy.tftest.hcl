# The real policies, made offline by the real provider: who reads, and nothing but reading.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  account_id  = "222222222222"
  kms_key_arn = "arn:aws:kms:eu-west-1:222222222222:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  name        = "acme-ml-dev-users"
  reader_arns = ["arn:aws:iam::222222222222:role/churn-*", "arn:aws:iam::333333333333:role/reports"]
  record_key  = { name = "user_id" }
}

run "reads_this_table_and_decrypts_through_dynamodb" {
  command = plan

  assert {
    condition = {
      for statement in jsondecode(data.aws_iam_policy_document.read[0].json).Statement :
      statement.Sid => statement.Resource
      } == {
      ReadTheTable             = "arn:aws:dynamodb:eu-west-1:222222222222:table/acme-ml-dev-users"
      DecryptItThroughDynamoDB = "arn:aws:kms:eu-west-1:222222222222:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    }
    error_message = "one table, one key"
  }
  assert {
    condition = alltrue([
      for action in jsondecode(data.aws_iam_policy_document.read[0].json).Statement[0].Action :
      can(regex("^dynamodb:(BatchGet|Describe|Get|Query)", action))
    ])
    error_message = "nothing is written"
  }
  assert {
    condition = (
      tolist(jsondecode(data.aws_iam_policy_document.reader_trust[0].json).Statement[0].Condition.ArnLike["aws:PrincipalArn"]) == var.reader_arns
      && toset(jsondecode(data.aws_iam_policy_document.reader_trust[0].json).Statement[0].Principal.AWS) == toset(["arn:aws:iam::222222222222:root", "arn:aws:iam::333333333333:root"])
    )
    error_message = "the named roles and nobody else of their accounts"
  }
}

# The real policy, made offline by the real provider: who pulls.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  kms_key_arn        = "arn:aws:kms:eu-west-1:111111111111:key/k"
  name               = "acme-ml-algorithms"
  reader_account_ids = ["222222222222", "444444444444"]
  role_prefix        = "acme-ml"
}

run "the_stages_roles_pull_and_never_push" {
  command = plan

  assert {
    condition = jsonencode([
      for statement in jsondecode(data.aws_iam_policy_document.pull[0].json).Statement : [
        sort(statement.Action),
        sort(statement.Principal.AWS),
        sort(statement.Condition.ArnLike["aws:PrincipalArn"]),
      ]
      ]) == jsonencode([[
        [
          "ecr:BatchCheckLayerAvailability",
          "ecr:BatchGetImage",
          "ecr:DescribeImages",
          "ecr:DescribeRepositories",
          "ecr:GetDownloadUrlForLayer",
        ],
        ["arn:aws:iam::222222222222:root", "arn:aws:iam::444444444444:root"],
        ["arn:aws:iam::222222222222:role/acme-ml-*", "arn:aws:iam::444444444444:role/acme-ml-*"],
    ]])
    error_message = "pull, for roles with the prefix"
  }
}

# The real policy, made offline by the real provider: who deploys, and that nobody else approves.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  account_id         = "111111111111"
  name               = "acme-ml-registry"
  reader_account_ids = ["222222222222"]
}

run "the_stages_deploy_packages_and_approve_none" {
  command = plan

  assert {
    condition = jsonencode({
      for statement in jsondecode(data.aws_iam_policy_document.deploy[0].json).Statement :
      statement.Resource => sort(flatten([statement.Action]))
      }) == jsonencode({
      "arn:aws:sagemaker:eu-west-1:111111111111:model-package-group/acme-ml-registry" = ["sagemaker:DescribeModelPackageGroup"]
      "arn:aws:sagemaker:eu-west-1:111111111111:model-package/acme-ml-registry/*" = [
        "sagemaker:CreateModel", "sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages",
      ]
    })
    error_message = "describe and deploy, no update"
  }
}

# The builds with a mocked provider: what runs as whom, and what is refused.

mock_provider "aws" {
  source = "../../tests/mocks"
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

run "makes_the_four_builds" {
  command = apply

  assert {
    condition = {
      for it in aws_codebuild_project.this : it.name => [one(it.source).type, one(it.source).buildspec, one(it.artifacts).type]
      } == {
      acme-ml-apply     = ["CODEPIPELINE", "delivery/buildspec-apply.yml", "CODEPIPELINE"]
      acme-ml-plan      = ["CODEPIPELINE", "delivery/buildspec-plan.yml", "CODEPIPELINE"]
      acme-ml-provision = ["S3", "delivery/buildspec-provision.yml", "NO_ARTIFACTS"]
      acme-ml-verify    = ["CODEPIPELINE", "delivery/buildspec-verify.yml", "CODEPIPELINE"]
    }
    error_message = "three in the pipelines, the provisioner on its own; each with the bundle's own buildspec"
  }
  assert {
    condition = alltrue([
      for it in aws_codebuild_project.this : (
        one(it.environment).image == "aws/codebuild/amazonlinux-x86_64-standard:5.0"
        && !one(it.environment).privileged_mode
        && it.encryption_key == "arn:aws:kms:eu-west-1:111111111111:key/k"
        && it.build_timeout == 120
      )
    ])
    error_message = "plain, unprivileged, encrypted"
  }
  assert {
    condition     = toset([for it in aws_cloudwatch_log_group.this : it.name]) == toset([for project in ["apply", "plan", "provision", "verify"] : "/aws/codebuild/acme-ml-${project}"])
    error_message = "a log group each"
  }
  assert {
    condition     = alltrue([for it in aws_cloudwatch_log_group.this : it.retention_in_days == 365 && it.kms_key_id == "arn:aws:kms:eu-west-1:111111111111:key/k"])
    error_message = "logs are encrypted and expire"
  }
}

run "makes_the_four_roles" {
  command = apply

  assert {
    condition     = toset([for role in aws_iam_role.this : role.name]) == toset(["acme-ml-build-apply", "acme-ml-build-plan", "acme-ml-build-provision", "acme-ml-codepipeline"])
    error_message = "one for each job"
  }
  assert {
    condition     = length(aws_iam_role_policy.this) == 4 && alltrue([for role in aws_iam_role.this : role.permissions_boundary == null])
    error_message = "each with its policy, unbounded unless asked for"
  }
}

run "runs_in_a_vpc_within_a_boundary" {
  command = apply

  variables {
    permissions_boundary_arn = "arn:aws:iam::111111111111:policy/boundary"
    vpc = {
      id                 = "vpc-0123456789abcdef0"
      security_group_ids = ["sg-0123456789abcdef0"]
      subnet_ids         = ["subnet-0123456789abcdef0"]
    }
  }

  assert {
    condition     = alltrue([for it in aws_codebuild_project.this : it.vpc_config[0].vpc_id == "vpc-0123456789abcdef0"])
    error_message = "all builds"
  }
  assert {
    condition     = alltrue([for role in aws_iam_role.this : role.permissions_boundary == "arn:aws:iam::111111111111:policy/boundary"])
    error_message = "all roles"
  }
}

run "refuses_a_time_that_codebuild_refuses" {
  command = plan

  variables {
    build_timeout_minutes = 4
  }

  expect_failures = [var.build_timeout_minutes]
}

run "refuses_builds_with_nowhere_to_deliver" {
  command = plan

  variables {
    stage_account_ids = []
  }

  expect_failures = [var.stage_account_ids]
}

run "refuses_a_name_that_is_no_prefix" {
  command = plan

  variables {
    name = "acme-"
  }

  expect_failures = [var.name]
}

run "refuses_a_short_account_id" {
  command = plan

  variables {
    account_id = "1"
  }

  expect_failures = [var.account_id]
}

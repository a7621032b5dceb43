# The two roles with a mocked provider: their names, what hangs on them, what is refused.

mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  account_id = "222222222222"
  name       = "acme-ml"
  orchestrator = {
    account_id       = "111111111111"
    artifacts_bucket = "acme-ml-artifacts-111111111111-eu-west-1"
    assets_bucket    = "acme-ml-assets-111111111111-eu-west-1"
    state_bucket     = "acme-ml-state-111111111111-eu-west-1"
  }
  stages = ["dev"]
}

run "makes_a_reading_and_a_changing_role" {
  command = apply

  assert {
    condition     = toset([for role in aws_iam_role.this : role.name]) == toset(["acme-ml-deploy", "acme-ml-plan"])
    error_message = "two roles, named as the builds expect"
  }
  assert {
    condition     = toset([for it in aws_iam_role_policy_attachment.this : it.role if startswith(it.policy_arn, "arn:")]) == toset(["acme-ml-deploy", "acme-ml-plan"])
    error_message = "both have policies"
  }
  assert {
    condition = toset([for it in aws_iam_policy.this : it.name]) == toset([
      "acme-ml-deploy-guard", "acme-ml-deploy-identity", "acme-ml-deploy-ml", "acme-ml-deploy-read",
      "acme-ml-deploy-run", "acme-ml-deploy-state", "acme-ml-plan-read", "acme-ml-plan-state",
    ])
    error_message = "a policy a topic; the plan role only reads"
  }
  assert {
    condition     = alltrue([for it in aws_iam_policy.this : it.path == "/acme-ml/"])
    error_message = "a path keeps them out of the names that pipelines may use"
  }
  assert {
    condition     = alltrue([for role in aws_iam_role.this : role.permissions_boundary == null])
    error_message = "no boundary unless asked for"
  }
}

run "adds_what_a_teams_own_blueprints_need" {
  command = apply

  variables {
    additional_policies = {
      deploy = { dynamodb = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"dynamodb:CreateTable\",\"Resource\":\"*\"}]}" }
      plan   = { dynamodb = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"dynamodb:DescribeTable\",\"Resource\":\"*\"}]}" }
    }
  }

  assert {
    condition = (
      jsondecode(aws_iam_policy.this["deploy-dynamodb"].policy).Statement[0].Action == "dynamodb:CreateTable"
      && aws_iam_role_policy_attachment.this["deploy-dynamodb"].role == "acme-ml-deploy"
      && aws_iam_role_policy_attachment.this["plan-dynamodb"].role == "acme-ml-plan"
    )
    error_message = "each role gets its own addition"
  }
}

run "bounds_the_roles" {
  command = apply

  variables {
    permissions_boundary_arn = "arn:aws:iam::222222222222:policy/boundary"
  }

  assert {
    condition     = alltrue([for role in aws_iam_role.this : role.permissions_boundary == "arn:aws:iam::222222222222:policy/boundary"])
    error_message = "both roles carry the boundary"
  }
}

run "refuses_an_account_id_that_lost_its_zeros" {
  command = plan

  variables {
    account_id = "2222"
  }

  expect_failures = [var.account_id]
}

run "refuses_a_name_that_is_no_prefix" {
  command = plan

  variables {
    name = "acme--ml"
  }

  expect_failures = [var.name]
}

run "refuses_an_orchestrator_without_an_account" {
  command = plan

  variables {
    orchestrator = {
      account_id       = "1"
      artifacts_bucket = "a"
      assets_bucket    = "b"
      state_bucket     = "c"
    }
  }

  expect_failures = [var.orchestrator]
}

run "refuses_an_account_without_stages" {
  command = plan

  variables {
    stages = []
  }

  expect_failures = [var.stages]
}

run "refuses_more_policies_than_a_role_holds" {
  command = plan

  variables {
    additional_policies = {
      deploy = { for number in range(5) : "team-${number}" => "{}" }
    }
  }

  expect_failures = [var.additional_policies]
}

run "refuses_an_operator_that_is_no_arn" {
  command = plan

  variables {
    operator_principal_arns = ["alice"]
  }

  expect_failures = [var.operator_principal_arns]
}

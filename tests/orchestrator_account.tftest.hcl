# The orchestrator account as a whole, with a mocked provider: what the platform file's options change.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  account_id = "111111111111"
  # Any file will do: nothing here looks into the package.
  lambda_package_path = "versions.tf"
  name                = "acme-ml"
  stages = [
    { name = "dev", account_id = "222222222222", approval = "none" },
    { name = "prod", account_id = "444444444444" },
  ]
}

run "composes_the_account" {
  command = apply

  assert {
    condition = (
      output.artifacts_bucket == "acme-ml-artifacts-111111111111-eu-west-1"
      && output.assets_bucket == "acme-ml-assets-111111111111-eu-west-1"
      && output.logs_bucket == "acme-ml-logs-111111111111-eu-west-1"
    )
    error_message = "buckets are named by prefix, role, account and region"
  }
  assert {
    condition     = output.function_name == "acme-ml-orchestrator" && output.project_names == { for role in ["apply", "plan", "provision", "verify"] : role => "acme-ml-${role}" }
    error_message = "function and builds are named by prefix and role"
  }
  assert {
    condition     = length(output.model_package_group_arns) == 0 && output.ecr_repository_url != null
    error_message = "a repository is made by default, a model package group is not"
  }
}

run "makes_a_model_package_group_when_asked" {
  command = apply

  variables {
    options = { create_model_package_group = true }
  }

  assert {
    condition     = tolist(keys(output.model_package_group_arns)) == tolist(["acme-ml-registry"])
    error_message = "there is a group"
  }
}

run "uses_what_exists" {
  command = apply

  variables {
    options = {
      existing_assets_bucket  = "their-models"
      existing_ecr_repository = "their-images"
      kms_key_arn             = "arn:aws:kms:eu-west-1:111111111111:key/given"
    }
  }

  assert {
    condition = (
      output.assets_bucket == "their-models"
      && output.ecr_repository_url == null
      && output.kms_key_arn == "arn:aws:kms:eu-west-1:111111111111:key/given"
    )
    error_message = "bucket, repository and key are taken as they are"
  }
}

run "runs_in_the_vpc_whose_subnets_are_given" {
  command = apply

  variables {
    options = {
      vpc = { subnet_ids = ["subnet-0123456789abcdef0"], security_group_ids = ["sg-0123456789abcdef0"] }
    }
  }

  assert {
    condition     = local.vpc.id == "vpc-0123456789abcdef0"
    error_message = "the subnet says which VPC it is in"
  }
}

run "asks_nobody_for_a_vpc_that_is_named" {
  command = apply

  variables {
    options = {
      vpc = { id = "vpc-named", subnet_ids = ["subnet-0123456789abcdef0"], security_group_ids = ["sg-0123456789abcdef0"] }
    }
  }

  assert {
    condition     = local.vpc.id == "vpc-named" && length(data.aws_subnet.given) == 0
    error_message = "no lookup"
  }
}

run "takes_every_option_at_once" {
  command = apply

  variables {
    external_id = "acme_ml/2024+a"
    options = {
      allow_detailed_error_messages = false
      config_bucket                 = "their-configs"
      create_model_package_group    = true
      existing_assets_bucket        = "their-models"
      existing_ecr_repository       = "their-images"
      git_source                    = { repository = "ml-configs" }
      kms_key_arn                   = "arn:aws:kms:eu-west-1:111111111111:key/given"
      model_package_groups          = ["churn", "fraud"]
      notification_emails           = ["ml-platform@example.com"]
      permissions_boundary_arn      = "arn:aws:iam::111111111111:policy/boundary"
      tags                          = { team = "ml" }
      use_model_registry            = true
      vpc                           = { subnet_ids = ["subnet-0123456789abcdef0"], security_group_ids = ["sg-0123456789abcdef0"] }
    }
  }

  assert {
    condition     = length(module.config_trigger) == 1 && length(module.git_trigger) == 1 && tolist(keys(module.model_registry)) == tolist(["acme-ml-registry", "churn", "fraud"])
    error_message = "bucket, repository and registry: the platform's group, and one a model"
  }
  assert {
    condition     = module.git_trigger[0].pipeline_name == "acme-ml.git-source"
    error_message = "the repository is listened to"
  }
}

run "takes_options_that_are_null" {
  command = apply

  variables {
    external_id = null
    options = {
      allow_detailed_error_messages = true
      config_bucket                 = null
      create_model_package_group    = false
      existing_assets_bucket        = null
      existing_ecr_repository       = null
      git_source                    = null
      kms_key_arn                   = null
      notification_emails           = []
      permissions_boundary_arn      = null
      tags                          = {}
      use_model_registry            = false
      vpc                           = null
    }
  }

  assert {
    condition     = output.assets_bucket == "acme-ml-assets-111111111111-eu-west-1"
    error_message = "null means: not given"
  }
}

run "serves_one_account_with_one_stage" {
  command = apply

  variables {
    stages = [{ name = "prod", account_id = "111111111111", approval = "none", organizational_unit_id = null }]
  }

  assert {
    condition     = jsonencode(local.stage_account_ids) == jsonencode(["111111111111"])
    error_message = "the stage is the orchestrator's own account"
  }
}

run "refuses_a_stage_named_twice" {
  command = plan

  variables {
    stages = [
      { name = "dev", account_id = "222222222222" },
      { name = "dev", account_id = "333333333333" },
    ]
  }

  expect_failures = [var.stages]
}

run "refuses_no_stages" {
  command = plan

  variables {
    stages = []
  }

  expect_failures = [var.stages]
}

run "refuses_a_reserved_stage_name" {
  command = plan

  variables {
    stages = [{ name = "orchestrator", account_id = "222222222222" }]
  }

  expect_failures = [var.stages]
}

run "refuses_an_unknown_kind_of_approval" {
  command = plan

  variables {
    stages = [{ name = "dev", account_id = "222222222222", approval = "maybe" }]
  }

  expect_failures = [var.stages]
}

run "refuses_a_stage_without_a_full_account_id" {
  command = plan

  variables {
    stages = [{ name = "dev", account_id = "222" }]
  }

  expect_failures = [var.stages]
}

run "refuses_a_name_that_is_no_prefix" {
  command = plan

  variables {
    name = "Acme"
  }

  expect_failures = [var.name]
}

run "refuses_an_external_id_that_sts_refuses" {
  command = plan

  variables {
    external_id = "x"
  }

  expect_failures = [var.external_id]
}

run "refuses_a_short_account_id" {
  command = plan

  variables {
    account_id = "1"
  }

  expect_failures = [var.account_id]
}

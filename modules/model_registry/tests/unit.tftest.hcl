# The group with a mocked provider.

mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  account_id         = "111111111111"
  name               = "acme-ml-registry"
  reader_account_ids = ["111111111111", "222222222222"]
}

run "shares_the_group_with_the_stages" {
  command = apply

  assert {
    condition     = aws_sagemaker_model_package_group.this.model_package_group_name == "acme-ml-registry"
    error_message = "the group has the given name"
  }
  assert {
    condition     = length(aws_sagemaker_model_package_group_policy.this) == 1
    error_message = "the stages may deploy from it"
  }
}

run "needs_no_policy_in_one_account" {
  command = apply

  variables {
    reader_account_ids = ["111111111111"]
  }

  assert {
    condition     = length(aws_sagemaker_model_package_group_policy.this) == 0
    error_message = "the owner needs no grant"
  }
}

run "refuses_a_name_that_sagemaker_refuses" {
  command = plan

  variables {
    name = "acme_ml"
  }

  expect_failures = [var.name]
}

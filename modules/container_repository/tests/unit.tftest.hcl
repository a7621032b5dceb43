# The repository with a mocked provider.

mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  kms_key_arn        = "arn:aws:kms:eu-west-1:111111111111:key/k"
  name               = "acme-ml-algorithms"
  reader_account_ids = ["222222222222"]
  role_prefix        = "acme-ml"
}

run "keeps_tags_and_scans_images" {
  command = apply

  assert {
    condition = (
      aws_ecr_repository.this.image_tag_mutability == "IMMUTABLE"
      && aws_ecr_repository.this.image_scanning_configuration[0].scan_on_push
      && aws_ecr_repository.this.encryption_configuration[0].kms_key == "arn:aws:kms:eu-west-1:111111111111:key/k"
      && !aws_ecr_repository.this.force_delete
    )
    error_message = "immutable, scanned, encrypted, kept"
  }
  assert {
    condition = (
      jsondecode(aws_ecr_lifecycle_policy.this.policy).rules[0].selection.tagStatus == "untagged"
      && jsondecode(aws_ecr_lifecycle_policy.this.policy).rules[0].selection.countNumber == 14
    )
    error_message = "only images that no tag names expire"
  }
  assert {
    condition     = length(aws_ecr_repository_policy.this) == 1
    error_message = "the stages may pull"
  }
}

run "needs_no_policy_without_readers" {
  command = apply

  variables {
    reader_account_ids = []
  }

  assert {
    condition     = length(aws_ecr_repository_policy.this) == 0
    error_message = "nobody else reads"
  }
}

run "refuses_a_name_that_ecr_refuses" {
  command = plan

  variables {
    name = "Acme"
  }

  expect_failures = [var.name]
}

run "refuses_to_expire_images_at_once" {
  command = plan

  variables {
    untagged_expiry_days = 0
  }

  expect_failures = [var.untagged_expiry_days]
}

# The module with a mocked provider: what is made, and what is refused.

mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  account_id = "111111111111"
  bucket     = "acme-ml-state-111111111111-eu-west-1"
  name       = "acme-ml"
  stages     = { dev = "222222222222", prod = "444444444444" }
}

run "makes_a_closed_versioned_bucket_with_its_own_key" {
  command = apply

  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "states are versioned"
  }
  assert {
    condition = (
      one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms"
      && one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default[0].kms_master_key_id == aws_kms_key.this[0].arn
      && one(aws_s3_bucket_server_side_encryption_configuration.this.rule).bucket_key_enabled
    )
    error_message = "states are encrypted with the key made here"
  }
  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls,
      aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls,
      aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "nothing is ever public"
  }
  assert {
    condition     = one(aws_s3_bucket_ownership_controls.this.rule).object_ownership == "BucketOwnerEnforced"
    error_message = "the bucket's owner owns what other accounts write"
  }
  assert {
    condition     = !aws_s3_bucket.this.force_destroy && aws_kms_key.this[0].deletion_window_in_days == 30
    error_message = "by default states survive"
  }
  assert {
    condition     = aws_kms_alias.this[0].name == "alias/acme-ml-state" && aws_kms_key.this[0].enable_key_rotation
    error_message = "the key is found by its alias and rotates"
  }
}

run "takes_a_given_key" {
  command = apply

  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:111111111111:key/given"
  }

  assert {
    condition     = length(aws_kms_key.this) == 0 && aws_kms_alias.this[0].target_key_id == "arn:aws:kms:eu-west-1:111111111111:key/given"
    error_message = "no key of our own beside a given one"
  }
  assert {
    condition = (
      output.kms_key_arn == "arn:aws:kms:eu-west-1:111111111111:key/given"
      && one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default[0].kms_master_key_id == output.kms_key_arn
    )
    error_message = "the given key encrypts"
  }
}

run "lets_a_rehearsal_clean_up" {
  command = apply

  variables {
    force_destroy = true
  }

  assert {
    condition     = aws_s3_bucket.this.force_destroy && aws_kms_key.this[0].deletion_window_in_days == 7
    error_message = "states go with the bucket"
  }
}

run "refuses_an_account_id_that_lost_its_zeros" {
  command = plan

  variables {
    account_id = "1111"
  }

  expect_failures = [var.account_id]
}

run "refuses_a_bucket_name_that_s3_refuses" {
  command = plan

  variables {
    bucket = "Acme_State"
  }

  expect_failures = [var.bucket]
}

run "refuses_a_prefix_that_is_too_long" {
  command = plan

  variables {
    name = "a-prefix-of-21-letter"
  }

  expect_failures = [var.name]
}

run "refuses_a_stage_without_a_full_account_id" {
  command = plan

  variables {
    stages = { dev = "2222" }
  }

  expect_failures = [var.stages]
}

run "refuses_more_accounts_than_the_policy_holds" {
  command = plan

  variables {
    stages = { for number in range(21) : "stage-${number}" => format("%012d", number) }
  }

  expect_failures = [var.stages]
}

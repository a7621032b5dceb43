# The buckets with a mocked provider: how each is kept, and what is refused.

mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  account_id = "111111111111"
  bucket_names = {
    artifacts = "acme-ml-artifacts-111111111111-eu-west-1"
    assets    = "acme-ml-assets-111111111111-eu-west-1"
    logs      = "acme-ml-logs-111111111111-eu-west-1"
  }
  name               = "acme-ml"
  reader_account_ids = ["111111111111", "222222222222"]
  state_bucket       = "acme-ml-state-111111111111-eu-west-1"
}

run "keeps_three_closed_versioned_buckets" {
  command = apply

  assert {
    condition     = { for role, it in aws_s3_bucket.this : role => it.bucket } == var.bucket_names
    error_message = "artifacts, assets and logs"
  }
  assert {
    condition     = alltrue([for it in aws_s3_bucket_versioning.this : it.versioning_configuration[0].status == "Enabled"])
    error_message = "all versioned"
  }
  assert {
    condition = alltrue([
      for it in aws_s3_bucket_public_access_block.this :
      it.block_public_acls && it.block_public_policy && it.ignore_public_acls && it.restrict_public_buckets
    ])
    error_message = "none ever public"
  }
  assert {
    condition     = alltrue([for it in aws_s3_bucket_ownership_controls.this : one(it.rule).object_ownership == "BucketOwnerEnforced"])
    error_message = "the owner owns what is put in"
  }
  assert {
    condition     = length(aws_s3_bucket_policy.this) == 3 && alltrue([for it in aws_s3_bucket.this : !it.force_destroy])
    error_message = "each has its policy, and keeps its content"
  }
}

run "encrypts_data_with_the_platforms_key_and_logs_with_s3s" {
  command = apply

  assert {
    condition = {
      for role, it in aws_s3_bucket_server_side_encryption_configuration.this :
      role => one(it.rule).apply_server_side_encryption_by_default[0].sse_algorithm
    } == { artifacts = "aws:kms", assets = "aws:kms", logs = "AES256" }
    error_message = "S3 delivers access logs only to buckets with its own encryption"
  }
  assert {
    condition     = aws_kms_alias.this[0].name == "alias/acme-ml" && output.kms_key_arn == aws_kms_key.this[0].arn
    error_message = "one key, found by its alias"
  }
}

run "logs_access_to_every_bucket_with_data" {
  command = apply

  assert {
    condition     = toset([for it in aws_s3_bucket_logging.this : it.target_prefix]) == toset(["artifacts/", "assets/", "state/"])
    error_message = "artifacts, assets and state"
  }
}

run "expires_codepipelines_artifacts_and_nothing_that_is_kept" {
  command = apply

  assert {
    condition = [
      for rule in aws_s3_bucket_lifecycle_configuration.artifacts.rule : rule.filter[0].prefix if length(rule.expiration) > 0
    ] == ["acme-ml-", "acme-ml."]
    error_message = "bundles/, objects/ and releases/ are never touched"
  }
  assert {
    condition = [
      for rule in aws_s3_bucket_lifecycle_configuration.artifacts.rule : rule.expiration[0].days if length(rule.expiration) > 0
    ] == [14, 14]
    error_message = "plans expire"
  }
}

run "finds_codepipelines_keys_when_the_prefix_fills_them" {
  command = apply

  variables {
    name = "acme-ml-prefix-long1"
  }

  assert {
    condition = [
      for rule in aws_s3_bucket_lifecycle_configuration.artifacts.rule : rule.filter[0].prefix if length(rule.expiration) > 0
    ] == ["acme-ml-prefix-long1"]
    error_message = "CodePipeline cuts names at 20 characters"
  }
}

run "uses_an_existing_assets_bucket_and_leaves_it_alone" {
  command = apply

  variables {
    existing_assets_bucket = "their-models"
  }

  assert {
    condition     = toset(keys(aws_s3_bucket.this)) == toset(["artifacts", "logs"]) && toset(keys(aws_s3_bucket_policy.this)) == toset(["artifacts", "logs"])
    error_message = "no bucket, no policy, no setting of it"
  }
  assert {
    condition     = output.assets_bucket == "their-models" && toset(keys(aws_s3_bucket_logging.this)) == toset(["artifacts", "state"])
    error_message = "but it is the assets bucket"
  }
}

run "uses_a_given_key" {
  command = apply

  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:111111111111:key/given"
  }

  assert {
    condition     = length(aws_kms_key.this) == 0 && length(aws_kms_alias.this) == 0 && output.kms_key_arn == "arn:aws:kms:eu-west-1:111111111111:key/given"
    error_message = "no key of our own beside it"
  }
}

run "lets_a_rehearsal_clean_up" {
  command = apply

  variables {
    force_destroy = true
  }

  assert {
    condition     = alltrue([for it in aws_s3_bucket.this : it.force_destroy]) && aws_kms_key.this[0].deletion_window_in_days == 7
    error_message = "content goes with the buckets"
  }
}

run "refuses_a_key_given_by_alias" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:111111111111:alias/theirs"
  }

  expect_failures = [var.kms_key_arn]
}

run "refuses_plans_that_never_expire" {
  command = plan

  variables {
    artifact_expiry_days = 0
  }

  expect_failures = [var.artifact_expiry_days]
}

run "refuses_logs_that_expire_at_once" {
  command = plan

  variables {
    log_retention_days = 0
  }

  expect_failures = [var.log_retention_days]
}

run "refuses_a_bucket_name_that_s3_refuses" {
  command = plan

  variables {
    bucket_names = { artifacts = "Acme", assets = "acme-assets", logs = "acme-logs" }
  }

  expect_failures = [var.bucket_names]
}

run "refuses_a_name_that_is_no_prefix" {
  command = plan

  variables {
    name = "Acme"
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

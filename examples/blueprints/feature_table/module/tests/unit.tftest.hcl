# The table and its reader with a mocked provider.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }
}

variables {
  account_id = "222222222222"
  name       = "acme-ml-dev-users"
  record_key = { name = "user_id" }
}

run "a_table_is_paid_by_request_encrypted_and_restorable" {
  assert {
    condition     = aws_dynamodb_table.this.billing_mode == "PAY_PER_REQUEST" && aws_dynamodb_table.this.server_side_encryption[0].enabled && aws_dynamodb_table.this.point_in_time_recovery[0].enabled
    error_message = "cheap and safe without a word"
  }
  assert {
    condition     = aws_dynamodb_table.this.hash_key == "user_id" && aws_dynamodb_table.this.range_key == null && length(aws_dynamodb_table.this.attribute) == 1
    error_message = "one key"
  }
  assert {
    condition     = length(aws_iam_role.reader) == 0 && output.reader_role_arn == null && length(output.live) == 2
    error_message = "nobody reads, nothing expires"
  }
}

run "every_setting_reaches_the_table_and_what_is_checked" {
  variables {
    capacity_read            = 5
    capacity_write           = 2
    deletion_protection      = true
    expiry_attribute         = "expires_at"
    kms_key_arn              = "arn:aws:kms:eu-west-1:222222222222:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    permissions_boundary_arn = "arn:aws:iam::222222222222:policy/boundary"
    point_in_time_recovery   = false
    reader_arns              = ["arn:aws:iam::222222222222:role/churn-service"]
    sort_key                 = { name = "valid_from", type = "N" }
    tags                     = { Team = "growth" }
  }

  assert {
    condition     = aws_dynamodb_table.this.billing_mode == "PROVISIONED" && aws_dynamodb_table.this.read_capacity == 5 && aws_dynamodb_table.this.write_capacity == 2
    error_message = "the capacity is as given"
  }
  assert {
    condition     = aws_dynamodb_table.this.deletion_protection_enabled && !aws_dynamodb_table.this.point_in_time_recovery[0].enabled && one(aws_dynamodb_table.this.ttl[*].attribute_name) == "expires_at"
    error_message = "the settings are as given"
  }
  assert {
    condition     = { for attribute in aws_dynamodb_table.this.attribute : attribute.name => attribute.type } == { user_id = "S", valid_from = "N" }
    error_message = "both keys"
  }
  assert {
    condition     = aws_iam_role.reader[0].permissions_boundary == var.permissions_boundary_arn && aws_iam_role.reader[0].tags == tomap({ Team = "growth" })
    error_message = "the role is bounded and tagged"
  }
  assert {
    condition     = output.live[*].operation == ["describe_table", "describe_continuous_backups", "describe_time_to_live", "get_role"]
    error_message = "everything is checked"
  }
  assert {
    condition     = output.live[0].expect["Table.SSEDescription.KMSMasterKeyArn"] == var.kms_key_arn && output.live[0].expect["Table.KeySchema[].AttributeName"] == ["user_id", "valid_from"]
    error_message = "key and keys are checked"
  }
}

run "refuses_half_a_capacity" {
  command = plan

  variables {
    capacity_read = 5
  }

  expect_failures = [var.capacity_read]
}

# The batch transform module with the provider mocked: the model, names, what is refused.

mock_provider "aws" {
  source = "../../../tests/mocks"
}

variables {
  account_id = "111111111111"
  name       = "acme-ml-dev-churn-batch-builtin"
  model      = { image_uri = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:1.7-1", artifact_s3_uri = "s3://acme-ml-artifacts/objects/0abc/model.tar.gz" }
  input      = { s3_uri = "s3://my-data-bucket/batch/in.csv" }
  output     = { s3_uri = "s3://my-data-bucket/batch/out" }
  instances  = { type = "ml.m5.large" }
}

run "a_model_carries_a_hash_of_its_content" {
  assert {
    condition     = aws_sagemaker_model.this.name == "${var.name}-${substr(sha256(jsonencode([var.model, var.vpc])), 0, 8)}"
    error_message = "another artifact makes another model"
  }
  assert {
    condition     = aws_sagemaker_model.this.primary_container[0].model_data_url == "s3://acme-ml-artifacts/objects/0abc/model.tar.gz" && length(aws_sagemaker_model.this.primary_container[0].model_data_source) == 0
    error_message = "an object is taken as an archive"
  }
  assert {
    condition     = aws_sagemaker_model.this.execution_role_arn == "arn:aws:iam::111111111111:role/${var.name}-execution"
    error_message = "the model works with this module's role"
  }
}

run "a_folder_is_taken_uncompressed" {
  variables {
    model = { image_uri = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:1.7-1", artifact_s3_uri = "s3://acme-ml-artifacts/objects/0abc/model/" }
  }

  assert {
    condition     = aws_sagemaker_model.this.primary_container[0].model_data_url == null && aws_sagemaker_model.this.primary_container[0].model_data_source[0].s3_data_source[0].compression_type == "None"
    error_message = "a prefix that ends in / is a folder"
  }
}

run "a_registered_version_brings_its_own_image_and_artifact" {
  variables {
    model = { model_package_arn = "arn:aws:sagemaker:eu-west-1:999999999999:model-package/churn/3" }
    vpc   = { subnet_ids = ["subnet-0aaaaaaa"], security_group_ids = ["sg-0bbbbbbb"] }
  }

  assert {
    condition     = aws_sagemaker_model.this.primary_container[0].model_package_name == "arn:aws:sagemaker:eu-west-1:999999999999:model-package/churn/3" && aws_sagemaker_model.this.primary_container[0].image == null
    error_message = "the package alone"
  }
  assert {
    condition     = aws_sagemaker_model.this.vpc_config[0].subnets == toset(["subnet-0aaaaaaa"])
    error_message = "the containers are reached through the VPC"
  }
}

run "refuses_a_model_that_is_both_image_and_package" {
  command = plan

  variables {
    model = { image_uri = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:1.7-1", model_package_arn = "arn:aws:sagemaker:eu-west-1:999999999999:model-package/churn/3" }
  }

  expect_failures = [var.model]
}

run "refuses_to_join_what_has_different_formats" {
  command = plan

  variables {
    output = { s3_uri = "s3://my-data-bucket/batch/out", join_source = "Input", accept = "application/json" }
  }

  expect_failures = [var.output]
}

run "refuses_to_batch_files_that_are_not_split" {
  command = plan

  variables {
    input    = { s3_uri = "s3://my-data-bucket/batch/in.csv", split_type = "None" }
    batching = { strategy = "MultiRecord" }
  }

  expect_failures = [var.batching]
}

run "refuses_more_payload_than_the_model_can_hold" {
  command = plan

  variables {
    batching = { max_payload_mb = 50, max_concurrent_transforms = 4 }
  }

  expect_failures = [var.batching]
}

run "refuses_a_filter_that_is_no_jsonpath" {
  command = plan

  variables {
    input = { s3_uri = "s3://my-data-bucket/batch/in.csv", filter = "features" }
  }

  expect_failures = [var.input]
}

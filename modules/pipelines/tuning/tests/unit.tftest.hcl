# The tuning module with the provider mocked: names, and what is refused.

mock_provider "aws" {
  source = "../../../tests/mocks"
}

variables {
  account_id    = "111111111111"
  name          = "acme-ml-orchestrator-churn-tuner-builtin"
  algorithm     = { image_uri = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:1.7-1" }
  channels      = { train = { s3_uri = "s3://acme-ml-assets/train/data.csv" } }
  instances     = { type = "ml.m5.xlarge" }
  output_s3_uri = "s3://acme-ml-assets/tuning-output"
  ranges        = { continuous = { eta = { min = 0.1, max = 0.5 } } }
  tuning        = { objective_metric = "validation:auc", max_jobs = 10, max_parallel_jobs = 2 }
}

run "job_names_fit_the_32_characters_of_a_tuning_job" {
  assert {
    condition     = output.job_name_prefix == "acme-ml-orch-${substr(sha256(var.name), 0, 8)}" && length(output.job_name_prefix) + 11 <= 32
    error_message = "12 characters, a hyphen, 8 digits; a hyphen and 10 digits follow"
  }
  assert {
    condition     = output.jobs[0].arn == aws_sfn_state_machine.this.arn && output.live[0].kind == "state_machine_execution"
    error_message = "the delivery starts the machine and waits for it"
  }
}

run "a_short_job_name_is_kept_whole" {
  variables {
    job_name = "Churn-tuner-of-Monday"
  }

  assert {
    condition     = output.job_name_prefix == "Churn-tuner-of-Monday"
    error_message = "21 characters fit"
  }
}

run "refuses_a_search_without_an_end" {
  command = plan

  variables {
    tuning = { objective_metric = "validation:auc" }
  }

  expect_failures = [var.tuning]
}

run "refuses_more_jobs_at_a_time_than_in_all" {
  command = plan

  variables {
    tuning = { objective_metric = "validation:auc", max_jobs = 2, max_parallel_jobs = 3 }
  }

  expect_failures = [var.tuning]
}

run "refuses_early_stopping_beside_hyperband" {
  command = plan

  variables {
    tuning = { objective_metric = "validation:auc", max_jobs = 9, strategy = "Hyperband", early_stopping = "Auto" }
  }

  expect_failures = [var.tuning]
}

run "refuses_a_grid_over_a_continuous_range" {
  command = plan

  variables {
    tuning = { objective_metric = "validation:auc", strategy = "Grid" }
  }

  expect_failures = [var.ranges]
}

run "refuses_a_range_that_is_upside_down" {
  command = plan

  variables {
    ranges = { continuous = { eta = { min = 0.5, max = 0.1 } } }
  }

  expect_failures = [var.ranges]
}

run "refuses_logarithms_of_zero" {
  command = plan

  variables {
    ranges = { continuous = { eta = { min = 0, max = 0.1, scaling = "Logarithmic" } } }
  }

  expect_failures = [var.ranges]
}

run "refuses_two_ranges_for_one_hyperparameter" {
  command = plan

  variables {
    ranges = { continuous = { eta = { min = 0.1, max = 0.5 } }, categorical = { eta = ["0.1", "0.2"] } }
  }

  expect_failures = [var.ranges]
}

run "refuses_no_range_at_all" {
  command = plan

  variables {
    ranges = {}
  }

  expect_failures = [var.ranges]
}

# The pipeline with a mocked provider: its stages, what each action is told, what is refused.

mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  artifacts_bucket = "acme-ml-artifacts-111111111111-eu-west-1"
  bundle_key       = "bundles/churn-realtime-builtin/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.zip"
  kms_key_arn      = "arn:aws:kms:eu-west-1:111111111111:alias/acme-ml"
  name             = "acme-ml-churn-realtime-builtin"
  pipeline         = "churn-realtime-builtin"
  project_names    = { apply = "acme-ml-apply", plan = "acme-ml-plan", verify = "acme-ml-verify" }
  role_arn         = "arn:aws:iam::111111111111:role/acme-ml-codepipeline"
  stages = [
    { name = "dev", account_id = "222222222222", approval = "none" },
    { name = "staging", account_id = "333333333333", approval = "manual" },
    { name = "prod", account_id = "444444444444", approval = "manual" },
  ]
  topic_arn = "arn:aws:sns:eu-west-1:111111111111:acme-ml-notifications"
}

run "walks_the_stages_in_order" {
  command = apply

  assert {
    condition = [for stage in aws_codepipeline.this.stage : stage.name] == [
      "Source",
      "dev-plan", "dev-apply",
      "staging-plan", "staging-approve", "staging-apply",
      "prod-plan", "prod-approve", "prod-apply",
    ]
    error_message = "plan, approve where asked, apply; in the platform's order"
  }
  assert {
    condition     = aws_codepipeline.this.pipeline_type == "V2" && aws_codepipeline.this.execution_mode == "QUEUED"
    error_message = "executions wait for each other"
  }
  assert {
    condition     = [for it in aws_codepipeline.this.variable : [it.name, it.default_value]] == [["mode", "apply"]]
    error_message = "an execution applies unless it is told to destroy"
  }
  assert {
    condition = (
      one(aws_codepipeline.this.artifact_store).location == "acme-ml-artifacts-111111111111-eu-west-1"
      && one(aws_codepipeline.this.artifact_store).encryption_key[0].id == "arn:aws:kms:eu-west-1:111111111111:alias/acme-ml"
    )
    error_message = "artifacts are kept encrypted"
  }
}

run "takes_the_bundle_that_an_execution_names" {
  command = apply

  assert {
    condition = aws_codepipeline.this.stage[0].action[0].configuration == tomap({
      AllowOverrideForS3ObjectKey = "true"
      PollForSourceChanges        = "false"
      S3Bucket                    = "acme-ml-artifacts-111111111111-eu-west-1"
      S3ObjectKey                 = var.bundle_key
    })
    error_message = "the source never polls, and a start may name another bundle"
  }
  assert {
    condition = (
      aws_codepipeline.this.stage[0].action[0].name == "Bundle"
      && aws_codepipeline.this.stage[0].action[0].namespace == "Source"
      && aws_codepipeline.this.stage[0].action[0].output_artifacts == tolist(["bundle"])
    )
    error_message = "the source's names are what starts and builds refer to"
  }
}

run "plans_with_the_bundle_and_the_mode" {
  command = apply

  assert {
    condition = (
      aws_codepipeline.this.stage[3].action[0].configuration.ProjectName == "acme-ml-plan"
      && aws_codepipeline.this.stage[3].action[0].namespace == "staging_plan"
      && aws_codepipeline.this.stage[3].action[0].input_artifacts == tolist(["bundle"])
      && aws_codepipeline.this.stage[3].action[0].output_artifacts == tolist(["staging_plan"])
    )
    error_message = "the plan is an artifact of its own and its variables have a namespace"
  }
  assert {
    condition = {
      for it in jsondecode(aws_codepipeline.this.stage[3].action[0].configuration.EnvironmentVariables) :
      it.name => it.value if it.type == "PLAINTEXT"
      } == {
      BUNDLE_KEY   = "#{Source.ObjectKey}"
      EXECUTION_ID = "#{codepipeline.PipelineExecutionId}"
      MODE         = "#{variables.mode}"
      PIPELINE     = "churn-realtime-builtin"
      STAGE        = "staging"
    }
    error_message = "a plan knows its stage, bundle, mode and execution"
  }
}

run "asks_only_when_the_plan_changes_something" {
  command = apply

  assert {
    condition = (
      aws_codepipeline.this.stage[4].before_entry[0].condition[0].result == "SKIP"
      && aws_codepipeline.this.stage[4].before_entry[0].condition[0].rule[0].rule_type_id[0].provider == "VariableCheck"
      && aws_codepipeline.this.stage[4].before_entry[0].condition[0].rule[0].configuration == tomap({
        Operator = "NE"
        Value    = "0"
        Variable = "#{staging_plan.PLAN_CHANGES}"
      })
    )
    error_message = "an empty plan skips the approval"
  }
  assert {
    condition = aws_codepipeline.this.stage[4].action[0].configuration == tomap({
      CustomData      = "#{staging_plan.PLAN_SUMMARY}"
      NotificationArn = "arn:aws:sns:eu-west-1:111111111111:acme-ml-notifications"
    })
    error_message = "the approver is sent the plan's summary"
  }
  assert {
    condition     = alltrue([for index in [0, 1, 2, 3, 5, 6, 8] : length(aws_codepipeline.this.stage[index].before_entry) == 0])
    error_message = "no other stage is ever skipped"
  }
}

run "applies_and_verifies_that_very_plan" {
  command = apply

  assert {
    condition = [
      for action in aws_codepipeline.this.stage[5].action :
      [action.name, action.run_order, action.configuration.ProjectName, action.configuration.PrimarySource, action.input_artifacts]
      ] == [
      ["Apply", 1, "acme-ml-apply", "bundle", tolist(["bundle", "staging_plan"])],
      ["Verify", 2, "acme-ml-verify", "bundle", tolist(["bundle", "staging_plan"])],
    ]
    error_message = "apply, then verify, each with the bundle and the saved plan"
  }
  assert {
    condition = alltrue([
      for action in aws_codepipeline.this.stage[5].action :
      contains(jsondecode(action.configuration.EnvironmentVariables), {
        name = "PLAN_SHA256", type = "PLAINTEXT", value = "#{staging_plan.PLAN_SHA256}"
      })
    ])
    error_message = "both are told the hash of the plan that was approved"
  }
}

run "walks_one_stage" {
  command = apply

  variables {
    stages = [{ name = "orchestrator", account_id = "111111111111", approval = "none" }]
  }

  assert {
    condition     = [for stage in aws_codepipeline.this.stage : stage.name] == ["Source", "orchestrator-plan", "orchestrator-apply"]
    error_message = "one stage is enough"
  }
}

run "walks_sixteen_stages_with_approvals" {
  command = apply

  variables {
    stages = [for number in range(16) : { name = "stage-${number}", account_id = "222222222222", approval = "manual" }]
  }

  assert {
    condition     = length(aws_codepipeline.this.stage) == 49
    error_message = "as many as CodePipeline allows"
  }
}

run "refuses_more_stages_than_codepipeline_allows" {
  command = plan

  variables {
    stages = [for number in range(17) : { name = "stage-${number}", account_id = "222222222222", approval = "manual" }]
  }

  expect_failures = [var.stages]
}

run "refuses_no_stage" {
  command = plan

  variables {
    stages = []
  }

  expect_failures = [var.stages]
}

run "refuses_a_stage_named_twice" {
  command = plan

  variables {
    stages = [
      { name = "dev", account_id = "222222222222", approval = "none" },
      { name = "dev", account_id = "333333333333", approval = "none" },
    ]
  }

  expect_failures = [var.stages]
}

run "refuses_an_unknown_kind_of_approval" {
  command = plan

  variables {
    stages = [{ name = "dev", account_id = "222222222222", approval = "sometimes" }]
  }

  expect_failures = [var.stages]
}

run "refuses_a_stage_name_that_variables_cannot_carry" {
  command = plan

  variables {
    stages = [{ name = "Dev.1", account_id = "222222222222", approval = "none" }]
  }

  expect_failures = [var.stages]
}

run "refuses_a_bundle_that_no_digest_names" {
  command = plan

  variables {
    bundle_key = "bundles/churn/latest.zip"
  }

  expect_failures = [var.bundle_key]
}

run "refuses_a_key_that_is_no_arn" {
  command = plan

  variables {
    kms_key_arn = "alias/acme-ml"
  }

  expect_failures = [var.kms_key_arn]
}

run "refuses_a_name_that_codepipeline_refuses" {
  command = plan

  variables {
    name = "acme ml"
  }

  expect_failures = [var.name]
}

run "refuses_an_environment_that_codepipeline_would_cut" {
  command = plan

  variables {
    pipeline = join("", [for number in range(60) : "pipeline-"])
  }

  expect_failures = [aws_codepipeline.this]
}

run "hears_of_nothing_unless_asked" {
  command = apply

  assert {
    condition     = length(aws_cloudwatch_event_rule.approved) == 0 && length(aws_cloudwatch_event_target.approved) == 0
    error_message = "a pipeline that does not deploy on approval has no rule"
  }
}

run "hears_of_the_versions_that_are_approved_in_its_group" {
  command = apply

  variables {
    on_approval = {
      function_arn             = "arn:aws:lambda:eu-west-1:111111111111:function:acme-ml-orchestrator"
      model_package_group_name = "churn"
      rule_name                = "acme-ml.approved-churn-realtime-builtin"
    }
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.approved["this"].event_pattern) == {
      account     = ["111111111111"]
      source      = ["aws.sagemaker"]
      detail-type = ["SageMaker Model Package State Change"]
      detail = {
        ModelApprovalStatus   = ["Approved"]
        ModelPackageGroupName = ["churn"]
        ModelPackageStatus    = ["Completed"]
      }
    }
    error_message = "exactly the approved versions of its group, in its own account"
  }
  assert {
    condition = (
      aws_cloudwatch_event_target.approved["this"].arn == "arn:aws:lambda:eu-west-1:111111111111:function:acme-ml-orchestrator"
      && aws_cloudwatch_event_target.approved["this"].rule == "acme-ml.approved-churn-realtime-builtin"
      && one(aws_cloudwatch_event_target.approved["this"].input_transformer).input_paths == tomap({ model_package = "$.detail.ModelPackageArn" })
      && jsondecode(replace(one(aws_cloudwatch_event_target.approved["this"].input_transformer).input_template, "<model_package>", "\"arn\"")) == {
        approved = { bundle_key = var.bundle_key, model_package_arn = "arn", pipeline = "churn-realtime-builtin" }
      }
    )
    error_message = "the orchestrator is told the version, the pipeline, and the bundle whose config is wanted"
  }
}

run "refuses_a_rule_name_that_eventbridge_refuses" {
  command = plan

  variables {
    on_approval = {
      function_arn             = "arn:aws:lambda:eu-west-1:111111111111:function:acme-ml-orchestrator"
      model_package_group_name = "churn"
      rule_name                = join("", [for number in range(65) : "r"])
    }
  }

  expect_failures = [var.on_approval]
}

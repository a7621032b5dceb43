# The trigger with a mocked provider: both kinds of repository, and what is refused.

mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  account_id       = "111111111111"
  artifacts_bucket = "acme-ml-artifacts-111111111111-eu-west-1"
  function = {
    arn  = "arn:aws:lambda:eu-west-1:111111111111:function:acme-ml-orchestrator"
    name = "acme-ml-orchestrator"
  }
  git_source = {
    connection_arn = "arn:aws:codeconnections:eu-west-1:111111111111:connection/11111111-2222-3333-4444-555555555555"
    repository     = "acme/ml-configs"
  }
  kms_key_arn = "arn:aws:kms:eu-west-1:111111111111:key/k"
  name        = "acme-ml"
  topic_arn   = "arn:aws:sns:eu-west-1:111111111111:acme-ml-notifications"
}

run "listens_through_a_connection_to_pushes_that_touch_the_folder" {
  command = apply

  assert {
    condition = aws_codepipeline.this.stage[0].action[0].configuration == tomap({
      BranchName       = "main"
      ConnectionArn    = var.git_source.connection_arn
      DetectChanges    = "false"
      FullRepositoryId = "acme/ml-configs"
    })
    error_message = "the connection's repository and branch"
  }
  assert {
    condition = (
      aws_codepipeline.this.trigger[0].git_configuration[0].push[0].branches[0].includes == tolist(["main"])
      && aws_codepipeline.this.trigger[0].git_configuration[0].push[0].file_paths[0].includes == tolist(["**/mlops-config*.json", "mlops-config*.json", "**/mlops-config*.yml", "mlops-config*.yml", "**/mlops-config*.yaml", "mlops-config*.yaml"])
    )
    error_message = "only pushes to the branch that touch the folder"
  }
  assert {
    condition     = aws_codepipeline.this.name == "acme-ml.git-source" && length(aws_cloudwatch_event_rule.push) == 0
    error_message = "no delivery pipeline is called like this, and no rule is needed"
  }
  assert {
    condition     = { for it in one(aws_codebuild_project.submit.environment).environment_variable : it.name => it.value } == { CONFIG_PATHS = jsonencode(["**/mlops-config*.json", "mlops-config*.json", "**/mlops-config*.yml", "mlops-config*.yml", "**/mlops-config*.yaml", "mlops-config*.yaml"]), FUNCTION_NAME = "acme-ml-orchestrator" }
    error_message = "values reach the program through its environment"
  }
  assert {
    condition     = strcontains(jsondecode(one(aws_codebuild_project.submit.source).buildspec).phases.build.commands[0], file("submit.py"))
    error_message = "the program is the module's own"
  }
  assert {
    condition     = aws_cloudwatch_event_target.topic.arn == var.topic_arn
    error_message = "a refused push is told"
  }
}

run "listens_to_codecommit_by_a_rule" {
  command = apply

  variables {
    git_source = { branch = "live", repository = "ml-configs" }
  }

  assert {
    condition = aws_codepipeline.this.stage[0].action[0].configuration == tomap({
      BranchName           = "live"
      PollForSourceChanges = "false"
      RepositoryName       = "ml-configs"
    })
    error_message = "the repository of this account"
  }
  assert {
    condition = (
      length(aws_codepipeline.this.trigger) == 0
      && jsondecode(aws_cloudwatch_event_rule.push[0].event_pattern).detail.referenceName == ["live"]
      && aws_cloudwatch_event_target.pipeline[0].arn == aws_codepipeline.this.arn
    )
    error_message = "the rule starts the pipeline"
  }
}

run "refuses_a_connection_that_is_none" {
  command = plan

  variables {
    git_source = { connection_arn = "my-connection", repository = "acme/ml-configs" }
  }

  expect_failures = [var.git_source]
}

run "refuses_a_connected_repository_without_an_owner" {
  command = plan

  variables {
    git_source = {
      connection_arn = "arn:aws:codeconnections:eu-west-1:111111111111:connection/11111111-2222-3333-4444-555555555555"
      repository     = "ml-configs"
    }
  }

  expect_failures = [var.git_source]
}

run "refuses_a_folder_outside_the_repository" {
  command = plan

  variables {
    git_source = { paths = ["/other"], repository = "ml-configs" }
  }

  expect_failures = [var.git_source]
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

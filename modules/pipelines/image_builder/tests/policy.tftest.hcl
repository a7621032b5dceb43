# The policies as the real provider makes them, offline: who may what, exactly.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

# The provider asks Step Functions to validate a definition while it plans; that is left to
# tests/terraform/test_job_definitions.py, which answers it.
override_resource {
  target = aws_sfn_state_machine.this
}

variables {
  account_id                 = "111111111111"
  name                       = "forest-builder"
  repository_name            = "algos"
  image_tag                  = "forest1"
  source_code                = { s3_uri = "s3://artifacts/objects/0abc/forest.zip" }
  base_image_repository_arns = ["arn:aws:ecr:eu-west-1:763104351884:repository/pytorch-inference"]
  data_kms_key_arns          = ["arn:aws:kms:eu-west-1:111111111111:key/11111111-1111-1111-1111-111111111111"]
  docker_hub_secret_arn      = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:docker-hub-AbCdEf"
}

run "a_build_pushes_to_one_repository_and_pulls_its_base_images" {
  command = plan

  assert {
    condition = { for statement in jsondecode(data.aws_iam_policy_document.build.json).Statement : statement.Sid => statement.Resource } == {
      LogInToRegistries = "*"
      Push              = "arn:aws:ecr:eu-west-1:111111111111:repository/algos"
      PullBaseImages    = "arn:aws:ecr:eu-west-1:763104351884:repository/pytorch-inference"
      ReadSource        = "arn:aws:s3:::artifacts/objects/0abc/forest.zip"
      FindSource        = "arn:aws:s3:::artifacts"
      Decrypt           = "arn:aws:kms:eu-west-1:111111111111:key/11111111-1111-1111-1111-111111111111"
      ReadLogin         = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:docker-hub-AbCdEf"
      Log               = "arn:aws:logs:eu-west-1:111111111111:log-group:/aws/codebuild/forest-builder:log-stream:*"
    }
    error_message = "one repository, one base image, one zip, one key, one login, one log group"
  }
  assert {
    condition     = one([for statement in jsondecode(data.aws_iam_policy_document.build.json).Statement : statement.Action if statement.Sid == "PullBaseImages"]) == ["ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage", "ecr:BatchCheckLayerAvailability"]
    error_message = "base images are read only"
  }
  assert {
    condition = jsondecode(data.aws_iam_policy_document.build_trust.json).Statement[0].Condition == {
      StringEquals = { "aws:SourceAccount" = "111111111111" }
      ArnEquals    = { "aws:SourceArn" = "arn:aws:codebuild:eu-west-1:111111111111:project/forest-builder" }
    }
    error_message = "only this project takes the role"
  }
}

run "the_machine_builds_with_one_project_and_tags_in_one_repository" {
  command = plan

  variables {
    scan = { max_findings = { CRITICAL = 0 } }
  }

  assert {
    condition = { for statement in jsondecode(data.aws_iam_policy_document.run.json).Statement : statement.Sid => [statement.Action, statement.Resource] } == {
      RunBuilds    = [["codebuild:StopBuild", "codebuild:StartBuild", "codebuild:BatchGetBuilds"], "arn:aws:codebuild:eu-west-1:111111111111:project/forest-builder"]
      HearOfTheEnd = [["events:PutTargets", "events:PutRule", "events:DescribeRule"], "arn:aws:events:eu-west-1:111111111111:rule/StepFunctionsGetEventForCodeBuildStartBuildRule"]
      Tag          = [["ecr:PutImage", "ecr:DescribeImages", "ecr:BatchGetImage"], "arn:aws:ecr:eu-west-1:111111111111:repository/algos"]
      Scan         = [["ecr:StartImageScan", "ecr:DescribeImageScanFindings"], "arn:aws:ecr:eu-west-1:111111111111:repository/algos"]
      AskInspector = [["inspector2:ListFindings", "inspector2:ListCoverage"], "*"]
    }
    error_message = "one project, one repository"
  }
}

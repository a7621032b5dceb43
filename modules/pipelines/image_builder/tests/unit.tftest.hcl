# The image builder module with the provider mocked: sources, machines, what is refused.

mock_provider "aws" {
  source = "../../../tests/mocks"
}

variables {
  account_id      = "111111111111"
  name            = "acme-ml-orchestrator-forest1-image-builder"
  repository_name = "algos"
  image_tag       = "forest1"
  source_code     = { s3_uri = "s3://acme-ml-assets/images/forest.zip" }
}

run "builds_from_a_zip_in_a_privileged_container" {
  assert {
    condition     = aws_codebuild_project.this.source[0].type == "S3" && aws_codebuild_project.this.source[0].location == "acme-ml-assets/images/forest.zip"
    error_message = "the zip is CodeBuild's source"
  }
  assert {
    condition     = aws_codebuild_project.this.environment[0].privileged_mode && aws_codebuild_project.this.environment[0].type == "LINUX_CONTAINER" && aws_codebuild_project.this.environment[0].compute_type == "BUILD_GENERAL1_SMALL"
    error_message = "docker needs a privileged container; small is enough"
  }
  assert {
    condition     = output.image_uri == "111111111111.dkr.ecr.eu-west-1.amazonaws.com/algos:forest1"
    error_message = "the URI is the repository's, with the tag"
  }
  assert {
    condition     = aws_codebuild_project.this.cache[0].type == "LOCAL" && contains(aws_codebuild_project.this.cache[0].modes, "LOCAL_DOCKER_LAYER_CACHE")
    error_message = "layers are cached"
  }
}

run "builds_from_git_for_arm" {
  variables {
    source_code = { git = { host = "gitlab", url = "https://gitlab.com/acme/forest.git", ref = "v1", connection_arn = "arn:aws:codeconnections:eu-west-1:111111111111:connection/12345678-1234-1234-1234-123456789012" } }
    build       = { architecture = "arm64", machine = "large", arguments = { PYTHON = "3.12" } }
  }

  assert {
    condition     = aws_codebuild_project.this.source[0].type == "GITLAB" && aws_codebuild_project.this.source_version == "v1" && aws_codebuild_project.this.source[0].auth[0].type == "CODECONNECTIONS"
    error_message = "the repository, at the tag, through the connection"
  }
  assert {
    condition     = aws_codebuild_project.this.environment[0].type == "ARM_CONTAINER" && aws_codebuild_project.this.environment[0].compute_type == "BUILD_GENERAL1_LARGE" && strcontains(aws_codebuild_project.this.environment[0].image, "aarch64")
    error_message = "an Arm machine builds for Arm"
  }
  assert {
    condition     = strcontains(jsondecode(aws_codebuild_project.this.source[0].buildspec).phases.build.commands[1], "--build-arg PYTHON=\"$BUILD_ARGUMENT_PYTHON\"") && strcontains(jsondecode(aws_codebuild_project.this.source[0].buildspec).phases.build.commands[1], "--platform linux/arm64")
    error_message = "arguments travel in the environment"
  }
}

run "a_pinned_version_of_the_zip_is_what_is_built" {
  variables {
    source_code = { s3_uri = "s3://acme-ml-artifacts/objects/0abc/forest.zip", s3_version_id = "3sL4kqtJlcpXroDTDmJ" }
  }

  assert {
    condition     = aws_codebuild_project.this.source_version == "3sL4kqtJlcpXroDTDmJ"
    error_message = "the object's version"
  }
}

run "refuses_two_sources" {
  command = plan

  variables {
    source_code = { s3_uri = "s3://acme-ml-assets/images/forest.zip", git = { host = "github", url = "https://github.com/acme/forest.git" } }
  }

  expect_failures = [var.source_code]
}

run "refuses_a_login_in_the_url" {
  command = plan

  variables {
    source_code = { git = { host = "github", url = "https://me:secret@github.com/acme/forest.git" } }
  }

  expect_failures = [var.source_code]
}

run "refuses_to_leave_the_source" {
  command = plan

  variables {
    build = { context = "../other" }
  }

  expect_failures = [var.build]
}

run "refuses_a_severity_that_ecr_does_not_know" {
  command = plan

  variables {
    scan = { max_findings = { URGENT = 0 } }
  }

  expect_failures = [var.scan]
}

run "refuses_a_tag_that_leaves_no_room" {
  command = plan

  variables {
    image_tag = join("", [for index in range(118) : "a"])
  }

  expect_failures = [var.image_tag]
}

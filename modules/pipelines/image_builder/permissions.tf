# What the state machine may do: run its own build, look at the image and tag it.

data "aws_iam_policy_document" "run" {
  statement {
    sid       = "RunBuilds"
    actions   = ["codebuild:BatchGetBuilds", "codebuild:StartBuild", "codebuild:StopBuild"]
    resources = [local.project_arn]
  }

  # Step Functions learns that a build has ended from a rule of this name, which it makes itself.
  statement {
    sid       = "HearOfTheEnd"
    actions   = ["events:DescribeRule", "events:PutRule", "events:PutTargets"]
    resources = ["arn:${local.partition}:events:${local.region}:${var.account_id}:rule/StepFunctionsGetEventForCodeBuildStartBuildRule"]
  }

  statement {
    sid       = "Tag"
    actions   = ["ecr:BatchGetImage", "ecr:DescribeImages", "ecr:PutImage"]
    resources = [local.repository_arn]
  }

  dynamic "statement" {
    for_each = var.scan[*]

    content {
      sid       = "Scan"
      actions   = ["ecr:DescribeImageScanFindings", "ecr:StartImageScan"]
      resources = [local.repository_arn]
    }
  }

  # Where ECR's enhanced scanning is on, the findings are Inspector's.
  dynamic "statement" {
    for_each = var.scan[*]

    content {
      sid     = "AskInspector"
      actions = ["inspector2:ListCoverage", "inspector2:ListFindings"]
      # wildcard: Inspector has no resource level for lists.
      resources = ["*"]
    }
  }
}

resource "aws_iam_role" "states" {
  name               = "contract-states"
  assume_role_policy = local.trust["states"]
}

resource "aws_iam_role_policy" "states" {
  role = aws_iam_role.states.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["events:PutTargets", "events:PutRule", "events:DescribeRule", "logs:*"]
      Resource = "*"
    }]
  })
}

resource "aws_cloudwatch_log_group" "states" {
  name = "/aws/vendedlogs/states/contract"
}

resource "aws_sfn_state_machine" "transform" {
  name     = "transform"
  role_arn = aws_iam_role.states.arn
  definition = jsonencode({
    Comment = "Revision ${var.revision}"
    StartAt = "Transform"
    States = {
      Transform = {
        Type     = "Task"
        Resource = "arn:aws:states:::sagemaker:createTransformJob.sync"
        Parameters = {
          "TransformJobName.$" = "$.name"
          ModelName            = aws_sagemaker_model.single.name
          TransformInput = {
            DataSource = { S3DataSource = { S3DataType = "S3Prefix", S3Uri = "${local.folder}/input" } }
          }
          TransformOutput    = { S3OutputPath = "${local.folder}/output" }
          TransformResources = { InstanceType = "ml.m5.large", InstanceCount = 1 }
        }
        End = true
      }
    }
  })

  logging_configuration {
    level                  = "ALL"
    include_execution_data = true
    log_destination        = "${aws_cloudwatch_log_group.states.arn}:*"
  }

  tracing_configuration {
    enabled = true
  }

  depends_on = [aws_iam_role_policy.states]
}

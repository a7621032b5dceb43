# The one role by which every API Gateway of the account logs. It is a setting of the account and region,
# so it is here, once an account, and not in the pipelines that need it.

resource "aws_api_gateway_account" "this" {
  count = var.manage_api_gateway_log_role ? 1 : 0

  cloudwatch_role_arn = aws_iam_role.api_log[0].arn

  depends_on = [aws_iam_role_policy.api_log]
}

resource "aws_iam_role" "api_log" {
  count = var.manage_api_gateway_log_role ? 1 : 0

  name                 = "${var.name}-api-log"
  assume_role_policy   = data.aws_iam_policy_document.api_log_trust[0].json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

resource "aws_iam_role_policy" "api_log" {
  count = var.manage_api_gateway_log_role ? 1 : 0

  name   = "log"
  policy = data.aws_iam_policy_document.api_log[0].json
  role   = aws_iam_role.api_log[0].name
}

# API Gateway tries the role for the account as a whole, and documents no condition for it.
data "aws_iam_policy_document" "api_log_trust" {
  count = var.manage_api_gateway_log_role ? 1 : 0

  statement {
    sid     = "LetApiGatewayLog"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["apigateway.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "api_log" {
  count = var.manage_api_gateway_log_role ? 1 : 0

  statement {
    sid = "LogForAllApisOfTheAccount"
    actions = [
      "logs:CreateLogGroup",
      "logs:CreateLogStream",
      "logs:DescribeLogGroups",
      "logs:DescribeLogStreams",
      "logs:FilterLogEvents",
      "logs:GetLogEvents",
      "logs:PutLogEvents",
    ]
    # wildcard: account-wide by its nature; API Gateway checks it for all groups (its own managed policy).
    resources = ["*"]
  }
}

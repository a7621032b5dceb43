# An object <anything>mlops-config.json dropped into a bucket becomes a request.
# In: the bucket and the function. Out: nothing; the function is called with the bucket's event.

locals {
  bucket_arn    = "arn:${data.aws_partition.current.partition}:s3:::${var.bucket}"
  notifies      = var.through == "notification"
  event_bridges = var.through == "eventbridge"
}

data "aws_partition" "current" {}

resource "aws_lambda_permission" "bucket" {
  count = local.notifies ? 1 : 0

  action         = "lambda:InvokeFunction"
  function_name  = var.function.name
  principal      = "s3.amazonaws.com"
  source_account = var.account_id
  source_arn     = local.bucket_arn
  statement_id   = "config-bucket"
}

resource "aws_s3_bucket_notification" "this" {
  count = local.notifies ? 1 : 0

  bucket = var.bucket

  dynamic "lambda_function" {
    for_each = var.suffixes

    content {
      id                  = "${var.name}-${replace(lambda_function.value, ".", "-")}"
      events              = ["s3:ObjectCreated:*"]
      filter_suffix       = lambda_function.value
      lambda_function_arn = var.function.arn
    }
  }

  # S3 tries the function before it accepts the setting.
  depends_on = [aws_lambda_permission.bucket]
}

resource "aws_cloudwatch_event_rule" "this" {
  count = local.event_bridges ? 1 : 0

  name        = "${var.name}-config-object"
  description = "A config was put into ${var.bucket}."
  tags        = var.tags

  event_pattern = jsonencode({
    account     = [var.account_id]
    detail      = { bucket = { name = [var.bucket] }, object = { key = [for suffix in var.suffixes : { suffix = suffix }] } }
    detail-type = ["Object Created"]
    source      = ["aws.s3"]
  })
}

resource "aws_cloudwatch_event_target" "this" {
  count = local.event_bridges ? 1 : 0

  arn  = var.function.arn
  rule = aws_cloudwatch_event_rule.this[0].name
}

resource "aws_lambda_permission" "rule" {
  count = local.event_bridges ? 1 : 0

  action         = "lambda:InvokeFunction"
  function_name  = var.function.name
  principal      = "events.amazonaws.com"
  source_account = var.account_id
  source_arn     = aws_cloudwatch_event_rule.this[0].arn
  statement_id   = "config-object"
}

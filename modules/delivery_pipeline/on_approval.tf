# From the Model Registry to a release: a version of the group that becomes Approved wakes the
# orchestrator, which submits the last release's config again with it. In: var.on_approval. Out: a rule.

locals {
  on_approval = { for trigger in var.on_approval[*] : "this" => trigger }
}

resource "aws_cloudwatch_event_rule" "approved" {
  for_each = local.on_approval

  name        = each.value.rule_name
  description = "A version of ${each.value.model_package_group_name} was approved: ${var.pipeline} is delivered with it."
  tags        = var.tags

  event_pattern = jsonencode({
    account     = [split(":", each.value.function_arn)[4]]
    detail-type = ["SageMaker Model Package State Change"]
    source      = ["aws.sagemaker"]
    detail = {
      ModelApprovalStatus   = ["Approved"]
      ModelPackageGroupName = [each.value.model_package_group_name]
      ModelPackageStatus    = ["Completed"]
    }
  })
}

# The bundle is the one that was provisioned last: its config is what is submitted again.
resource "aws_cloudwatch_event_target" "approved" {
  for_each = local.on_approval

  arn  = each.value.function_arn
  rule = aws_cloudwatch_event_rule.approved[each.key].name

  input_transformer {
    input_paths    = { model_package = "$.detail.ModelPackageArn" }
    input_template = "{\"approved\": {\"bundle_key\": \"${var.bundle_key}\", \"model_package_arn\": <model_package>, \"pipeline\": \"${var.pipeline}\"}}"
  }
}

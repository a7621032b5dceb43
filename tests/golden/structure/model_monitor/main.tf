# One pipeline workspace: instantiates the module with the values of terraform.tfvars.json.
# Written by `mlops generate`: change the config and generate again instead of editing this file.

module "pipeline" {
  source = "../../../modules/pipelines/model_monitor"

  account_id               = var.account_id
  alarms                   = var.alarms
  attributes               = var.attributes
  baseline                 = var.baseline
  bias                     = var.bias
  data_capture_s3_uri      = var.data_capture_s3_uri
  data_kms_key_arns        = var.data_kms_key_arns
  endpoint_name            = var.endpoint_name
  explainability           = var.explainability
  ground_truth             = var.ground_truth
  image_uri                = var.image_uri
  instances                = var.instances
  kind                     = var.kind
  kms_key_arn              = var.kms_key_arn
  max_runtime_seconds      = var.max_runtime_seconds
  name                     = var.name
  network                  = var.network
  notifications            = var.notifications
  output_s3_uri            = var.output_s3_uri
  permissions_boundary_arn = var.permissions_boundary_arn
  prediction               = var.prediction
  schedule                 = var.schedule
  scripts                  = var.scripts
  tags                     = var.tags
  vpc                      = var.vpc
}

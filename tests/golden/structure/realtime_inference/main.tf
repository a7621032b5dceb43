# One pipeline workspace: instantiates the module with the values of terraform.tfvars.json.
# Written by `mlops generate`: change the config and generate again instead of editing this file.

module "pipeline" {
  source = "../../../modules/pipelines/realtime_inference"

  account_id               = var.account_id
  alarms                   = var.alarms
  async_inference          = var.async_inference
  data_capture             = var.data_capture
  endpoint_name            = var.endpoint_name
  inference_api            = var.inference_api
  kms_key_arn              = var.kms_key_arn
  live_instance_counts     = var.live_instance_counts
  model                    = var.model
  name                     = var.name
  permissions_boundary_arn = var.permissions_boundary_arn
  revision                 = var.revision
  rollout                  = var.rollout
  shadow                   = var.shadow
  tags                     = var.tags
  variants                 = var.variants
  vpc                      = var.vpc
}

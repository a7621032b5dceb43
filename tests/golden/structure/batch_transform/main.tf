# One pipeline workspace: instantiates the module with the values of terraform.tfvars.json.
# Written by `mlops generate`: change the config and generate again instead of editing this file.

module "pipeline" {
  source = "../../../modules/pipelines/batch_transform"

  account_id               = var.account_id
  batching                 = var.batching
  data_capture             = var.data_capture
  data_kms_key_arns        = var.data_kms_key_arns
  input                    = var.input
  instances                = var.instances
  job_name                 = var.job_name
  kms_key_arn              = var.kms_key_arn
  model                    = var.model
  name                     = var.name
  notifications            = var.notifications
  output                   = var.output
  permissions_boundary_arn = var.permissions_boundary_arn
  schedule                 = var.schedule
  tags                     = var.tags
  vpc                      = var.vpc
}

# One pipeline workspace: instantiates the module with the values of terraform.tfvars.json.
# Written by `mlops generate`: change the config and generate again instead of editing this file.

module "pipeline" {
  source = "../../../modules/pipelines/training"

  account_id               = var.account_id
  algorithm                = var.algorithm
  channels                 = var.channels
  data_kms_key_arns        = var.data_kms_key_arns
  instances                = var.instances
  job_name                 = var.job_name
  kms_key_arn              = var.kms_key_arn
  name                     = var.name
  notifications            = var.notifications
  output_s3_uri            = var.output_s3_uri
  permissions_boundary_arn = var.permissions_boundary_arn
  registration             = var.registration
  schedule                 = var.schedule
  tags                     = var.tags
  vpc                      = var.vpc
}

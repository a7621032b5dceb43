# One bootstrap workspace: instantiates the module with the values of terraform.tfvars.json.
# Written by `mlops generate`: change the config and generate again instead of editing this file.

module "bootstrap" {
  source = "../../modules/state_backend"

  account_id    = var.account_id
  bucket        = var.bucket
  force_destroy = var.force_destroy
  kms_key_arn   = var.kms_key_arn
  name          = var.name
  stages        = var.stages
  tags          = var.tags
}

# One pipeline workspace: instantiates the module with the values of terraform.tfvars.json.
# Written by `mlops generate`: change the config and generate again instead of editing this file.

module "pipeline" {
  source = "../../../modules/pipelines/image_builder"

  account_id                 = var.account_id
  base_image_repository_arns = var.base_image_repository_arns
  build                      = var.build
  data_kms_key_arns          = var.data_kms_key_arns
  docker_hub_secret_arn      = var.docker_hub_secret_arn
  image_tag                  = var.image_tag
  name                       = var.name
  notifications              = var.notifications
  permissions_boundary_arn   = var.permissions_boundary_arn
  repository_name            = var.repository_name
  scan                       = var.scan
  schedule                   = var.schedule
  source_code                = var.source_code
  tags                       = var.tags
  vpc                        = var.vpc
}

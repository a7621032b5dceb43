# One account workspace: instantiates the module with the values of terraform.tfvars.json.
# Written by `mlops generate`: change the config and generate again instead of editing this file.

module "account" {
  source = "../../../modules/target_account"

  account_id                  = var.account_id
  additional_policies         = var.additional_policies
  external_id                 = var.external_id
  manage_api_gateway_log_role = var.manage_api_gateway_log_role
  name                        = var.name
  operator_principal_arns     = var.operator_principal_arns
  orchestrator                = var.orchestrator
  permissions_boundary_arn    = var.permissions_boundary_arn
  stages                      = var.stages
  tags                        = var.tags
}

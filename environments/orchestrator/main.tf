# One orchestrator workspace: instantiates the module with the values of terraform.tfvars.json.
# Written by `mlops generate`: change the config and generate again instead of editing this file.

module "orchestrator" {
  source = "../.."

  account_id              = var.account_id
  additional_policies     = var.additional_policies
  external_id             = var.external_id
  force_destroy           = var.force_destroy
  lambda_package_path     = var.lambda_package_path
  name                    = var.name
  operations              = var.operations
  operator_principal_arns = var.operator_principal_arns
  options                 = var.options
  stages                  = var.stages
  tags                    = var.tags
}

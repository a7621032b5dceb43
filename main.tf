# The orchestrator account, composed: what is delivered, who is told, who answers requests, who does
# the work, and this account's own two roles. Workspaces give the provider; there is none here.
#
#   requests --------> orchestrator --> artifact_store (bundles) --> delivery_builds --> target accounts
#   config_trigger ------^                                                 |
#   git_trigger ---------'                             notifications <-----'

locals {
  # Names that other accounts and workspaces compute in the same way, so nothing has to be looked up.
  bucket_names = {
    for role in ["artifacts", "assets", "logs", "state"] :
    role => "${var.name}-${role}-${var.account_id}-${data.aws_region.current.name}"
  }
  assets_bucket  = coalesce(var.options.existing_assets_bucket, local.bucket_names.assets)
  ecr_repository = coalesce(var.options.existing_ecr_repository, "${var.name}-algorithms")

  stage_account_ids = distinct(var.stages[*].account_id)
  tags              = merge(var.options.tags, var.tags)

  # CodeBuild asks for the VPC's id where Lambda does not.
  vpc = one([
    for vpc in var.options.vpc[*] : {
      id                 = vpc.id == null ? one(data.aws_subnet.given[*].vpc_id) : vpc.id
      security_group_ids = vpc.security_group_ids
      subnet_ids         = vpc.subnet_ids
    }
  ])
}

data "aws_region" "current" {}

# The customer's own subnet: a fact that only AWS knows, asked for when the platform file does not say it.
data "aws_subnet" "given" {
  count = try(var.options.vpc.id, null) == null && try(length(var.options.vpc.subnet_ids), 0) > 0 ? 1 : 0

  id = var.options.vpc.subnet_ids[0]
}

module "artifact_store" {
  source = "./modules/artifact_store"

  account_id             = var.account_id
  artifact_expiry_days   = var.operations.artifact_expiry_days
  bucket_names           = { for role in ["artifacts", "assets", "logs"] : role => local.bucket_names[role] }
  existing_assets_bucket = var.options.existing_assets_bucket
  force_destroy          = var.force_destroy
  kms_key_arn            = var.options.kms_key_arn
  log_retention_days     = var.operations.log_retention_days
  name                   = var.name
  reader_account_ids     = local.stage_account_ids
  state_bucket           = local.bucket_names.state
  tags                   = local.tags
}

module "notifications" {
  source = "./modules/notifications"

  account_id        = var.account_id
  emails            = var.options.notification_emails
  kms_key_arn       = module.artifact_store.kms_key_arn
  name              = var.name
  stage_account_ids = local.stage_account_ids
  tags              = local.tags
}

module "container_repository" {
  source = "./modules/container_repository"
  count  = var.options.existing_ecr_repository == null ? 1 : 0

  force_destroy      = var.force_destroy
  kms_key_arn        = module.artifact_store.kms_key_arn
  name               = local.ecr_repository
  reader_account_ids = local.stage_account_ids
  role_prefix        = var.name
  tags               = local.tags
}

module "model_registry" {
  source   = "./modules/model_registry"
  for_each = setunion(var.options.model_package_groups, var.options.create_model_package_group ? ["${var.name}-registry"] : [])

  account_id         = var.account_id
  name               = each.value
  reader_account_ids = local.stage_account_ids
  tags               = local.tags
}

module "delivery_builds" {
  source = "./modules/delivery_builds"

  account_id            = var.account_id
  build_timeout_minutes = var.operations.build_timeout_minutes
  buckets = {
    artifacts = module.artifact_store.artifacts_bucket
    assets    = module.artifact_store.assets_bucket
    state     = local.bucket_names.state
  }
  kms_key_arn              = module.artifact_store.kms_key_arn
  log_retention_days       = var.operations.log_retention_days
  name                     = var.name
  permissions_boundary_arn = var.options.permissions_boundary_arn
  stage_account_ids        = local.stage_account_ids
  state_kms_key_arn        = var.options.kms_key_arn
  tags                     = local.tags
  topic_arn                = module.notifications.topic_arn
  vpc                      = local.vpc
}

module "orchestrator" {
  source = "./modules/orchestrator"

  account_id       = var.account_id
  api_log_role_arn = module.target_account.api_gateway_log_role_arn
  api_limits = {
    burst = var.operations.api_burst_limit
    rate  = var.operations.api_rate_limit
  }
  buckets = {
    artifacts = module.artifact_store.artifacts_bucket
    assets    = module.artifact_store.assets_bucket
    config    = var.options.config_bucket
  }
  kms_key_arn = module.artifact_store.kms_key_arn
  lambda = {
    memory_mb       = var.operations.lambda_memory_mb
    package_path    = var.lambda_package_path
    timeout_seconds = var.operations.lambda_timeout_seconds
  }
  log_retention_days       = var.operations.log_retention_days
  name                     = var.name
  permissions_boundary_arn = var.options.permissions_boundary_arn
  tags                     = local.tags
  topic_arn                = module.notifications.topic_arn
  vpc                      = local.vpc
}

module "config_trigger" {
  source = "./modules/config_trigger"
  count  = var.options.config_bucket == null ? 0 : 1

  account_id = var.account_id
  bucket     = var.options.config_bucket
  function   = { arn = module.orchestrator.function_arn, name = module.orchestrator.function_name }
  name       = var.name
  tags       = local.tags
  through    = var.operations.config_trigger
}

module "git_trigger" {
  source = "./modules/git_trigger"
  count  = var.options.git_source == null ? 0 : 1

  account_id               = var.account_id
  artifacts_bucket         = module.artifact_store.artifacts_bucket
  function                 = { arn = module.orchestrator.function_arn, name = module.orchestrator.function_name }
  git_source               = var.options.git_source
  kms_key_arn              = module.artifact_store.kms_key_arn
  log_retention_days       = var.operations.log_retention_days
  name                     = var.name
  permissions_boundary_arn = var.options.permissions_boundary_arn
  tags                     = local.tags
  topic_arn                = module.notifications.topic_arn
}

# The account's own two roles: jobs run here, and so does every stage that names this account.
module "target_account" {
  source = "./modules/target_account"

  account_id                  = var.account_id
  additional_policies         = var.additional_policies
  external_id                 = var.external_id
  manage_api_gateway_log_role = var.operations.manage_api_gateway_log_role
  name                        = var.name
  operator_principal_arns     = var.operator_principal_arns
  orchestrator = {
    account_id       = var.account_id
    artifacts_bucket = module.artifact_store.artifacts_bucket
    assets_bucket    = module.artifact_store.assets_bucket
    kms_key_arn      = var.options.kms_key_arn
    state_bucket     = local.bucket_names.state
  }
  permissions_boundary_arn = var.options.permissions_boundary_arn
  stages = concat(
    ["orchestrator"],
    [for stage in var.stages : stage.name if stage.account_id == var.account_id],
  )
  tags = local.tags
}

# What people and programs need to know of the orchestrator account.

output "api_url" {
  description = "Address of the API, ending in /prod; requests are signed with AWS credentials."
  value       = module.orchestrator.api_url
}

output "artifacts_bucket" {
  description = "Name of the bucket with bundles, pinned objects and evidence."
  value       = module.artifact_store.artifacts_bucket
}

output "assets_bucket" {
  description = "Name of the bucket that users put model artifacts and data into."
  value       = module.artifact_store.assets_bucket
}

output "assets_bucket_policy_json" {
  description = "Policy (JSON) with which the stages may read the assets: already in force on the bucket made here, to be added by hand to an existing one."
  value       = module.artifact_store.assets_bucket_policy_json
}

output "deploy_role_arn" {
  description = "ARN of the role that changes this account."
  value       = module.target_account.deploy_role_arn
}

output "ecr_repository_url" {
  description = "Address of the repository for the teams' own images; null when an existing repository is used."
  value       = one(module.container_repository[*].url)
}

output "function_name" {
  description = "Name of the function behind the API."
  value       = module.orchestrator.function_name
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts artifacts, messages and logs."
  value       = module.artifact_store.kms_key_arn
}

output "logs_bucket" {
  description = "Name of the bucket with the access logs."
  value       = module.artifact_store.logs_bucket
}

output "model_package_group_arns" {
  description = "ARNs of the model package groups that are made here, by name."
  value       = { for name, group in module.model_registry : name => group.arn }
}

output "pipeline_role_arn" {
  description = "ARN of the role that every delivery pipeline runs with."
  value       = module.delivery_builds.pipeline_role_arn
}

output "plan_role_arn" {
  description = "ARN of the role that reads this account."
  value       = module.target_account.plan_role_arn
}

output "project_names" {
  description = "Names of the builds by what they do: apply, plan, provision, verify."
  value       = module.delivery_builds.project_names
}

output "topic_arn" {
  description = "ARN of the topic that tells what happens."
  value       = module.notifications.topic_arn
}

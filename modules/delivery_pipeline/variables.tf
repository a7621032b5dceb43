# One pipeline's way through the stages; every name and ARN is known before anything exists.

variable "artifacts_bucket" {
  description = "Name of the versioned bucket that holds the bundles and CodePipeline's artifacts."
  type        = string
  nullable    = false
}

variable "bundle_key" {
  description = "Object key of the bundle that an execution takes unless its start names another: bundles/<pipeline>/<digest>.zip."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^bundles/[^/]+/[0-9a-f]{64}\\.zip$", var.bundle_key))
    error_message = "bundle_key \"${var.bundle_key}\" must be bundles/<pipeline>/<64 hex digits>.zip."
  }
}

variable "kms_key_arn" {
  description = "ARN of the KMS key, or of an alias of it, that encrypts the artifacts."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:(key|alias)/", var.kms_key_arn))
    error_message = "kms_key_arn \"${var.kms_key_arn}\" is not the ARN of a KMS key or alias."
  }
}

variable "name" {
  description = "Name of the CodePipeline, at most 100 characters: <prefix>-<pipeline>."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9.@_-]{1,100}$", var.name))
    error_message = "name \"${var.name}\" must be 1 to 100 letters, digits or . @ _ - (CodePipeline's own rule)."
  }
}

variable "on_approval" {
  description = "What starts a release when a version of a model package group of this account is approved: the group, the orchestrator's function that submits the release, the rule's name (at most 64 characters); null for nothing."
  type = object({
    function_arn             = string
    model_package_group_name = string
    rule_name                = string
  })
  default = null

  validation {
    condition     = var.on_approval == null || try(can(regex("^[.A-Za-z0-9_-]{1,64}$", var.on_approval.rule_name)), false)
    error_message = "on_approval.rule_name must be 1 to 64 letters, digits or . _ - (EventBridge's own rule)."
  }
}

variable "pipeline" {
  description = "Name of the pipeline within the platform, as in its bundles and workspaces."
  type        = string
  nullable    = false
}

variable "project_names" {
  description = "Names of the three CodeBuild projects that plan, apply and verify."
  type = object({
    apply  = string
    plan   = string
    verify = string
  })
  nullable = false
}

variable "role_arn" {
  description = "ARN of the service role that every delivery pipeline runs with."
  type        = string
  nullable    = false
}

variable "stages" {
  description = "Stages in the order of promotion; approval \"manual\" waits for a person whenever the plan has changes, \"none\" does not."
  type = list(object({
    account_id = string
    approval   = string
    name       = string
  }))
  nullable = false

  validation {
    condition     = length(var.stages) >= 1
    error_message = "stages is empty; a delivery pipeline needs at least one."
  }

  validation {
    condition     = length(distinct(var.stages[*].name)) == length(var.stages)
    error_message = "stages names a stage twice (${join(", ", var.stages[*].name)}); each name is used once."
  }

  validation {
    condition     = alltrue([for stage in var.stages : contains(["manual", "none"], stage.approval)])
    error_message = "stages: approval is \"manual\" or \"none\"."
  }

  validation {
    condition     = alltrue([for stage in var.stages : can(regex("^[a-z][a-z0-9-]{0,31}$", stage.name))])
    error_message = "stages: a name is 1 to 32 lower-case letters, digits and hyphens, starting with a letter."
  }

  # CodePipeline allows 50 stages; one is Source, each of ours needs two, or three with an approval.
  validation {
    condition     = sum(concat([1], [for stage in var.stages : stage.approval == "manual" ? 3 : 2])) <= 50
    error_message = "stages: ${length(var.stages)} stages need more than the 50 stages that CodePipeline allows (two each, three with an approval, and the source); have fewer stages or fewer approvals."
  }
}

variable "tags" {
  description = "Tags put on the CodePipeline beside the provider's default tags."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "topic_arn" {
  description = "ARN of the SNS topic that is told when an approval waits."
  type        = string
  nullable    = false
}

# What the builds work on, where they run, and how far they may go.

variable "account_id" {
  description = "Account id (12 digits) of the orchestrator account, which the builds run in."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id \"${var.account_id}\" is not a 12-digit account id; quote it so that leading zeros stay."
  }
}

variable "buckets" {
  description = "Names of the buckets: artifacts (bundles, pinned objects, evidence), assets (what users upload), state (Terraform states)."
  type = object({
    artifacts = string
    assets    = string
    state     = string
  })
  nullable = false
}

variable "build_timeout_minutes" {
  description = "Minutes, 5 to 2160, after which a build is stopped; an apply waits for endpoints and jobs."
  type        = number
  default     = 120
  nullable    = false

  validation {
    condition     = var.build_timeout_minutes >= 5 && var.build_timeout_minutes <= 2160
    error_message = "build_timeout_minutes is ${var.build_timeout_minutes}; CodeBuild takes 5 to 2160."
  }
}

variable "kms_key_arn" {
  description = "ARN of the KMS key that encrypts artifacts, messages and logs."
  type        = string
  nullable    = false
}

variable "log_retention_days" {
  description = "Days that the builds' logs are kept; one of the periods that CloudWatch Logs knows."
  type        = number
  default     = 365
  nullable    = false
}

variable "name" {
  description = "Prefix of every cloud name, 2 to 20 characters: the platform file's name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,19}$", var.name)) && !can(regex("--|-$", var.name))
    error_message = "name \"${var.name}\" must be 2 to 20 lower-case letters, digits and single hyphens, starting with a letter and not ending in a hyphen."
  }
}

variable "permissions_boundary_arn" {
  description = "ARN of the policy that bounds the roles made here; null sets no boundary."
  type        = string
  default     = null
}

variable "stage_account_ids" {
  description = "Accounts (12 digits each) that are delivered to: the builds may assume the roles in these and no other."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.stage_account_ids) >= 1
    error_message = "stage_account_ids is empty; the builds would have nowhere to deliver to."
  }
}

variable "state_kms_key_arn" {
  description = "ARN of the KMS key that encrypts the states; null means the one under alias/<prefix>-state."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags put on projects, roles and log groups beside the provider's default tags."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "topic_arn" {
  description = "ARN of the topic that approvals are announced on."
  type        = string
  nullable    = false
}

variable "vpc" {
  description = "VPC that the builds run in, with a way to AWS and to the provider registry; null runs them outside any VPC."
  type = object({
    id                 = string
    security_group_ids = list(string)
    subnet_ids         = list(string)
  })
  default = null
}

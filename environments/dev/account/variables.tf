# The account, who may come in from the orchestrator account, and how far they may go.

variable "account_id" {
  description = "Account id (12 digits) of the account that gets the two roles."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id \"${var.account_id}\" is not a 12-digit account id; quote it so that leading zeros stay."
  }
}

variable "additional_policies" {
  description = "Policy documents (JSON) by name that the plan and deploy roles get beside the built-in ones: what a team's own blueprints need."
  type = object({
    deploy = optional(map(string), {})
    plan   = optional(map(string), {})
  })
  default  = {}
  nullable = false

  # IAM attaches 10 policies to a role; deploy has 6 of its own.
  validation {
    condition     = length(var.additional_policies.deploy) <= 4 && length(var.additional_policies.plan) <= 8
    error_message = "additional_policies: a role takes 4 more for deploy and 8 more for plan; merge some documents."
  }
}

variable "external_id" {
  description = "External id that must be given when the roles are assumed; null asks for none."
  type        = string
  default     = null
}

variable "manage_api_gateway_log_role" {
  description = "Whether the role that API Gateway logs with, a setting of the whole account and region, is made here; false leaves the account's own setting alone, which must then exist for access logs to work."
  type        = bool
  default     = true
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

variable "operator_principal_arns" {
  description = "ARNs of the principals (people, CI) that may assume the roles beside the orchestrator account's builds; null lets every principal of the orchestrator account that carries sts:AssumeRole for them, an empty list nobody."
  type        = list(string)
  default     = null

  validation {
    condition = alltrue([
      for arn in coalesce(var.operator_principal_arns, []) : can(regex("^arn:[a-z-]+:(iam|sts)::[0-9]{12}:", arn))
    ])
    error_message = "operator_principal_arns: each must be the ARN of a principal, such as arn:aws:iam::111111111111:role/ml-operators."
  }
}

variable "orchestrator" {
  description = "The orchestrator account: its id, its state, artifacts and assets buckets, and the KMS key of the buckets if one was given (null: the platform's own keys)."
  type = object({
    account_id       = string
    artifacts_bucket = string
    assets_bucket    = string
    kms_key_arn      = optional(string)
    state_bucket     = string
  })
  nullable = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.orchestrator.account_id))
    error_message = "orchestrator.account_id \"${var.orchestrator.account_id}\" is not a 12-digit account id."
  }
}

variable "permissions_boundary_arn" {
  description = "ARN of the policy that bounds the two roles and that every role made by the deploy role must carry too; null sets no boundary."
  type        = string
  default     = null
}

variable "stages" {
  description = "Names of the stages that live in this account: the roles reach the state of these and no other."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.stages) >= 1
    error_message = "stages is empty; name the stages that live in account ${var.account_id}."
  }
}

variable "tags" {
  description = "Tags put on the roles beside the provider's default tags."
  type        = map(string)
  default     = {}
  nullable    = false
}

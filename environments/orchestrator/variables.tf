# What the orchestrator account's workspace passes in; the generator computes every value from the
# platform file (options has exactly the keys of the file's own options).

variable "account_id" {
  description = "Account id (12 digits) of the orchestrator account that this workspace applies to."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id \"${var.account_id}\" is not a 12-digit account id; quote it so that leading zeros stay."
  }
}

variable "additional_policies" {
  description = "Policy documents (JSON) by name that this account's plan and deploy roles get beside the built-in ones: what a team's own blueprints need."
  type = object({
    deploy = optional(map(string), {})
    plan   = optional(map(string), {})
  })
  default  = {}
  nullable = false
}

variable "external_id" {
  description = "External id that the stage roles ask for when they are assumed; null asks for none."
  type        = string
  default     = null

  validation {
    condition     = var.external_id == null || try(can(regex("^[\\w+=,.@:/-]+$", var.external_id)) && length(var.external_id) >= 2 && length(var.external_id) <= 1224, false)
    error_message = "external_id must have 2 to 1224 letters, digits or _+=,.@:/- (AWS STS's own rule)."
  }
}

variable "force_destroy" {
  description = "Whether destroying this workspace also deletes what is in its buckets and its repository; leave false outside rehearsals."
  type        = bool
  default     = false
  nullable    = false
}

variable "lambda_package_path" {
  description = "Path of the orchestrator's Lambda package (the zip that `mlops package` writes), absolute or relative to the workspace."
  type        = string
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

variable "operations" {
  description = "Limits and retention of the installation: days that logs and CodePipeline artifacts are kept, minutes a build may take, how the config bucket tells (notification or eventbridge), the API's requests a second and burst, the Lambda's memory in MB and time in seconds, and whether the account-wide API Gateway log role is managed here."
  type = object({
    api_burst_limit             = optional(number, 20)
    api_rate_limit              = optional(number, 10)
    artifact_expiry_days        = optional(number, 14)
    build_timeout_minutes       = optional(number, 120)
    config_trigger              = optional(string, "notification")
    lambda_memory_mb            = optional(number, 512)
    lambda_timeout_seconds      = optional(number, 29)
    log_retention_days          = optional(number, 365)
    manage_api_gateway_log_role = optional(bool, true)
  })
  default  = {}
  nullable = false
}

variable "operator_principal_arns" {
  description = "ARNs of the principals (people, CI) that may assume this account's plan and deploy roles beside the builds; null lets every principal of this account that carries sts:AssumeRole for them."
  type        = list(string)
  default     = null
}

variable "options" {
  description = "The options of the platform file, under the same names; see docs on the platform file for each."
  type = object({
    allow_detailed_error_messages = optional(bool, true)
    config_bucket                 = optional(string)
    create_model_package_group    = optional(bool, false)
    existing_assets_bucket        = optional(string)
    existing_ecr_repository       = optional(string)
    git_source = optional(object({
      branch         = optional(string, "main")
      connection_arn = optional(string)
      paths          = optional(list(string), ["**/mlops-config*.json", "**/mlops-config*.yml", "**/mlops-config*.yaml"])
      repository     = string
    }))
    kms_key_arn              = optional(string)
    model_package_groups     = optional(set(string), [])
    notification_emails      = optional(list(string), [])
    permissions_boundary_arn = optional(string)
    tags                     = optional(map(string), {})
    use_model_registry       = optional(bool, false)
    vpc = optional(object({
      id                 = optional(string)
      security_group_ids = list(string)
      subnet_ids         = list(string)
    }))
  })
  default  = {}
  nullable = false
}

variable "stages" {
  description = "The platform's stages in the order of promotion; approval is \"manual\" or \"none\"."
  type = list(object({
    account_id             = string
    approval               = optional(string, "manual")
    name                   = string
    organizational_unit_id = optional(string)
  }))
  nullable = false

  validation {
    condition     = length(var.stages) >= 1
    error_message = "stages is empty; name at least one stage."
  }

  validation {
    condition     = length(distinct(var.stages[*].name)) == length(var.stages)
    error_message = "stages names a stage twice (${join(", ", var.stages[*].name)}); each name is used once."
  }

  validation {
    condition     = alltrue([for stage in var.stages : can(regex("^[0-9]{12}$", stage.account_id))])
    error_message = "stages: every account_id must be 12 digits, quoted."
  }

  validation {
    condition     = alltrue([for stage in var.stages : contains(["manual", "none"], stage.approval)])
    error_message = "stages: approval is \"manual\" (a person approves the plan) or \"none\"."
  }

  validation {
    condition = length(setintersection(
      var.stages[*].name, ["account", "bootstrap", "delivery", "orchestrator"]
    )) == 0
    error_message = "stages: account, bootstrap, delivery and orchestrator are reserved names; choose others."
  }
}

variable "tags" {
  description = "Tags put on every resource that takes tags, beside the provider's default tags."
  type        = map(string)
  default     = {}
  nullable    = false
}

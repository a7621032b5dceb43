# The package that answers requests, what it works on, and its limits.

variable "account_id" {
  description = "Account id (12 digits) of the orchestrator account."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id \"${var.account_id}\" is not a 12-digit account id; quote it so that leading zeros stay."
  }
}

variable "api_limits" {
  description = "Requests a second that the API answers on average (rate) and at once (burst), at least 1 each; more get status 429."
  type = object({
    burst = optional(number, 20)
    rate  = optional(number, 10)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.api_limits.burst >= 1 && var.api_limits.rate >= 1
    error_message = "api_limits: rate ${var.api_limits.rate} and burst ${var.api_limits.burst} must be at least 1, or every request is refused."
  }
}

variable "api_log_role_arn" {
  description = "ARN of the role that API Gateway logs with in this account; null when the account's setting is somebody else's. Access logs need one."
  type        = string
  default     = null
}

variable "buckets" {
  description = "Names of the buckets: artifacts (bundles), assets (what requests point to), config (its mlops-config objects start requests; null for none)."
  type = object({
    artifacts = string
    assets    = string
    config    = optional(string)
  })
  nullable = false
}

variable "kms_key_arn" {
  description = "ARN of the KMS key that encrypts artifacts, messages and logs."
  type        = string
  nullable    = false
}

variable "lambda" {
  description = "The function: path of its zip, memory (MB, 128 to 10240), time limit (seconds, 1 to 900; the API gives up after 29), environment variables."
  type = object({
    environment     = optional(map(string), {})
    memory_mb       = optional(number, 512)
    package_path    = string
    timeout_seconds = optional(number, 29)
  })
  nullable = false

  validation {
    condition     = fileexists(var.lambda.package_path)
    error_message = "lambda.package_path \"${var.lambda.package_path}\" does not exist; write it with `mlops package`."
  }

  validation {
    condition     = var.lambda.memory_mb >= 128 && var.lambda.memory_mb <= 10240
    error_message = "lambda.memory_mb is ${var.lambda.memory_mb}; Lambda takes 128 to 10240."
  }

  validation {
    condition     = var.lambda.timeout_seconds >= 1 && var.lambda.timeout_seconds <= 900
    error_message = "lambda.timeout_seconds is ${var.lambda.timeout_seconds}; Lambda takes 1 to 900."
  }
}

variable "log_retention_days" {
  description = "Days that the function's and the API's logs are kept; one of the periods that CloudWatch Logs knows."
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

variable "tags" {
  description = "Tags put on everything beside the provider's default tags."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "topic_arn" {
  description = "ARN of the topic that alarms and failed events are sent to."
  type        = string
  nullable    = false
}

variable "vpc" {
  description = "Subnets and security groups that the function runs in, with a way to AWS; null runs it outside any VPC."
  type = object({
    security_group_ids = list(string)
    subnet_ids         = list(string)
  })
  default = null
}

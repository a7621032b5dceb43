# Which repository is listened to, and which function hears it.

variable "account_id" {
  description = "Account id (12 digits) of the orchestrator account."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id \"${var.account_id}\" is not a 12-digit account id; quote it so that leading zeros stay."
  }
}

variable "artifacts_bucket" {
  description = "Name of the versioned bucket that CodePipeline's artifacts go through."
  type        = string
  nullable    = false
}

variable "function" {
  description = "The function that takes the requests: its ARN and name."
  type = object({
    arn  = string
    name = string
  })
  nullable = false
}

variable "git_source" {
  description = "The repository: owner/name behind a CodeConnections connection, or without a connection the name of a CodeCommit repository of this account; a push to the branch submits every config (JSON or YAML) whose path fits one of the patterns: `*` stays within a folder, `**` does not."
  type = object({
    branch         = optional(string, "main")
    connection_arn = optional(string)
    paths          = optional(list(string), ["**/mlops-config*.json", "**/mlops-config*.yml", "**/mlops-config*.yaml"])
    repository     = string
  })
  nullable = false

  validation {
    condition     = var.git_source.connection_arn == null || can(regex("^arn:[a-z-]+:(codeconnections|codestar-connections):[a-z0-9-]+:[0-9]{12}:connection/[0-9a-f-]+$", var.git_source.connection_arn))
    error_message = "git_source.connection_arn must be the ARN of a CodeConnections connection; leave it out for CodeCommit."
  }

  validation {
    condition     = var.git_source.connection_arn == null || can(regex("^[^/]+/.+$", var.git_source.repository))
    error_message = "git_source.repository \"${var.git_source.repository}\" must be owner/name when a connection is given."
  }

  validation {
    condition     = length(var.git_source.paths) >= 1 && length(var.git_source.paths) <= 4
    error_message = "git_source.paths has ${length(var.git_source.paths)} patterns; 1 to 4 fit CodePipeline's limit of 8, with files at the root named beside."
  }

  validation {
    condition     = alltrue([for path in var.git_source.paths : can(regex("^[A-Za-z0-9._*?-][A-Za-z0-9._/*?-]*$", path))])
    error_message = "git_source.paths ${jsonencode(var.git_source.paths)} must be patterns of letters, digits and . _ - / * ?, without a slash at the start."
  }
}

variable "kms_key_arn" {
  description = "ARN of the KMS key that encrypts artifacts and logs."
  type        = string
  nullable    = false
}

variable "log_retention_days" {
  description = "Days that the build's log is kept; one of the periods that CloudWatch Logs knows."
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
  description = "ARN of the topic that is told when a push could not be submitted."
  type        = string
  nullable    = false
}

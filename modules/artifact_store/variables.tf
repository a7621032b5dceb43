# Names of the buckets, who reads from them, and for how long things are kept.

variable "account_id" {
  description = "Account id (12 digits) of the orchestrator account, the owner of buckets and key."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id \"${var.account_id}\" is not a 12-digit account id; quote it so that leading zeros stay."
  }
}

variable "artifact_expiry_days" {
  description = "Days, 1 to 365, after which CodePipeline's artifacts (saved plans among them, which may hold secrets) are deleted."
  type        = number
  default     = 14
  nullable    = false

  validation {
    condition     = var.artifact_expiry_days >= 1 && var.artifact_expiry_days <= 365 && floor(var.artifact_expiry_days) == var.artifact_expiry_days
    error_message = "artifact_expiry_days is ${var.artifact_expiry_days}; give whole days from 1 to 365."
  }
}

variable "bucket_names" {
  description = "Names of the buckets: artifacts and logs are made, assets too unless existing_assets_bucket is given."
  type = object({
    artifacts = string
    assets    = string
    logs      = string
  })
  nullable = false

  validation {
    condition = alltrue([
      for name in values(var.bucket_names) : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", name))
    ])
    error_message = "bucket_names: ${join(", ", values(var.bucket_names))} must each be 3 to 63 lower-case letters, digits, dots and hyphens."
  }
}

variable "existing_assets_bucket" {
  description = "Name of a bucket that already holds the users' artifacts and data; it is used as it is, its policy is never touched. Null makes an assets bucket."
  type        = string
  default     = null
}

variable "force_destroy" {
  description = "Whether destroying the buckets also deletes what is in them; leave false outside rehearsals."
  type        = bool
  default     = false
  nullable    = false
}

variable "kms_key_arn" {
  description = "ARN of an existing KMS key for all that the platform stores; null makes one under alias/<prefix>."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key, not of an alias: policies name it."
  }
}

variable "log_retention_days" {
  description = "Days, at least 1, after which the buckets' access logs are deleted."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = var.log_retention_days >= 1
    error_message = "log_retention_days is ${var.log_retention_days}; give at least 1."
  }
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

variable "reader_account_ids" {
  description = "Accounts (12 digits each) other than the owner whose roles <prefix>-* may read assets and pinned objects, and whose roles and alarms may encrypt messages: the stages'."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "state_bucket" {
  description = "Name of the state bucket, whose access is logged here too; null leaves it unlogged."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags put on buckets and key beside the provider's default tags."
  type        = map(string)
  default     = {}
  nullable    = false
}

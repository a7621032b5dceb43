# The bucket's name and who may reach which part of the state.

variable "account_id" {
  description = "Account id (12 digits) of the orchestrator account, the bucket's owner."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id \"${var.account_id}\" is not a 12-digit account id; quote it so that leading zeros stay."
  }
}

variable "bucket" {
  description = "Name of the state bucket: <prefix>-state-<account id>-<region>."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "bucket \"${var.bucket}\" must be 3 to 63 lower-case letters, digits and hyphens."
  }
}

variable "force_destroy" {
  description = "Whether destroying the bucket also deletes the states in it; leave false outside rehearsals."
  type        = bool
  default     = false
  nullable    = false
}

variable "kms_key_arn" {
  description = "ARN of an existing KMS key to encrypt the states with; null makes one. A key of this account gets the alias alias/<prefix>-state."
  type        = string
  default     = null
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

variable "stages" {
  description = "Account id (12 digits) of each stage, by the stage's name: the account's plan role may read and its deploy role write the states of its own stages."
  type        = map(string)
  nullable    = false

  validation {
    condition     = alltrue([for account_id in values(var.stages) : can(regex("^[0-9]{12}$", account_id))])
    error_message = "stages: every account id must be 12 digits, quoted."
  }

  # A bucket policy holds 20 KB; each account needs two statements of it.
  validation {
    condition     = length(distinct(values(var.stages))) <= 20
    error_message = "stages names ${length(distinct(values(var.stages)))} accounts; the bucket's policy has room for 20."
  }
}

variable "tags" {
  description = "Tags put on the bucket and the key beside the provider's default tags."
  type        = map(string)
  default     = {}
  nullable    = false
}

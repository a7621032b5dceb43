# The repository and who pulls from it.

variable "force_destroy" {
  description = "Whether destroying the repository also deletes the images in it; leave false outside rehearsals."
  type        = bool
  default     = false
  nullable    = false
}

variable "kms_key_arn" {
  description = "ARN of the KMS key that encrypts the images."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Name of the repository: <prefix>-algorithms."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9._/-]{1,255}$", var.name))
    error_message = "name \"${var.name}\" must be 2 to 256 lower-case letters, digits and . _ / - (ECR's own rule)."
  }
}

variable "reader_account_ids" {
  description = "Accounts (12 digits each) whose roles <prefix>-* may pull images: the stages'."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "role_prefix" {
  description = "Prefix of the roles that may pull: the platform file's name."
  type        = string
  nullable    = false
}

variable "tags" {
  description = "Tags put on the repository beside the provider's default tags."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "untagged_expiry_days" {
  description = "Days, at least 1, after which images without a tag are deleted."
  type        = number
  default     = 14
  nullable    = false

  validation {
    condition     = var.untagged_expiry_days >= 1
    error_message = "untagged_expiry_days is ${var.untagged_expiry_days}; give at least 1."
  }
}

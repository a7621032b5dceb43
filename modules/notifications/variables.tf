# The topic's name, its readers, and what it is told about.

variable "account_id" {
  description = "Account id (12 digits) of the orchestrator account, the topic's owner."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id \"${var.account_id}\" is not a 12-digit account id; quote it so that leading zeros stay."
  }
}

variable "emails" {
  description = "E-mail addresses that get every message, each after it confirmed the subscription."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for email in var.emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", email))])
    error_message = "emails: ${join(", ", [for email in var.emails : email if !can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", email))])} is not an e-mail address."
  }
}

variable "kms_key_arn" {
  description = "ARN of the KMS key that encrypts the messages; its policy must let EventBridge and CloudWatch use it."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Prefix of every cloud name: the delivery pipelines and builds that start with it are reported."
  type        = string
  nullable    = false
}

variable "stage_account_ids" {
  description = "Accounts (12 digits each) whose CloudWatch alarms <prefix>-* and roles <prefix>-* may publish too: the stages'."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "tags" {
  description = "Tags put on the topic and the rules beside the provider's default tags."
  type        = map(string)
  default     = {}
  nullable    = false
}

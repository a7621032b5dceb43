# The group's name and who deploys from it.

variable "account_id" {
  description = "Account id (12 digits) of the orchestrator account, the group's owner."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Name of the model package group, at most 63 characters; one group a model, when its newest approved version is deployed."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$", var.name))
    error_message = "name \"${var.name}\" must be 1 to 63 letters, digits and inner hyphens (SageMaker's own rule)."
  }
}

variable "reader_account_ids" {
  description = "Accounts (12 digits each) other than the owner that may deploy the group's model packages: the stages'."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "tags" {
  description = "Tags put on the group beside the provider's default tags."
  type        = map(string)
  default     = {}
  nullable    = false
}

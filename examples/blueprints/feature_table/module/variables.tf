# What identifies a record, what the table can do, and who reads it.

variable "account_id" {
  description = "Account id (12 digits) of the table's account."
  type        = string
  nullable    = false
}

variable "capacity_read" {
  description = "Reads a second that are paid for; null, together with capacity_write, pays for each request."
  type        = number
  default     = null

  validation {
    condition     = (var.capacity_read == null) == (var.capacity_write == null)
    error_message = "capacity_read and capacity_write go together: give both, or neither."
  }
}

variable "capacity_write" {
  description = "Writes a second that are paid for; null, together with capacity_read, pays for each request."
  type        = number
  default     = null
}

variable "deletion_protection" {
  description = "Whether DynamoDB refuses to delete the table."
  type        = bool
  default     = false
  nullable    = false
}

variable "expiry_attribute" {
  description = "Attribute with the time, in seconds since 1970, after which a record is removed; null keeps records."
  type        = string
  default     = null
}

variable "kms_key_arn" {
  description = "ARN of the key that encrypts the table; null takes the key that AWS manages for DynamoDB."
  type        = string
  default     = null
}

variable "name" {
  description = "Name of the table, and base name of its reader's role; at most 57 characters."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9_.-]{3,57}$", var.name))
    error_message = "name \"${var.name}\" must be 3 to 57 letters, digits, dots, hyphens and underscores."
  }
}

variable "permissions_boundary_arn" {
  description = "ARN of the policy that bounds the reader's role; null sets no boundary."
  type        = string
  default     = null
}

variable "point_in_time_recovery" {
  description = "Whether the table can be restored to any second of the last 35 days."
  type        = bool
  default     = true
  nullable    = false
}

variable "reader_arns" {
  description = "ARNs of the roles that may assume the reader's role; none makes no such role."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "record_key" {
  description = "Attribute that identifies a record: its name, and its type (S for text, N for numbers)."
  type = object({
    name = string
    type = optional(string, "S")
  })
  nullable = false
}

variable "sort_key" {
  description = "Attribute that orders the records of one key; null for one record a key."
  type = object({
    name = string
    type = optional(string, "S")
  })
  default = null
}

variable "tags" {
  description = "Tags put on the table and the role beside the provider's default tags."
  type        = map(string)
  default     = {}
  nullable    = false
}

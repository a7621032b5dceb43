# Which bucket is listened to, and which function hears it.

variable "account_id" {
  description = "Account id (12 digits) of the orchestrator account, the bucket's owner."
  type        = string
  nullable    = false
}

variable "bucket" {
  description = "Name of the existing bucket whose new objects start requests."
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

variable "name" {
  description = "Prefix of every cloud name: the platform file's name."
  type        = string
  nullable    = false
}

variable "suffixes" {
  description = "Ends of the keys that start a request; objects with other keys are ignored."
  type        = list(string)
  default     = ["mlops-config.json", "mlops-config.yaml", "mlops-config.yml"]
  nullable    = false

  validation {
    condition     = length(var.suffixes) >= 1
    error_message = "suffixes is empty; nothing would ever start a request."
  }
}

variable "tags" {
  description = "Tags put on the rule beside the provider's default tags."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "through" {
  description = "How the bucket tells: \"notification\" (this module owns the bucket's whole notification settings) or \"eventbridge\" (the bucket's owner has turned EventBridge on and keeps the settings)."
  type        = string
  default     = "notification"
  nullable    = false

  validation {
    condition     = contains(["eventbridge", "notification"], var.through)
    error_message = "through is \"${var.through}\"; choose \"notification\" or \"eventbridge\"."
  }
}

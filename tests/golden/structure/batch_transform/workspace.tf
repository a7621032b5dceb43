# Where this workspace acts: one account, one region, one role.

provider "aws" {
  region              = var.workspace.region
  allowed_account_ids = [var.workspace.account_id]

  dynamic "assume_role" {
    for_each = var.assume_role == null ? [] : [var.assume_role]

    content {
      role_arn    = assume_role.value.role_arn
      external_id = assume_role.value.external_id
    }
  }

  default_tags {
    tags = var.workspace.tags
  }
}

variable "assume_role" {
  description = "Role that Terraform assumes in the account; null acts with the caller's own credentials."
  type = object({
    role_arn    = string
    external_id = optional(string)
  })
  default = null
}

variable "workspace" {
  description = "Account (12 digits) and region that this workspace may touch, and the tags of everything in it."
  type = object({
    account_id = string
    region     = string
    tags       = optional(map(string), {})
  })
  nullable = false
}

# Which image is built from what, and what it must pass; null turns a part off.

variable "account_id" {
  description = "Account that the jobs run in, 12 digits; names ARNs without a lookup."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id \"${var.account_id}\" must have exactly 12 digits."
  }
}

variable "base_image_repository_arns" {
  description = "ECR repositories (ARNs, of any account) that the Dockerfile's base images are pulled from; public images need none."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.base_image_repository_arns : can(regex("^arn:aws[a-z-]*:ecr:[a-z0-9-]+:[0-9]{12}:repository/[a-z0-9][a-z0-9._/-]*$", arn))])
    error_message = "base_image_repository_arns must be ARNs of ECR repositories, for example arn:aws:ecr:eu-west-1:111111111111:repository/base."
  }
}

variable "build" {
  description = "How the image is built: Dockerfile and context within the source, target stage (null: the last), build arguments, architecture (x86_64 or arm64), size of the build machine (small, medium, large, xlarge or 2xlarge), time limit (minutes, 5 to 480)."
  type = object({
    dockerfile      = optional(string, "Dockerfile")
    context         = optional(string, ".")
    target          = optional(string)
    arguments       = optional(map(string), {})
    architecture    = optional(string, "x86_64")
    machine         = optional(string, "small")
    timeout_minutes = optional(number, 60)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for path in [var.build.dockerfile, var.build.context] : can(regex("^[A-Za-z0-9._][A-Za-z0-9._/-]*$", path)) && !can(regex("(^|/)\\.\\.(/|$)", path))])
    error_message = "build.dockerfile and context are paths within the source, of letters, digits and ._/- without .. parts."
  }
  validation {
    condition     = var.build.target == null || can(regex("^[A-Za-z][A-Za-z0-9._-]{0,127}$", var.build.target))
    error_message = "build.target must be the name of a stage in the Dockerfile."
  }
  validation {
    condition     = length(var.build.arguments) <= 50 && alltrue([for name, value in var.build.arguments : can(regex("^[A-Za-z_][A-Za-z0-9_]{0,127}$", name)) && length(value) <= 2048])
    error_message = "build.arguments takes at most 50; names are letters, digits and _, values have at most 2048 characters."
  }
  validation {
    condition     = contains(["x86_64", "arm64"], var.build.architecture)
    error_message = "build.architecture must be x86_64 or arm64."
  }
  validation {
    condition     = contains(["small", "medium", "large", "xlarge", "2xlarge"], var.build.machine)
    error_message = "build.machine must be small, medium, large, xlarge or 2xlarge."
  }
  validation {
    condition     = var.build.timeout_minutes >= 5 && var.build.timeout_minutes <= 480 && floor(var.build.timeout_minutes) == var.build.timeout_minutes
    error_message = "build.timeout_minutes must be a whole number from 5 to 480."
  }
}

variable "data_kms_key_arns" {
  description = "KMS keys (key or alias ARNs) that the source is encrypted with: builds may decrypt with exactly those."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition = alltrue([
      for arn in var.data_kms_key_arns :
      can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(key/[A-Za-z0-9-]{1,128}|alias/[A-Za-z0-9/_-]{1,250})$", arn))
    ])
    error_message = "data_kms_key_arns must be ARNs of KMS keys or aliases."
  }
}

variable "docker_hub_secret_arn" {
  description = "Secrets Manager secret (ARN) with a Docker Hub login, JSON with username and password, against Docker Hub's limits for anonymous pulls; null pulls anonymously."
  type        = string
  default     = null

  validation {
    condition     = var.docker_hub_secret_arn == null || can(regex("^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+$", var.docker_hub_secret_arn))
    error_message = "docker_hub_secret_arn must be the ARN of a Secrets Manager secret."
  }
}

variable "image_tag" {
  description = "Tag that the image gets once it is built and its scan accepted, 1 to 117 characters; each build also leaves a tag with the build's own 10 digits appended."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_][A-Za-z0-9_.-]{0,116}$", var.image_tag))
    error_message = "image_tag must be 1 to 117 letters, digits, dots, hyphens and underscores, beginning with a letter, digit or underscore."
  }
}

variable "name" {
  description = "Base name of everything here, 1 to 44 lower-case letters, digits and inner hyphens."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9](-?[a-z0-9])*$", var.name)) && length(var.name) <= 44
    error_message = "name \"${var.name}\" must be 1 to 44 lower-case letters, digits and single inner hyphens."
  }
}

variable "notifications" {
  description = "SNS topic that is told how each run ended, and the KMS key (key or alias ARN) that the topic is encrypted with, if any; null tells nobody."
  type = object({
    topic_arn   = string
    kms_key_arn = optional(string)
  })
  default = null

  validation {
    condition     = var.notifications == null || can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$", var.notifications.topic_arn))
    error_message = "notifications.topic_arn must be the ARN of an SNS topic, for example arn:aws:sns:eu-west-1:111111111111:notifications."
  }
  validation {
    condition     = try(var.notifications.kms_key_arn, null) == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(key/[A-Za-z0-9-]{1,128}|alias/[A-Za-z0-9/_-]{1,250})$", var.notifications.kms_key_arn))
    error_message = "notifications.kms_key_arn must be the ARN of a KMS key or alias."
  }
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary (policy ARN) of every role made here; null sets none."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be the ARN of an IAM policy."
  }
}

variable "repository_name" {
  description = "ECR repository of this account and region that the image is pushed to; it must exist."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$", var.repository_name)) && length(var.repository_name) >= 2 && length(var.repository_name) <= 256
    error_message = "repository_name must be the name of an ECR repository, 2 to 256 lower-case letters, digits and ._-/ between them."
  }
}

variable "scan" {
  description = "Findings that the image's scan may have at most, by severity (CRITICAL, HIGH, MEDIUM, LOW, INFORMATIONAL, UNDEFINED); an image with more is not tagged and the run fails. A severity that is not named is not limited; null does not wait for a scan."
  type = object({
    max_findings = map(number)
  })
  default = null

  validation {
    condition = var.scan == null || try(alltrue([
      for severity, limit in var.scan.max_findings :
      contains(["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED"], severity) && limit >= 0 && floor(limit) == limit
    ]), false)
    error_message = "scan.max_findings takes whole numbers, 0 or more, for CRITICAL, HIGH, MEDIUM, LOW, INFORMATIONAL and UNDEFINED."
  }
}

variable "schedule" {
  description = "When to run again, beside the runs that a release starts: cron(...), rate(...) or at(...) of EventBridge Scheduler, its time zone, and whether it is on; null never."
  type = object({
    expression = string
    timezone   = optional(string, "UTC")
    enabled    = optional(bool, true)
  })
  default = null

  validation {
    condition     = var.schedule == null || can(regex("^(cron\\([^()]+\\)|rate\\([1-9][0-9]* (minutes?|hours?|days?)\\)|at\\([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\))$", var.schedule.expression))
    error_message = "schedule.expression must be cron(...) with six fields, rate(7 days) or at(2030-01-31T04:00:00), for example cron(0 4 ? * MON *)."
  }
  validation {
    condition     = var.schedule == null || can(regex("^[A-Za-z0-9_+/-]{1,50}$", var.schedule.timezone))
    error_message = "schedule.timezone must be an IANA time zone, for example Europe/Berlin."
  }
}

variable "source_code" {
  description = "Where the Dockerfile and its files come from: a zip in S3 with them at its root (s3_version_id null takes the newest), or a git repository: its host (github, gitlab, bitbucket or codecommit), URL, branch, tag or commit, and for all but codecommit the CodeConnections connection (ARN) that may read it, null for a public one."
  type = object({
    s3_uri        = optional(string)
    s3_version_id = optional(string)
    git = optional(object({
      host           = string
      url            = string
      ref            = optional(string, "main")
      connection_arn = optional(string)
    }))
  })
  nullable = false

  validation {
    condition     = (var.source_code.s3_uri == null) != (var.source_code.git == null)
    error_message = "source_code needs exactly one of s3_uri and git."
  }
  validation {
    condition     = var.source_code.s3_uri == null || can(regex("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^*?\\s]+$", var.source_code.s3_uri))
    error_message = "source_code.s3_uri must be s3://bucket/key of a zip, without *, ? or blanks."
  }
  validation {
    condition     = var.source_code.s3_version_id == null || var.source_code.s3_uri != null
    error_message = "source_code.s3_version_id belongs to s3_uri."
  }
  validation {
    condition     = var.source_code.git == null || try(contains(["github", "gitlab", "bitbucket", "codecommit"], var.source_code.git.host) && can(regex("^https://[^\\s@]+$", var.source_code.git.url)), false)
    error_message = "source_code.git needs host github, gitlab, bitbucket or codecommit, and an https:// URL without a login in it."
  }
  validation {
    condition     = try(var.source_code.git.connection_arn, null) == null || can(regex("^arn:aws[a-z-]*:(codeconnections|codestar-connections):[a-z0-9-]+:[0-9]{12}:connection/[a-f0-9-]+$", var.source_code.git.connection_arn))
    error_message = "source_code.git.connection_arn must be the ARN of a CodeConnections connection."
  }
  validation {
    condition     = try(var.source_code.git.ref, null) == null || can(regex("^[A-Za-z0-9_.][A-Za-z0-9_./-]{0,254}$", var.source_code.git.ref))
    error_message = "source_code.git.ref must be a branch, tag or commit."
  }
}

variable "tags" {
  description = "Tags of everything here, the jobs included, beside the provider's default tags."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "vpc" {
  description = "VPC, its subnets (1 to 16) and security groups (1 to 5) that builds run in; they need a way to ECR, S3 and the base images; null runs them in CodeBuild's own network."
  type = object({
    vpc_id             = string
    subnet_ids         = set(string)
    security_group_ids = set(string)
  })
  default = null

  validation {
    condition = var.vpc == null || try(
      can(regex("^vpc-[0-9a-f]{8,17}$", var.vpc.vpc_id))
      && length(var.vpc.subnet_ids) >= 1 && length(var.vpc.subnet_ids) <= 16
      && alltrue([for id in var.vpc.subnet_ids : can(regex("^subnet-[0-9a-f]{8,17}$", id))])
      && length(var.vpc.security_group_ids) >= 1 && length(var.vpc.security_group_ids) <= 5
    && alltrue([for id in var.vpc.security_group_ids : can(regex("^sg-[0-9a-f]{8,17}$", id))]), false)
    error_message = "vpc needs a VPC id (vpc-...), 1 to 16 subnet ids (subnet-...) and 1 to 5 security group ids (sg-...)."
  }
}

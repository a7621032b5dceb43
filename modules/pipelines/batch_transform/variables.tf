# Which model scores which data, and how; null turns a part off.

variable "account_id" {
  description = "Account that the jobs run in, 12 digits; names ARNs without a lookup."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id \"${var.account_id}\" must have exactly 12 digits."
  }
}

variable "batching" {
  description = "How requests are sent to the model: strategy MultiRecord or SingleRecord, largest request (MB, 0 to 100; 0 streams), concurrent requests an instance (0 to 100; 0 lets SageMaker decide), both multiplied at most 100; environment of the containers (at most 16), timeout of a request (seconds, 1 to 3600) and tries more (0 to 3); null leaves a setting to SageMaker."
  type = object({
    strategy                  = optional(string)
    max_payload_mb            = optional(number)
    max_concurrent_transforms = optional(number)
    environment               = optional(map(string), {})
    request_timeout_seconds   = optional(number)
    request_retries           = optional(number)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.batching.strategy == null ? true : contains(["MultiRecord", "SingleRecord"], var.batching.strategy)
    error_message = "batching.strategy must be MultiRecord or SingleRecord."
  }
  validation {
    condition     = var.batching.strategy == null ? true : var.input.split_type != "None" || var.batching.strategy == "SingleRecord"
    error_message = "batching.strategy MultiRecord needs input.split_type Line, RecordIO or TFRecord: an unsplit file is one record."
  }
  validation {
    condition     = var.batching.max_payload_mb == null ? true : var.batching.max_payload_mb >= 0 && var.batching.max_payload_mb <= 100 && floor(var.batching.max_payload_mb) == var.batching.max_payload_mb
    error_message = "batching.max_payload_mb must be a whole number from 0 to 100."
  }
  validation {
    condition     = var.batching.max_concurrent_transforms == null ? true : var.batching.max_concurrent_transforms >= 0 && var.batching.max_concurrent_transforms <= 100 && floor(var.batching.max_concurrent_transforms) == var.batching.max_concurrent_transforms
    error_message = "batching.max_concurrent_transforms must be a whole number from 0 to 100."
  }
  validation {
    condition     = try(var.batching.max_payload_mb * var.batching.max_concurrent_transforms <= 100, true)
    error_message = "batching.max_payload_mb multiplied by max_concurrent_transforms must not exceed 100."
  }
  validation {
    condition = length(var.batching.environment) <= 16 && alltrue([
      for name, value in var.batching.environment : can(regex("^[a-zA-Z_][a-zA-Z0-9_]*$", name)) && length(name) <= 1024 && length(value) <= 10240
    ])
    error_message = "batching.environment takes at most 16 variables; names are letters, digits and _, values at most 10240 characters."
  }
  validation {
    condition     = var.batching.request_timeout_seconds == null ? true : var.batching.request_timeout_seconds >= 1 && var.batching.request_timeout_seconds <= 3600 && floor(var.batching.request_timeout_seconds) == var.batching.request_timeout_seconds
    error_message = "batching.request_timeout_seconds must be a whole number from 1 to 3600."
  }
  validation {
    condition     = var.batching.request_retries == null ? true : contains([0, 1, 2, 3], var.batching.request_retries)
    error_message = "batching.request_retries must be 0, 1, 2 or 3."
  }
}

variable "data_capture" {
  description = "Requests and answers of the jobs kept for a monitor: S3 prefix, and whether each record gets an inference id that ground truth can be joined by; null captures nothing."
  type = object({
    destination_s3_uri    = string
    generate_inference_id = optional(bool, false)
  })
  default = null

  validation {
    condition     = var.data_capture == null || can(regex("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9!_.*()/=+@:,-]*)?$", var.data_capture.destination_s3_uri))
    error_message = "data_capture.destination_s3_uri must be s3://bucket/prefix of letters, digits and !_.*()/=+@:,- only."
  }
}

variable "data_kms_key_arns" {
  description = "KMS keys (key or alias ARNs) that the buckets of input and output encrypt with: the jobs may use exactly those, for that."
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

variable "input" {
  description = "What is scored: an S3 object or prefix anywhere, or a manifest with s3_data_type ManifestFile (what it points to is read from referenced_s3_uris; empty: the manifest's own bucket). Content type; how a file is split into records (None, Line, RecordIO or TFRecord); compression (None or Gzip); filter is a JSONPath of at most 63 characters that picks what the model sees of a record, for example $[1:]; null passes it whole."
  type = object({
    s3_uri             = string
    s3_data_type       = optional(string, "S3Prefix")
    content_type       = optional(string, "text/csv")
    split_type         = optional(string, "Line")
    compression        = optional(string, "None")
    filter             = optional(string)
    referenced_s3_uris = optional(set(string), [])
  })
  nullable = false

  validation {
    condition = alltrue([
      for uri in concat([var.input.s3_uri], tolist(var.input.referenced_s3_uris)) :
      can(regex("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^*?\\s]*)?$", uri)) && length(uri) <= 1024
    ])
    error_message = "input.s3_uri and referenced_s3_uris must be s3://bucket/key or s3://bucket/prefix without *, ? or blanks."
  }
  validation {
    condition     = contains(["S3Prefix", "ManifestFile"], var.input.s3_data_type)
    error_message = "input.s3_data_type must be S3Prefix or ManifestFile."
  }
  validation {
    condition     = contains(["None", "Line", "RecordIO", "TFRecord"], var.input.split_type)
    error_message = "input.split_type must be None, Line, RecordIO or TFRecord."
  }
  validation {
    condition     = contains(["None", "Gzip"], var.input.compression)
    error_message = "input.compression must be None or Gzip."
  }
  validation {
    condition     = var.input.content_type == null ? true : length(var.input.content_type) <= 256
    error_message = "input.content_type has at most 256 characters, for example text/csv."
  }
  validation {
    condition     = var.input.filter == null || can(regex("^\\$.{0,62}$", var.input.filter))
    error_message = "input.filter must be a JSONPath of at most 63 characters that starts with $, for example $[1:]."
  }
}

variable "instances" {
  description = "What a job runs on: instance type and count (1 to 100; the input's files are shared out over the instances)."
  type = object({
    type  = string
    count = optional(number, 1)
  })
  nullable = false

  validation {
    condition     = can(regex("^ml\\.[a-z0-9-]+\\.[a-z0-9]+$", var.instances.type))
    error_message = "instances.type must look like ml.m5.large."
  }
  validation {
    condition     = var.instances.count >= 1 && var.instances.count <= 100 && floor(var.instances.count) == var.instances.count
    error_message = "instances.count must be a whole number from 1 to 100."
  }
}

variable "job_name" {
  description = "Beginning of the jobs' names, 1 to 63 letters, digits and inner hyphens; each run appends 10 hexadecimal digits of the SHA-256 of its execution's ARN, and a beginning longer than 52 characters keeps 43 and 8 digits of its own hash. Null takes the base name."
  type        = string
  default     = null

  validation {
    condition     = var.job_name == null || can(regex("^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$", var.job_name))
    error_message = "job_name must be 1 to 63 letters, digits and hyphens, beginning and ending with a letter or digit."
  }
}

variable "kms_key_arn" {
  description = "KMS key (ARN, not an alias) for the output and the instances' volumes; volumes of instance types with local NVMe storage keep their hardware encryption; null uses AWS's own keys."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]{1,128}$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key, for example arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab."
  }
}

variable "model" {
  description = "The model: a container image with its artifact (an S3 object, or a prefix ending in / that is taken uncompressed), or a version in the Model Registry by ARN. package_image_uris and package_artifact_s3_uris name what a registered version uses, artifact_kms_key_arns the keys (key or alias ARN) that its artifacts are encrypted with: the execution role may read exactly those. environment is passed to the container; network_isolation cuts it off from every network."
  type = object({
    image_uri                = optional(string)
    artifact_s3_uri          = optional(string)
    model_package_arn        = optional(string)
    package_image_uris       = optional(set(string), [])
    package_artifact_s3_uris = optional(set(string), [])
    artifact_kms_key_arns    = optional(set(string), [])
    environment              = optional(map(string), {})
    network_isolation        = optional(bool, false)
  })
  nullable = false

  validation {
    condition     = (var.model.image_uri == null) != (var.model.model_package_arn == null)
    error_message = "model needs exactly one of image_uri and model_package_arn. Which version of a model package group is deployed is pinned when a config is submitted (`mlops submit`); `mlops promote` brings the pin into a workspace."
  }
  validation {
    condition     = var.model.model_package_arn == null || var.model.artifact_s3_uri == null
    error_message = "model.artifact_s3_uri belongs to image_uri; a model package brings its own artifact."
  }
  validation {
    condition = alltrue([
      for uri in concat(compact([var.model.image_uri == null ? "" : var.model.image_uri]), tolist(var.model.package_image_uris)) :
      can(regex("^[0-9]{12}\\.dkr\\.ecr(\\.[a-z0-9-]+){2,5}/[a-z0-9][a-z0-9._/-]*(:[A-Za-z0-9._-]{1,128})?(@sha256:[0-9a-f]{64})?$", uri)) && length(uri) <= 255
    ])
    error_message = "model images must be ECR URIs of at most 255 characters, for example 111111111111.dkr.ecr.eu-west-1.amazonaws.com/churn:1.0 or .../churn@sha256:..."
  }
  validation {
    condition = alltrue([
      for uri in concat(compact([var.model.artifact_s3_uri == null ? "" : var.model.artifact_s3_uri]), tolist(var.model.package_artifact_s3_uris)) :
      can(regex("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^*?\\s]+$", uri)) && length(uri) <= 1024
    ])
    error_message = "model artifacts must be s3://bucket/key (an object) or s3://bucket/prefix/ (a folder) without *, ? or blanks."
  }
  validation {
    condition     = var.model.model_package_arn == null || can(regex("^arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:[0-9]{12}:model-package/[A-Za-z0-9](-*[A-Za-z0-9]){0,62}(/[0-9]{1,9})?$", var.model.model_package_arn))
    error_message = "model.model_package_arn must be the ARN of a model package version, for example arn:aws:sagemaker:eu-west-1:111111111111:model-package/churn/3."
  }
  validation {
    condition = alltrue([
      for arn in var.model.artifact_kms_key_arns :
      can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(key/[A-Za-z0-9-]{1,128}|alias/[A-Za-z0-9/_-]{1,250})$", arn))
    ])
    error_message = "model.artifact_kms_key_arns must be ARNs of KMS keys or aliases."
  }
  validation {
    condition = length(var.model.environment) <= 100 && alltrue([
      for key, value in var.model.environment : can(regex("^[a-zA-Z_][a-zA-Z0-9_]*$", key)) && length(key) <= 1024 && length(value) <= 1024
    ])
    error_message = "model.environment takes at most 100 variables; names are letters, digits and _, values at most 1024 characters."
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

variable "output" {
  description = "Where the predictions go: S3 prefix, for every run the same or, with folder_per_run, a folder below it named after the job. accept is the content type asked of the model, assemble_with how records become a file (None or Line); filter is a JSONPath of at most 63 characters that picks what is written, for example $[0,-1]; join_source Input writes each record with its prediction, None the prediction alone."
  type = object({
    s3_uri         = string
    folder_per_run = optional(bool, false)
    accept         = optional(string, "text/csv")
    assemble_with  = optional(string, "Line")
    filter         = optional(string)
    join_source    = optional(string, "None")
  })
  nullable = false

  validation {
    condition     = can(regex("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9!_.*()/=+@:,-]*[A-Za-z0-9!_.*()=+@:,-])?$", var.output.s3_uri)) && length(var.output.s3_uri) <= 900
    error_message = "output.s3_uri must be s3://bucket/prefix without a slash at the end, of letters, digits and !_.*()/=+@:,- only, at most 900 characters."
  }
  validation {
    condition     = contains(["None", "Line"], var.output.assemble_with)
    error_message = "output.assemble_with must be None or Line."
  }
  validation {
    condition     = var.output.accept == null ? true : length(var.output.accept) <= 256
    error_message = "output.accept has at most 256 characters, for example text/csv."
  }
  validation {
    condition     = var.output.filter == null || can(regex("^\\$.{0,62}$", var.output.filter))
    error_message = "output.filter must be a JSONPath of at most 63 characters that starts with $, for example $[0,-1]."
  }
  validation {
    condition     = contains(["None", "Input"], var.output.join_source)
    error_message = "output.join_source must be None or Input."
  }
  validation {
    # SageMaker joins records of CSV, JSON and JSON Lines only, and both sides must have the same format.
    condition = var.output.join_source == "None" || try(
      contains(["text/csv", "application/json", "application/jsonlines"], var.input.content_type)
    && var.output.accept == var.input.content_type, false)
    error_message = "output.join_source Input needs input.content_type and output.accept to be the same: text/csv, application/json or application/jsonlines."
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

variable "tags" {
  description = "Tags of everything here, the jobs included, beside the provider's default tags."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "vpc" {
  description = "Subnets (1 to 16) and security groups (1 to 5) that the jobs' containers are reached through; null leaves them in SageMaker's own network."
  type = object({
    subnet_ids         = set(string)
    security_group_ids = set(string)
  })
  default = null

  validation {
    condition = var.vpc == null || try(
      length(var.vpc.subnet_ids) >= 1 && length(var.vpc.subnet_ids) <= 16
      && alltrue([for id in var.vpc.subnet_ids : can(regex("^subnet-[0-9a-f]{8,17}$", id))])
      && length(var.vpc.security_group_ids) >= 1 && length(var.vpc.security_group_ids) <= 5
    && alltrue([for id in var.vpc.security_group_ids : can(regex("^sg-[0-9a-f]{8,17}$", id))]), false)
    error_message = "vpc needs 1 to 16 subnet ids (subnet-...) and 1 to 5 security group ids (sg-...)."
  }
}

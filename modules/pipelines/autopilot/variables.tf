# What Autopilot learns from and how long it may search; null turns a part off.

variable "account_id" {
  description = "Account that the jobs run in, 12 digits; names ARNs without a lookup."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id \"${var.account_id}\" must have exactly 12 digits."
  }
}

variable "data" {
  description = "Training data: an S3 object or prefix (or a manifest with s3_data_type ManifestFile; what it points to is read from referenced_s3_uris, empty: the manifest's own bucket), content type, compression (None or Gzip), column to predict, column of weights; validation data of its own (S3), or the share of the training data held back for it (above 0, below 1); null leaves a setting to SageMaker."
  type = object({
    s3_uri                  = string
    s3_data_type            = optional(string, "S3Prefix")
    content_type            = optional(string)
    compression             = optional(string)
    target_attribute        = string
    sample_weight_attribute = optional(string)
    validation_s3_uri       = optional(string)
    validation_fraction     = optional(number)
    referenced_s3_uris      = optional(set(string), [])
  })
  nullable = false

  validation {
    condition = alltrue([
      for uri in concat([var.data.s3_uri], compact([var.data.validation_s3_uri == null ? "" : var.data.validation_s3_uri]), tolist(var.data.referenced_s3_uris)) :
      can(regex("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^*?\\s]*)?$", uri)) && length(uri) <= 1024
    ])
    error_message = "data.s3_uri, validation_s3_uri and referenced_s3_uris must be s3://bucket/key or s3://bucket/prefix without *, ? or blanks."
  }
  validation {
    condition     = contains(["S3Prefix", "ManifestFile"], var.data.s3_data_type)
    error_message = "data.s3_data_type must be S3Prefix or ManifestFile."
  }
  validation {
    condition     = var.data.compression == null ? true : contains(["None", "Gzip"], var.data.compression)
    error_message = "data.compression must be None or Gzip."
  }
  validation {
    condition     = var.data.content_type == null ? true : length(var.data.content_type) <= 256
    error_message = "data.content_type has at most 256 characters, for example text/csv;header=present."
  }
  validation {
    condition     = length(var.data.target_attribute) >= 1 && length(var.data.target_attribute) <= 256
    error_message = "data.target_attribute names the column to predict, 1 to 256 characters."
  }
  validation {
    condition     = var.data.sample_weight_attribute == null || can(regex("^[a-zA-Z0-9_-]{1,256}$", var.data.sample_weight_attribute))
    error_message = "data.sample_weight_attribute must be 1 to 256 letters, digits, hyphens and underscores."
  }
  validation {
    condition     = var.data.validation_fraction == null ? true : var.data.validation_fraction > 0 && var.data.validation_fraction < 1
    error_message = "data.validation_fraction must be above 0 and below 1."
  }
  validation {
    condition     = var.data.validation_fraction == null || var.data.validation_s3_uri == null
    error_message = "data takes validation_s3_uri or validation_fraction, not both."
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

variable "job" {
  description = "How Autopilot searches: candidates (1 to 750), longest run of one training job (seconds, 600 to 259200) and of the whole (seconds, 3600 to 2592000; at least one job's), mode (AUTO, ENSEMBLING or HYPERPARAMETER_TUNING; null lets SageMaker choose), algorithms to try (empty: all of the mode's), encryption of the traffic between instances; definitions_only stops after the candidate notebooks."
  type = object({
    max_candidates              = optional(number, 10)
    max_runtime_per_job_seconds = optional(number, 86400)
    max_total_runtime_seconds   = optional(number, 2592000)
    mode                        = optional(string)
    algorithms                  = optional(set(string), [])
    definitions_only            = optional(bool, false)
    encrypt_between_instances   = optional(bool, true)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.job.max_candidates >= 1 && var.job.max_candidates <= 750 && floor(var.job.max_candidates) == var.job.max_candidates
    error_message = "job.max_candidates must be a whole number from 1 to 750."
  }
  validation {
    condition     = var.job.max_runtime_per_job_seconds >= 600 && var.job.max_runtime_per_job_seconds <= 259200 && floor(var.job.max_runtime_per_job_seconds) == var.job.max_runtime_per_job_seconds
    error_message = "job.max_runtime_per_job_seconds must be a whole number from 600 to 259200 (3 days)."
  }
  validation {
    condition     = var.job.max_total_runtime_seconds >= 3600 && var.job.max_total_runtime_seconds <= 2592000 && floor(var.job.max_total_runtime_seconds) == var.job.max_total_runtime_seconds
    error_message = "job.max_total_runtime_seconds must be a whole number from 3600 to 2592000 (30 days)."
  }
  validation {
    condition     = var.job.max_runtime_per_job_seconds <= var.job.max_total_runtime_seconds
    error_message = "job.max_runtime_per_job_seconds must not exceed max_total_runtime_seconds."
  }
  validation {
    condition     = var.job.mode == null ? true : contains(["AUTO", "ENSEMBLING", "HYPERPARAMETER_TUNING"], var.job.mode)
    error_message = "job.mode must be AUTO, ENSEMBLING or HYPERPARAMETER_TUNING."
  }
  validation {
    condition = alltrue([
      for algorithm in var.job.algorithms :
      contains(["xgboost", "linear-learner", "mlp", "lightgbm", "catboost", "randomforest", "extra-trees", "nn-torch", "fastai"], algorithm)
    ])
    error_message = "job.algorithms are xgboost, linear-learner, mlp, lightgbm, catboost, randomforest, extra-trees, nn-torch and fastai."
  }
  validation {
    condition     = !var.job.definitions_only || (var.registration == null && var.job.mode != "ENSEMBLING")
    error_message = "job.definitions_only makes no model to register, and mode ENSEMBLING has no candidate definitions."
  }
}

variable "job_name" {
  description = "Beginning of the jobs' names, 1 to 63 letters, digits and inner hyphens; each run appends 10 hexadecimal digits of the SHA-256 of its execution's ARN, and a beginning longer than 21 characters keeps 12 and 8 digits of its own hash. Null takes the base name."
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

variable "output_s3_uri" {
  description = "S3 prefix for the results, s3://bucket/prefix of at most 900 characters; each run writes below it, under its job's name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9!_.*()/=+@:,-]*[A-Za-z0-9!_.*()=+@:,-])?$", var.output_s3_uri)) && length(var.output_s3_uri) <= 900
    error_message = "output_s3_uri must be s3://bucket/prefix without a slash at the end, of letters, digits and !_.*()/=+@:,- only."
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

variable "problem" {
  description = "Kind of problem (BinaryClassification, MulticlassClassification or Regression) and the metric to optimise; null lets Autopilot find both."
  type = object({
    type      = string
    objective = string
  })
  default = null

  validation {
    condition     = var.problem == null || try(contains(["BinaryClassification", "MulticlassClassification", "Regression"], var.problem.type), false)
    error_message = "problem.type must be BinaryClassification, MulticlassClassification or Regression."
  }
  validation {
    condition = var.problem == null || try(contains({
      BinaryClassification     = ["Accuracy", "AUC", "BalancedAccuracy", "F1", "Precision", "Recall"]
      MulticlassClassification = ["Accuracy", "BalancedAccuracy", "F1macro", "PrecisionMacro", "RecallMacro"]
      Regression               = ["MAE", "MSE", "R2", "RMSE"]
    }[var.problem.type], var.problem.objective), false)
    error_message = "problem.objective does not fit problem.type: binary takes Accuracy, AUC, BalancedAccuracy, F1, Precision or Recall; multiclass Accuracy, BalancedAccuracy, F1macro, PrecisionMacro or RecallMacro; regression MAE, MSE, R2 or RMSE."
  }
}

variable "registration" {
  description = "Model package group (by name, in this account; it must exist) that each successful run registers its model in, with its metrics, and as what: PendingManualApproval, Approved or Rejected; content types and instance types that the model serves; null registers nothing."
  type = object({
    model_package_group_name = string
    approval_status          = optional(string, "PendingManualApproval")
    description              = optional(string)
    content_types            = optional(list(string), ["text/csv"])
    response_types           = optional(list(string), ["text/csv"])
    realtime_instance_types  = optional(list(string), ["ml.m5.large", "ml.m5.xlarge"])
    transform_instance_types = optional(list(string), ["ml.m5.large", "ml.m5.xlarge"])
  })
  default = null

  validation {
    condition     = var.registration == null || can(regex("^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$", var.registration.model_package_group_name))
    error_message = "registration.model_package_group_name must be 1 to 63 letters, digits and inner hyphens."
  }
  validation {
    condition     = var.registration == null || try(contains(["PendingManualApproval", "Approved", "Rejected"], var.registration.approval_status), false)
    error_message = "registration.approval_status must be PendingManualApproval, Approved or Rejected."
  }
  validation {
    condition     = try(var.registration.description, null) == null || try(length(var.registration.description) <= 1024, false)
    error_message = "registration.description has at most 1024 characters."
  }
  validation {
    condition = var.registration == null || try(
      length(var.registration.content_types) >= 1 && length(var.registration.response_types) >= 1
      && length(var.registration.realtime_instance_types) + length(var.registration.transform_instance_types) >= 1
      && alltrue([
        for type in concat(var.registration.realtime_instance_types, var.registration.transform_instance_types) :
        can(regex("^ml\\.[a-z0-9-]+\\.[a-z0-9]+$", type))
    ]), false)
    error_message = "registration needs at least one content type, response type and instance type; instance types look like ml.m5.large."
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

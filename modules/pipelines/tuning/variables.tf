# What is tuned, over which ranges, from which data, on what; null turns a part off.

variable "account_id" {
  description = "Account that the jobs run in, 12 digits; names ARNs without a lookup."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id \"${var.account_id}\" must have exactly 12 digits."
  }
}

variable "algorithm" {
  description = "What trains: image, hyperparameters (at most 100, values as text), environment (at most 100), input mode (File, Pipe or FastFile), metrics by name as regular expressions over the log (at most 40), network isolation, encryption of the traffic between instances."
  type = object({
    image_uri                 = string
    hyperparameters           = optional(map(string), {})
    environment               = optional(map(string), {})
    input_mode                = optional(string, "File")
    metric_definitions        = optional(map(string), {})
    network_isolation         = optional(bool, false)
    encrypt_between_instances = optional(bool, true)
  })
  nullable = false

  validation {
    condition     = can(regex("^[0-9]{12}\\.dkr\\.ecr(\\.[a-z0-9-]+){2,5}/[a-z0-9][a-z0-9._/-]*(:[A-Za-z0-9._-]{1,128})?(@sha256:[0-9a-f]{64})?$", var.algorithm.image_uri)) && length(var.algorithm.image_uri) <= 255
    error_message = "algorithm.image_uri must be an ECR URI of at most 255 characters, for example 111111111111.dkr.ecr.eu-west-1.amazonaws.com/churn:1.0."
  }
  validation {
    condition     = contains(["File", "Pipe", "FastFile"], var.algorithm.input_mode)
    error_message = "algorithm.input_mode must be File, Pipe or FastFile."
  }
  validation {
    condition = length(var.algorithm.hyperparameters) <= 100 && alltrue([
      for name, value in var.algorithm.hyperparameters : length(name) >= 1 && length(name) <= 256 && !endswith(name, ".$") && length(value) <= 2500
    ])
    error_message = "algorithm.hyperparameters takes at most 100; names have 1 to 256 characters and do not end in .$, values have at most 2500."
  }
  validation {
    condition = length(var.algorithm.environment) <= 48 && alltrue([
      for name, value in var.algorithm.environment : can(regex("^[a-zA-Z_][a-zA-Z0-9_]{0,511}$", name)) && length(value) <= 512
    ])
    error_message = "algorithm.environment takes at most 48 variables; names are letters, digits and _, values at most 512 characters."
  }
  validation {
    condition = length(var.algorithm.metric_definitions) <= 40 && alltrue([
      for name, expression in var.algorithm.metric_definitions : length(name) >= 1 && length(name) <= 255 && length(expression) >= 1 && length(expression) <= 500
    ])
    error_message = "algorithm.metric_definitions takes at most 40; names have 1 to 255 characters, expressions 1 to 500."
  }
}

variable "channels" {
  description = "Input data by channel name (train, validation, ...; 1 to 20): an S3 object or prefix, or a manifest with s3_data_type ManifestFile or AugmentedManifestFile; what a manifest points to is read from referenced_s3_uris (empty: the manifest's own bucket). Null leaves a setting to SageMaker."
  type = map(object({
    s3_uri             = string
    s3_data_type       = optional(string, "S3Prefix")
    distribution       = optional(string, "FullyReplicated")
    content_type       = optional(string)
    compression        = optional(string)
    input_mode         = optional(string)
    record_wrapper     = optional(string)
    attribute_names    = optional(list(string), [])
    shuffle_seed       = optional(number)
    referenced_s3_uris = optional(set(string), [])
  }))
  nullable = false

  validation {
    condition     = length(var.channels) >= 1 && length(var.channels) <= 20 && alltrue([for name in keys(var.channels) : can(regex("^[A-Za-z0-9._-]{1,64}$", name))])
    error_message = "channels takes 1 to 20 channels, named by 1 to 64 letters, digits, dots, hyphens and underscores, for example train."
  }
  validation {
    condition = alltrue([
      for channel in var.channels : alltrue([
        for uri in concat([channel.s3_uri], tolist(channel.referenced_s3_uris)) :
        can(regex("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^*?\\s]*)?$", uri)) && length(uri) <= 1024
      ])
    ])
    error_message = "s3_uri and referenced_s3_uris of a channel must be s3://bucket/key or s3://bucket/prefix without *, ? or blanks."
  }
  validation {
    condition = alltrue([
      for channel in var.channels :
      contains(["S3Prefix", "ManifestFile", "AugmentedManifestFile"], channel.s3_data_type)
      && contains(["FullyReplicated", "ShardedByS3Key"], channel.distribution)
    ])
    error_message = "s3_data_type of a channel must be S3Prefix, ManifestFile or AugmentedManifestFile, distribution FullyReplicated or ShardedByS3Key."
  }
  validation {
    condition = alltrue([
      for channel in var.channels :
      (channel.compression == null ? true : contains(["None", "Gzip"], channel.compression))
      && (channel.input_mode == null ? true : contains(["File", "Pipe", "FastFile"], channel.input_mode))
      && (channel.record_wrapper == null ? true : contains(["None", "RecordIO"], channel.record_wrapper))
    ])
    error_message = "compression of a channel must be None or Gzip, input_mode File, Pipe or FastFile, record_wrapper None or RecordIO."
  }
  validation {
    condition = alltrue([
      for channel in var.channels :
      (channel.s3_data_type == "AugmentedManifestFile") == (length(channel.attribute_names) > 0)
      && length(channel.attribute_names) <= 16
    ])
    error_message = "a channel of type AugmentedManifestFile needs attribute_names (1 to 16), and no other takes them."
  }
  validation {
    condition     = alltrue([for channel in var.channels : channel.content_type == null ? true : length(channel.content_type) <= 256])
    error_message = "content_type of a channel has at most 256 characters, for example text/csv."
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

variable "instances" {
  description = "What a job runs on: instance type, count (1 to 100), EBS volume (GB, 1 to 16384), longest run (seconds, 1 to 2419200), tries more after an internal error of SageMaker (0 to 30). spot takes managed spot capacity, a job then ends at the latest after max_wait_seconds, at least the longest run; null takes on-demand capacity."
  type = object({
    type                = string
    count               = optional(number, 1)
    volume_size_gb      = optional(number, 20)
    max_runtime_seconds = optional(number, 86400)
    retry_attempts      = optional(number, 0)
    spot = optional(object({
      max_wait_seconds         = number
      shared_checkpoint_s3_uri = optional(string)
    }))
  })
  nullable = false

  validation {
    condition     = can(regex("^ml\\.[a-z0-9-]+\\.[a-z0-9]+$", var.instances.type))
    error_message = "instances.type must look like ml.m5.xlarge."
  }
  validation {
    condition     = var.instances.count >= 1 && var.instances.count <= 100 && floor(var.instances.count) == var.instances.count
    error_message = "instances.count must be a whole number from 1 to 100."
  }
  validation {
    condition     = var.instances.volume_size_gb >= 1 && var.instances.volume_size_gb <= 16384 && floor(var.instances.volume_size_gb) == var.instances.volume_size_gb
    error_message = "instances.volume_size_gb must be a whole number from 1 to 16384."
  }
  validation {
    condition     = var.instances.max_runtime_seconds >= 1 && var.instances.max_runtime_seconds <= 2419200 && floor(var.instances.max_runtime_seconds) == var.instances.max_runtime_seconds
    error_message = "instances.max_runtime_seconds must be a whole number from 1 to 2419200 (28 days)."
  }
  validation {
    condition     = var.instances.retry_attempts >= 0 && var.instances.retry_attempts <= 30 && floor(var.instances.retry_attempts) == var.instances.retry_attempts
    error_message = "instances.retry_attempts must be a whole number from 0 to 30."
  }
  validation {
    condition = var.instances.spot == null || try(
      var.instances.spot.max_wait_seconds >= var.instances.max_runtime_seconds
      && var.instances.spot.max_wait_seconds <= 2419200
    && floor(var.instances.spot.max_wait_seconds) == var.instances.spot.max_wait_seconds, false)
    error_message = "instances.spot.max_wait_seconds counts the waiting and the run: a whole number, at least max_runtime_seconds (${var.instances.max_runtime_seconds}), at most 2419200."
  }
  validation {
    condition     = try(var.instances.spot.shared_checkpoint_s3_uri, null) == null || can(regex("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[A-Za-z0-9!_.*()/=+@:,-]+$", var.instances.spot.shared_checkpoint_s3_uri))
    error_message = "instances.spot.shared_checkpoint_s3_uri must be s3://bucket/prefix of letters, digits and !_.*()/=+@:,- only."
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

variable "ranges" {
  description = "The search space by hyperparameter (1 to 30 in all): continuous and integer from min to max with scaling Auto, Linear, Logarithmic or ReverseLogarithmic, categorical from a list of 1 to 30 values. A hyperparameter that has a range loses its fixed value."
  type = object({
    continuous = optional(map(object({
      min     = number
      max     = number
      scaling = optional(string, "Auto")
    })), {})
    integer = optional(map(object({
      min     = number
      max     = number
      scaling = optional(string, "Auto")
    })), {})
    categorical = optional(map(list(string)), {})
  })
  nullable = false

  validation {
    condition     = length(var.ranges.continuous) + length(var.ranges.integer) + length(var.ranges.categorical) <= 30 && length(var.ranges.continuous) + length(var.ranges.integer) + length(var.ranges.categorical) + length(var.tuning.auto_parameters) >= 1
    error_message = "ranges takes 1 to 30 hyperparameters in all."
  }
  validation {
    condition     = length(setunion(keys(var.ranges.continuous), keys(var.ranges.integer), keys(var.ranges.categorical))) == length(var.ranges.continuous) + length(var.ranges.integer) + length(var.ranges.categorical)
    error_message = "a hyperparameter has one range: continuous, integer or categorical."
  }
  validation {
    condition     = alltrue([for range in concat(values(var.ranges.continuous), values(var.ranges.integer)) : range.min < range.max])
    error_message = "min of a range must be below its max."
  }
  validation {
    condition     = alltrue([for range in var.ranges.integer : floor(range.min) == range.min && floor(range.max) == range.max])
    error_message = "min and max of an integer range must be whole numbers."
  }
  validation {
    condition     = alltrue([for range in concat(values(var.ranges.continuous), values(var.ranges.integer)) : contains(["Auto", "Linear", "Logarithmic", "ReverseLogarithmic"], range.scaling)])
    error_message = "scaling of a range must be Auto, Linear, Logarithmic or ReverseLogarithmic."
  }
  validation {
    condition = alltrue(concat(
      [for range in concat(values(var.ranges.continuous), values(var.ranges.integer)) : range.scaling != "Logarithmic" || range.min > 0],
      [for range in var.ranges.continuous : range.scaling != "ReverseLogarithmic" || (range.min >= 0 && range.max < 1)],
      [for range in var.ranges.integer : range.scaling != "ReverseLogarithmic"],
    ))
    error_message = "Logarithmic scaling needs a range above 0; ReverseLogarithmic is for continuous ranges within 0 <= x < 1."
  }
  validation {
    condition     = alltrue([for choices in var.ranges.categorical : length(choices) >= 1 && length(choices) <= 30 && alltrue([for choice in choices : length(choice) <= 256])])
    error_message = "a categorical range takes 1 to 30 values of at most 256 characters."
  }
  validation {
    condition     = var.tuning.strategy != "Grid" || length(var.ranges.continuous) + length(var.ranges.integer) == 0
    error_message = "tuning.strategy Grid searches categorical ranges only."
  }
}

variable "registration" {
  description = "Model package group (by name, in this account; it must exist) that each successful run registers its model in, with its metrics, and as what: PendingManualApproval, Approved or Rejected; the inference image (null: the training image), content types and instance types that the model serves; null registers nothing."
  type = object({
    model_package_group_name = string
    approval_status          = optional(string, "PendingManualApproval")
    description              = optional(string)
    image_uri                = optional(string)
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
    condition     = try(var.registration.image_uri, null) == null || can(regex("^[0-9]{12}\\.dkr\\.ecr(\\.[a-z0-9-]+){2,5}/[a-z0-9][a-z0-9._/-]*(:[A-Za-z0-9._-]{1,128})?(@sha256:[0-9a-f]{64})?$", var.registration.image_uri))
    error_message = "registration.image_uri must be an ECR URI, for example 111111111111.dkr.ecr.eu-west-1.amazonaws.com/churn:1.0."
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

variable "tuning" {
  description = "The search: strategy (Bayesian, Random, Hyperband or Grid), objective metric and whether to Maximize or Minimize it, training jobs in all (max_jobs, 1 to 750; null for Grid, which tries every combination) and at a time (1 to 100), longest search (seconds, 120 to 15768000; null has no limit), early stopping of hopeless jobs (Off or Auto), random seed, Hyperband's resources, when to be content (a target value, jobs without improvement of at least 3, convergence), and hyperparameters whose range SageMaker picks around a hint (auto_parameters)."
  type = object({
    strategy            = optional(string, "Bayesian")
    objective_metric    = string
    objective_type      = optional(string, "Maximize")
    max_jobs            = optional(number)
    max_parallel_jobs   = optional(number, 1)
    max_runtime_seconds = optional(number)
    early_stopping      = optional(string, "Off")
    random_seed         = optional(number)
    definition_name     = optional(string)
    target_value        = optional(number)
    max_jobs_unimproved = optional(number)
    stop_on_convergence = optional(bool, false)
    auto_parameters     = optional(map(string), {})
    autotune            = optional(bool, false)
    hyperband = optional(object({
      min_resource = number
      max_resource = number
    }))
  })
  nullable = false

  validation {
    condition     = contains(["Bayesian", "Random", "Hyperband", "Grid"], var.tuning.strategy)
    error_message = "tuning.strategy must be Bayesian, Random, Hyperband or Grid."
  }
  validation {
    condition     = contains(["Maximize", "Minimize"], var.tuning.objective_type) && length(var.tuning.objective_metric) >= 1 && length(var.tuning.objective_metric) <= 255
    error_message = "tuning.objective_metric has 1 to 255 characters, objective_type is Maximize or Minimize."
  }
  validation {
    condition     = var.tuning.max_jobs == null ? true : var.tuning.max_jobs >= 1 && var.tuning.max_jobs <= 750 && floor(var.tuning.max_jobs) == var.tuning.max_jobs
    error_message = "tuning.max_jobs must be a whole number from 1 to 750."
  }
  validation {
    condition     = var.tuning.max_jobs != null || var.tuning.strategy == "Grid" || var.tuning.autotune
    error_message = "tuning.max_jobs is needed: how many training jobs may be paid for."
  }
  validation {
    condition     = var.tuning.max_parallel_jobs >= 1 && var.tuning.max_parallel_jobs <= 100 && floor(var.tuning.max_parallel_jobs) == var.tuning.max_parallel_jobs
    error_message = "tuning.max_parallel_jobs must be a whole number from 1 to 100."
  }
  validation {
    condition     = var.tuning.max_jobs == null ? true : var.tuning.max_parallel_jobs <= var.tuning.max_jobs
    error_message = "tuning.max_parallel_jobs must not exceed max_jobs."
  }
  validation {
    condition     = var.tuning.max_runtime_seconds == null ? true : var.tuning.max_runtime_seconds >= 120 && var.tuning.max_runtime_seconds <= 15768000
    error_message = "tuning.max_runtime_seconds must be 120 to 15768000 (half a year)."
  }
  validation {
    condition     = contains(["Off", "Auto"], var.tuning.early_stopping)
    error_message = "tuning.early_stopping must be Off or Auto."
  }
  validation {
    condition     = var.tuning.strategy != "Hyperband" || var.tuning.early_stopping == "Off"
    error_message = "tuning.early_stopping must be Off with strategy Hyperband, which stops jobs by itself."
  }
  validation {
    condition     = var.tuning.hyperband == null || var.tuning.strategy == "Hyperband"
    error_message = "tuning.hyperband belongs to strategy Hyperband."
  }
  validation {
    condition     = var.tuning.hyperband == null || try(var.tuning.hyperband.min_resource >= 1 && var.tuning.hyperband.max_resource > var.tuning.hyperband.min_resource, false)
    error_message = "tuning.hyperband needs 1 <= min_resource < max_resource (epochs or steps)."
  }
  validation {
    condition     = var.tuning.random_seed == null ? true : var.tuning.random_seed >= 0 && floor(var.tuning.random_seed) == var.tuning.random_seed
    error_message = "tuning.random_seed must be a whole number, 0 or more."
  }
  validation {
    condition     = var.tuning.max_jobs_unimproved == null ? true : var.tuning.max_jobs_unimproved >= 3
    error_message = "tuning.max_jobs_unimproved must be at least 3."
  }
  validation {
    condition     = var.tuning.definition_name == null || can(regex("^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,63}$", var.tuning.definition_name))
    error_message = "tuning.definition_name must be 1 to 64 letters, digits and inner hyphens."
  }
  validation {
    condition     = length(var.tuning.auto_parameters) == 0 || var.tuning.autotune
    error_message = "tuning.auto_parameters belongs to autotune."
  }
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

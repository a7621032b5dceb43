# What a realtime endpoint is made of; the defaults are safe and cheap, and null turns a part off.

variable "account_id" {
  description = "Account that the endpoint lives in, 12 digits; names ARNs without a lookup."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id \"${var.account_id}\" must have exactly 12 digits."
  }
}

variable "alarms" {
  description = "Alarms that notify a topic: 5xx answers as a share of requests (percent, above 0 to 100), p99 model latency (milliseconds, 1 to 3600000; null leaves it out), no request for a while (minutes, 5 to 1440; null leaves it out); null notifies nobody."
  type = object({
    topic_arn            = string
    error_percent        = optional(number, 5)
    latency_milliseconds = optional(number, 10000)
    no_request_minutes   = optional(number)
  })
  default = null

  validation {
    condition     = var.alarms == null || can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$", var.alarms.topic_arn))
    error_message = "alarms.topic_arn must be the ARN of an SNS topic, for example arn:aws:sns:eu-west-1:111111111111:alerts."
  }
  validation {
    condition     = var.alarms == null || try(var.alarms.error_percent > 0 && var.alarms.error_percent <= 100, false)
    error_message = "alarms.error_percent is a share of requests in percent: above 0, at most 100."
  }
  validation {
    condition     = try(var.alarms.latency_milliseconds, null) == null || try(var.alarms.latency_milliseconds >= 1 && var.alarms.latency_milliseconds <= 3600000, false)
    error_message = "alarms.latency_milliseconds must be 1 to 3600000 (one hour)."
  }
  validation {
    condition     = try(var.alarms.no_request_minutes, null) == null || try((var.alarms.no_request_minutes >= 5 && var.alarms.no_request_minutes <= 1440 && floor(var.alarms.no_request_minutes / 5) * 5 == var.alarms.no_request_minutes), false)
    error_message = "alarms.no_request_minutes must be a multiple of 5 between 5 and 1440 (one day)."
  }
}

variable "async_inference" {
  description = "Asynchronous endpoint: callers put their input under input_s3_uri and find the answer under output_s3_uri (failures under failure_s3_uri; null reports them to the topics only); concurrency is per instance, 1 to 1000, null lets SageMaker choose; topics are told of each outcome; null answers in the request itself."
  type = object({
    input_s3_uri                            = string
    output_s3_uri                           = string
    failure_s3_uri                          = optional(string)
    max_concurrent_invocations_per_instance = optional(number)
    success_topic_arn                       = optional(string)
    error_topic_arn                         = optional(string)
  })
  default = null

  validation {
    condition = var.async_inference == null || alltrue([
      for uri in compact([try(var.async_inference.output_s3_uri, ""), try(var.async_inference.failure_s3_uri, ""), try(var.async_inference.input_s3_uri, "")]) :
      can(regex("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[A-Za-z0-9!_.*'()/=+@:,-]+$", uri)) && length(uri) <= 512
    ])
    error_message = "async_inference locations must be s3://bucket/prefix of at most 512 characters."
  }
  validation {
    condition = try(var.async_inference.max_concurrent_invocations_per_instance, null) == null || try(
    (var.async_inference.max_concurrent_invocations_per_instance >= 1 && var.async_inference.max_concurrent_invocations_per_instance <= 1000 && floor(var.async_inference.max_concurrent_invocations_per_instance) == var.async_inference.max_concurrent_invocations_per_instance), false)
    error_message = "async_inference.max_concurrent_invocations_per_instance must be a whole number from 1 to 1000."
  }
  validation {
    condition = var.async_inference == null || alltrue([
      for arn in compact([try(var.async_inference.success_topic_arn, ""), try(var.async_inference.error_topic_arn, "")]) :
      can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$", arn))
    ])
    error_message = "async_inference.success_topic_arn and error_topic_arn must be ARNs of SNS topics."
  }
}

variable "data_capture" {
  description = "Requests and answers kept in S3 for the monitors: destination, share of requests (percent, 0 to 100), which side (Input, Output), content types stored as text instead of base64; null captures nothing."
  type = object({
    destination_s3_uri  = string
    sampling_percentage = optional(number, 100)
    modes               = optional(list(string), ["Input", "Output"])
    csv_content_types   = optional(set(string), ["text/csv"])
    json_content_types  = optional(set(string), ["application/json"])
  })
  default = null

  validation {
    condition = var.data_capture == null || try(
      can(regex("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9!_.*'()/=+@:,-]*)?$", var.data_capture.destination_s3_uri))
    && length(var.data_capture.destination_s3_uri) <= 512, false)
    error_message = "data_capture.destination_s3_uri must be s3://bucket/prefix of at most 512 characters."
  }
  validation {
    condition     = var.data_capture == null || try((var.data_capture.sampling_percentage >= 0 && var.data_capture.sampling_percentage <= 100 && floor(var.data_capture.sampling_percentage) == var.data_capture.sampling_percentage), false)
    error_message = "data_capture.sampling_percentage must be a whole number from 0 to 100."
  }
  validation {
    condition = var.data_capture == null || try(
      length(var.data_capture.modes) >= 1
      && length(distinct(var.data_capture.modes)) == length(var.data_capture.modes)
    && alltrue([for mode in var.data_capture.modes : contains(["Input", "Output"], mode)]), false)
    error_message = "data_capture.modes must name Input, Output or both, each once."
  }
  validation {
    condition = var.data_capture == null || try(
      length(var.data_capture.csv_content_types) <= 10 && length(var.data_capture.json_content_types) <= 10
      && alltrue([
        for type in setunion(var.data_capture.csv_content_types, var.data_capture.json_content_types) :
        can(regex("^[a-zA-Z0-9](-*[a-zA-Z0-9])*/[a-zA-Z0-9](-*[a-zA-Z0-9.])*$", type)) && length(type) <= 256
    ]), false)
    error_message = "data_capture content types must look like text/csv, at most 10 of a kind."
  }
}

variable "endpoint_name" {
  description = "Name of the endpoint, 1 to 63 letters, digits and inner hyphens; null takes the base name."
  type        = string
  default     = null

  validation {
    condition     = var.endpoint_name == null || can(regex("^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$", var.endpoint_name))
    error_message = "endpoint_name must be 1 to 63 letters, digits and hyphens, beginning and ending with a letter or digit."
  }
}

variable "inference_api" {
  description = "REST API in front of the endpoint (POST /inference, IAM auth): requests a second and burst (1 to 10000; they protect the endpoint), Lambda timeout (seconds, 1 to 29: API Gateway gives up then), memory (MB, 128 to 3008), log retention (days; 0 keeps for ever), access logs, full error text for callers; null makes none, and an asynchronous endpoint never has one."
  type = object({
    rate_limit              = optional(number, 100)
    burst_limit             = optional(number, 200)
    timeout_seconds         = optional(number, 29)
    memory_mb               = optional(number, 256)
    log_retention_days      = optional(number, 90)
    access_logs             = optional(bool, true)
    detailed_error_messages = optional(bool, true)
    tracing                 = optional(bool, false)
  })
  default = {}

  validation {
    condition = var.inference_api == null || try(
      var.inference_api.rate_limit >= 1 && var.inference_api.rate_limit <= 10000
    && (var.inference_api.burst_limit >= 1 && var.inference_api.burst_limit <= 10000 && floor(var.inference_api.burst_limit) == var.inference_api.burst_limit), false)
    error_message = "inference_api.rate_limit and burst_limit must be 1 to 10000 requests."
  }
  validation {
    condition     = var.inference_api == null || try((var.inference_api.timeout_seconds >= 1 && var.inference_api.timeout_seconds <= 29 && floor(var.inference_api.timeout_seconds) == var.inference_api.timeout_seconds), false)
    error_message = "inference_api.timeout_seconds must be a whole number from 1 to 29."
  }
  validation {
    condition     = var.inference_api == null || try((var.inference_api.memory_mb >= 128 && var.inference_api.memory_mb <= 3008 && floor(var.inference_api.memory_mb) == var.inference_api.memory_mb), false)
    error_message = "inference_api.memory_mb must be a whole number from 128 to 3008."
  }
  validation {
    condition = var.inference_api == null || try(contains(
      [0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
    var.inference_api.log_retention_days), false)
    error_message = "inference_api.log_retention_days must be a period that CloudWatch Logs offers: 0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "kms_key_arn" {
  description = "KMS key (ARN, not an alias) for captured data, asynchronous output and the instances' volumes; volumes of instance types with local NVMe storage keep their hardware encryption; null uses AWS's own keys."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]{1,128}$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key, for example arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab."
  }
}

variable "live_instance_counts" {
  description = "Instances that autoscaled variants run with just now, by variant name: a new endpoint configuration starts with as many, kept within min and max; alone they change nothing. Absent variants start with their min."
  type        = map(number)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for count in values(var.live_instance_counts) : count >= 0 && floor(count) == count])
    error_message = "live_instance_counts must be whole numbers of at least 0."
  }
}

variable "model" {
  description = "The model: a container image with its artifact (an S3 object, or a prefix ending in / that is taken uncompressed), or a version in the Model Registry by ARN. package_image_uris and package_artifact_s3_uris name what a registered version uses, artifact_kms_key_arns the keys (key or alias ARN) that the buckets of its artifacts and of the capture encrypt with: the execution role may use exactly those. environment is passed to the container; network_isolation cuts it off from every network."
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
  description = "Base name of everything here, 1 to 44 lower-case letters, digits and inner hyphens; endpoint configurations and models append a hash of their content."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9](-?[a-z0-9])*$", var.name)) && length(var.name) <= 44
    error_message = "name \"${var.name}\" must be 1 to 44 lower-case letters, digits and single inner hyphens."
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

variable "revision" {
  description = "Takes the place of the content's hash in the names that change with it, 1 to 8 lower-case letters and digits: for callers who make a key or a network in the same configuration, so that the hash is not known when Terraform plans. Change it with every change. null uses the hash."
  type        = string
  default     = null

  validation {
    condition     = var.revision == null || can(regex("^[a-z0-9]{1,8}$", var.revision))
    error_message = "revision must be 1 to 8 lower-case letters and digits."
  }
}

variable "rollout" {
  description = "How an update reaches traffic: all_at_once, canary, linear or rolling, in steps of step_percent of the fleet (canary 1 to 50, linear 10 to 50, rolling 5 to 50), wait_seconds apart (0 to 3600); the old fleet is kept termination_wait_seconds (0 to 3600) after the switch; the whole update is given up after timeout_seconds (600 to 14400). An alarm that fires meanwhile (errors always, latency when latency_milliseconds is given) rolls it back."
  type = object({
    strategy                 = optional(string, "all_at_once")
    step_percent             = optional(number, 10)
    wait_seconds             = optional(number, 300)
    termination_wait_seconds = optional(number, 300)
    timeout_seconds          = optional(number, 3600)
    error_percent            = optional(number, 5)
    latency_milliseconds     = optional(number)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["all_at_once", "canary", "linear", "rolling"], var.rollout.strategy)
    error_message = "rollout.strategy \"${var.rollout.strategy}\" must be all_at_once, canary, linear or rolling."
  }
  validation {
    condition = (
      var.rollout.strategy == "canary" ? (var.rollout.step_percent >= 1 && var.rollout.step_percent <= 50 && floor(var.rollout.step_percent) == var.rollout.step_percent)
      : var.rollout.strategy == "linear" ? (var.rollout.step_percent >= 10 && var.rollout.step_percent <= 50 && floor(var.rollout.step_percent) == var.rollout.step_percent)
      : var.rollout.strategy == "rolling" ? (var.rollout.step_percent >= 5 && var.rollout.step_percent <= 50 && floor(var.rollout.step_percent) == var.rollout.step_percent)
      : true
    )
    error_message = "rollout.step_percent must be a whole number: 1 to 50 for canary, 10 to 50 for linear, 5 to 50 for rolling."
  }
  validation {
    condition     = (var.rollout.wait_seconds >= 0 && var.rollout.wait_seconds <= 3600 && floor(var.rollout.wait_seconds) == var.rollout.wait_seconds) && (var.rollout.termination_wait_seconds >= 0 && var.rollout.termination_wait_seconds <= 3600 && floor(var.rollout.termination_wait_seconds) == var.rollout.termination_wait_seconds)
    error_message = "rollout.wait_seconds and termination_wait_seconds must be whole numbers from 0 to 3600."
  }
  validation {
    condition     = (var.rollout.timeout_seconds >= 600 && var.rollout.timeout_seconds <= 14400 && floor(var.rollout.timeout_seconds) == var.rollout.timeout_seconds)
    error_message = "rollout.timeout_seconds must be a whole number from 600 to 14400."
  }
  validation {
    condition     = var.rollout.error_percent > 0 && var.rollout.error_percent <= 100
    error_message = "rollout.error_percent is a share of requests in percent: above 0, at most 100."
  }
  validation {
    condition     = var.rollout.latency_milliseconds == null || try(var.rollout.latency_milliseconds >= 1 && var.rollout.latency_milliseconds <= 3600000, false)
    error_message = "rollout.latency_milliseconds must be 1 to 3600000 (one hour)."
  }
  validation {
    # A metric alarm takes ten metrics: one of errors and one of latency for each variant.
    condition     = var.rollout.latency_milliseconds == null || length(var.variants) <= 5
    error_message = "rollout.latency_milliseconds works for up to 5 variants: the alarm that rolls back takes ten metrics."
  }
  validation {
    condition     = var.rollout.strategy != "rolling" || (length(var.variants) == 1 && alltrue([for variant in var.variants : variant.serverless == null]))
    error_message = "rollout.strategy rolling needs exactly one variant, on instances: SageMaker rolls neither several variants nor serverless ones."
  }
}

variable "shadow" {
  description = "A second model that gets a copy of the requests and whose answers are only recorded: share of requests copied (percent, 1 to 100), instances, model (null takes the endpoint's own); null has none."
  type = object({
    variant_name     = optional(string, "Shadow")
    instance_type    = string
    instance_count   = optional(number, 1)
    sampling_percent = optional(number, 100)
    model = optional(object({
      image_uri                = optional(string)
      artifact_s3_uri          = optional(string)
      model_package_arn        = optional(string)
      package_image_uris       = optional(set(string), [])
      package_artifact_s3_uris = optional(set(string), [])
      artifact_kms_key_arns    = optional(set(string), [])
      environment              = optional(map(string), {})
      network_isolation        = optional(bool, false)
    }))
  })
  default = null

  validation {
    condition     = var.shadow == null || (length(var.variants) == 1 && alltrue([for variant in var.variants : variant.serverless == null]))
    error_message = "shadow needs exactly one production variant, on instances."
  }
  validation {
    condition = var.shadow == null || try(
      can(regex("^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$", var.shadow.variant_name))
    && !contains(keys(var.variants), var.shadow.variant_name), false)
    error_message = "shadow.variant_name must be 1 to 63 letters, digits and inner hyphens, and no production variant's name."
  }
  validation {
    condition     = var.shadow == null || var.async_inference == null
    error_message = "shadow and async_inference exclude each other: SageMaker mirrors realtime requests only."
  }
  validation {
    condition     = var.shadow == null || can(regex("^ml\\.[a-z0-9-]+\\.[a-z0-9]+$", var.shadow.instance_type))
    error_message = "shadow.instance_type must look like ml.m5.large."
  }
  validation {
    condition     = var.shadow == null || try((var.shadow.instance_count >= 1 && var.shadow.instance_count <= 100 && floor(var.shadow.instance_count) == var.shadow.instance_count), false)
    error_message = "shadow.instance_count must be a whole number from 1 to 100."
  }
  validation {
    condition     = var.shadow == null || try(contains([1, 2, 5, 10, 20, 25, 50, 75, 100], var.shadow.sampling_percent), false)
    error_message = "shadow.sampling_percent must be 1, 2, 5, 10, 20, 25, 50, 75 or 100."
  }
  validation {
    condition = try(var.shadow.model, null) == null || try(
      ((var.shadow.model.image_uri == null) != (var.shadow.model.model_package_arn == null))
    && (var.shadow.model.model_package_arn == null || var.shadow.model.artifact_s3_uri == null), false)
    error_message = "shadow.model needs exactly one of image_uri and model_package_arn, and artifact_s3_uri only with image_uri."
  }
}

variable "tags" {
  description = "Tags of everything here, beside the provider's default tags."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "variants" {
  description = "What serves the requests, by variant name: an instance type with a count (1 to 100), or serverless (memory in MB: 1024 to 6144 in steps of 1024; concurrent requests, 1 to 200). Requests are shared out by weight. autoscaling keeps min to max instances (then instance_count is not used), aiming at requests a minute and instance (or queued requests an instance when asynchronous; min may be 0 then); cooldowns in seconds, 0 to 3600. model replaces the endpoint's own for this variant. Times out: download 60 to 3600 seconds, start-up 60 to 3600 seconds; volume 1 to 512 GB."
  type = map(object({
    instance_type  = optional(string)
    instance_count = optional(number, 1)
    weight         = optional(number, 1)
    serverless = optional(object({
      memory_mb               = optional(number, 2048)
      max_concurrency         = optional(number, 5)
      provisioned_concurrency = optional(number)
    }))
    autoscaling = optional(object({
      min_count                  = optional(number, 1)
      max_count                  = number
      target                     = optional(number)
      scale_in_cooldown_seconds  = optional(number, 300)
      scale_out_cooldown_seconds = optional(number, 60)
    }))
    model = optional(object({
      image_uri                = optional(string)
      artifact_s3_uri          = optional(string)
      model_package_arn        = optional(string)
      package_image_uris       = optional(set(string), [])
      package_artifact_s3_uris = optional(set(string), [])
      artifact_kms_key_arns    = optional(set(string), [])
      environment              = optional(map(string), {})
      network_isolation        = optional(bool, false)
    }))
    volume_size_gb                 = optional(number)
    model_download_timeout_seconds = optional(number)
    startup_timeout_seconds        = optional(number)
  }))
  nullable = false

  validation {
    condition     = length(var.variants) >= 1 && length(var.variants) <= 10 && alltrue([for name in keys(var.variants) : can(regex("^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$", name))])
    error_message = "variants takes 1 to 10 variants, named by 1 to 63 letters, digits and inner hyphens, for example AllTraffic."
  }
  validation {
    condition     = alltrue([for variant in var.variants : (variant.instance_type == null) != (variant.serverless == null)])
    error_message = "each variant needs exactly one of instance_type and serverless."
  }
  validation {
    condition     = alltrue([for variant in var.variants : variant.instance_type == null || can(regex("^ml\\.[a-z0-9-]+\\.[a-z0-9]+$", variant.instance_type))])
    error_message = "instance_type of a variant must look like ml.m5.large."
  }
  validation {
    condition     = alltrue([for variant in var.variants : (variant.instance_count >= 1 && variant.instance_count <= 100 && floor(variant.instance_count) == variant.instance_count)])
    error_message = "instance_count of a variant must be a whole number from 1 to 100."
  }
  validation {
    # SageMaker stores weights as 32-bit floats: 0.9 comes back as 0.8999999 and would plan a
    # replacement for ever, so only weights that such a float holds exactly are taken.
    condition     = alltrue([for variant in var.variants : variant.weight >= 0 && variant.weight <= 1000 && floor(variant.weight * 8) == variant.weight * 8])
    error_message = "weight of a variant must be 0 to 1000 in steps of 0.125; weights are relative, so write 9 and 1 for 90 % and 10 %."
  }
  validation {
    condition     = anytrue([for variant in var.variants : variant.weight > 0])
    error_message = "at least one variant needs a weight above 0, or nothing serves the requests."
  }
  validation {
    condition = alltrue([for variant in var.variants : variant.serverless == null || try(
      contains([1024, 2048, 3072, 4096, 5120, 6144], variant.serverless.memory_mb)
      && (variant.serverless.max_concurrency >= 1 && variant.serverless.max_concurrency <= 200 && floor(variant.serverless.max_concurrency) == variant.serverless.max_concurrency)
      && (variant.serverless.provisioned_concurrency == null ? true : (variant.serverless.provisioned_concurrency >= 1 && variant.serverless.provisioned_concurrency <= variant.serverless.max_concurrency && floor(variant.serverless.provisioned_concurrency) == variant.serverless.provisioned_concurrency)),
    false)])
    error_message = "serverless takes memory_mb of 1024, 2048, 3072, 4096, 5120 or 6144, max_concurrency of 1 to 200, and provisioned_concurrency of 1 to max_concurrency."
  }
  validation {
    condition = alltrue([for variant in var.variants : variant.serverless == null || (
      length(var.variants) == 1 && variant.autoscaling == null && var.vpc == null && !coalesce(variant.model, var.model).network_isolation
    )])
    error_message = "a serverless variant stands alone and takes no autoscaling, VPC or network isolation: SageMaker has none for it."
  }
  validation {
    condition     = alltrue([for variant in var.variants : variant.serverless == null || var.async_inference == null])
    error_message = "serverless and async_inference exclude each other: SageMaker has no asynchronous serverless endpoint."
  }
  validation {
    condition     = alltrue([for variant in var.variants : variant.serverless == null || var.data_capture == null])
    error_message = "serverless and data_capture exclude each other: SageMaker captures nothing on a serverless endpoint; set data_capture to null."
  }
  validation {
    condition     = alltrue([for variant in var.variants : variant.serverless == null || variant.volume_size_gb == null])
    error_message = "volume_size_gb belongs to variants on instances."
  }
  validation {
    condition = alltrue([for variant in var.variants : variant.autoscaling == null || try(
      (variant.autoscaling.min_count >= (var.async_inference == null ? 1 : 0) && floor(variant.autoscaling.min_count) == variant.autoscaling.min_count)
      && (variant.autoscaling.max_count >= max(1, variant.autoscaling.min_count) && variant.autoscaling.max_count <= 1000 && floor(variant.autoscaling.max_count) == variant.autoscaling.max_count)
      && (variant.autoscaling.scale_in_cooldown_seconds >= 0 && variant.autoscaling.scale_in_cooldown_seconds <= 3600 && floor(variant.autoscaling.scale_in_cooldown_seconds) == variant.autoscaling.scale_in_cooldown_seconds)
      && (variant.autoscaling.scale_out_cooldown_seconds >= 0 && variant.autoscaling.scale_out_cooldown_seconds <= 3600 && floor(variant.autoscaling.scale_out_cooldown_seconds) == variant.autoscaling.scale_out_cooldown_seconds)
      && (variant.autoscaling.target == null ? true : variant.autoscaling.target > 0),
    false)])
    error_message = "autoscaling needs 1 (0 when asynchronous) <= min_count <= max_count <= 1000, cooldowns of 0 to 3600 seconds and a target above 0."
  }
  validation {
    condition = alltrue([for variant in var.variants : variant.model == null || try(
      ((variant.model.image_uri == null) != (variant.model.model_package_arn == null))
    && (variant.model.model_package_arn == null || variant.model.artifact_s3_uri == null), false)])
    error_message = "model of a variant needs exactly one of image_uri and model_package_arn, and artifact_s3_uri only with image_uri."
  }
  validation {
    condition = alltrue([for variant in var.variants : (
      (variant.volume_size_gb == null ? true : (variant.volume_size_gb >= 1 && variant.volume_size_gb <= 512 && floor(variant.volume_size_gb) == variant.volume_size_gb))
      && (variant.model_download_timeout_seconds == null ? true : (variant.model_download_timeout_seconds >= 60 && variant.model_download_timeout_seconds <= 3600 && floor(variant.model_download_timeout_seconds) == variant.model_download_timeout_seconds))
      && (variant.startup_timeout_seconds == null ? true : (variant.startup_timeout_seconds >= 60 && variant.startup_timeout_seconds <= 3600 && floor(variant.startup_timeout_seconds) == variant.startup_timeout_seconds))
    )])
    error_message = "volume_size_gb must be 1 to 512; model_download_timeout_seconds and startup_timeout_seconds 60 to 3600."
  }
}

variable "vpc" {
  description = "Subnets (1 to 16) and security groups (1 to 5) that the model's containers are reached through; null leaves them in SageMaker's own network."
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

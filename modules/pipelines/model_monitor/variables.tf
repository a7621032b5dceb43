# What is watched, by which kind of monitor, against which baseline and how often; null turns a part off.

variable "account_id" {
  description = "Account of the endpoint and its monitor, 12 digits; names ARNs without a lookup."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id \"${var.account_id}\" must have exactly 12 digits."
  }
}

variable "alarms" {
  description = "Alarms that tell the notifications' topic (without one there are none): executions with violations and failed ones, no execution for a while (hours, 1 to 168; null leaves it out), and metrics that SageMaker publishes, by a name of 1 to 16 characters: statistic, threshold, comparison and further dimensions beside Endpoint and MonitoringSchedule, over a period of 3600 to 86400 seconds, in the namespace of the kind unless another is named."
  type = object({
    violations         = optional(bool, true)
    no_execution_hours = optional(number)
    metrics = optional(map(object({
      metric_name    = string
      namespace      = optional(string)
      threshold      = number
      comparison     = optional(string, "GreaterThanThreshold")
      statistic      = optional(string, "Maximum")
      dimensions     = optional(map(string), {})
      period_seconds = optional(number, 3600)
    })), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.alarms.no_execution_hours == null ? true : var.alarms.no_execution_hours >= 1 && var.alarms.no_execution_hours <= 168 && floor(var.alarms.no_execution_hours) == var.alarms.no_execution_hours
    error_message = "alarms.no_execution_hours must be a whole number from 1 to 168 (one week)."
  }
  validation {
    condition     = alltrue([for name in keys(var.alarms.metrics) : can(regex("^[a-z0-9](-?[a-z0-9])*$", name)) && length(name) <= 16])
    error_message = "alarms.metrics are named by 1 to 16 lower-case letters, digits and inner hyphens."
  }
  validation {
    condition = alltrue([
      for metric in values(var.alarms.metrics) :
      contains(["GreaterThanThreshold", "GreaterThanOrEqualToThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold"], metric.comparison)
      && contains(["Average", "Maximum", "Minimum", "Sum", "SampleCount"], metric.statistic)
      && metric.period_seconds >= 3600 && metric.period_seconds <= 86400 && floor(metric.period_seconds / 60) * 60 == metric.period_seconds
    ])
    error_message = "alarms.metrics need a comparison and a statistic of CloudWatch's, and a period_seconds of 3600 to 86400 in whole minutes."
  }
}

variable "attributes" {
  description = "Where things stand in the captured data (an index, or a JSONPath) and in the baseline (a column): prediction, probability and the threshold (0 to 1) from which on a probability is a yes (binary classification), features; excluded_features are columns that data quality leaves out. problem_type is Regression, BinaryClassification or MulticlassClassification."
  type = object({
    problem_type                 = optional(string)
    features_attribute           = optional(string)
    inference_attribute          = optional(string)
    probability_attribute        = optional(string)
    probability_threshold        = optional(number)
    excluded_features            = optional(list(string), [])
    baseline_ground_truth_column = optional(string)
    baseline_inference_column    = optional(string)
    baseline_probability_column  = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.attributes.problem_type == null ? !contains(["model_quality", "model_bias"], var.kind) : contains(["Regression", "BinaryClassification", "MulticlassClassification"], var.attributes.problem_type)
    error_message = "attributes.problem_type must be Regression, BinaryClassification or MulticlassClassification; model quality and bias need it."
  }
  validation {
    condition     = var.attributes.probability_threshold == null ? true : var.attributes.probability_threshold >= 0 && var.attributes.probability_threshold <= 1
    error_message = "attributes.probability_threshold must be 0 to 1."
  }
  validation {
    condition = var.kind != "model_quality" || (var.attributes.baseline_ground_truth_column != null && (
      var.attributes.baseline_inference_column != null
      || (var.attributes.problem_type == "BinaryClassification" && var.attributes.baseline_probability_column != null && var.attributes.probability_threshold != null)
    ))
    error_message = "a model quality monitor needs attributes.baseline_ground_truth_column and baseline_inference_column (for binary classification baseline_probability_column with probability_threshold will do)."
  }
  validation {
    condition     = !contains(["model_quality", "model_bias"], var.kind) || var.attributes.inference_attribute != null || (var.attributes.problem_type == "BinaryClassification" && var.attributes.probability_attribute != null)
    error_message = "a model quality or bias monitor needs attributes.inference_attribute (for binary classification probability_attribute will do)."
  }
}

variable "baseline" {
  description = "What live data is compared with: a CSV file with a header row; the results are written below output_s3_uri, in a folder named after the monitor and a hash of what they are made from. headers name the columns (null reads them from the file), label is the column of the true label (a name, or a number from 0). The job is stopped after max_runtime_seconds (1 to 777600; null leaves SageMaker's day). Another revision makes the baseline anew."
  type = object({
    dataset_s3_uri      = string
    output_s3_uri       = string
    headers             = optional(list(string))
    label               = optional(string, "0")
    max_runtime_seconds = optional(number)
    revision            = optional(string, "")
  })
  nullable = false

  validation {
    condition     = can(regex("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^*?\\s]*[^*?\\s/]$", var.baseline.dataset_s3_uri)) && length(var.baseline.dataset_s3_uri) <= 1024
    error_message = "baseline.dataset_s3_uri must be s3://bucket/key of one file, without *, ? or blanks."
  }
  validation {
    condition     = can(regex("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9!_.*()/=+@:,-]*)?$", var.baseline.output_s3_uri)) && length(var.baseline.output_s3_uri) <= 800
    error_message = "baseline.output_s3_uri must be s3://bucket/prefix of letters, digits and !_.*()/=+@:,- only, at most 800 characters."
  }
  validation {
    condition     = var.baseline.max_runtime_seconds == null ? true : var.baseline.max_runtime_seconds >= 1 && var.baseline.max_runtime_seconds <= 777600 && floor(var.baseline.max_runtime_seconds) == var.baseline.max_runtime_seconds
    error_message = "baseline.max_runtime_seconds must be a whole number from 1 to 777600 (nine days)."
  }
  validation {
    condition     = var.baseline.headers != null || var.baseline.label == "0" || var.kind != "model_explainability"
    error_message = "baseline.headers are needed when baseline.label is not the first column: the label is left out of what is explained."
  }
}

variable "bias" {
  description = "What a bias monitor measures: labels that count as positive, or one threshold (a JSON list); sensitive columns with the values of the sensitive group, or one threshold (a JSON list; null compares every value with all others); a column that groups records. Other monitors take null."
  type = object({
    label_values_json = string
    facets = list(object({
      name        = string
      values_json = optional(string)
    }))
    group_name = optional(string)
  })
  default = null

  validation {
    condition     = (var.bias != null) == (var.kind == "model_bias")
    error_message = "bias belongs to kind model_bias, which needs it."
  }
  validation {
    condition     = var.bias == null || try(length(var.bias.facets) >= 1 && can(tolist(jsondecode(var.bias.label_values_json))) && alltrue([for facet in var.bias.facets : facet.values_json == null ? true : can(tolist(jsondecode(facet.values_json)))]), false)
    error_message = "bias needs at least one facet; label_values_json and values_json must be JSON lists, for example [1] or [\"yes\"]."
  }
}

variable "data_capture_s3_uri" {
  description = "Where the endpoint keeps requests and answers: s3://bucket/prefix; the monitor reads it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^*?\\s]*)?$", var.data_capture_s3_uri))
    error_message = "data_capture_s3_uri must be s3://bucket/prefix without *, ? or blanks."
  }
}

variable "data_kms_key_arns" {
  description = "KMS keys (key or alias ARNs) that the buckets of data set, scripts, capture, ground truth, baseline and reports encrypt with: the jobs may use exactly those."
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

variable "endpoint_name" {
  description = "Endpoint that is watched; 1 to 63 letters, digits and inner hyphens."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$", var.endpoint_name))
    error_message = "endpoint_name must be 1 to 63 letters, digits and hyphens, beginning and ending with a letter or digit."
  }
}

variable "explainability" {
  description = "How an explainability monitor explains (SHAP): records to compare with (a CSV in S3, or rows as a JSON list; neither computes num_clusters of them), samples for each record, how explanations are put together (mean_abs, median or mean_sq), log-odds, whether each explanation is kept, seed, features that are explained. Other monitors take null."
  type = object({
    baseline_s3_uri        = optional(string)
    baseline_rows_json     = optional(string)
    num_clusters           = optional(number)
    num_samples            = optional(number)
    agg_method             = optional(string)
    use_logit              = optional(bool, false)
    save_local_shap_values = optional(bool, true)
    seed                   = optional(number)
    features_to_explain    = optional(list(string), [])
  })
  default = null

  validation {
    condition     = (var.explainability != null) == (var.kind == "model_explainability")
    error_message = "explainability belongs to kind model_explainability, which needs it."
  }
  validation {
    condition     = var.explainability == null || length(compact([try(var.explainability.baseline_s3_uri, ""), try(var.explainability.baseline_rows_json, ""), try(tostring(var.explainability.num_clusters), "")])) <= 1
    error_message = "explainability takes one of baseline_s3_uri, baseline_rows_json and num_clusters."
  }
  validation {
    condition     = try(var.explainability.baseline_s3_uri, null) == null || can(regex("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^*?\\s]*[^*?\\s/]$", var.explainability.baseline_s3_uri))
    error_message = "explainability.baseline_s3_uri must be s3://bucket/key of one file."
  }
  validation {
    condition     = try(var.explainability.baseline_rows_json, null) == null || can(length(jsondecode(var.explainability.baseline_rows_json)[0]))
    error_message = "explainability.baseline_rows_json must be a JSON list of rows."
  }
  validation {
    condition     = try(var.explainability.agg_method, null) == null || try(contains(["mean_abs", "median", "mean_sq"], var.explainability.agg_method), false)
    error_message = "explainability.agg_method must be mean_abs, median or mean_sq."
  }
  validation {
    condition     = alltrue([for number in [try(var.explainability.num_samples, null), try(var.explainability.num_clusters, null)] : number == null ? true : number >= 1 && floor(number) == number])
    error_message = "explainability.num_samples and num_clusters must be whole numbers of at least 1."
  }
}

variable "ground_truth" {
  description = "Where the true labels are put, by the hour (s3://bucket/prefix), and how long they take: the analysed period begins and ends so much earlier (ISO 8601 durations such as -PT24H and -PT1H; null shifts nothing). Model quality and bias monitors need it, others take null."
  type = object({
    s3_uri            = string
    start_time_offset = optional(string)
    end_time_offset   = optional(string)
  })
  default = null

  validation {
    condition     = (var.ground_truth != null) == contains(["model_quality", "model_bias"], var.kind)
    error_message = "ground_truth belongs to kinds model_quality and model_bias, which need it."
  }
  validation {
    condition     = var.ground_truth == null || can(regex("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9!_.*()/=+@:,-]*)?$", var.ground_truth.s3_uri))
    error_message = "ground_truth.s3_uri must be s3://bucket/prefix."
  }
  validation {
    condition     = alltrue([for offset in [try(var.ground_truth.start_time_offset, null), try(var.ground_truth.end_time_offset, null)] : offset == null || can(regex("^-P([0-9]{1,3}D)?(T([0-9]{1,3}H)?([0-9]{1,4}M)?)?$", offset)) && !can(regex("[PT]$", offset))])
    error_message = "ground_truth offsets must be ISO 8601 durations back in time, for example -PT24H or -P8D."
  }
}

variable "image_uri" {
  description = "Image of SageMaker's Model Monitor (data and model quality) or Clarify (bias, explainability) in the region; null takes AWS's own by the provider's table."
  type        = string
  default     = null

  validation {
    condition     = var.image_uri == null || can(regex("^[0-9]{12}\\.dkr\\.ecr(\\.[a-z0-9-]+){2,5}/[a-z0-9][a-z0-9._/-]*(:[A-Za-z0-9._-]{1,128})?(@sha256:[0-9a-f]{64})?$", var.image_uri))
    error_message = "image_uri must be an ECR URI."
  }
}

variable "instances" {
  description = "What baseline and monitoring jobs run on: instance type, count (1 to 100) and volume (GB, 1 to 16384)."
  type = object({
    type           = string
    count          = optional(number, 1)
    volume_size_gb = optional(number, 20)
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
  validation {
    condition     = var.instances.volume_size_gb >= 1 && var.instances.volume_size_gb <= 16384 && floor(var.instances.volume_size_gb) == var.instances.volume_size_gb
    error_message = "instances.volume_size_gb must be a whole number from 1 to 16384."
  }
}

variable "kind" {
  description = "Kind of monitor: data_quality, model_quality, model_bias or model_explainability."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["data_quality", "model_quality", "model_bias", "model_explainability"], var.kind)
    error_message = "kind \"${var.kind}\" must be data_quality, model_quality, model_bias or model_explainability."
  }
}

variable "kms_key_arn" {
  description = "KMS key (ARN, not an alias) for baselines, reports and the instances' volumes; volumes of instance types with local NVMe storage keep their hardware encryption; null uses AWS's own keys."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]{1,128}$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key, for example arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab."
  }
}

variable "max_runtime_seconds" {
  description = "Longest run of one monitoring job, 1 to 86400 seconds; it must end before the next one begins: hourly schedules allow 3600, and 1800 for model quality and bias."
  type        = number
  default     = 1800
  nullable    = false

  validation {
    condition     = var.max_runtime_seconds >= 1 && var.max_runtime_seconds <= 86400 && floor(var.max_runtime_seconds) == var.max_runtime_seconds
    error_message = "max_runtime_seconds must be a whole number from 1 to 86400."
  }
}

variable "name" {
  description = "Base name of everything here, 1 to 44 lower-case letters, digits and inner hyphens; job definitions and schedules append a hash of their content."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9](-?[a-z0-9])*$", var.name)) && length(var.name) <= 44
    error_message = "name \"${var.name}\" must be 1 to 44 lower-case letters, digits and single inner hyphens."
  }
}

variable "network" {
  description = "Whether the jobs' containers are cut off from every network, and whether what they say to each other is encrypted (slower; matters with several instances)."
  type = object({
    isolation                       = optional(bool, false)
    encrypt_inter_container_traffic = optional(bool, false)
  })
  default  = {}
  nullable = false

  validation {
    condition     = !var.network.isolation || contains(["data_quality", "model_quality"], var.kind)
    error_message = "network.isolation is for data and model quality: Clarify has to reach the endpoint that it makes of the model."
  }
}

variable "notifications" {
  description = "SNS topic that is told how each baseline ended and of alarms, and the KMS key (key or alias ARN) that the topic is encrypted with, if any; null tells nobody."
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
  description = "Where the reports of the monitoring jobs go: s3://bucket/prefix."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9!_.*()/=+@:,-]*)?$", var.output_s3_uri)) && length(var.output_s3_uri) <= 512
    error_message = "output_s3_uri must be s3://bucket/prefix of letters, digits and !_.*()/=+@:,- only, at most 512 characters."
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

variable "prediction" {
  description = "How Clarify asks the model and reads its answers (bias, explainability): the endpoint's variant whose model is taken (null: the first), content type of the request and of the answer (text/csv or application/jsonlines), where label and probability stand in the answer (an index or JSONPath; for explainability label is the score), the threshold (0 to 1) from which on a probability is a yes, names of the labels (a JSON list)."
  type = object({
    variant_name          = optional(string)
    content_type          = optional(string, "text/csv")
    accept_type           = optional(string, "text/csv")
    label                 = optional(string)
    probability           = optional(string)
    probability_threshold = optional(number)
    label_headers_json    = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for type in [var.prediction.content_type, var.prediction.accept_type] : contains(["text/csv", "application/jsonlines"], type)])
    error_message = "prediction.content_type and accept_type must be text/csv or application/jsonlines."
  }
  validation {
    condition     = var.prediction.variant_name == null || can(regex("^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$", var.prediction.variant_name))
    error_message = "prediction.variant_name must be the name of a variant of the endpoint."
  }
  validation {
    condition     = var.prediction.label_headers_json == null || can(tolist(jsondecode(var.prediction.label_headers_json)))
    error_message = "prediction.label_headers_json must be a JSON list."
  }
  validation {
    condition     = var.prediction.probability_threshold == null ? true : var.prediction.probability_threshold >= 0 && var.prediction.probability_threshold <= 1
    error_message = "prediction.probability_threshold must be 0 to 1."
  }
}

variable "schedule" {
  description = "When the monitor runs: cron(0 * ? * * *) every hour, cron(0 6 ? * * *) every day at 6 UTC, cron(0 6/12 ? * * *) every 12 hours from then; NOW runs once, after the baseline, each time the state machine runs. The analysed period, as offsets from the run: analysis_start and analysis_end, for example -PT2H and -PT1H; null is all since the last run, NOW takes the last hour."
  type = object({
    expression     = string
    analysis_start = optional(string)
    analysis_end   = optional(string)
  })
  nullable = false

  validation {
    condition     = can(regex("^(NOW|cron\\(0 (\\*|(0?[0-9]|1[0-9]|2[0-3])(/(0?[1-9]|1[0-9]|2[0-4]))?) \\? \\* \\* \\*\\))$", var.schedule.expression))
    error_message = "schedule.expression \"${var.schedule.expression}\" must be NOW, cron(0 * ? * * *), cron(0 H ? * * *) or cron(0 H/N ? * * *) with hours 0 to 23 and N of 1 to 24: SageMaker knows no other."
  }
  validation {
    condition     = (var.schedule.analysis_start == null) == (var.schedule.analysis_end == null) && alltrue([for offset in [var.schedule.analysis_start, var.schedule.analysis_end] : offset == null || can(regex("^-P([0-9]{1,3}D)?(T([0-9]{1,3}H)?([0-9]{1,4}M)?)?$", offset)) && !can(regex("[PT]$", offset))])
    error_message = "schedule.analysis_start and analysis_end come together, as ISO 8601 durations back in time, for example -PT2H and -PT1H."
  }
  validation {
    # SageMaker: a job must not last longer than its schedule's period.
    condition = var.schedule.expression == "NOW" || try(var.max_runtime_seconds <= (
      can(regex("^cron\\(0 (\\*|[0-9]+/0?1) ", var.schedule.expression)) ? (contains(["data_quality", "model_explainability"], var.kind) ? 3600 : 1800)
      : can(regex("/", var.schedule.expression)) ? tonumber(regex("/([0-9]+)", var.schedule.expression)[0]) * 3600
      : 86400
    ), false)
    error_message = "max_runtime_seconds must not exceed the schedule's period; hourly schedules allow 3600 seconds, and 1800 for model quality and bias."
  }
}

variable "scripts" {
  description = "Python scripts in S3 that data and model quality jobs run on each record before, and on the result afterwards; null runs none."
  type = object({
    record_preprocessor_s3_uri      = optional(string)
    post_analytics_processor_s3_uri = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for uri in [var.scripts.record_preprocessor_s3_uri, var.scripts.post_analytics_processor_s3_uri] : uri == null || can(regex("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^*?\\s]*[^*?\\s/]$", uri))])
    error_message = "scripts must be s3://bucket/key of one file each."
  }
  validation {
    condition     = (var.scripts.record_preprocessor_s3_uri == null && var.scripts.post_analytics_processor_s3_uri == null) || contains(["data_quality", "model_quality"], var.kind)
    error_message = "scripts are for data and model quality: Clarify runs none."
  }
}

variable "tags" {
  description = "Tags of everything here, the jobs included, beside the provider's default tags."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "vpc" {
  description = "Subnets (1 to 16) and security groups (1 to 5) that the jobs' containers are in; null leaves them in SageMaker's own network."
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

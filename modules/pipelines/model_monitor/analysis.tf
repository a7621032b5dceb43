# What Clarify is told, as the JSON that it reads: once for the baseline, once for the runs of the
# schedule. The state machine puts in what it finds: the columns of the data set, the endpoint's model.

locals {
  # The label by name: Clarify reads captured requests without a header, where an index would shift.
  label_is_index = can(regex("^[0-9]+$", var.baseline.label))
  label_member   = local.label_is_index ? { "label.$" = "$.header.columns[${var.baseline.label}]" } : { label = var.baseline.label }

  bias = { for member, value in {
    label_values_or_threshold = try(jsondecode(var.bias.label_values_json), null)
    facet = try([
      for facet in var.bias.facets : merge(
        { for member, name in { name_or_index = facet.name } : member => tonumber(name) if can(tonumber(name)) },
        { for member, name in { name_or_index = facet.name } : member => name if !can(tonumber(name)) },
        { for member, json in { value_or_threshold = facet.values_json } : member => jsondecode(json) if json != null },
      )
    ], null)
    group_variable = try(var.bias.group_name, null)
  } : member => value if value != null }

  shap = merge(
    { for member, value in {
      baseline               = try(var.explainability.baseline_s3_uri, null)
      num_clusters           = try(var.explainability.num_clusters, null)
      num_samples            = try(var.explainability.num_samples, null)
      agg_method             = try(var.explainability.agg_method, null)
      use_logit              = try(var.explainability.use_logit, null)
      save_local_shap_values = try(var.explainability.save_local_shap_values, null)
      seed                   = try(var.explainability.seed, null)
      features_to_explain    = try(length(var.explainability.features_to_explain), 0) == 0 ? null : var.explainability.features_to_explain
    } : member => value if value != null },
    { for member, json in { baseline = try(var.explainability.baseline_rows_json, null) } : member => jsondecode(json) if json != null },
  )

  methods = merge(
    { for method in ["pre_training_bias", "post_training_bias"] : method => { methods = "all" } if var.kind == "model_bias" },
    { for method in ["shap"] : method => local.shap if var.kind == "model_explainability" },
  )

  # The endpoint that Clarify makes of the model for the time of a job; its name shows whose it is, and
  # the execution role may make no other.
  shadow_prefix = trimsuffix(substr(var.name, 0, 20), "-")
  predictor = merge(
    { for member, value in {
      instance_type          = var.instances.type
      initial_instance_count = 1
      content_type           = var.prediction.content_type
      accept_type            = var.prediction.accept_type
      endpoint_name_prefix   = local.shadow_prefix
    } : member => value if value != null },
    { for member, json in { label_headers = var.prediction.label_headers_json } : member => jsondecode(json) if json != null },
  )
  # An index is a number in JSON, a path is text.
  reading = merge(
    { for member, place in { label = var.prediction.label, probability = var.prediction.probability } : member => tonumber(place) if can(tonumber(place)) && place != null },
    { for member, place in { label = var.prediction.label, probability = var.prediction.probability } : member => place if !can(tonumber(place)) && place != null },
  )

  # All of it that is known before a run: what the baseline's folder is named by.
  analysis = local.is_clarify ? jsonencode([local.bias, local.shap, local.predictor, local.reading, var.baseline.label, var.prediction.probability_threshold]) : ""

  baseline_analysis = merge(
    {
      dataset_type = "text/csv"
      "headers.$"  = "$.header.columns"
      methods      = merge(local.methods, { report = { name = "report", title = "Analysis Report" } })
      predictor    = merge(local.predictor, local.reading, { "model_name.$" = "$.endpoint.model" })
    },
    local.label_member,
    local.bias,
    { for member, value in { probability_threshold = var.prediction.probability_threshold } : member => value if value != null },
  )

  monitor_analysis = merge(
    { for member, value in { "headers.$" = "$.header.columns" } : member => value if var.kind == "model_bias" },
    { for member, value in local.label_member : member => value if var.kind == "model_bias" },
    local.bias,
    { for member, value in { "headers.$" = "$.header.features" } : member => value if var.kind == "model_explainability" },
    { for member, value in { methods = local.methods } : member => value if var.kind == "model_explainability" },
    { for member, value in { predictor = merge(local.predictor, { "model_name.$" = "$.endpoint.model" }) } : member => value if var.kind == "model_explainability" },
  )

  # The columns as given, if they are.
  given_header = var.baseline.headers == null ? null : {
    columns  = var.baseline.headers
    features = [for index, column in var.baseline.headers : column if(local.label_is_index ? tostring(index) != var.baseline.label : column != var.baseline.label)]
  }
}

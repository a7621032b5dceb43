# What callers of the endpoint, monitors of it and the delivery's check need to know.

output "data_capture_s3_uri" {
  description = "Where captured requests and answers go (s3://bucket/prefix), null without capture."
  value       = local.capture_s3_uri
}

output "endpoint_arn" {
  description = "ARN of the endpoint."
  value       = aws_sagemaker_endpoint.this.arn
}

output "endpoint_config_name" {
  description = "Name of the endpoint configuration; changes with its content."
  value       = aws_sagemaker_endpoint_configuration.this[local.configuration_key].name
}

output "endpoint_name" {
  description = "Name of the endpoint."
  value       = aws_sagemaker_endpoint.this.name
}

output "execution_role_arn" {
  description = "ARN of the role that the containers run with; grant it the bucket, key or repository of another account."
  value       = aws_iam_role.execution.arn
}

output "inference_api_url" {
  description = "URL that POST /inference requests go to, signed with SigV4 for execute-api; null without an API."
  value       = one([for stage in aws_api_gateway_stage.prod : "${stage.invoke_url}/inference"])
}

output "live" {
  description = "What must be live after an apply: the endpoint with this configuration, these models and what they are made of, so many instances of each variant (null when serverless, at least that many where autoscaled)."
  value = [{
    kind                 = "sagemaker_endpoint"
    name                 = aws_sagemaker_endpoint.this.name
    endpoint_config_name = aws_sagemaker_endpoint_configuration.this[local.configuration_key].name
    model_names          = sort([for model in aws_sagemaker_model.this : model.name])
    models = {
      for part, model in local.models : aws_sagemaker_model.this[local.model_keys[part]].name => {
        image_uri         = model.image_uri
        artifact_s3_uri   = model.artifact_s3_uri
        model_package_arn = model.model_package_arn
      }
    }
    variants = merge(
      { for name, variant in var.variants : name => variant.serverless != null ? null : variant.autoscaling == null ? variant.instance_count : variant.autoscaling.min_count },
      { for shadow in [var.shadow] : shadow.variant_name => shadow.instance_count if shadow != null },
    )
    autoscaled = keys(local.scaled)
  }]
}

output "model_names" {
  description = "SageMaker model names by their part: endpoint for the endpoint's own, variant-<name>, shadow."
  value       = { for part, key in local.model_keys : part => aws_sagemaker_model.this[key].name }
}

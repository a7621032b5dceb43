# How the orchestrator is reached, and woken.

output "api_execution_arn" {
  description = "ARN that callers need execute-api:Invoke on: <this>/prod/<method>/<route>."
  value       = aws_api_gateway_rest_api.this.execution_arn
}

output "api_id" {
  description = "Id of the REST API."
  value       = aws_api_gateway_rest_api.this.id
}

output "api_url" {
  description = "Address of the API; POST provisionpipeline, pipelinestatus, deprovisionpipeline and GET pipelines below it, signed with AWS credentials."
  value       = aws_api_gateway_stage.this.invoke_url

  # An address that is called too early answers 500.
  depends_on = [aws_lambda_permission.api]
}

output "function_arn" {
  description = "ARN of the function."
  value       = aws_lambda_function.this.arn
}

output "function_name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "role_arn" {
  description = "ARN of the function's role."
  value       = aws_iam_role.this.arn
}

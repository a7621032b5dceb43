# The roles that builds and operators assume.

output "api_gateway_log_role_arn" {
  description = "ARN of the role that API Gateway logs with once the account uses it; null when it is not managed here."
  value       = one(aws_api_gateway_account.this[*].cloudwatch_role_arn)
}

output "deploy_role_arn" {
  description = "ARN of the role that changes this account."
  value       = aws_iam_role.this["deploy"].arn

  # Assumed too early it would be refused half-way.
  depends_on = [aws_iam_role_policy_attachment.this]
}

output "plan_role_arn" {
  description = "ARN of the role that reads this account."
  value       = aws_iam_role.this["plan"].arn

  depends_on = [aws_iam_role_policy_attachment.this]
}

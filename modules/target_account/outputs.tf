# The roles that builds and operators assume.

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

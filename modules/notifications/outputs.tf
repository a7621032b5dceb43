# Where alarms and approvals are sent.

output "topic_arn" {
  description = "ARN of the topic."
  value       = aws_sns_topic.this.arn

  # Whoever publishes here must already be allowed to.
  depends_on = [aws_sns_topic_policy.this]
}

output "topic_name" {
  description = "Name of the topic."
  value       = aws_sns_topic.this.name
}

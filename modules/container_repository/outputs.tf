# How images are named and permissions written.

output "arn" {
  description = "ARN of the repository."
  value       = aws_ecr_repository.this.arn
}

output "name" {
  description = "Name of the repository."
  value       = aws_ecr_repository.this.name
}

output "url" {
  description = "Address of the repository, <account>.dkr.ecr.<region>.<domain>/<name>: what precedes an image's tag."
  value       = aws_ecr_repository.this.repository_url

  # A stage may only use an image that it may pull.
  depends_on = [aws_ecr_repository_policy.this]
}

# What the backends of all other workspaces need to know.

output "bucket" {
  description = "Name of the state bucket."
  value       = aws_s3_bucket.this.bucket

  # Whoever stores a state here must find it versioned, encrypted and closed.
  depends_on = [
    aws_s3_bucket_policy.this,
    aws_s3_bucket_server_side_encryption_configuration.this,
    aws_s3_bucket_versioning.this,
  ]
}

output "bucket_arn" {
  description = "ARN of the state bucket."
  value       = aws_s3_bucket.this.arn
}

output "key_policy_json" {
  description = "Policy (JSON) that the key carries; an existing key given as kms_key_arn must allow the same."
  value       = data.aws_iam_policy_document.key.json
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts the states."
  value       = var.kms_key_arn == null ? aws_kms_key.this[0].arn : var.kms_key_arn
}

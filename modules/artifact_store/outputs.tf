# The buckets, the key, and what an existing bucket or key must allow to take their place.

output "artifacts_bucket" {
  description = "Name of the bucket with bundles, pinned objects, evidence and CodePipeline's artifacts."
  value       = aws_s3_bucket.this["artifacts"].bucket

  # CodePipeline refuses a source bucket that is not versioned yet.
  depends_on = [aws_s3_bucket_policy.this, aws_s3_bucket_versioning.this]
}

output "assets_bucket" {
  description = "Name of the bucket with the users' model artifacts and data, made here or existing."
  value       = local.assets_bucket

  depends_on = [aws_s3_bucket_policy.this, aws_s3_bucket_versioning.this]
}

output "assets_bucket_policy_json" {
  description = "Policy (JSON) with which the stages' roles may read the assets; add its statements to the policy of an existing bucket."
  value       = data.aws_iam_policy_document.bucket["assets"].json
}

output "key_policy_json" {
  description = "Policy (JSON) that the key carries; an existing key given as kms_key_arn must allow the same."
  value       = data.aws_iam_policy_document.key.json
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts all that the platform stores."
  value       = local.key_arn
}

output "logs_bucket" {
  description = "Name of the bucket with the access logs."
  value       = aws_s3_bucket.this["logs"].bucket
}

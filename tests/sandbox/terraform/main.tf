# Every SageMaker resource type that the modules use, in the forms in which they use it. Revision 2 changes each.
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

provider "aws" {
  s3_use_path_style = true

  default_tags {
    tags = { Project = "contract" }
  }
}

variable "revision" {
  type    = number
  default = 1
}

variable "bucket" {
  type = string
}

locals {
  image = "492215442770.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-xgboost:1.7-1"
  trust = { for service in ["sagemaker", "states"] : service => jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "${service}.amazonaws.com" } }]
  }) }
}

resource "aws_s3_bucket" "data" {
  bucket        = var.bucket
  force_destroy = true
}

resource "aws_s3_object" "artifact" {
  bucket  = aws_s3_bucket.data.id
  key     = "model/model.tar.gz"
  content = "a model"
}

resource "aws_iam_role" "execution" {
  name               = "contract-execution"
  assume_role_policy = local.trust["sagemaker"]
}

resource "aws_iam_role_policy" "execution" {
  role = aws_iam_role.execution.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:PutObject", "s3:ListBucket"]
      Resource = [aws_s3_bucket.data.arn, "${aws_s3_bucket.data.arn}/*"]
    }]
  })
}

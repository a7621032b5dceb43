# What callers need to read features, and what a delivery checks.

output "live" {
  description = "What must be live after an apply; a delivery's Verify reads each from AWS."
  value = concat(
    [
      {
        kind       = "aws_api"
        name       = "table ${aws_dynamodb_table.this.name}"
        service    = "dynamodb"
        operation  = "describe_table"
        parameters = { TableName = aws_dynamodb_table.this.name }
        wait_while = { "Table.TableStatus" = ["CREATING", "UPDATING"] }
        expect = merge(
          {
            "Table.KeySchema[].AttributeName"                = local.keys[*].name
            "Table.SSEDescription.Status"                    = "ENABLED"
            "Table.TableStatus"                              = "ACTIVE"
            "Table.ProvisionedThroughput.ReadCapacityUnits"  = coalesce(var.capacity_read, 0)
            "Table.ProvisionedThroughput.WriteCapacityUnits" = coalesce(var.capacity_write, 0)
          },
          var.kms_key_arn == null ? {} : { "Table.SSEDescription.KMSMasterKeyArn" = var.kms_key_arn },
        )
      },
      {
        kind       = "aws_api"
        name       = "recovery of table ${aws_dynamodb_table.this.name}"
        service    = "dynamodb"
        operation  = "describe_continuous_backups"
        parameters = { TableName = aws_dynamodb_table.this.name }
        expect = {
          "ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus" = (
            var.point_in_time_recovery ? "ENABLED" : "DISABLED"
          )
        }
      },
    ],
    [
      for attribute in var.expiry_attribute[*] : {
        kind       = "aws_api"
        name       = "expiry of table ${aws_dynamodb_table.this.name}"
        service    = "dynamodb"
        operation  = "describe_time_to_live"
        parameters = { TableName = aws_dynamodb_table.this.name }
        wait_while = { "TimeToLiveDescription.TimeToLiveStatus" = ["ENABLING"] }
        expect = {
          "TimeToLiveDescription.AttributeName"    = attribute
          "TimeToLiveDescription.TimeToLiveStatus" = "ENABLED"
        }
      }
    ],
    [
      for role in aws_iam_role.reader : {
        kind       = "aws_api"
        name       = "role ${role.name}"
        service    = "iam"
        operation  = "get_role"
        parameters = { RoleName = role.name }
        expect     = { "Role.Arn" = role.arn }
      }
    ],
  )
}

output "reader_role_arn" {
  description = "ARN of the role that reads the table; null if nobody was named."
  value       = one(aws_iam_role.reader[*].arn)
}

output "table_arn" {
  description = "ARN of the table."
  value       = aws_dynamodb_table.this.arn
}

output "table_name" {
  description = "Name of the table."
  value       = aws_dynamodb_table.this.name
}

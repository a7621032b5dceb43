# What starts a request.

output "suffixes" {
  description = "Ends of the keys that start a request."
  value       = var.suffixes
}

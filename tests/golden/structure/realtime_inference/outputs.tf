# What the module reports; `mlops` and the delivery pipeline read it by this one name.

output "pipeline" {
  description = "Every output of the module."
  value       = module.pipeline
}

# Autoscaling of variants: between min and max, towards a target that the variant's own load sets.

locals {
  scaled = { for name, variant in var.variants : name => variant if variant.autoscaling != null }
  # Down to zero works only for queued work, and needs an alarm of its own to come up again.
  scaled_to_zero = { for name, variant in local.scaled : name => variant if variant.autoscaling.min_count == 0 }
  # Requests a minute and instance, or queued requests an instance.
  default_target = var.async_inference == null ? 1000 : 5
}

# AWS refuses to change the instance type of a variant that is registered for scaling: it is taken out
# (before the endpoint's update) and registered again (after it).
resource "terraform_data" "scaled_instance_type" {
  for_each = local.scaled

  input = each.value.instance_type
}

resource "aws_appautoscaling_target" "variant" {
  for_each = local.scaled

  service_namespace  = "sagemaker"
  scalable_dimension = "sagemaker:variant:DesiredInstanceCount"
  resource_id        = "endpoint/${aws_sagemaker_endpoint.this.name}/variant/${each.key}"
  min_capacity       = each.value.autoscaling.min_count
  max_capacity       = each.value.autoscaling.max_count
  tags               = var.tags

  lifecycle {
    replace_triggered_by = [terraform_data.scaled_instance_type[each.key], terraform_data.mode]
  }
}

resource "aws_appautoscaling_policy" "load" {
  for_each = local.scaled

  name               = "${var.name}-${each.key}"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.variant[each.key].service_namespace
  scalable_dimension = aws_appautoscaling_target.variant[each.key].scalable_dimension
  resource_id        = aws_appautoscaling_target.variant[each.key].resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = each.value.autoscaling.target == null ? local.default_target : each.value.autoscaling.target
    scale_in_cooldown  = each.value.autoscaling.scale_in_cooldown_seconds
    scale_out_cooldown = each.value.autoscaling.scale_out_cooldown_seconds

    dynamic "predefined_metric_specification" {
      for_each = var.async_inference == null ? ["SageMakerVariantInvocationsPerInstance"] : []

      content {
        predefined_metric_type = predefined_metric_specification.value
      }
    }

    dynamic "customized_metric_specification" {
      for_each = var.async_inference == null ? [] : ["ApproximateBacklogSizePerInstance"]

      content {
        namespace   = "AWS/SageMaker"
        metric_name = customized_metric_specification.value
        statistic   = "Average"

        dimensions {
          name  = "EndpointName"
          value = aws_sagemaker_endpoint.this.name
        }
      }
    }
  }

  lifecycle {
    replace_triggered_by = [terraform_data.scaled_instance_type[each.key], terraform_data.mode]
  }
}

resource "aws_appautoscaling_policy" "wake" {
  for_each = local.scaled_to_zero

  name               = "${var.name}-${each.key}-wake"
  policy_type        = "StepScaling"
  service_namespace  = aws_appautoscaling_target.variant[each.key].service_namespace
  scalable_dimension = aws_appautoscaling_target.variant[each.key].scalable_dimension
  resource_id        = aws_appautoscaling_target.variant[each.key].resource_id

  step_scaling_policy_configuration {
    adjustment_type         = "ChangeInCapacity"
    cooldown                = each.value.autoscaling.scale_out_cooldown_seconds
    metric_aggregation_type = "Average"

    step_adjustment {
      metric_interval_lower_bound = 0
      scaling_adjustment          = 1
    }
  }

  lifecycle {
    replace_triggered_by = [terraform_data.scaled_instance_type[each.key], terraform_data.mode]
  }
}

resource "aws_cloudwatch_metric_alarm" "wake" {
  for_each = local.scaled_to_zero

  alarm_name          = "${var.name}-${each.key}-wake"
  alarm_description   = "Requests wait for endpoint ${local.endpoint_name}, which has scaled down to no instance"
  namespace           = "AWS/SageMaker"
  metric_name         = "HasBacklogWithoutCapacity"
  dimensions          = { EndpointName = aws_sagemaker_endpoint.this.name }
  statistic           = "Average"
  period              = 60
  evaluation_periods  = 2
  datapoints_to_alarm = 2
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "missing"
  alarm_actions       = [aws_appautoscaling_policy.wake[each.key].arn]
  tags                = var.tags
}

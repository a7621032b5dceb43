# What the deploy role may change: what carries the name of a stage that lives here, and nothing of
# the platform itself (guard.tf). Services without names in their ARNs are marked with the reason.

locals {
  deploy_policies = {
    guard    = data.aws_iam_policy_document.guard.json
    identity = data.aws_iam_policy_document.identity.json
    ml       = data.aws_iam_policy_document.ml.json
    read     = data.aws_iam_policy_document.read.json
    run      = data.aws_iam_policy_document.run.json
    state    = data.aws_iam_policy_document.state["deploy"].json
  }

  # Names of a pipeline's resources start with <prefix>-<stage>-, cut at 35 characters when too long.
  # A policy holds 6,144 characters: more than two stages are named by the prefix they share.
  name_patterns = (
    length(local.stages) > 2
    ? ["${var.name}-*"]
    : [for stage in local.stages : "${substr("${var.name}-${stage}-", 0, 35)}*"]
  )

  service_arn = {
    for service in [
      "cloudwatch", "codebuild", "events", "lambda", "logs", "sagemaker", "scheduler", "sns", "sqs", "states",
    ] :
    service => "arn:${local.partition}:${service}:${local.region}:${var.account_id}"
  }
  iam_arn = "arn:${local.partition}:iam::${var.account_id}"

  # ARNs of what a pipeline may own, by kind.
  owned = {
    alarms = flatten([for pattern in local.name_patterns : [
      "${local.service_arn.cloudwatch}:alarm:${pattern}",
      "arn:${local.partition}:cloudwatch::${var.account_id}:dashboard/${pattern}",
    ]])
    builds = [for pattern in local.name_patterns : "${local.service_arn.codebuild}:project/${pattern}"]
    functions = flatten([for pattern in local.name_patterns : [
      "${local.service_arn.lambda}:function:${pattern}",
      "${local.service_arn.lambda}:layer:${pattern}",
    ]])
    # /aws/lambda/<name>, /aws/sagemaker/<kind>/<name>, ...
    logs     = [for pattern in local.name_patterns : "${local.service_arn.logs}:log-group:*${pattern}"]
    machines = [for pattern in local.name_patterns : "${local.service_arn.states}:*:${pattern}"]
    # A kind, then the name: model/<name>, endpoint-config/<name>, ...
    ml        = [for pattern in local.name_patterns : "${local.service_arn.sagemaker}:*/${pattern}"]
    policies  = [for pattern in local.name_patterns : "${local.iam_arn}:policy/${pattern}"]
    queues    = [for pattern in local.name_patterns : "${local.service_arn.sqs}:${pattern}"]
    roles     = [for pattern in local.name_patterns : "${local.iam_arn}:role/${pattern}"]
    rules     = [for pattern in local.name_patterns : "${local.service_arn.events}:rule/${pattern}"]
    schedules = [for pattern in local.name_patterns : "${local.service_arn.scheduler}:*/${pattern}"]
    topics    = [for pattern in local.name_patterns : "${local.service_arn.sns}:${pattern}"]
  }
}

data "aws_iam_policy_document" "ml" {
  statement {
    sid = "OwnModelsJobsAndSchedules"
    actions = [
      "sagemaker:AddTags",
      "sagemaker:Create*",
      "sagemaker:Delete*",
      "sagemaker:PutModelPackageGroupPolicy",
      "sagemaker:Start*",
      "sagemaker:Stop*",
      "sagemaker:Update*",
    ]
    resources = local.owned.ml
  }

  statement {
    sid = "OwnEndpointsOfAnyName"
    actions = [
      "sagemaker:AddTags",
      "sagemaker:CreateEndpoint",
      "sagemaker:DeleteEndpoint",
      "sagemaker:DeleteTags",
      "sagemaker:UpdateEndpoint",
      "sagemaker:UpdateEndpointWeightsAndCapacities",
    ]
    # wildcard: endpoint_name of a config may be any name, for callers who already know it.
    resources = ["${local.service_arn.sagemaker}:endpoint/*"]
  }

  statement {
    sid     = "UseModelPackages"
    actions = ["sagemaker:CreateModel", "sagemaker:DescribeModelPackage"]
    # wildcard: packages come from the orchestrator's, the team's or the marketplace's account, whose policies decide.
    resources = ["arn:${local.partition}:sagemaker:${local.region}:*:model-package/*"]
  }

  statement {
    sid = "ScaleEndpoints"
    actions = [
      "application-autoscaling:DeleteScalingPolicy",
      "application-autoscaling:DeleteScheduledAction",
      "application-autoscaling:DeregisterScalableTarget",
      "application-autoscaling:PutScalingPolicy",
      "application-autoscaling:PutScheduledAction",
      "application-autoscaling:RegisterScalableTarget",
      "application-autoscaling:TagResource",
      "application-autoscaling:UntagResource",
    ]
    # wildcard: a scalable target's ARN holds a random id.
    resources = ["arn:${local.partition}:application-autoscaling:${local.region}:${var.account_id}:scalable-target/*"]
  }

  statement {
    sid       = "LetAutoScalingActForEndpoints"
    actions   = ["iam:CreateServiceLinkedRole"]
    resources = ["${local.iam_arn}:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/*"]

    condition {
      test     = "StringEquals"
      variable = "iam:AWSServiceName"
      values   = ["sagemaker.application-autoscaling.amazonaws.com"]
    }
  }

  # What the AWS provider lacks goes through Cloud Control, which then acts with this role's own rights.
  statement {
    sid = "UseCloudControl"
    actions = [
      "cloudformation:CancelResourceRequest",
      "cloudformation:CreateResource",
      "cloudformation:DeleteResource",
      "cloudformation:ListResourceRequests",
      "cloudformation:UpdateResource",
    ]
    # wildcard: Cloud Control has no resource level.
    resources = ["*"]
  }

  statement {
    sid     = "LetServicesUseTheTeamsKeys"
    actions = ["kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKey*"]
    # wildcard: a config names its key; the key's own policy decides, and only services get to use it.
    resources = ["arn:${local.partition}:kms:${local.region}:${var.account_id}:key/*"]

    condition {
      test     = "StringLike"
      variable = "kms:ViaService"
      values = [
        for service in ["ecr", "lambda", "logs", "s3", "sagemaker", "sns", "sqs"] :
        "${service}.${local.region}.amazonaws.com"
      ]
    }
  }
}

data "aws_iam_policy_document" "run" {
  statement {
    sid       = "OwnFunctions"
    actions   = ["lambda:*"]
    resources = local.owned.functions
  }

  statement {
    sid     = "OwnApis"
    actions = ["apigateway:DELETE", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT"]
    # wildcard: an API's ARN holds a random id.
    resources = [
      for path in ["apis", "apis/*", "restapis", "restapis/*", "tags/*"] :
      "arn:${local.partition}:apigateway:${local.region}::/${path}"
    ]
  }

  statement {
    sid       = "OwnLogGroups"
    actions   = ["logs:CreateLogGroup", "logs:Delete*", "logs:Put*", "logs:TagResource", "logs:UntagResource", "logs:AssociateKmsKey", "logs:DisassociateKmsKey"]
    resources = local.owned.logs
  }

  statement {
    sid = "LetApisAndStateMachinesLog"
    actions = [
      "logs:CreateLogDelivery",
      "logs:DeleteLogDelivery",
      "logs:DescribeResourcePolicies",
      "logs:GetLogDelivery",
      "logs:ListLogDeliveries",
      "logs:PutResourcePolicy",
      "logs:UpdateLogDelivery",
    ]
    # wildcard: log deliveries have no resource level.
    resources = ["*"]
  }

  statement {
    sid = "OwnAlarmsAndDashboards"
    actions = [
      "cloudwatch:DeleteAlarms",
      "cloudwatch:DeleteDashboards",
      "cloudwatch:PutDashboard",
      "cloudwatch:PutMetricAlarm",
      "cloudwatch:TagResource",
      "cloudwatch:UntagResource",
    ]
    resources = local.owned.alarms
  }

  statement {
    sid = "OwnRules"
    actions = [
      "events:DeleteRule",
      "events:DisableRule",
      "events:EnableRule",
      "events:PutRule",
      "events:PutTargets",
      "events:RemoveTargets",
      "events:TagResource",
      "events:UntagResource",
    ]
    resources = local.owned.rules
  }

  statement {
    sid = "OwnSchedules"
    actions = [
      "scheduler:CreateSchedule",
      "scheduler:CreateScheduleGroup",
      "scheduler:DeleteSchedule",
      "scheduler:DeleteScheduleGroup",
      "scheduler:TagResource",
      "scheduler:UntagResource",
      "scheduler:UpdateSchedule",
    ]
    resources = local.owned.schedules
  }

  statement {
    sid       = "OwnStateMachines"
    actions   = ["states:*"]
    resources = local.owned.machines
  }

  statement {
    sid       = "OwnTopics"
    actions   = ["sns:*"]
    resources = local.owned.topics
  }

  statement {
    sid       = "OwnQueues"
    actions   = ["sqs:*"]
    resources = local.owned.queues
  }

  statement {
    sid = "OwnBuilds"
    actions = [
      "codebuild:CreateProject",
      "codebuild:DeleteProject",
      "codebuild:StartBuild",
      "codebuild:StopBuild",
      "codebuild:UpdateProject",
    ]
    resources = local.owned.builds
  }
}

data "aws_iam_policy_document" "identity" {
  statement {
    sid = "OwnRolesAndPolicies"
    actions = [
      "iam:CreatePolicy",
      "iam:CreatePolicyVersion",
      "iam:DeletePolicy",
      "iam:DeletePolicyVersion",
      "iam:DeleteRole",
      "iam:DeleteRolePolicy",
      "iam:DetachRolePolicy",
      "iam:SetDefaultPolicyVersion",
      "iam:TagPolicy",
      "iam:TagRole",
      "iam:UntagPolicy",
      "iam:UntagRole",
      "iam:UpdateAssumeRolePolicy",
      "iam:UpdateRole",
      "iam:UpdateRoleDescription",
    ]
    resources = concat(local.owned.policies, local.owned.roles)
  }

  statement {
    sid       = "GiveRolesTheirRights"
    actions   = ["iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"]
    resources = local.owned.roles

    # A role without the boundary could do more than the one that made it.
    dynamic "condition" {
      for_each = var.permissions_boundary_arn == null ? [] : [var.permissions_boundary_arn]

      content {
        test     = "StringEquals"
        variable = "iam:PermissionsBoundary"
        values   = [condition.value]
      }
    }
  }

  statement {
    sid       = "AttachOwnPoliciesOnly"
    actions   = ["iam:AttachRolePolicy"]
    resources = local.owned.roles

    condition {
      test     = "ArnLike"
      variable = "iam:PolicyARN"
      values   = local.owned.policies
    }

    dynamic "condition" {
      for_each = var.permissions_boundary_arn == null ? [] : [var.permissions_boundary_arn]

      content {
        test     = "StringEquals"
        variable = "iam:PermissionsBoundary"
        values   = [condition.value]
      }
    }
  }

  statement {
    sid       = "HandRolesToTheServicesThatRunPipelines"
    actions   = ["iam:PassRole"]
    resources = local.owned.roles

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values = [
        "apigateway.amazonaws.com",
        "codebuild.amazonaws.com",
        "events.amazonaws.com",
        "lambda.amazonaws.com",
        "sagemaker.amazonaws.com",
        "scheduler.amazonaws.com",
        "states.amazonaws.com",
      ]
    }
  }
}

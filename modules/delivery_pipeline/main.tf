# One CodePipeline that carries one pipeline's bundles through the stages, in order:
# plan -> approval of that plan, skipped when it is empty -> apply of that very plan -> verify.
# In: a bundle's key and the stages. Out: the pipeline that executions are started on.

locals {
  # The stage a pipeline variable comes from: the plan's exported variables, by delivery stage.
  plan_namespace = { for stage in var.stages : stage.name => "${stage.name}_plan" }

  # What every build is told; PLAN_SHA256 is added where a plan is to be applied or verified.
  _environment = {
    for stage in var.stages : stage.name => {
      BUNDLE_KEY   = "#{Source.ObjectKey}"
      EXECUTION_ID = "#{codepipeline.PipelineExecutionId}"
      MODE         = "#{variables.mode}"
      PIPELINE     = var.pipeline
      STAGE        = stage.name
    }
  }
  plan_environment = {
    for name, values in local._environment : name => jsonencode([
      for key, value in values : { name = key, type = "PLAINTEXT", value = value }
    ])
  }
  apply_environment = {
    for name, values in local._environment : name => jsonencode([
      for key, value in merge(values, {
        PLAN_SHA256 = "#{${local.plan_namespace[name]}.PLAN_SHA256}"
      }) : { name = key, type = "PLAINTEXT", value = value }
    ])
  }

  # The CodePipeline's stages behind Source, as data: two or three for each delivery stage.
  delivery_stages = flatten([
    for stage in var.stages : [
      {
        name            = "${stage.name}-plan"
        skip_when_empty = null
        actions = [{
          name     = "Plan"
          category = "Build"
          provider = "CodeBuild"
          configuration = {
            EnvironmentVariables = local.plan_environment[stage.name]
            ProjectName          = var.project_names.plan
          }
          input_artifacts  = ["bundle"]
          namespace        = local.plan_namespace[stage.name]
          output_artifacts = ["${stage.name}_plan"]
          run_order        = 1
        }]
      },
      [for approval in stage.approval == "manual" ? ["Approve"] : [] : {
        name            = "${stage.name}-approve"
        skip_when_empty = local.plan_namespace[stage.name]
        actions = [{
          name     = approval
          category = "Approval"
          provider = "Manual"
          configuration = {
            CustomData      = "#{${local.plan_namespace[stage.name]}.PLAN_SUMMARY}"
            NotificationArn = var.topic_arn
          }
          input_artifacts  = []
          namespace        = null
          output_artifacts = []
          run_order        = 1
        }]
      }],
      {
        name            = "${stage.name}-apply"
        skip_when_empty = null
        actions = [
          for order, action in ["Apply", "Verify"] : {
            name     = action
            category = "Build"
            provider = "CodeBuild"
            configuration = {
              EnvironmentVariables = local.apply_environment[stage.name]
              PrimarySource        = "bundle"
              ProjectName          = var.project_names[lower(action)]
            }
            input_artifacts  = ["bundle", "${stage.name}_plan"]
            namespace        = null
            output_artifacts = []
            run_order        = order + 1
          }
        ]
      },
    ]
  ])
}

resource "aws_codepipeline" "this" {
  name           = var.name
  execution_mode = "QUEUED"
  pipeline_type  = "V2"
  role_arn       = var.role_arn
  tags           = var.tags

  artifact_store {
    location = var.artifacts_bucket
    type     = "S3"

    encryption_key {
      id   = var.kms_key_arn
      type = "KMS"
    }
  }

  variable {
    name          = "mode"
    default_value = "apply"
    description   = "apply brings every stage to what the bundle says; destroy removes what it made."
  }

  stage {
    name = "Source"

    action {
      name             = "Bundle"
      category         = "Source"
      owner            = "AWS"
      provider         = "S3"
      version          = "1"
      namespace        = "Source"
      output_artifacts = ["bundle"]

      # Bundles never change: an execution is started with a key, never by a change of an object.
      configuration = {
        AllowOverrideForS3ObjectKey = "true"
        PollForSourceChanges        = "false"
        S3Bucket                    = var.artifacts_bucket
        S3ObjectKey                 = var.bundle_key
      }
    }
  }

  dynamic "stage" {
    for_each = local.delivery_stages

    content {
      name = stage.value.name

      # The condition is met when the plan changes something; when it is not met, the stage is skipped.
      dynamic "before_entry" {
        for_each = stage.value.skip_when_empty == null ? [] : [stage.value.skip_when_empty]

        content {
          condition {
            result = "SKIP"

            rule {
              name = "PlanHasChanges"
              configuration = {
                Operator = "NE"
                Value    = "0"
                Variable = "#{${before_entry.value}.PLAN_CHANGES}"
              }

              rule_type_id {
                category = "Rule"
                owner    = "AWS"
                provider = "VariableCheck"
                version  = "1"
              }
            }
          }
        }
      }

      dynamic "action" {
        for_each = stage.value.actions

        content {
          name             = action.value.name
          category         = action.value.category
          owner            = "AWS"
          provider         = action.value.provider
          version          = "1"
          configuration    = action.value.configuration
          input_artifacts  = action.value.input_artifacts
          namespace        = action.value.namespace
          output_artifacts = action.value.output_artifacts
          run_order        = action.value.run_order
        }
      }
    }
  }

  lifecycle {
    # Every execution is started with a bundle's key; the one here is only what the execution that AWS
    # starts on creation takes. Following it would update the pipeline at each release, and an update
    # cancels the executions that run or wait for an approval.
    ignore_changes = [stage[0].action[0].configuration["S3ObjectKey"]]

    # CodePipeline refuses configuration values of more than 1,000 characters; here with what the
    # two long variables in them stand for, a bundle's key and a SHA-256.
    precondition {
      condition = alltrue([
        for value in values(local.apply_environment) : length(value) + length(var.bundle_key) + 64 <= 1000
      ])
      error_message = "The builds' environment of a stage exceeds CodePipeline's 1,000 characters; shorten the pipeline's name (${var.pipeline}) or the stages' names."
    }
  }
}

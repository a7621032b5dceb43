# The real policies, made offline by the real provider: who gets in, and how far.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  account_id = "222222222222"
  name       = "acme-ml"
  orchestrator = {
    account_id       = "111111111111"
    artifacts_bucket = "acme-ml-artifacts-111111111111-eu-west-1"
    assets_bucket    = "acme-ml-assets-111111111111-eu-west-1"
    state_bucket     = "acme-ml-state-111111111111-eu-west-1"
  }
  stages = ["dev"]
}

run "each_role_trusts_one_build" {
  command = plan

  assert {
    condition = {
      for role, document in data.aws_iam_policy_document.trust :
      role => one([
        for statement in jsondecode(document.json).Statement :
        [statement.Principal.AWS, statement.Condition.ArnEquals["aws:PrincipalArn"]] if statement.Sid == "LetTheBuildsIn"
      ])
      } == {
      deploy = ["arn:aws:iam::111111111111:root", "arn:aws:iam::111111111111:role/acme-ml-build-apply"]
      plan   = ["arn:aws:iam::111111111111:root", "arn:aws:iam::111111111111:role/acme-ml-build-plan"]
    }
    error_message = "plan for the planning build, deploy for the applying one"
  }
}

run "operators_are_anyone_of_the_orchestrator_account_but_its_services" {
  command = plan

  assert {
    condition = jsonencode(sort(one([
      for statement in jsondecode(data.aws_iam_policy_document.trust["deploy"].json).Statement :
      statement.Condition.ArnNotEquals["aws:PrincipalArn"] if statement.Sid == "LetTheOperatorsIn"
      ]))) == jsonencode([
      for role in ["build-apply", "build-plan", "build-provision", "codepipeline", "orchestrator"] :
      "arn:aws:iam::111111111111:role/acme-ml-${role}"
    ])
    error_message = "no service of the platform is an operator"
  }
}

run "operators_can_be_named" {
  command = plan

  variables {
    operator_principal_arns = ["arn:aws:iam::111111111111:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_MlOps_*"]
  }

  assert {
    condition = one([
      for statement in jsondecode(data.aws_iam_policy_document.trust["deploy"].json).Statement :
      [statement.Principal.AWS, statement.Condition.ArnLike["aws:PrincipalArn"]] if statement.Sid == "LetTheOperatorsIn"
      ]) == [
      "arn:aws:iam::111111111111:root",
      "arn:aws:iam::111111111111:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_MlOps_*",
    ]
    error_message = "only these"
  }
}

run "operators_can_be_kept_out" {
  command = plan

  variables {
    operator_principal_arns = []
  }

  assert {
    condition     = [for statement in jsondecode(data.aws_iam_policy_document.trust["deploy"].json).Statement : statement.Sid] == ["LetTheBuildsIn"]
    error_message = "builds only"
  }
}

run "everyone_gives_the_external_id" {
  command = plan

  variables {
    external_id = "acme/2024"
  }

  assert {
    condition = alltrue(flatten([
      for document in data.aws_iam_policy_document.trust : [
        for statement in jsondecode(document.json).Statement :
        statement.Condition.StringEquals["sts:ExternalId"] == "acme/2024"
      ]
    ]))
    error_message = "in every statement of both roles"
  }
}

run "the_plan_role_changes_nothing_but_a_lock" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for document in [data.aws_iam_policy_document.read.json, data.aws_iam_policy_document.state["plan"].json] : [
        for statement in jsondecode(document).Statement : [
          for action in flatten([statement.Action]) :
          can(regex("^[a-z0-9-]+:(Get|List|Describe|BatchGet|GET$|Decrypt|GenerateDataKey|ValidateStateMachineDefinition)", action))
          || (statement.Sid == "LockStates" && alltrue([for arn in flatten([statement.Resource]) : endswith(arn, ".tflock")]))
          || statement.Effect == "Deny"
        ]
      ]
    ]))
    error_message = "reads, and locks the state that it reads"
  }
}

run "the_deploy_role_writes_the_states_of_its_stages_only" {
  command = plan

  assert {
    condition = one([
      for statement in jsondecode(data.aws_iam_policy_document.state["deploy"].json).Statement :
      flatten([statement.Resource]) if statement.Sid == "WriteStates"
    ]) == ["arn:aws:s3:::acme-ml-state-111111111111-eu-west-1/acme-ml/dev/*/terraform.tfstate"]
    error_message = "dev's, and nobody else's"
  }
}

run "the_deploy_role_makes_what_carries_its_stages_names" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(data.aws_iam_policy_document.run.json).Statement : [
        for arn in flatten([statement.Resource]) : strcontains(arn, "acme-ml-dev-*")
      ] if !contains(["OwnApis", "LetApisAndStateMachinesLog"], statement.Sid)
    ]))
    error_message = "functions, log groups, alarms, rules, schedules, machines, topics, queues and builds of dev"
  }
  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(data.aws_iam_policy_document.identity.json).Statement : [
        for arn in flatten([statement.Resource]) : strcontains(arn, "/acme-ml-dev-*")
      ]
    ]))
    error_message = "roles and policies of dev"
  }
  assert {
    condition = alltrue([
      for statement in jsondecode(data.aws_iam_policy_document.identity.json).Statement :
      can(statement.Condition.StringEquals["iam:PassedToService"]) if contains(flatten([statement.Action]), "iam:PassRole")
    ])
    error_message = "roles are handed to named services only"
  }
}

run "long_names_are_matched_where_they_are_cut" {
  command = plan

  variables {
    name   = "acme-ml-prefix-long1"
    stages = ["pre-production-europe"]
  }

  # A base name over 44 characters is its first 35 characters, a hyphen and a hash.
  assert {
    condition     = local.name_patterns == ["acme-ml-prefix-long1-pre-production*"]
    error_message = "35 characters"
  }
}

run "a_boundary_is_handed_on" {
  command = plan

  variables {
    permissions_boundary_arn = "arn:aws:iam::222222222222:policy/boundary"
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(data.aws_iam_policy_document.identity.json).Statement :
      statement.Condition.StringEquals["iam:PermissionsBoundary"] == "arn:aws:iam::222222222222:policy/boundary"
      if anytrue([for action in flatten([statement.Action]) : contains(["iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRolePolicy"], action)])
    ])
    error_message = "a role that is made or given rights carries the boundary"
  }
}

run "the_platform_keeps_its_own_parts_in_its_own_account" {
  command = plan

  variables {
    account_id = "111111111111"
    stages     = ["build"]
  }

  assert {
    condition = alltrue([
      for role in ["build-apply", "build-plan", "build-provision", "codepipeline", "deploy", "orchestrator", "plan"] :
      contains(flatten([
        for statement in jsondecode(data.aws_iam_policy_document.guard.json).Statement :
        statement.Resource if statement.Effect == "Deny"
      ]), "arn:aws:iam::111111111111:role/acme-ml-${role}")
    ])
    error_message = "a stage called build does not own the roles acme-ml-build-*"
  }
  assert {
    condition = alltrue([
      for bucket in [var.orchestrator.artifacts_bucket, var.orchestrator.assets_bucket, var.orchestrator.state_bucket] :
      anytrue([
        for statement in jsondecode(data.aws_iam_policy_document.guard.json).Statement :
        statement.Effect == "Deny" && contains(flatten([statement.Action]), "s3:Delete*") && contains(flatten([statement.Resource]), "arn:aws:s3:::${bucket}")
      ])
    ])
    error_message = "whatever a team's own blueprint may do to buckets, it is not done to the platform's"
  }
  assert {
    condition     = contains(local.state_keys, "acme-ml/orchestrator/*/terraform.tfstate") && length(local.name_patterns) == 2
    error_message = "jobs of the orchestrator account are a stage of their own"
  }
}

run "policies_fit_with_sixteen_stages_in_one_account" {
  command = plan

  variables {
    account_id               = "111111111111"
    name                     = "acme-ml-prefix-long1"
    permissions_boundary_arn = "arn:aws:iam::111111111111:policy/the-boundary-of-all-our-roles"
    stages                   = [for number in range(16) : "a-stage-of-20-chars${number}"]
  }

  # IAM counts characters without white space.
  assert {
    condition = alltrue([
      for document in merge(local.deploy_policies, local.plan_policies) : length(jsonencode(jsondecode(document))) <= 6144
    ])
    error_message = "a managed policy holds 6,144 characters"
  }
  assert {
    condition     = alltrue([for document in data.aws_iam_policy_document.trust : length(jsonencode(jsondecode(document.json))) <= 2048])
    error_message = "a trust policy holds 2,048 characters"
  }
}

run "policies_fit_with_two_stages" {
  command = plan

  variables {
    name   = "acme-ml-prefix-long1"
    stages = ["a-stage-of-20-chars1", "a-stage-of-20-chars2"]
  }

  assert {
    condition = alltrue([
      for document in merge(local.deploy_policies, local.plan_policies) : length(jsonencode(jsondecode(document))) <= 6144
    ])
    error_message = "a managed policy holds 6,144 characters"
  }
}

# The topic with a mocked provider: who is told what, and what is refused.

mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  account_id  = "111111111111"
  emails      = ["ml-platform@example.com", "on-call@example.com"]
  kms_key_arn = "arn:aws:kms:eu-west-1:111111111111:key/k"
  name        = "acme-ml"
}

run "mails_everyone_from_one_encrypted_topic" {
  command = apply

  assert {
    condition     = aws_sns_topic.this.name == "acme-ml-notifications" && aws_sns_topic.this.kms_master_key_id == "arn:aws:kms:eu-west-1:111111111111:key/k"
    error_message = "one topic, encrypted"
  }
  assert {
    condition     = toset([for it in aws_sns_topic_subscription.email : [it.endpoint, it.protocol, it.topic_arn]]) == toset([for email in var.emails : [email, "email", aws_sns_topic.this.arn]])
    error_message = "every address is subscribed"
  }
}

run "reports_deliveries_failed_actions_and_failed_provisioning" {
  command = apply

  assert {
    condition     = toset([for rule in aws_cloudwatch_event_rule.this : rule.name]) == toset(["acme-ml-delivery-ended", "acme-ml-action-failed", "acme-ml-provisioning-failed"])
    error_message = "three rules"
  }
  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.this["delivery-ended"].event_pattern) == {
      account     = ["111111111111"]
      detail      = { pipeline = [{ prefix = "acme-ml-" }], state = ["FAILED", "STOPPED", "SUCCEEDED"] }
      detail-type = ["CodePipeline Pipeline Execution State Change"]
      source      = ["aws.codepipeline"]
    }
    error_message = "however a delivery ends, it is told"
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this["provisioning-failed"].event_pattern).detail.project-name == ["acme-ml-provision"]
    error_message = "a failed provisioner is told"
  }
  assert {
    condition     = alltrue([for target in aws_cloudwatch_event_target.topic : target.arn == aws_sns_topic.this.arn])
    error_message = "all rules end in the topic"
  }
  # EventBridge allows 100 paths and wants every placeholder defined; the template is a JSON string.
  assert {
    condition = alltrue([
      for target in aws_cloudwatch_event_target.topic : (
        can(jsondecode(target.input_transformer[0].input_template))
        && toset(flatten(regexall("<([a-z]+)>", target.input_transformer[0].input_template))) == toset(keys(target.input_transformer[0].input_paths))
      )
    ])
    error_message = "every placeholder of a sentence has its path, and every path is used"
  }
}

run "works_without_readers" {
  command = apply

  variables {
    emails = []
  }

  assert {
    condition     = length(aws_sns_topic_subscription.email) == 0
    error_message = "a topic alone is fine"
  }
}

run "refuses_what_is_no_address" {
  command = plan

  variables {
    emails = ["ml-platform"]
  }

  expect_failures = [var.emails]
}

run "refuses_a_short_account_id" {
  command = plan

  variables {
    account_id = "1"
  }

  expect_failures = [var.account_id]
}

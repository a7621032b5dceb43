"""What of a platform is still there: looked for by name in every account, service by service, and else by tag."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

# Service, listing call, member of the answer with the list, member with the name.
_LISTINGS = (
    ("s3", "list_buckets", "Buckets", "Name"),
    ("iam", "list_roles", "Roles", "RoleName"),
    ("lambda", "list_functions", "Functions", "FunctionName"),
    ("apigateway", "get_rest_apis", "items", "name"),
    ("codepipeline", "list_pipelines", "pipelines", "name"),
    ("codebuild", "list_projects", "projects", None),
    ("sns", "list_topics", "Topics", "TopicArn"),
    ("ecr", "describe_repositories", "repositories", "repositoryName"),
    ("sagemaker", "list_endpoints", "Endpoints", "EndpointName"),
    ("sagemaker", "list_endpoint_configs", "EndpointConfigs", "EndpointConfigName"),
    ("sagemaker", "list_models", "Models", "ModelName"),
    ("sagemaker", "list_monitoring_schedules", "MonitoringScheduleSummaries", "MonitoringScheduleName"),
    ("stepfunctions", "list_state_machines", "stateMachines", "name"),
    ("events", "list_rules", "Rules", "Name"),
    ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    ("kms", "list_aliases", "Aliases", "AliasName"),
)
# Services whose things have just been looked for by name; what is tagged in any other is a team's own blueprint's.
_LISTED = frozenset({service for service, *_ in _LISTINGS} | {"states"})
# AWS makes these by itself when a function or a build first writes; Terraform owns ours.
_NOT_OURS = ("/aws/sagemaker/",)


def find_leftovers(
    client: Callable[[str, str], Any],
    accounts: Iterable[str],
    prefix: str,
    prepared: Iterable[Mapping[str, str]] = (),
) -> list[str]:
    """Return what carries the platform's prefix in any account, as ``account service name``.

    Args:
        client: (account id, service) to a boto3 client.
        accounts: Accounts to look in.
        prefix: The platform's name.
        prepared: What was there before the platform, as {name, account_id}; it is none of the platform's.
    """
    before = {(item["account_id"], item["name"]) for item in prepared}
    found = []
    for account in accounts:
        for service, call, member, name_member in _LISTINGS:
            for item in getattr(client(account, service), call)().get(member, ()):
                name = str(item[name_member] if name_member else item)
                if _is_ours(name, prefix) and (account, name) not in before:
                    found.append(f"{account} {service} {name}")
        found += [f"{account} {arn}" for arn in _tagged(client(account, "resourcegroupstaggingapi"), prefix)]
    return found


def _tagged(client: Any, prefix: str) -> list[str]:
    """Return the ARNs of what every workspace's tag marks as the platform's, in services that are not listed."""
    answer = client.get_resources(TagFilters=[{"Key": "Project", "Values": [prefix]}])
    arns = [str(item["ResourceARN"]) for item in answer.get("ResourceTagMappingList", ())]
    return [arn for arn in arns if arn.split(":")[2] not in _LISTED]


def _is_ours(name: str, prefix: str) -> bool:
    if name.startswith(_NOT_OURS):
        return False
    last = name.rsplit(":", 1)[-1].rsplit("/", 1)[-1]
    return last == prefix or last.startswith(f"{prefix}-")

"""Checks of the job modules' own kinds of things; the delivery runner loads them. The same file in every job module."""


def check_schedule(item, site):
    """Item: ``name``, ``group_name``, ``state``, ``expression`` and ``target_arn`` of a schedule; all as planned."""
    answer = site.client("scheduler").get_schedule(Name=item["name"], GroupName=item["group_name"])
    found = {
        "state": answer.get("State"),
        "expression": answer.get("ScheduleExpression"),
        "target_arn": answer.get("Target", {}).get("Arn"),
    }
    for key, value in found.items():
        if item[key] != value:
            raise site.not_live(f"schedule {item['name']} has {key} {value}, planned was {item[key]}")
    return f"schedule {item['name']} is {item['state']}: {item['expression']}"


def schedule_gone(item, site):
    """Raise if the schedule still exists."""
    client = site.client("scheduler")
    try:
        client.get_schedule(Name=item["name"], GroupName=item["group_name"])
    except client.exceptions.ResourceNotFoundException:
        return
    raise site.not_live(f"schedule {item['name']} still exists")


KINDS = {"eventbridge_schedule": (check_schedule, schedule_gone)}

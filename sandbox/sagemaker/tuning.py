"""Hyperparameter tuning jobs: training jobs with values from the ranges, and the best of them.

Each child is a training job as any other, with a share of the tuning job's time. Its values are drawn from
the ranges by a sequence that depends on the job's name only; its objective is the metric that the training
job reports.
"""

from __future__ import annotations

import hashlib
import math
import time
from typing import Any

from sandbox.apis.operations import Call, Operations
from sandbox.sagemaker import jobs, training
from sandbox.sagemaker.access import Role
from sandbox.sagemaker.jobs import JobFailed, JobKind, Members
from sandbox.sagemaker.settings import SETTINGS
from sandbox.sagemaker.store import Resource, arn_of, invalid, now, page, store_of

operations = Operations("sagemaker")

KIND = JobKind(
    kind="hyper-parameter-tuning-job",
    name="HyperParameterTuningJobName",
    arn="HyperParameterTuningJobArn",
    status="HyperParameterTuningJobStatus",
    start_time="",
    end_time="HyperParameterTuningEndTime",
    event="HyperParameter Tuning Job",
    fault="sagemaker.tuning_job",
    taken=(
        "Tuning job names must be unique within an AWS account and region, and a tuning job with this name already "
        "exists"
    ),
    missing="Amazon SageMaker can't find a tuning job with the name {name}.",
    missing_code="ResourceNotFound",
    noun="hyperparameter tuning job",
)

# https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost-tuning.html
_XGBOOST = {
    "Maximize": ("accuracy", "auc", "balanced_accuracy", "f1", "f1_binary", "f1_macro", "map", "ndcg", "precision",
                 "precision_macro", "precision_micro", "r2", "recall", "recall_macro", "recall_micro"),
    "Minimize": ("error", "gamma-nloglik", "logloss", "mae", "merror", "mlogloss", "mse", "poisson-nloglik", "rmse"),
}  # fmt: skip


@operations("CreateHyperParameterTuningJob")
def create_tuning_job(call: Call) -> dict[str, Any]:
    name = call["HyperParameterTuningJobName"]
    jobs.require_free(call, KIND, name)
    definitions = _definitions(call)
    roles = []
    for definition in definitions:
        role = Role(call.context, definition["RoleArn"], call.account_id, call.region, arn_of(call, KIND.kind, name))
        role.assume()
        training.check_definition({"ResourceConfig": {}, **definition}, role)
        _check_tuning(call["HyperParameterTuningJobConfig"], definition)
        roles.append(role)
    config = call["HyperParameterTuningJobConfig"]
    limits = config["ResourceLimits"]
    total = limits.get("MaxNumberOfTrainingJobs", 1)
    parallel = min(limits["MaxParallelTrainingJobs"], total)
    rounds = math.ceil(total / parallel)
    document = {key: value for key, value in call.params.items() if key != "Tags"}
    document |= {
        "TrainingJobStatusCounters": _counters([]),
        "ObjectiveStatusCounters": {"Succeeded": 0, "Pending": 0, "Failed": 0},
        "Strategy": config["Strategy"],
        "ResourceLimits": limits,
    }

    def work(job: Resource) -> Members:
        return _tune(call, job, definitions, roles, total, parallel, SETTINGS.job_seconds / rounds)

    return {"HyperParameterTuningJobArn": jobs.start(call, KIND, document, work, seconds=0).arn}


@operations("DescribeHyperParameterTuningJob")
def describe_tuning_job(call: Call) -> dict[str, Any]:
    return jobs.describe(call, KIND)


@operations("ListHyperParameterTuningJobs")
def list_tuning_jobs(call: Call) -> dict[str, Any]:
    return page(call, store_of(call).all(KIND.kind), "HyperParameterTuningJobSummaries")


@operations("StopHyperParameterTuningJob")
def stop_tuning_job(call: Call) -> None:
    jobs.stop(call, KIND)


@operations("DeleteHyperParameterTuningJob")
def delete_tuning_job(call: Call) -> None:
    job = jobs.find_job(call, KIND)
    if job.document[KIND.status] in ("InProgress", "Stopping"):
        raise invalid(f"The tuning job {job.name} is in status {job.document[KIND.status]} and cannot be deleted.")
    store_of(call).remove(job)


@operations("ListTrainingJobsForHyperParameterTuningJob")
def list_children(call: Call) -> dict[str, Any]:
    job = jobs.find_job(call, KIND)
    children = job.extra.get("children", [])
    shown = [
        Resource(child.kind, child.name, child.arn, _summary(job, child))
        for child in children
        if call.get("StatusEquals") in (None, child.document["TrainingJobStatus"])
    ]
    answer = page(call, shown, "TrainingJobSummaries")
    if call.get("SortBy") == "FinalObjectiveMetricValue":
        answer["TrainingJobSummaries"].sort(
            key=lambda item: item.get("FinalHyperParameterTuningJobObjectiveMetric", {}).get("Value", -math.inf),
            reverse=call.get("SortOrder", "Ascending") == "Descending",
        )
    return answer


def _definitions(call: Call) -> list[Members]:
    one, many = call.get("TrainingJobDefinition"), call.get("TrainingJobDefinitions")
    if (one is None) == (many is None):
        raise invalid("Specify either TrainingJobDefinition or TrainingJobDefinitions.")
    return many or [one]


def _check_tuning(config: Members, definition: Members) -> None:
    """Ranges against static values, and the objective against the algorithm.

    Raises:
        SandboxFault: ValidationException in AWS's words.
    """
    ranges = definition.get("HyperParameterRanges") or config.get("ParameterRanges", {})
    names = [item["Name"] for kind in ranges.values() if isinstance(kind, list) for item in kind]
    if not names and config["Strategy"] != "Grid" and "Autotune" not in config:
        raise invalid("At least one hyperparameter range is required.")
    both = sorted(set(names) & set(definition.get("StaticHyperParameters", {})))
    if both:
        raise invalid(f"The hyperparameter(s) [{', '.join(both)}] are specified both as static and as tunable.")
    for item in [*ranges.get("IntegerParameterRanges", []), *ranges.get("ContinuousParameterRanges", [])]:
        if float(item["MinValue"]) > float(item["MaxValue"]):
            raise invalid(f"The range of {item['Name']} is empty: {item['MinValue']} is above {item['MaxValue']}.")
    objective = definition.get("TuningObjective") or config.get("HyperParameterTuningJobObjective")
    if objective is None:
        raise invalid("HyperParameterTuningJobObjective or TuningObjective is required.")
    algorithm = definition["AlgorithmSpecification"]
    metric = objective["MetricName"]
    defined = [item["Name"] for item in algorithm.get("MetricDefinitions", [])]
    if defined and metric not in defined:
        raise invalid(f"The objective metric, [{metric}], is not among the metric definitions {defined}.")
    if not defined and "xgboost" in algorithm.get("TrainingImage", ""):
        known = {f"validation:{name}" for name in _XGBOOST["Maximize"] + _XGBOOST["Minimize"]}
        if metric not in known:
            raise invalid(
                f"The objective metric for the hyperparameter tuning job, [{metric}], isn't valid for the [xgboost] "
                "algorithm. Choose a valid objective metric."
            )
        if metric.removeprefix("validation:") not in _XGBOOST[objective["Type"]]:
            raise invalid(
                f"The objective metric type, [{objective['Type']}], that you specified for objective metric, "
                f"[{metric}], isn't valid for the [xgboost] algorithm. Choose a valid objective metric type."
            )


def _tune(
    call: Call,
    job: Resource,
    definitions: list[Members],
    roles: list[Role],
    total: int,
    parallel: int,
    seconds: float,
) -> Members:
    children: list[Resource] = job.extra.setdefault("children", [])
    waiting = list(range(1, total + 1))
    while waiting:
        batch, waiting = waiting[:parallel], waiting[parallel:]
        started = [_start_child(call, job, definitions, roles, number, seconds) for number in batch]
        children += started
        for child in started:
            while not child.changed.wait(0.01):
                if job.extra["stop"].is_set():
                    child.extra["stop"].set()
        job.document = {**job.document, "TrainingJobStatusCounters": _counters(children)}
        if job.extra["stop"].is_set():
            return _outcome(job, children)
    result = _outcome(job, children)
    if "BestTrainingJob" not in result:
        reasons = {child.document.get("FailureReason", "") for child in children}
        job.document = {**job.document, **result}
        raise JobFailed(f"No training job succeeded. {'; '.join(sorted(reasons))}")
    return result


def _start_child(
    call: Call, job: Resource, definitions: list[Members], roles: list[Role], number: int, seconds: float
) -> Resource:
    which = (number - 1) % len(definitions)
    definition = definitions[which]
    config = job.document["HyperParameterTuningJobConfig"]
    ranges = definition.get("HyperParameterRanges") or config.get("ParameterRanges", {})
    seed = f"{job.name} {number}"
    tuned = _draw(ranges, seed)
    suffix = hashlib.sha256(f"{seed} {time.time_ns()}".encode()).hexdigest()[:8]
    static = dict(definition.get("StaticHyperParameters", {}))
    objective = definition.get("TuningObjective") or config["HyperParameterTuningJobObjective"]
    static["_tuning_objective_metric"] = objective["MetricName"]
    skipped = (
        "StaticHyperParameters", "HyperParameterRanges", "TuningObjective", "DefinitionName",
        "HyperParameterTuningResourceConfig",
    )  # fmt: skip
    params = {key: value for key, value in definition.items() if key not in skipped}
    params.setdefault("ResourceConfig", _resources(definition))
    request = Call(
        call.context,
        call.account_id,
        call.region,
        "CreateTrainingJob",
        {
            **params,
            "TrainingJobName": f"{job.name}-{number:03d}-{suffix}",
            "HyperParameters": {**static, **tuned},
            "Tags": call.get("Tags", []),
        },
        call.access_key,
    )
    child = training.start_training(request, roles[which], seconds=seconds, TuningJobArn=job.arn)
    child.extra |= {"tuned": tuned, "objective": objective, "definition": definition.get("DefinitionName")}
    return child


def _resources(definition: Members) -> Members:
    config = definition.get("HyperParameterTuningResourceConfig", {})
    choices = config.get("InstanceConfigs", [{}])
    volumes = {key: value for key, value in config.items() if key.startswith("Volume")}
    return {
        "InstanceType": config.get("InstanceType", choices[0].get("InstanceType", "ml.m5.xlarge")),
        "InstanceCount": config.get("InstanceCount", choices[0].get("InstanceCount", 1)),
        "VolumeSizeInGB": 30,
        **volumes,
    }


def _draw(ranges: Members, seed: str) -> dict[str, str]:
    """A value from every range, as text, as training jobs get them. Pure."""
    drawn = {}
    for item in ranges.get("IntegerParameterRanges", []):
        low, high = int(float(item["MinValue"])), int(float(item["MaxValue"]))
        drawn[item["Name"]] = str(low + int(_share(seed, item["Name"]) * (high - low + 1)))
    for item in ranges.get("ContinuousParameterRanges", []):
        least, most, share = float(item["MinValue"]), float(item["MaxValue"]), _share(seed, item["Name"])
        if item.get("ScalingType") == "Logarithmic" and least > 0:
            drawn[item["Name"]] = repr(least * (most / least) ** share)
        else:
            drawn[item["Name"]] = repr(least + share * (most - least))
    for item in ranges.get("CategoricalParameterRanges", []):
        drawn[item["Name"]] = item["Values"][int(_share(seed, item["Name"]) * len(item["Values"]))]
    return drawn


def _share(seed: str, name: str) -> float:
    """A number from 0 up to, not including, 1. Pure."""
    return int.from_bytes(hashlib.sha256(f"{seed} {name}".encode()).digest()[:6], "big") / 2**48


def _summary(job: Resource, child: Resource) -> Members:
    document, objective = child.document, child.extra["objective"]
    found = [m for m in document.get("FinalMetricDataList", []) if m["MetricName"] == objective["MetricName"]]
    if not found and document["TrainingJobStatus"] == "Completed":
        # The container of the job is none that the sandbox knows the metrics of.
        value = _share(child.name, objective["MetricName"])
        found = [{"MetricName": objective["MetricName"], "Value": value}]
    summary = {
        **{key: value for key, value in document.items() if key.startswith("Training") or key == "FailureReason"},
        "CreationTime": document["CreationTime"],
        "TunedHyperParameters": child.extra["tuned"],
        "TuningJobName": job.name,
        "ObjectiveStatus": "Succeeded" if found else "Failed",
    }
    if child.extra["definition"]:
        summary["TrainingJobDefinitionName"] = child.extra["definition"]
    if found:
        summary["FinalHyperParameterTuningJobObjectiveMetric"] = {**objective, "Value": found[0]["Value"]}
    return summary


def _outcome(job: Resource, children: list[Resource]) -> Members:
    summaries = [_summary(job, child) for child in children]
    good = [item for item in summaries if item["ObjectiveStatus"] == "Succeeded"]
    result: Members = {
        "TrainingJobStatusCounters": _counters(children),
        "ObjectiveStatusCounters": {"Succeeded": len(good), "Pending": 0, "Failed": len(summaries) - len(good)},
        "ConsumedResources": {"RuntimeInSeconds": sum(jobs.seconds_of(child) for child in children)},
        "TuningJobCompletionDetails": {
            "NumberOfTrainingJobsObjectiveNotImproving": max(len(good) - 1, 0),
            "ConvergenceDetectedTime": now(),
        },
    }
    if good:
        first = good[0]["FinalHyperParameterTuningJobObjectiveMetric"]
        choose = max if first["Type"] == "Maximize" else min
        result["BestTrainingJob"] = choose(
            good, key=lambda item: item["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
        )
    return result


def _counters(children: list[Resource]) -> dict[str, int]:
    statuses = [child.document["TrainingJobStatus"] for child in children]
    return {
        "Completed": statuses.count("Completed"),
        "InProgress": statuses.count("InProgress"),
        "RetryableError": 0,
        "NonRetryableError": statuses.count("Failed"),
        "Stopped": statuses.count("Stopped") + statuses.count("Stopping"),
    }

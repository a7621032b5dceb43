"""Amazon States Language held against its public definitions.

A definition's structure (the JSON Schema of the language that cfn-lint ships, and what a schema cannot say:
transitions that lead nowhere, states that nothing leads to), the integrations that Step Functions has, and each
task's parameters against the input shape of the API that it calls.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import cfnlint.data.schemas.other.step_functions as language
import jsonschema  # type: ignore[import-untyped]

from tools.fidelity import shapes
from tools.fidelity.findings import Finding
from tools.fidelity.planning import UNKNOWN

KIND = "states-language"
# Ten digits that a machine fills in at run time, as they look then.
RUN = "0123456789"
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
LONGEST_DEFINITION = 1024 * 1024
# https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html: what has an integration of its own,
# and which of these can be waited for; everything else goes through aws-sdk, which waits for nothing.
OPTIMIZED = {
    "codebuild": {"startBuild": True, "stopBuild": False, "batchDeleteBuilds": False, "batchGetReports": False},
    "events": {"putEvents": False},
    "lambda": {"invoke": False},
    "sagemaker": {
        "createEndpoint": False,
        "createEndpointConfig": False,
        "createHyperParameterTuningJob": True,
        "createLabelingJob": True,
        "createModel": False,
        "createProcessingJob": True,
        "createTrainingJob": True,
        "createTransformJob": True,
        "updateEndpoint": False,
    },
    "sns": {"publish": False},
    "sqs": {"sendMessage": False},
    "states": {"startExecution": True},
}
_TERMINAL = ("Succeed", "Fail")
_RESOURCE = re.compile(r"arn:aws(?:-[a-z-]+)?:states:::(aws-sdk:)?([a-z0-9]+):([a-zA-Z0-9]+)(\.sync)?")


def check(definition: Mapping[str, Any], place: str = "") -> Iterator[Finding]:
    """Yield what is wrong with a definition."""
    at = f"{place}/" if place else ""
    size = len(json.dumps(definition, separators=(",", ":"), ensure_ascii=False).encode())
    if size > LONGEST_DEFINITION:
        yield Finding(place, f"a definition of {size} bytes is larger than {LONGEST_DEFINITION}", KIND)
    for text in (*_structure(definition), *_transitions(definition)):
        where, _, what = text.partition(": ")
        yield Finding(f"{at}{where}", what, KIND)
    for name, state in definition["States"].items():
        if state["Type"] == "Task":
            yield from _request(definition, state, f"{at}States/{name}")


def tasks(definition: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the parameters of each task by the state's name."""
    return {
        name: state["Parameters"] if "Parameters" in state else state["Arguments"]
        for name, state in definition["States"].items()
        if state["Type"] == "Task"
    }


def requests(definition: Mapping[str, Any]) -> Iterator[tuple[str, str, str, Any]]:
    """Yield (state's name, service, operation, parameters as far as they are known) of every task.

    Services, operations and members have botocore's names.
    """
    known = {"$.job": _job_name(definition), "$.run": RUN}
    for name, parameters in tasks(definition).items():
        found = _operation(definition["States"][name]["Resource"])
        if found is not None:
            members = {_pascal(member): member for member in found.input_shape.members}
            given = {members.get(key, key): value for key, value in _resolved(parameters, known).items()}
            yield name, found.service_model.service_name, found.name, given


@cache
def _validator() -> Any:
    folder = Path(language.__file__ or "").parent
    return jsonschema.Draft202012Validator(json.loads((folder / "statemachine.json").read_text()))


def _structure(definition: Mapping[str, Any]) -> Iterator[str]:
    """Hold a definition, in which single states may choose their query language, against the schema."""
    # The schema knows the ARNs of one partition only.
    general = json.loads(re.sub(r'"arn:aws-[a-z-]+:states:', '"arn:aws:states:', json.dumps(definition)))
    for error in _validator().iter_errors(general):
        yield f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
    for name, state in definition["States"].items():
        jsonata = state.get("QueryLanguage", definition.get("QueryLanguage", "JSONPath")) == "JSONata"
        foreign = (
            {"InputPath", "OutputPath", "Parameters", "ResultPath", "ResultSelector"}
            if jsonata
            else {"Arguments", "Output"}
        )
        for member in foreign & set(state):
            yield f"States/{name}: {member} is not of its query language"


def _transitions(definition: Mapping[str, Any]) -> Iterator[str]:
    states, reached, queue = definition["States"], set(), [definition["StartAt"]]
    while queue:
        name = queue.pop()
        if name in reached:
            continue
        if name not in states:
            yield f"States: {name} is led to and does not exist"
            continue
        reached.add(name)
        state = states[name]
        nexts = [state.get("Next"), state.get("Default")]
        nexts += [choice["Next"] for choice in state.get("Choices", [])]
        nexts += [catch["Next"] for catch in state.get("Catch", [])]
        queue += [following for following in nexts if following]
        if not any(nexts) and not state.get("End") and state["Type"] not in _TERMINAL:
            yield f"States/{name}: nothing follows"
    for name in sorted(set(states) - reached):
        yield f"States/{name}: nothing leads there"


def _request(definition: Mapping[str, Any], state: Mapping[str, Any], place: str) -> Iterator[Finding]:
    operation = _operation(state["Resource"])
    if operation is None:
        yield Finding(place, f"{state['Resource']} is no API", KIND)
        return
    sdk, service, action, waits = _RESOURCE.fullmatch(state["Resource"]).groups()  # type: ignore[union-attr]
    if sdk is None and action not in OPTIMIZED.get(service, {}):
        yield Finding(place, f"Step Functions has no integration {service}:{action}; use aws-sdk", KIND)
    elif waits and (sdk or not OPTIMIZED[service][action]):
        yield Finding(place, f"{state['Resource']}: this integration cannot be waited for", KIND)
    given = "Parameters" if "Parameters" in state else "Arguments"
    known = {"$.job": _job_name(definition), "$.run": RUN}
    yield from shapes.check(
        _resolved(state.get(given, {}), known), operation.input_shape, f"{place}/{given}", naming=_pascal
    )


def _job_name(definition: Mapping[str, Any]) -> Any:
    """The name that the first state gives its job, with ten digits where the hash will be."""
    output = definition["States"].get(definition["StartAt"], {}).get("Output", {})
    found = re.fullmatch(r"\{% '([^']*)' & \$substring\(.*, 0, 10\) %\}", str(output.get("job", "")))
    return found[1] + RUN if found else UNKNOWN


@cache
def _operation(resource: str) -> Any:
    """The API that a task calls, or None."""
    found = _RESOURCE.fullmatch(resource)
    if found is None:
        return None
    model = shapes.service({"sfn": "stepfunctions", "states": "stepfunctions"}.get(found[2], found[2]))
    wanted = found[3].lower()
    return next((model.operation_model(name) for name in model.operation_names if name.lower() == wanted), None)


def _pascal(name: str) -> str:
    """A member's name as Step Functions has it: that of the SDK for Java, with a capital.

    A name that begins with several capitals becomes a word (``SSEKMSKeyId`` is ``SsekmsKeyId``, ``DBName`` is
    ``DbName``); those within a name stay (``AutoMLJobName``).
    """
    name = name[:1].upper() + name[1:]
    leading = re.match(r"[A-Z]{2,}(?=[A-Z][a-z]|[0-9]*$)", name)
    return leading[0].capitalize() + name[leading.end() :] if leading else name


def _resolved(value: Any, known: Mapping[str, Any]) -> Any:
    """Return parameters without the ``.$`` of their names, their values as far as they are known before a run."""
    if isinstance(value, dict):
        return {
            key.removesuffix(".$"): _reference(item, known) if key.endswith(".$") else _resolved(item, known)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_resolved(item, known) for item in value]
    return UNKNOWN if isinstance(value, str) and value.startswith("{%") else value


def _reference(path: str, known: Mapping[str, Any]) -> Any:
    found = re.fullmatch(r"States\.Format\('((?:[^'\\]|\\.)*)', (.*)\)", path)
    if found is None:
        return known.get(path, UNKNOWN)
    text = found[1]
    for argument in found[2].split(", "):
        if known.get(argument, UNKNOWN) is UNKNOWN:
            return UNKNOWN
        text = text.replace("{}", known[argument], 1)
    return text

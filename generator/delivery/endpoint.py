"""Check of a SageMaker endpoint: in service, with the planned configuration, models and instances.

That the endpoint is InService proves little: an update that failed is rolled back, and the endpoint is then
in service with its former configuration. So every step down from the endpoint is compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .waiting import NotLive, Site

_BUSY = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})


def check_endpoint(item: Mapping[str, Any], site: Site) -> str:
    """Return what was seen of an endpoint.

    Args:
        item: ``name``, ``endpoint_config_name``, ``model_names`` (list), ``variants`` (name to instance
            count; null for a serverless one), and optionally ``autoscaled`` (names of variants whose count
            may be higher) and ``models`` (model name to {``image_uri``, ``artifact_s3_uri``,
            ``model_package_arn``}, each optional).
        site: The stage's account.

    Raises:
        NotLive: Something differs; names all differences of the first level at which there are any.
    """
    name = item["name"]
    client = site.client("sagemaker")

    def ask() -> tuple[str, Any]:
        answer = client.describe_endpoint(EndpointName=name)
        return str(answer["EndpointStatus"]), answer

    endpoint = site.settle(f"endpoint {name}", ask, _BUSY)
    status = endpoint["EndpointStatus"]
    reason = f": {endpoint['FailureReason']}" if endpoint.get("FailureReason") else ""
    if status != "InService":
        raise NotLive(f"endpoint {name} is {status}{reason}")
    planned = item["endpoint_config_name"]
    if endpoint.get("EndpointConfigName") != planned:
        raise NotLive(
            f"endpoint {name} is in service with configuration {endpoint.get('EndpointConfigName')},"
            f" planned was {planned}: the update was rolled back{reason or ' (no alarm or reason is recorded)'}"
        )
    config = client.describe_endpoint_config(EndpointConfigName=planned)
    every = [*config.get("ProductionVariants", []), *config.get("ShadowProductionVariants", [])]
    used = sorted({variant["ModelName"] for variant in every if variant.get("ModelName")})
    wanted_models = sorted(item.get("model_names") or [])
    if wanted_models and used != wanted_models:
        raise NotLive(f"configuration {planned} uses models {_words(used)}, planned were {_words(wanted_models)}")
    _raise_all(f"endpoint {name}", _variant_differences(item, endpoint))
    for model in used:
        details = (item.get("models") or {}).get(model) or {}
        _raise_all(f"model {model}", _model_differences(details, client.describe_model(ModelName=model)))
    counts = ", ".join(
        f"{variant['VariantName']} with {variant.get('CurrentInstanceCount', 'serverless')}"
        + (" instances" if "CurrentInstanceCount" in variant else "")
        for variant in endpoint.get("ProductionVariants", [])
    )
    return f"endpoint {name} is in service with {planned}, models {_words(used)}, variants {counts}"


def _variant_differences(item: Mapping[str, Any], endpoint: Mapping[str, Any]) -> list[str]:
    planned: Mapping[str, Any] = item.get("variants") or {}
    if not planned:
        return []
    variants = [*endpoint.get("ProductionVariants", []), *endpoint.get("ShadowProductionVariants", [])]
    live = {variant["VariantName"]: variant for variant in variants}
    if live.keys() != planned.keys():
        return [f"has variants {_words(sorted(live))}, planned were {_words(sorted(planned))}"]
    autoscaled = set(item.get("autoscaled") or [])
    wrong = []
    for name, count in planned.items():
        if count is None:
            continue
        found = live[name].get("CurrentInstanceCount")
        if found is None or (found < count if name in autoscaled else found != count):
            least = "at least " if name in autoscaled else ""
            wrong.append(f"variant {name} has {found} instances, planned were {least}{count}")
    return wrong


def _model_differences(planned: Mapping[str, Any], model: Mapping[str, Any]) -> list[str]:
    containers = [
        *([model["PrimaryContainer"]] if model.get("PrimaryContainer") else []),
        *model.get("Containers", []),
    ]
    wrong = []
    for key, attribute in (("image_uri", "Image"), ("model_package_arn", "ModelPackageName")):
        if planned.get(key) and planned[key] not in [container.get(attribute) for container in containers]:
            found = _words([str(container.get(attribute)) for container in containers])
            wrong.append(f"runs {attribute} {found}, planned was {planned[key]}")
    if planned.get("artifact_s3_uri"):
        found_data = [location for container in containers for location in _model_data(container)]
        if planned["artifact_s3_uri"] not in found_data:
            wrong.append(f"loads {_words(found_data)}, planned was {planned['artifact_s3_uri']}")
    return wrong


def _model_data(container: Mapping[str, Any]) -> list[str]:
    source = container.get("ModelDataSource", {}).get("S3DataSource", {}).get("S3Uri")
    return [location for location in (container.get("ModelDataUrl"), source) if location]


def _raise_all(what: str, wrong: list[str]) -> None:
    if wrong:
        raise NotLive(f"{what} {'; '.join(wrong)}")


def _words(names: list[str]) -> str:
    return ", ".join(names) or "none"

"""A build's environment: CodeBuild's variables, the project's, the buildspec's, and what they refer to."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.codebuild import stand_ins
from sandbox.codebuild.build import Build
from sandbox.codebuild.buildspec import Buildspec

# What a build takes over from the machine it runs on; nothing else of the server's environment gets in.
_INHERITED = (
    "TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR", "LANG", "LC_ALL", "TZ", "HTTP_PROXY",
    "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE",
    "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
    "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CERT", "GOGC", "GOMAXPROCS",
)  # fmt: skip

Clients = Callable[[str], Any]


class EnvironmentFailure(Exception):
    """A variable's value cannot be had; `code` and the text go to the phase's context."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def machine_variables(scratch: Path) -> dict[str, str]:
    """What the container would bring: docker and this Python first in the search path, a home, a temporary folder."""
    home, temporary = scratch / "home", scratch / "tmp"
    for folder in (home, temporary):
        folder.mkdir(parents=True, exist_ok=True)
    values = {name: os.environ[name] for name in _INHERITED if os.environ.get(name)}
    # Not resolved: in a virtual environment the link's folder is the one with the packages.
    python = str(Path(sys.executable).absolute().parent)
    values.setdefault("LANG", "C.UTF-8")
    return values | {
        "PATH": os.pathsep.join((str(stand_ins.install(scratch / "bin")), python, os.environ.get("PATH", os.defpath))),
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "PYTHONDONTWRITEBYTECODE": "1",
        "CI": "true",
    }


def codebuild_variables(build: Build, folders: Mapping[str, Path]) -> dict[str, str]:
    """CODEBUILD_*: `folders` maps source identifiers to folders, the empty name to the primary source."""
    record = build.view()
    order = build.order
    version = order.inputs[order.primary].arn if order else record.get("sourceVersion", "")
    values = {
        "CODEBUILD_CI": "true",
        "CODEBUILD_BUILD_ID": record["id"],
        "CODEBUILD_BUILD_ARN": record["arn"],
        "CODEBUILD_BUILD_NUMBER": str(record["buildNumber"]),
        "CODEBUILD_BUILD_IMAGE": record["environment"]["image"],
        "CODEBUILD_BUILD_SUCCEEDING": "1",
        "CODEBUILD_INITIATOR": record["initiator"],
        "CODEBUILD_KMS_KEY_ID": record["encryptionKey"],
        "CODEBUILD_LOG_PATH": record["logs"].get("streamName", ""),
        "CODEBUILD_RESOLVED_SOURCE_VERSION": record.get("resolvedSourceVersion", ""),
        "CODEBUILD_SOURCE_REPO_URL": record["source"].get("location", ""),
        "CODEBUILD_SOURCE_VERSION": version,
        "CODEBUILD_START_TIME": str(int(record["startTime"].timestamp() * 1000)),
    }
    for name, folder in folders.items():
        values[f"CODEBUILD_SRC_DIR_{name}" if name else "CODEBUILD_SRC_DIR"] = str(folder)
    return values


def user_variables(build: Build, spec: Buildspec, clients: Clients) -> dict[str, str]:
    """The variables of the buildspec, overlaid by those of the project and the request, references resolved.

    Raises:
        EnvironmentFailure: A parameter or secret cannot be read with the service role.
    """
    declared = [("PLAINTEXT", name, value) for name, value in spec.variables.items()]
    declared += [("PARAMETER_STORE", name, value) for name, value in spec.parameters.items()]
    declared += [("SECRETS_MANAGER", name, value) for name, value in spec.secrets.items()]
    declared += [
        (item.get("type", "PLAINTEXT"), item["name"], item["value"])
        for item in build.view()["environment"]["environmentVariables"]
    ]
    final = {name: (kind, value) for kind, name, value in declared}
    values = {}
    for name, (kind, value) in final.items():
        if kind == "PLAINTEXT":
            values[name] = value
            continue
        try:
            values[name] = _parameter(clients, value) if kind == "PARAMETER_STORE" else _secret(clients, value)
        except (ClientError, BotoCoreError) as error:
            code = "PARAMETER_STORE_ERROR" if kind == "PARAMETER_STORE" else "SECRETS_MANAGER_ERROR"
            raise EnvironmentFailure("CLIENT_ERROR", f"{code}: {name}: {error}") from None
        build.log.mask(values[name])
    return values


def _parameter(clients: Clients, name: str) -> str:
    answer = clients("ssm").get_parameter(Name=name, WithDecryption=True)
    return str(answer["Parameter"]["Value"])


def _secret(clients: Clients, reference: str) -> str:
    # secret-id:json-key:version-stage:version-id, where the id may be an ARN with colons of its own.
    pieces = reference.split(":")
    size = 7 if reference.startswith("arn:") else 1
    secret, rest = ":".join(pieces[:size]), pieces[size:] + [""] * 3
    arguments = {"VersionStage": rest[1], "VersionId": rest[2]}
    answer = clients("secretsmanager").get_secret_value(
        SecretId=secret, **{key: value for key, value in arguments.items() if value}
    )
    text = str(answer["SecretString"])
    if not rest[0]:
        return text
    value = json.loads(text).get(rest[0])
    if value is None:
        raise EnvironmentFailure("CLIENT_ERROR", f"SECRETS_MANAGER_ERROR: {secret} has no key {rest[0]}")
    return value if isinstance(value, str) else json.dumps(value)

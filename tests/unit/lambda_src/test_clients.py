"""Real clients: made late, once, with limits; and what an error of AWS means."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from botocore.exceptions import ReadTimeoutError

from lambda_src.orchestrator.clients import BotoClients, error_code, error_status, is_temporary
from tests.fakes_aws import aws_error


def test_client_is_made_once_even_by_threads() -> None:
    clients = BotoClients("eu-central-1")
    found = clients.at_once([lambda: clients.client("sts")] * 16)
    assert len({id(client) for client in found}) == 1
    config = found[0].meta.config
    assert (config.connect_timeout, config.read_timeout) == (3, 12)
    assert config.retries == {"mode": "standard", "total_max_attempts": 3}


def test_calls_are_made_at_the_same_time_and_answered_in_order() -> None:
    barrier = threading.Barrier(3, timeout=10)

    def call(number: int) -> int:
        barrier.wait()
        return number

    assert BotoClients("eu-central-1").at_once([lambda n=n: call(n) for n in range(3)]) == [0, 1, 2]  # type: ignore[misc]


def test_error_of_one_call_is_raised() -> None:
    def fail() -> None:
        raise RuntimeError("one")

    with pytest.raises(RuntimeError, match="one"):
        BotoClients("eu-central-1").at_once([lambda: 1, fail])


@pytest.mark.parametrize(
    ("error", "temporary"),
    [
        (aws_error("ThrottlingException", status=400), True),
        (aws_error("Throttling", status=400), True),
        (aws_error("InternalFailure", status=500), True),
        (aws_error("AccountLimitExceededException", status=400), True),
        (ReadTimeoutError(endpoint_url="https://s3"), True),
        (aws_error("AccessDenied", status=403), False),
        (aws_error("ValidationException", status=400), False),
        (ValueError("bug"), False),
    ],
)
def test_only_what_passes_is_temporary(error: Exception, temporary: bool) -> None:
    assert is_temporary(error) is temporary


def test_errors_that_are_not_awss_have_no_code() -> None:
    assert (error_code(ValueError()), error_status(ValueError())) == ("", 0)


def test_importing_the_handler_loads_nothing_heavy(package_root: Path) -> None:
    program = (
        "import sys; before = set(sys.modules); import orchestrator.handler;"
        "print(*sorted({name.split('.')[0] for name in set(sys.modules) - before}))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        cwd=package_root,
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(package_root)},
    )
    loaded = set(done.stdout.split())
    assert loaded <= {*sys.stdlib_module_names, "orchestrator"}
    assert not loaded & {"generator", "boto3", "botocore", "concurrent", "zipfile", "hashlib"}

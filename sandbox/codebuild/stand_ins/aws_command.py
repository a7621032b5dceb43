"""A stand-in for the AWS CLI, for the one call that image builds make of it: `aws ecr get-login-password`."""

from __future__ import annotations

import base64
import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError


def main(arguments: list[str]) -> int:
    """Print ECR's password for `docker login`; return the exit code."""
    if arguments[:2] != ["ecr", "get-login-password"]:
        sys.stderr.write(f"aws {' '.join(arguments[:2])}: the sandbox's stand-in knows `aws ecr get-login-password`\n")
        return 252
    region = arguments[arguments.index("--region") + 1] if "--region" in arguments else None
    try:
        answer = boto3.client("ecr", region_name=region).get_authorization_token()
    except (ClientError, BotoCoreError) as error:
        sys.stderr.write(f"\n{error}\n")
        return 254
    token = base64.b64decode(answer["authorizationData"][0]["authorizationToken"]).decode()
    sys.stdout.write(token.partition(":")[2] + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Stand-ins for what configs presume to exist: accounts, buckets, objects, images, packages, keys, endpoints.

Nothing here runs outside a sandbox. Everything made is listed in ``World.prepared``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from botocore.exceptions import ClientError

from generator import images
from generator.blueprint import Reference
from generator.demo.stand_ins import records, stand_in
from generator.errors import ToolError
from generator.names import boundary_arn, bucket
from generator.platform import Platform
from generator.request import StagePlan
from generator.workspaces import assets_bucket

# The sandbox takes ids from this tag, so that things have the very names that configs know them by.
_ID_TAG = "_custom_id_"
_TRUST_ROOT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "{root}"}}],
}


class RunningSandbox(Protocol):
    """The part of a running sandbox that is needed here."""

    @property
    def url(self) -> str: ...
    def environment(self, account_id: str) -> dict[str, str]: ...


def open_accounts(sandbox: RunningSandbox, platform: Platform) -> list[str]:
    """Make, in every stage's account, the role that AWS Organizations would have made; return the accounts."""
    role = platform.options.account_access_role
    accounts = sorted({stage.account_id for stage in platform.stages} - {platform.orchestrator_account_id})
    if role is None:
        return accounts
    root = f"arn:aws:iam::{platform.orchestrator_account_id}:root"
    trust = json.loads(json.dumps(_TRUST_ROOT).replace("{root}", root))
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    for account in accounts:
        iam = client(sandbox, account, platform.region, "iam")
        try:
            iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))
        except iam.exceptions.EntityAlreadyExistsException:
            continue
        iam.put_role_policy(RoleName=role, PolicyName="administrator", PolicyDocument=json.dumps(everything))
    return accounts


def client(sandbox: RunningSandbox, account_id: str, region: str, service: str) -> Any:
    """Return a boto3 client that acts as root of an account in the sandbox."""
    import boto3

    environment = sandbox.environment(account_id)
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=sandbox.url,
        region_name=region,
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


class World:
    """Prepares the world of one rehearsal.

    Attributes:
        prepared: What was made: {kind, name, account_id}.
    """

    def __init__(self, sandbox: RunningSandbox, platform: Platform, assets: Iterable[Path]) -> None:
        self.prepared: list[dict[str, str]] = []
        self._sandbox = sandbox
        self._platform = platform
        self._assets = tuple(assets)
        self._clients: dict[tuple[str, str], Any] = {}
        self._bucket_users: dict[str, list[str]] = {}

    def client(self, account_id: str, service: str) -> Any:
        """Return a client that acts as root of an account."""
        key = (account_id, service)
        if key not in self._clients:
            self._clients[key] = client(self._sandbox, account_id, self._platform.region, service)
        return self._clients[key]

    def prepare_platform(self) -> None:
        """Make what the platform file says exists already."""
        options, account = self._platform.options, self._platform.orchestrator_account_id
        for accounts in open_accounts(self._sandbox, self._platform):
            if options.account_access_role:
                self._note("role", options.account_access_role, accounts)
        for name in (options.existing_assets_bucket, options.config_bucket):
            if name:
                self._bucket(name, account)
        if options.existing_ecr_repository:
            self._repository(options.existing_ecr_repository, account)
        if options.kms_key_arn:
            self._kms_key(Reference("kms_key", options.kms_key_arn, "", "", account), {})
        if options.permissions_boundary_arn:
            self._boundaries(options.permissions_boundary_arn)
        if options.vpc:
            self._network(options.vpc)
        if options.git_source and not options.git_source.get("connection_arn"):
            self._git_repository(options.git_source["repository"])

    def prepare_request(self, plans: Iterable[StagePlan]) -> None:
        """Make what a request points to, in the account where it lives."""
        makers: Mapping[str, Callable[[Reference, Mapping[str, Any]], None]] = {
            "s3_object": self._object,
            "s3_location": self._prefix,
            "s3_prefix": self._objects,
            "ecr_image": self._image,
            "ecr_repository": lambda reference, config: self._repository(reference.source, reference.account_id),
            "model_package": self._model_package,
            "model_package_group": lambda reference, config: self._model_package(_first_version(reference), config),
            "kms_key": self._kms_key,
            "endpoint": self._endpoint,
        }
        seen: set[tuple[str, str, str]] = set()
        for plan in plans:
            for reference in plan.references:
                identity = (reference.kind, reference.source, reference.account_id)
                if identity not in seen:
                    seen.add(identity)
                    try:
                        makers[reference.kind](reference, plan.config)
                    except ClientError as error:
                        raise ToolError(f"{reference.source} cannot be prepared: {error}") from error

    def open_assets(self, policy: str) -> None:
        """Put the policy that the platform asks for on an existing assets bucket, as its owner would."""
        name = self._platform.options.existing_assets_bucket
        if name:
            self.client(self._platform.orchestrator_account_id, "s3").put_bucket_policy(Bucket=name, Policy=policy)
            self._note("bucket policy", name, self._platform.orchestrator_account_id)

    @property
    def _accounts(self) -> list[str]:
        return sorted({self._platform.orchestrator_account_id, *(stage.account_id for stage in self._platform.stages)})

    def _boundaries(self, given: str) -> None:
        """Make the boundary that roles have in each account; it allows everything."""
        if ":iam::aws:" in given:
            return
        *path, name = given.split(":policy/", 1)[1].split("/")
        everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        for account in self._accounts:
            self.client(account, "iam").create_policy(
                PolicyName=name, Path="/".join(["", *path, ""]), PolicyDocument=json.dumps(everything)
            )
            self._note("policy", boundary_arn(given, account) or given, account)

    def _network(self, vpc: Mapping[str, Any]) -> None:
        """Make the subnets and security groups of the platform's functions, in a VPC of their own."""
        account = self._platform.orchestrator_account_id
        ec2 = self.client(account, "ec2")
        vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        for index, name in enumerate(vpc["subnet_ids"]):
            ec2.create_subnet(
                VpcId=vpc_id, CidrBlock=f"10.0.{index}.0/24", TagSpecifications=[_with_id("subnet", name)]
            )
            self._note("subnet", name, account)
        for name in vpc["security_group_ids"]:
            ec2.create_security_group(
                GroupName=name[3:],
                Description="stand-in for the rehearsal",
                VpcId=vpc_id,
                TagSpecifications=[_with_id("security-group", name)],
            )
            self._note("security group", name, account)

    def _git_repository(self, name: str) -> None:
        account = self._platform.orchestrator_account_id
        self.client(account, "codecommit").create_repository(repositoryName=name)
        self._note("git repository", name, account)

    def _note(self, kind: str, name: str, account_id: str) -> None:
        self.prepared.append({"kind": kind, "name": name, "account_id": account_id})

    def _bucket(self, name: str, account_id: str) -> str:
        """Make a bucket unless it is there, let the account use it, and return its owner.

        Bucket names are global: one that several stages' configs name belongs to the first account.
        """
        if name == bucket(self._platform, "assets"):
            return self._platform.orchestrator_account_id
        users = self._bucket_users.setdefault(name, [])
        if account_id in users:
            return users[0]
        users.append(account_id)
        s3 = self.client(users[0], "s3")
        if len(users) > 1:
            s3.put_bucket_policy(Bucket=name, Policy=json.dumps(_shared_with(name, users[1:])))
        elif name not in {item["Name"] for item in s3.list_buckets()["Buckets"]}:
            where = {"LocationConstraint": self._platform.region}
            extra = {} if self._platform.region == "us-east-1" else {"CreateBucketConfiguration": where}
            s3.create_bucket(Bucket=name, **extra)
            s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
            self._note("bucket", name, account_id)
        return users[0]

    def _prefix(self, reference: Reference, config: Mapping[str, Any]) -> None:
        self._bucket(reference.source.removeprefix("s3://").split("/", 1)[0], reference.account_id)

    def _objects(self, reference: Reference, config: Mapping[str, Any]) -> None:
        """Make what is read below a prefix: a folder of the user's own, one object of that key, or a table."""
        name, _, prefix = reference.source.removeprefix("s3://").partition("/")
        folder = next((assets / prefix for assets in self._assets if prefix and (assets / prefix).is_dir()), None)
        if folder is not None:
            files = sorted(path for path in folder.rglob("*") if path.is_file())
            keys = [f"{prefix.rstrip('/')}/{path.relative_to(folder).as_posix()}" for path in files]
        elif "." in prefix.rsplit("/", 1)[-1]:
            keys = [prefix]
        else:
            keys = [f"{prefix.rstrip('/')}/part-0.csv".lstrip("/")]
        for key in keys:
            self._object(replace(reference, kind="s3_object", source=f"s3://{name}/{key}"), config)

    def _object(self, reference: Reference, config: Mapping[str, Any]) -> None:
        name, _, key = reference.source.removeprefix("s3://").partition("/")
        s3 = self.client(self._bucket(name, reference.account_id), "s3")
        if s3.list_objects_v2(Bucket=name, Prefix=key, MaxKeys=1).get("KeyCount"):
            return
        content, origin = self._content(reference, config)
        s3.put_object(Bucket=name, Key=key, Body=content)
        self._note("object", f"s3://{name}/{key} ({origin})", reference.account_id)

    def _content(self, reference: Reference, config: Mapping[str, Any]) -> tuple[bytes, str]:
        """Return the bytes for an object and their origin: the user's own by key, else what fits the config."""
        key = reference.source.removeprefix("s3://").partition("/")[2]
        for folder in self._assets:
            path = folder / key
            if path.is_file():
                return path.read_bytes(), f"from {folder.name}/{key}"
        return stand_in(reference.key, reference.source, config)

    def _repository(self, name: str, account_id: str) -> None:
        ecr = self.client(account_id, "ecr")
        if any(item["repositoryName"] == name for item in ecr.describe_repositories()["repositories"]):
            return
        ecr.create_repository(repositoryName=name)
        self._note("repository", name, account_id)

    def _image(self, reference: Reference, config: Mapping[str, Any]) -> None:
        registry, _, rest = reference.source.partition("/")
        repository, _, tag = rest.partition(":")
        account = registry.split(".", 1)[0] if registry[:12].isdigit() else reference.account_id
        self._repository(repository, account)
        ecr = self.client(account, "ecr")
        tag = tag or "latest"
        known = ecr.list_images(repositoryName=repository).get("imageIds", ())
        if any(image.get("imageTag") == tag for image in known):
            return
        layer = "sha256:" + "0" * 64
        image_manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": {
                "mediaType": "application/vnd.docker.container.image.v1+json",
                "size": 2,
                "digest": layer,
            },
            "layers": [],
        }
        ecr.put_image(repositoryName=repository, imageManifest=json.dumps(image_manifest), imageTag=tag)
        self._note("image", reference.source, account)

    def _model_package(self, reference: Reference, config: Mapping[str, Any]) -> None:
        account = reference.source.split(":")[4]
        group, _, version = reference.source.split("/", 1)[1].partition("/")
        sagemaker = self.client(account, "sagemaker")
        groups = sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]
        if not any(item["ModelPackageGroupName"] == group for item in groups):
            sagemaker.create_model_package_group(
                ModelPackageGroupName=group, ModelPackageGroupDescription="stand-in for the rehearsal"
            )
            self._note("model package group", group, account)
            users = {stage.account_id for stage in self._platform.stages} - {account}
            if users:
                packages = f"{reference.source.split('/', 1)[0]}/{group}"
                policy = json.dumps(_deployed_by(sorted(users), packages))
                sagemaker.put_model_package_group_policy(ModelPackageGroupName=group, ResourcePolicy=policy)
        artifact = f"s3://{assets_bucket(self._platform)}/rehearsal/{group}/model.tar.gz"
        self._object(Reference("s3_object", artifact, "", "", self._platform.orchestrator_account_id), {})
        made = len(
            sagemaker.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]
        )
        for _ in range(made, int(version or 1)):
            sagemaker.create_model_package(
                ModelPackageGroupName=group,
                ModelApprovalStatus="Approved",
                InferenceSpecification={
                    "Containers": [{"Image": self._stand_in_image(), "ModelDataUrl": artifact}],
                    "SupportedContentTypes": ["text/csv"],
                    "SupportedResponseMIMETypes": ["text/csv"],
                },
            )
            self._note("model package", reference.source, account)

    def _stand_in_image(self) -> str:
        """Return an image that AWS publishes, for models that stand in for others."""
        found = images.find("xgboost", "1.7-1", "inference", "ml.m5.large", self._platform.region)
        return str(getattr(found, "uri", ""))

    def _kms_key(self, reference: Reference, config: Mapping[str, Any]) -> None:
        account, key_id = reference.source.split(":")[4], reference.source.rsplit("/", 1)[1]
        kms = self.client(account, "kms")
        if any(item["KeyId"] == key_id for item in kms.list_keys()["Keys"]):
            return
        kms.create_key(
            Description="stand-in for the rehearsal",
            Policy=json.dumps(_key_policy({account, *self._accounts})),
            Tags=[{"TagKey": _ID_TAG, "TagValue": key_id}],
        )
        self._note("kms key", reference.source, account)

    def _endpoint(self, reference: Reference, config: Mapping[str, Any]) -> None:
        name, account = reference.source.rsplit("/", 1)[-1], reference.account_id
        sagemaker = self.client(account, "sagemaker")
        if any(item["EndpointName"] == name for item in sagemaker.list_endpoints()["Endpoints"]):
            return
        # Whoever made this endpoint has nothing of the platform: its model is in its own account.
        own = f"rehearsal-{account}-{self._platform.region}"
        artifact = f"s3://{own}/{name}/model.tar.gz"
        self._object(Reference("s3_object", artifact, "", "", account), {})
        iam = self.client(account, "iam")
        role = f"rehearsal-{name}"[:64]
        trust = json.dumps(_TRUST_ROOT).replace('{"AWS": "{root}"}', '{"Service": "sagemaker.amazonaws.com"}')
        arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        iam.put_role_policy(RoleName=role, PolicyName="all", PolicyDocument=json.dumps(everything))
        sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=arn,
            PrimaryContainer={
                "Image": self._stand_in_image(),
                "ModelDataUrl": artifact,
            },
        )
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": name,
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 1,
        }
        captured = config.get("data_capture_location")
        destination = f"s3://{captured or f'{own}/{name}'}"
        if captured:
            self._bucket(captured.split("/", 1)[0], account)
        capture = {
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": destination,
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        }
        sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[variant], DataCaptureConfig=capture
        )
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1})
        runtime = self.client(account, "sagemaker-runtime")
        for record in records():
            # What a monitor looks at: requests that the endpoint has captured.
            runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=record.encode())
        self._note("endpoint", name, account)


def _with_id(kind: str, name: str) -> dict[str, Any]:
    """Return the tags by which the sandbox gives a thing its id. Pure."""
    return {"ResourceType": kind, "Tags": [{"Key": _ID_TAG, "Value": name}]}


def _key_policy(accounts: Iterable[str]) -> dict[str, Any]:
    """Return the policy of a key that the roles of several accounts may be allowed to use. Pure."""
    principals = {"AWS": [f"arn:aws:iam::{account}:root" for account in sorted(accounts)]}
    services = {"Service": [f"{name}.amazonaws.com" for name in ("cloudwatch", "events", "logs", "sns")]}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "kms:*", "Principal": principal, "Resource": "*"}
            for principal in (principals, services)
        ],
    }


def _first_version(group: Reference) -> Reference:
    """Return the first version of a model package group. Pure."""
    source = group.source.replace(":model-package-group/", ":model-package/")
    return replace(group, kind="model_package", source=f"{source}/1")


def _deployed_by(accounts: Iterable[str], packages: str) -> dict[str, Any]:
    """Return the policy by which accounts may deploy the packages of a group of another. Pure."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Deploy",
                "Effect": "Allow",
                "Action": ["sagemaker:CreateModel", "sagemaker:DescribeModelPackage"],
                "Principal": {"AWS": [f"arn:aws:iam::{account}:root" for account in accounts]},
                "Resource": f"{packages}/*",
            }
        ],
    }


def _shared_with(name: str, accounts: Iterable[str]) -> dict[str, Any]:
    """Return the policy by which accounts may use a bucket of another. Pure."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "s3:*",
                "Principal": {"AWS": [f"arn:aws:iam::{account}:root" for account in accounts]},
                "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
            }
        ],
    }

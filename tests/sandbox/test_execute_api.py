"""A deployed REST API answers at its URL as API Gateway does."""

from __future__ import annotations

import io
import json
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from sandbox.control import Running

Connect = Callable[..., Any]
REGION = "eu-central-1"

CODE = """
import json, time
def handler(event, context):
    body = json.loads(event["body"]) if event["body"] else {}
    if body.get("do") == "raise":
        raise ValueError("x")
    if body.get("do") == "wrong":
        return "text"
    if body.get("do") == "sleep":
        time.sleep(20)
    return {"statusCode": 201, "headers": {"X-Mine": "1"}, "body": json.dumps(event)}
"""


@dataclass
class Answer:
    status: int
    headers: Any
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Api:
    """One API with POST /go: IAM, a validated model, a proxied function; GET /free/{id}: open to all."""

    def __init__(self, sandbox: Running, connect: Connect, account: str) -> None:
        self.account, self.url = account, sandbox.url
        self.gateway, self.lambdas = connect("apigateway", account), connect("lambda", account)
        self.id = self.gateway.create_rest_api(name="api")["id"]
        self._function(connect("iam", account))
        root = self.gateway.get_resources(restApiId=self.id)["items"][0]["id"]
        go = self._resource(root, "go")
        free = self._resource(self._resource(root, "free"), "{id}")
        schema = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
        self.gateway.create_model(
            restApiId=self.id, name="Body", contentType="application/json", schema=json.dumps(schema)
        )
        validator = self.gateway.create_request_validator(
            restApiId=self.id, name="all", validateRequestBody=True, validateRequestParameters=True
        )["id"]
        self._method(go, "POST", "AWS_IAM", requestValidatorId=validator, requestModels={"application/json": "Body"})
        self._method(
            free, "GET", "NONE", requestParameters={"method.request.querystring.q": True}, requestValidatorId=validator
        )
        self.go = go
        self.deploy()

    def _function(self, iam: Any) -> None:
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
        role = iam.create_role(RoleName="fn", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"][
            "Arn"
        ]
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            archive.writestr("app.py", CODE)
        self.function = self.lambdas.create_function(
            FunctionName="fn",
            Role=role,
            Runtime="python3.12",
            Handler="app.handler",
            Code={"ZipFile": data.getvalue()},
            Timeout=30,
        )["FunctionArn"]
        self.lambdas.add_permission(
            FunctionName="fn",
            StatementId="api",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:aws:execute-api:{REGION}:{self.account}:{self.id}/*/*",
        )

    def _resource(self, parent: str, part: str) -> str:
        created = self.gateway.create_resource(restApiId=self.id, parentId=parent, pathPart=part)
        return str(created["id"])

    def _method(self, resource: str, method: str, authorization: str, **more: Any) -> None:
        where = {"restApiId": self.id, "resourceId": resource, "httpMethod": method}
        self.gateway.put_method(**where, authorizationType=authorization, **more)
        self.gateway.put_integration(
            **where,
            type="AWS_PROXY",
            integrationHttpMethod="POST",
            uri=f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{self.function}/invocations",
        )

    def deploy(self) -> None:
        deployment = self.gateway.create_deployment(restApiId=self.id)["id"]
        try:
            self.gateway.create_stage(restApiId=self.id, stageName="prod", deploymentId=deployment)
        except self.gateway.exceptions.ConflictException:
            operation = {"op": "replace", "path": "/deploymentId", "value": deployment}
            self.gateway.update_stage(restApiId=self.id, stageName="prod", patchOperations=[operation])

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        who: str | dict[str, str] | None = None,
        service: str = "execute-api",
        host: str | None = None,
        tamper: bool = False,
    ) -> Answer:
        data = b"" if body is None else json.dumps(body).encode()
        prefix = "" if host else f"/_aws/execute-api/{self.id}"
        url = f"{self.url}{prefix}/prod{path}"
        headers = {"Content-Type": "application/json"} | ({"Host": host} if host else {})
        if who is not None:
            if isinstance(who, str):
                keys = Credentials(who, "test")
            else:
                keys = Credentials(who["AccessKeyId"], who["SecretAccessKey"], who["SessionToken"])
            request = AWSRequest(method=method, url=url, data=data, headers=headers)
            SigV4Auth(keys, service, REGION).add_auth(request)
            headers = dict(request.headers.items())
        if tamper:
            data = data.replace(b"good", b"evil")
        sent = urllib.request.Request(url, data=data or None, method=method, headers=headers)
        try:
            with urllib.request.urlopen(sent, timeout=60) as answer:
                return Answer(answer.status, answer.headers, answer.read().decode())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read().decode())


@pytest.fixture
def api(sandbox: Running, connect: Connect, account: str) -> Api:
    return Api(sandbox, connect, account)


def test_a_signed_request_reaches_the_function(api: Api, account: str) -> None:
    answer = api.call("POST", "/go?a=1&a=2", {"name": "good"}, who=account)
    assert answer.status == 201
    assert answer.headers["X-Mine"] == "1"
    event = answer.json
    assert event["resource"] == event["path"] == "/go"
    assert event["httpMethod"] == "POST"
    assert json.loads(event["body"]) == {"name": "good"}
    assert event["queryStringParameters"] == {"a": "2"}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"]}
    context = event["requestContext"]
    assert (context["stage"], context["apiId"], context["accountId"]) == ("prod", api.id, account)
    assert context["path"] == "/prod/go"
    assert context["identity"]["userArn"] == f"arn:aws:iam::{account}:root"
    assert context["identity"]["accountId"] == account


def test_the_caller_of_a_role_is_named(api: Api, account: str, make_role: Callable[..., dict[str, str]]) -> None:
    arn = f"arn:aws:execute-api:{REGION}:{account}:{api.id}/prod/POST/go"
    may = make_role(account, "may", [{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": arn}])
    may_not = make_role(account, "may-not", [])
    event = api.call("POST", "/go", {"name": "good"}, who=may).json
    assert event["requestContext"]["identity"]["userArn"] == f"arn:aws:sts::{account}:assumed-role/may/test"
    answer = api.call("POST", "/go", {"name": "good"}, who=may_not)
    assert answer.status == 403
    assert "is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api" in answer.json["Message"]
    assert answer.headers["x-amzn-ErrorType"] == "AccessDeniedException"


def test_requests_that_are_not_rightly_signed_are_refused(api: Api, account: str) -> None:
    unsigned = api.call("POST", "/go", {"name": "good"})
    assert (unsigned.status, unsigned.json) == (403, {"message": "Missing Authentication Token"})
    tampered = api.call("POST", "/go", {"name": "good"}, who=account, tamper=True)
    assert tampered.status == 403
    assert tampered.headers["x-amzn-ErrorType"] == "InvalidSignatureException"
    wrong_service = api.call("POST", "/go", {"name": "good"}, who=account, service="sts")
    assert "scoped to correct service: 'execute-api'" in wrong_service.json["message"]
    wrong_secret = {"AccessKeyId": account, "SecretAccessKey": "guess", "SessionToken": ""}
    assert "does not match the signature" in api.call("POST", "/go", {"name": "x"}, who=wrong_secret).json["message"]


def test_another_account_needs_the_resource_policy(api: Api, account: str, other_account: str) -> None:
    assert api.call("POST", "/go", {"name": "good"}, who=other_account).status == 403
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{other_account}:root"},
        "Action": "execute-api:Invoke",
        "Resource": "execute-api:/prod/POST/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    api.gateway.update_rest_api(
        restApiId=api.id, patchOperations=[{"op": "replace", "path": "/policy", "value": policy}]
    )
    assert api.call("POST", "/go", {"name": "good"}, who=other_account).status == 403
    api.deploy()
    assert api.call("POST", "/go", {"name": "good"}, who=other_account).status == 201
    shown = api.gateway.get_rest_api(restApiId=api.id)["policy"]
    assert json.loads(json.loads(f'"{shown}"')) == json.loads(policy)


def test_bodies_and_parameters_are_validated(api: Api, account: str) -> None:
    for body in ({}, {"name": 1}, [1]):
        answer = api.call("POST", "/go", body, who=account)
        assert (answer.status, answer.json) == (400, {"message": "Invalid request body"})
    assert api.call("GET", "/free/7").json == {"message": "Missing required request parameters: [q]"}
    assert api.call("GET", "/free/7?q=1").json["pathParameters"] == {"id": "7"}


def test_unknown_paths_and_stages_are_refused_as_on_aws(api: Api, account: str) -> None:
    unknown = api.call("POST", "/none", {"name": "good"}, who=account)
    assert (unknown.status, unknown.json) == (403, {"message": "Missing Authentication Token"})
    api.gateway.delete_stage(restApiId=api.id, stageName="prod")
    assert (api.call("GET", "/free/7?q=1").status, api.call("GET", "/free/7").json) == (403, {"message": "Forbidden"})


def test_the_host_header_also_finds_the_api(api: Api, account: str) -> None:
    host = f"{api.id}.execute-api.{REGION}.amazonaws.com"
    assert api.call("GET", "/free/7?q=1", host=host).status == 201


@pytest.mark.parametrize("what", ["raise", "wrong"])
def test_a_failing_function_is_a_502(api: Api, account: str, what: str) -> None:
    answer = api.call("POST", "/go", {"name": "good", "do": what}, who=account)
    assert (answer.status, answer.json) == (502, {"message": "Internal server error"})


def test_a_function_that_the_api_may_not_invoke_is_a_500(api: Api, account: str) -> None:
    api.lambdas.remove_permission(FunctionName="fn", StatementId="api")
    answer = api.call("POST", "/go", {"name": "good"}, who=account)
    assert (answer.status, answer.json) == (500, {"message": "Internal server error"})


def test_a_slow_function_is_a_504_while_it_runs_on(api: Api, account: str) -> None:
    api.gateway.update_integration(
        restApiId=api.id,
        resourceId=api.go,
        httpMethod="POST",
        patchOperations=[{"op": "replace", "path": "/timeoutInMillis", "value": "1000"}],
    )
    api.deploy()
    began = time.monotonic()
    answer = api.call("POST", "/go", {"name": "good", "do": "sleep"}, who=account)
    assert (answer.status, answer.json) == (504, {"message": "Endpoint request timed out"})
    assert time.monotonic() - began < 15


def test_a_change_is_served_only_once_deployed(api: Api, account: str) -> None:
    operation = {"op": "replace", "path": "/authorizationType", "value": "NONE"}
    api.gateway.update_method(restApiId=api.id, resourceId=api.go, httpMethod="POST", patchOperations=[operation])
    assert api.call("POST", "/go", {"name": "good"}).status == 403
    api.deploy()
    assert api.call("POST", "/go", {"name": "good"}).status == 201


def test_access_logs_need_the_account_role_and_are_written(api: Api, connect: Connect, account: str) -> None:
    logs = connect("logs", account)
    logs.create_log_group(logGroupName="access")
    arn = f"arn:aws:logs:{REGION}:{account}:log-group:access"
    form = '{"id":"$context.requestId","status":"$context.status","user":"$context.identity.userArn"}'
    operations = [
        {"op": "replace", "path": "/accessLogSettings/destinationArn", "value": arn},
        {"op": "replace", "path": "/accessLogSettings/format", "value": form},
    ]
    with pytest.raises(api.gateway.exceptions.BadRequestException, match="CloudWatch Logs role ARN must be set"):
        api.gateway.update_stage(restApiId=api.id, stageName="prod", patchOperations=operations)
    role = f"arn:aws:iam::{account}:role/logs"
    api.gateway.update_account(patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}])
    api.gateway.update_stage(restApiId=api.id, stageName="prod", patchOperations=operations)
    api.call("POST", "/go", {"name": "good"}, who=account)
    line = json.loads(logs.filter_log_events(logGroupName="access")["events"][-1]["message"])
    assert (line["status"], line["user"]) == ("201", f"arn:aws:iam::{account}:root")


def test_a_gateway_response_shapes_errors(api: Api, account: str) -> None:
    api.gateway.put_gateway_response(
        restApiId=api.id,
        responseType="BAD_REQUEST_BODY",
        statusCode="422",
        responseTemplates={"application/json": '{"error": $context.error.messageString}'},
    )
    api.deploy()
    answer = api.call("POST", "/go", {}, who=account)
    assert (answer.status, answer.json) == (422, {"error": "Invalid request body"})

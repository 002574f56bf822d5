"""The wire: AWS's protocols in, AWS's protocols out.

    others          as their models in botocore say (see `modelled`)
    ECR, ECS, SSM   JSON 1.1: POST /, the operation in X-Amz-Target
    Lambda          REST: the operation is the path, the parameters are the path and the query
    STS, SNS        query: POST / with a form, answers in XML
    S3              REST: the operation is the method and the path; answers are bytes or XML

Signatures are not checked. The credential in the Authorization header says which account, region
and service the call is for.
"""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

from . import modelled, s3
from .address import Address
from .errors import AwsError
from .functions.operations import route
from .s3 import Headers

Json = dict[str, Any]
_CBOR = "smithy-rpc-v2-cbor"
_XML = ("ec2", "query")
_RUNTIMES = "/2026"  # the version of the API of Lambda's own runtimes begins so
# Of what has a state of its own here; anything else speaks as its model says.
_OWN = dict.fromkeys(("ecr", "ecs", "lambda", "ssm"), "json") | {
    "s3": "rest-xml",
    "sns": "query",
    "sts": "query",
}
_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")
_QUERY = {
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
    "sns": "http://sns.amazonaws.com/doc/2010-03-31/",
}


@dataclass(frozen=True)
class Request:
    """One call, whatever protocol it came by; `account` and `identity` are known a little later."""

    service: str
    operation: str
    parameters: Json
    access_key: str
    region: str
    account: str = ""
    identity: str = ""

    @property
    def resource(self) -> str:
        """The ARN (or `*`) that AWS names when it denies the call."""
        address = Address(self.account, self.region)
        if "repositoryName" in self.parameters:
            return address.arn("ecr", f"repository/{self.parameters['repositoryName']}")
        if "FunctionName" in self.parameters:
            return address.arn("lambda", f"function:{self.parameters['FunctionName']}")
        return "*"


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    def cut(self, part: float, *, announced: bool) -> Reply:
        """The first part of the body, under headers that promise all of it or just that."""
        body = self.body[: int(len(self.body) * part)]
        promised = {"Content-Length": str(len(self.body))} if announced else {}
        return Reply(self.status, self.headers | promised, body)


def parse(method: str, path: str, headers: Headers, body: bytes) -> Request:
    """Raises AwsError for what is no call to AWS at all."""
    found = _CREDENTIAL.search(headers.get("Authorization", ""))
    if found is None:
        raise AwsError("MissingAuthenticationTokenException", "Missing Authentication Token", 403)
    key, region, service = found.groups()
    target = headers.get("X-Amz-Target")
    if target is not None:
        return Request(service, target.rpartition(".")[2], json.loads(body or b"{}"), key, region)
    url = urlsplit(path)
    is_modelled = service not in _OWN or (service == "lambda" and url.path.startswith(_RUNTIMES))
    if is_modelled and (known := modelled.route(service, method, url.path, url.query, body)):
        return Request(service, *known, key, region)
    if service == "lambda":
        operation, names = route(url.path)
        return Request(service, operation, names | dict(parse_qsl(url.query)), key, region)
    if service == "s3":
        operation, params = s3.route(method, path, headers, body)
        return Request(service, operation, params, key, region)
    form: Json = dict(parse_qsl(body.decode()))
    return Request(service, form.pop("Action", "Unknown"), form, key, region)


def render(request: Request, content: Json) -> Reply:
    protocol = _protocol(request.service)
    if request.service in _QUERY:
        name = escape(request.operation)
        inner = f"<{name}Result>{_xml(content)}</{name}Result>"
        return _xml_reply(200, _QUERY[request.service], f"{name}Response", inner)
    if request.service == "s3":
        return Reply(200, content["headers"], content["body"])
    if protocol == _CBOR:
        return _cbor_reply(200, content)
    if protocol in _XML:
        body = modelled.xml(request.service, request.operation, content)
        return Reply(200, {"Content-Type": "text/xml"}, body)
    return _json_reply(request.service, 200, content)


def render_error(service: str, error: AwsError) -> Reply:
    protocol = _protocol(service)
    content: Json = {"Code": error.code, "Message": error.message}
    if protocol == "query":
        inner = _xml({"Error": {"Type": "Sender"} | content})
        return _xml_reply(error.status, _QUERY.get(service, ""), "ErrorResponse", inner)
    if protocol == "ec2":
        return _xml_reply(error.status, "", "Response", _xml({"Errors": {"Error": content}}))
    if service == "s3":
        body = f"<Error>{_xml(content)}</Error>".encode()
        return Reply(error.status, {"Content-Type": "application/xml"}, body)
    if protocol == _CBOR:
        return _cbor_reply(error.status, {"__type": error.code, "message": error.message})
    if service == "lambda":
        content = {"Type": "User", "Message": error.message}
    else:
        content = {"__type": error.code, "message": error.message}
    reply = _json_reply(service, error.status, content)
    reply.headers["x-amzn-ErrorType"] = error.code
    return reply


def _protocol(service: str) -> str:
    return _OWN[service] if service in _OWN else modelled.protocol(service)


def _cbor_reply(status: int, content: Json) -> Reply:
    headers = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
    return Reply(status, headers, modelled.cbor(content))


def _json_reply(service: str, status: int, content: Json) -> Reply:
    kind = "application/json" if service == "lambda" else "application/x-amz-json-1.1"
    headers = {"Content-Type": kind, "x-amzn-RequestId": str(uuid.uuid4())}
    return Reply(status, headers, json.dumps(content, separators=(",", ":")).encode())


def _xml_reply(status: int, namespace: str, name: str, inner: str) -> Reply:
    tail = f"<ResponseMetadata><RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata>"
    body = f'<{name} xmlns="{namespace}">{inner}{tail}</{name}>'
    return Reply(status, {"Content-Type": "text/xml"}, body.encode())


def _xml(content: Json) -> str:
    parts = (
        f"<{name}>{_xml(value) if isinstance(value, dict) else escape(str(value))}</{name}>"
        for name, value in content.items()
    )
    return "".join(parts)

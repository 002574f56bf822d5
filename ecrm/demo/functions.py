"""Lambda of the sample account: functions that are made of images, with versions and aliases."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import boto3
from moto.awslambda.utils import get_backend

from ecrm.demo import images
from ecrm.demo.story import ACCOUNT, FUNCTIONS, REGION, Function

_ROLE = "shop-functions"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def fill(now: datetime) -> None:
    iam = boto3.client("iam")
    answer = iam.create_role(RoleName=_ROLE, AssumeRolePolicyDocument=json.dumps(_TRUST))
    for function in FUNCTIONS:
        _create(boto3.client("lambda"), function, answer["Role"]["Arn"])
        _complete(function, now)


def _create(client: Any, function: Function, role: str) -> None:
    uris = [_uri(function, sample) for sample in function.versions]
    client.create_function(
        FunctionName=function.name,
        Role=role,
        PackageType="Image",
        Code={"ImageUri": uris[0]},
        MemorySize=1024,
        Publish=True,
    )
    for uri in uris[1:]:
        client.update_function_code(FunctionName=function.name, ImageUri=uri, Publish=True)
    for name, version in function.aliases:
        client.create_alias(FunctionName=function.name, Name=name, FunctionVersion=str(version))


def _complete(function: Function, now: datetime) -> None:
    """Each version's own image: moto resolves no repository that has a slash in its name, and
    shows the last image that a function had for all of its versions."""
    backend = get_backend(ACCOUNT, REGION)
    pushed = images.pushed(function.repository)
    versions = [*enumerate(function.versions, start=1), ("$LATEST", function.versions[-1])]
    for version, sample in versions:
        made = backend.get_function(function.name, str(version))
        made.code = {"ImageUri": _uri(function, sample)}
        made.code_sha_256 = pushed[sample].digest.removeprefix("sha256:")
        deployed = now - timedelta(days=pushed[sample].sample.age)
        made.last_modified = deployed.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    for name, _ in function.aliases:
        alias = backend.get_alias(name=name, function_name=function.name)
        alias.revision_id = str(uuid5(NAMESPACE_URL, alias.arn))


def _uri(function: Function, sample: str) -> str:
    return f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{function.repository}:{sample}"

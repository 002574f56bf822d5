"""Answers to calls that moto does not know.

Services that the account does not use answer with empty lists, so that moto need not load them.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import botocore.handlers
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.model import OperationModel
from moto.core.botocore_stubber import MockRawResponse

from ecrm.demo.story import ACCOUNT, Fields

_LIVING_IN_MOTO = frozenset({"ecr", "ecs", "lambda", "sts", "iam", "ec2", "organizations"})
_READS = ("List", "Describe", "Get", "BatchGet", "Search")
_EMPTY = frozenset(
    {
        ("ecr", "DescribePullThroughCacheRules"),
        ("ecr", "DescribeRepositoryCreationTemplates"),
        ("ecr", "ListPullTimeUpdateExclusions"),
        ("ec2", "DescribeLaunchTemplateVersions"),
        ("ecs", "ListDaemons"),
        ("ecs", "ListDaemonTaskDefinitions"),
        ("ecs", "ListServicesByNamespace"),
        ("lambda", "ListProvisionedConcurrencyConfigs"),
    }
)

# If the preview of a lifecycle policy is denied, ecrm evaluates the policy itself.
_DENIED = frozenset({("ecr", "StartLifecyclePolicyPreview")})


@contextmanager
def given() -> Iterator[None]:
    """While this is entered, botocore asks these first, in every new session."""
    handler = ("before-call", _answer)
    botocore.handlers.BUILTIN_HANDLERS.append(handler)
    try:
        yield
    finally:
        botocore.handlers.BUILTIN_HANDLERS.remove(handler)


def _answer(
    model: OperationModel, params: Mapping[str, Any], **_: Any
) -> tuple[AWSResponse, Fields] | None:
    """None leaves the call to moto."""
    service, operation = model.service_model.service_name, model.name
    if (service, operation) in _DENIED:
        status, fields = 400, {"Error": _denial(f"{service}:{operation}")}
    elif (service, operation) in _EMPTY or (
        service not in _LIVING_IN_MOTO and operation.startswith(_READS)
    ):
        status, fields = 200, _nothing(model)
    else:
        return None
    metadata = {"HTTPStatusCode": status, "HTTPHeaders": {}, "RetryAttempts": 0}
    http = AWSResponse(params["url"], status, HTTPHeaders(), MockRawResponse(b"{}"))
    return http, fields | {"ResponseMetadata": metadata}


def _denial(action: str) -> Fields:
    text = f"User: arn:aws:iam::{ACCOUNT}:user/demo is not authorized to perform: {action}"
    return {"Code": "AccessDeniedException", "Message": text}


def _nothing(model: OperationModel) -> Fields:
    members = model.output_shape.members if model.output_shape else {}
    empty: dict[str, Callable[[], Any]] = {"list": list, "map": dict}
    return {
        name: empty[shape.type_name]()
        for name, shape in members.items()
        if shape.type_name in empty
    }

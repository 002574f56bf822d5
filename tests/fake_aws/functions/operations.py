"""Every Lambda operation that the fake knows, and the paths they are called by."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from tests.fake_aws.account import Account, Json
from tests.fake_aws.errors import AwsError
from tests.fake_aws.paging import Listing

from .functions import LATEST, Function, Version

LARGEST_PAGE = 50
_NAME = re.compile(r"(?:arn:[^:]+:lambda:[^:]+:)?(?:\d{12}:)?(?:function:)?([^:]+)(?::([^:]+))?")
_PATHS = (
    (re.compile(r"/2015-03-31/functions/?"), "ListFunctions"),
    (re.compile(r"/2015-03-31/functions/([^/]+)"), "GetFunction"),
    (re.compile(r"/2015-03-31/functions/([^/]+)/versions"), "ListVersionsByFunction"),
    (re.compile(r"/2015-03-31/functions/([^/]+)/aliases"), "ListAliases"),
    (
        re.compile(r"/2019-09-30/functions/([^/]+)/provisioned-concurrency"),
        "ListProvisionedConcurrencyConfigs",
    ),
)


def route(path: str) -> tuple[str, Json]:
    """The operation behind a raw (still percent-encoded) path, and the name in it."""
    for pattern, operation in _PATHS:
        match = pattern.fullmatch(path)
        if match:
            return operation, dict(
                zip(("FunctionName",), map(unquote, match.groups()), strict=False)
            )
    return "Unknown", {}


def list_functions(account: Account, params: Json) -> Json:
    functions = sorted(account.lambda_.functions.values(), key=lambda function: function.name)
    if params.get("FunctionVersion") != "ALL":
        newest = [item.latest for item in functions]
        return _page(params, "Functions", newest, _order, _unqualified)
    found = [version for item in functions for version in item.versions.values()]
    # They are in order as they are, and pages of tens of thousands must be cheap.
    return _page(params, "Functions", found, _order, _configuration)


def get_function(account: Account, params: Json) -> Json:
    version = _version(account, params)
    code = version.code
    shown = _configuration(version) if params.get("Qualifier") else _unqualified(version)
    if code.uri is None:
        location = f"https://awslambda-tasks.s3.amazonaws.com/{version.function.name}"
        return {"Configuration": shown, "Code": {"RepositoryType": "S3", "Location": location}}
    uris = {"ImageUri": code.uri, "ResolvedImageUri": code.resolved_uri}
    return {"Configuration": shown, "Code": {"RepositoryType": "ECR"} | uris}


def list_versions_by_function(account: Account, params: Json) -> Json:
    versions = sorted(_function(account, params).versions.values(), key=_order)
    return _page(params, "Versions", versions, _order, _configuration)


def list_aliases(account: Account, params: Json) -> Json:
    function = _function(account, params)
    wanted = params.get("FunctionVersion")
    found = [
        alias
        for alias in sorted(function.aliases.values(), key=lambda item: item.name)
        if wanted in (None, alias.version)
    ]

    def show(alias: Any) -> Json:
        shown = {
            "AliasArn": f"{function.arn}:{alias.name}",
            "Name": alias.name,
            "FunctionVersion": alias.version,
        }
        routing = {"RoutingConfig": {"AdditionalVersionWeights": alias.weights}}
        return shown | routing if alias.weights else shown

    return _page(params, "Aliases", found, lambda alias: (alias.name,), show)


def list_provisioned_concurrency_configs(account: Account, params: Json) -> Json:
    function = _function(account, params)

    def show(item: tuple[str, int]) -> Json:
        return {
            "FunctionArn": f"{function.arn}:{item[0]}",
            "RequestedProvisionedConcurrentExecutions": item[1],
            "AllocatedProvisionedConcurrentExecutions": item[1],
            "AvailableProvisionedConcurrentExecutions": item[1],
            "Status": "READY",
        }

    found = sorted(function.provisioned.items())
    return _page(params, "ProvisionedConcurrencyConfigs", found, lambda item: (item[0],), show)


OPERATIONS: dict[str, Callable[[Account, Json], Json]] = {
    "GetFunction": get_function,
    "ListAliases": list_aliases,
    "ListFunctions": list_functions,
    "ListProvisionedConcurrencyConfigs": list_provisioned_concurrency_configs,
    "ListVersionsByFunction": list_versions_by_function,
}


def _order(version: Version) -> tuple[str, int]:
    number = 0 if version.number == LATEST else int(version.number)
    return (version.function.name, number)


def _page(
    params: Json,
    member: str,
    items: list[Any],
    key: Callable[[Any], tuple[Any, ...]],
    show: Callable[[Any], Json],
) -> Json:
    """Whatever MaxItems asks for, no page has more than 50 entries."""
    size = max(1, min(int(params.get("MaxItems", LARGEST_PAGE)), LARGEST_PAGE))
    found, marker = Listing(member, items, key).page(params.get("Marker"), size)
    content: Json = {member: [show(item) for item in found]}
    return content | {"NextMarker": marker} if marker else content


def _function(account: Account, params: Json) -> Function:
    return _version(account, params).function


def _version(account: Account, params: Json) -> Version:
    """The name may be a name or an ARN, whole or partial, with or without a qualifier."""
    match = _NAME.fullmatch(params["FunctionName"])
    name, qualifier = match.groups() if match else (params["FunctionName"], None)
    qualifier = params.get("Qualifier") or qualifier or LATEST
    function = account.lambda_.functions.get(name)
    version = function.find(qualifier) if function else None
    if version is None:
        suffix = "" if qualifier == LATEST else f":{qualifier}"
        arn = account.address.arn("lambda", f"function:{name}{suffix}")
        raise AwsError("ResourceNotFoundException", f"Function not found: {arn}", 404)
    return version


def _configuration(version: Version) -> Json:
    moment = datetime.fromtimestamp(version.modified, UTC)
    shown: Json = {
        "FunctionName": version.function.name,
        "FunctionArn": version.arn,
        "Version": version.number,
        "CodeSha256": version.code.sha256,
        "PackageType": "Zip" if version.code.uri is None else "Image",
        "LastModified": moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
        "State": version.state,
    }
    if version.code.runtime:
        shown["Runtime"] = version.code.runtime
    if version.state_reason_code:
        shown["StateReasonCode"] = version.state_reason_code
    return shown


def _unqualified(version: Version) -> Json:
    """As answered to someone who named no version."""
    return _configuration(version) | {"FunctionArn": version.function.arn}

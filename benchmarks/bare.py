"""Makes calls with botocore as it comes, one after the other: `python -m benchmarks.bare` reads
them from stdin as JSON, `[[service, operation, parameters], ...]`."""

import json
import sys
from functools import cache
from typing import Any

import boto3
from botocore import xform_name
from botocore.exceptions import ClientError

_CLIENTS = {
    "bedrock-agentcore": "bedrock-agentcore-control",
    "states": "stepfunctions",
    "lambda:ListRuntimes": "lambda-core",
}
"""Where requests are signed for another name than that of the client."""


def main() -> None:
    for service, operation, parameters in json.load(sys.stdin):
        name = _CLIENTS.get(f"{service}:{operation}") or _CLIENTS.get(service, service)
        client = _client(name)
        try:
            getattr(client, xform_name(operation))(**_known(client, operation, parameters))
        except ClientError:  # as of a repository without a policy; ecrm paid for that, too
            continue


@cache
def _client(name: str) -> Any:
    return boto3.client(name)


def _known(client: Any, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Without what botocore itself puts into a request, such as the version of the API; what comes
    from a URL is text, also of a list of one."""
    shape = client.meta.service_model.operation_model(operation).input_shape
    members = shape.members if shape else {}
    return {
        name: _typed(members[name].type_name, value)
        for name, value in parameters.items()
        if name in members
    }


def _typed(kind: str, value: Any) -> Any:
    if kind == "list" and isinstance(value, str):
        return [value]
    return int(value) if kind == "integer" else value


if __name__ == "__main__":
    main()

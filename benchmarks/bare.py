"""Makes calls with botocore as it comes, one after the other: `python -m benchmarks.bare` reads
them from stdin as JSON, `[[service, operation, parameters], ...]`."""

import json
import sys
from typing import Any

import boto3
from botocore import xform_name
from botocore.exceptions import ClientError


def main() -> None:
    clients: dict[str, Any] = {}
    for service, operation, parameters in json.load(sys.stdin):
        if service not in clients:
            clients[service] = boto3.client(service)
        client = clients[service]
        try:
            getattr(client, xform_name(operation))(**_known(client, operation, parameters))
        except ClientError as error:  # a repository without a policy
            if not error.response["Error"]["Code"].endswith("PolicyNotFoundException"):
                raise


def _known(client: Any, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Without what botocore itself puts into a request, such as the version of the API."""
    shape = client.meta.service_model.operation_model(operation).input_shape
    members = shape.members if shape else {}
    return {name: value for name, value in parameters.items() if name in members}


if __name__ == "__main__":
    main()

"""Calls the fake as boto3 does."""

from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.fake_aws import FakeAws, Image

SESSION = boto3.Session()
NO_RETRIES = Config(retries={"total_max_attempts": 1}, read_timeout=5, max_pool_connections=20)


def client(aws: FakeAws, service: str, **where: str) -> Any:
    return SESSION.client(service, config=NO_RETRIES, **aws.client_args(**where))


def refused(call: Any, **params: Any) -> tuple[str, str]:
    """Code and message of the error that the call ends with."""
    with pytest.raises(ClientError) as error:
        call(**params)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def by_digest(*images: Image) -> list[dict[str, str]]:
    return [{"imageDigest": image.digest} for image in images]


def paged(client: Any, operation: str, member: str, **params: Any) -> list[Any]:
    pages = client.get_paginator(operation).paginate(**params)
    return [item for page in pages for item in page[member]]

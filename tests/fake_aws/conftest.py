"""A fake behind a real socket, and clients of it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fake_aws import FakeAws, Repository
from tests.fake_aws.driving import client


@pytest.fixture
def aws() -> Iterator[FakeAws]:
    with FakeAws(sockets=True) as fake:
        yield fake


@pytest.fixture
def shop(aws: FakeAws) -> Repository:
    return aws.ecr.repository("shop/api")


@pytest.fixture
def ecr(aws: FakeAws) -> Any:
    return client(aws, "ecr")


@pytest.fixture
def ecs(aws: FakeAws) -> Any:
    return client(aws, "ecs")


@pytest.fixture
def functions(aws: FakeAws) -> Any:
    return client(aws, "lambda")

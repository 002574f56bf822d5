"""What both ways to invoke the function share."""

import pytest

from tests.fake_aws import FakeAws, Repository, days_ago


@pytest.fixture
def shop(aws: FakeAws) -> Repository:
    """Only `v1` is deletable; a service runs `v2`."""
    made = aws.ecr.repository("shop/api")
    made.push("v1", pushed=days_ago(100))
    used = made.push("v2", pushed=days_ago(90))
    aws.ecs.cluster("prod").service("web", aws.ecs.task_definition("web", used))
    return made

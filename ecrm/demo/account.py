"""Sets the sample account up inside this process, and removes it again."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from moto import mock_aws

from ecrm.demo import answers, ecs, functions, registry
from ecrm.demo.story import REGION

_OURS = {
    "AWS_ACCESS_KEY_ID": "AKIADEMODEMODEMODEMO",
    "AWS_SECRET_ACCESS_KEY": "demo",
    "AWS_SESSION_TOKEN": "demo",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    # No profile, endpoint or role of the person who runs the demo may have an effect.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


@contextmanager
def running(now: datetime) -> Iterator[None]:
    with (
        _environment(),
        mock_aws(),
        answers.given(),
        ecs.answering(now),
        functions.answering(now),
    ):
        registry.fill(now)
        yield


@contextmanager
def _environment() -> Iterator[None]:
    """Replaces everything that boto3 and moto read from the environment."""
    before = {name: text for name, text in os.environ.items() if _is_theirs(name)}
    for name in before:
        del os.environ[name]
    os.environ.update(_OURS)
    try:
        yield
    finally:
        for name in filter(_is_theirs, list(os.environ)):
            del os.environ[name]
        os.environ.update(before)


def _is_theirs(name: str) -> bool:
    return name.startswith(("AWS_", "MOTO_", "BOTO_"))

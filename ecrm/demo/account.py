"""Sets the sample account up inside this process, and removes it again."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from moto import mock_aws

from ecrm.aws.ownership import read_own
from ecrm.aws.storage import write_text
from ecrm.demo import answers, ecs, functions, registry
from ecrm.demo.story import REGION
from ecrm.errors import InputError, NotThereError
from ecrm.model.codec import decode
from ecrm.model.json_text import parse_json

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
def running(now: datetime, memory: Path | None) -> Iterator[None]:
    with (
        _environment(),
        mock_aws(),
        answers.given(),
        ecs.answering(now),
        functions.answering(now),
    ):
        registry.fill(now, _remembered(memory) if memory else {})
        try:
            yield
        finally:
            if memory:
                _remember(memory)


def _remembered(memory: Path) -> dict[str, tuple[str, ...]]:
    """Raises InputError for a file that is not as `_remember` writes it."""
    try:
        return decode(dict[str, tuple[str, ...]], parse_json(read_own(memory).decode()))
    except NotThereError:
        return {}
    except ValueError as error:
        raise InputError(f"{memory}: {error}; run: ecrm demo --reset") from error


def _remember(memory: Path) -> None:
    text = json.dumps(registry.deletions(), indent=2) + "\n"
    write_text(str(memory), text, private=True)


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

"""A sample AWS account on which every command can be tried: what `ecrm demo` runs on.

    story      what account.yaml says the account holds: names, ages, sizes; nothing but data
    images     the manifests of the images in the story, byte for byte the same every time
    account    an account that exists only in this process (moto), made from the story:
    registry     its ECR, in moto
    ecs          its ECS, as answers of ours
    functions    its Lambda, as answers of ours
    answers    empty answers for the services it does not use, and a denied lifecycle preview

Only entering `sample_account` imports moto; `sample.yaml` is the account's ecrm.yaml.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from ecrm.errors import UsageError

SAMPLE_CONFIG = Path(__file__).with_name("sample.yaml")


@contextmanager
def sample_account(now: datetime, memory: Path | None = None) -> Iterator[None]:
    """While this is entered, boto3 sessions made in this process talk to the sample account.

    Ages count back from `now`, which is aware; the same `now` gives the same account, but for what
    was deleted with the same `memory`, a file. The environment is as before when it is left. Raises
    UsageError where moto is not installed.
    """
    try:
        from ecrm.demo import account  # noqa: PLC0415 - moto is slow to import, and optional
    except ImportError as error:
        raise UsageError(
            "ecrm demo needs moto; in a clone of ecrm, run: pip install '.[demo]'"
        ) from error
    with account.running(now, memory):
        yield

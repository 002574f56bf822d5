"""Settings of all tests: hypothesis may take its time, and in CI it asks the same every time.
AWS's clients read their models once, and reach a fake of this process without sockets."""

import gc
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from ecrm.cli.main import COLLECTOR
from tests.fake_aws.inline import inline
from tests.shared_botocore import shared_botocore

settings.register_profile("desk", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")


@pytest.fixture(scope="session", autouse=True)
def _no_work_twice() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(*COLLECTOR)
    gc.freeze()
    with shared_botocore(), inline():
        yield
    gc.unfreeze()
    gc.set_threshold(*before)

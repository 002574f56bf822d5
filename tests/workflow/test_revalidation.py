"""Before each repository's deletion, what is in use is read again where that is too old."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ecrm.config import Config, Guards
from ecrm.errors import IncompleteError
from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.planning.planner import make_plan
from ecrm.workflow import revalidation
from ecrm.workflow.revalidation import Revalidation
from ecrm.workflow.run import Request, Run
from tests.values import HOME, NOW, PARTNER, RULE, RepositoryIndex, Shelf, facts, image, read, use

HELD = {"app": RepositoryIndex((image("old", "v1"),))}
ACCOUNTS = Shelf({HOME: HELD, PARTNER: HELD})
CONFIG = Config(repositories=(RULE,), guards=Guards(in_use_max_age=timedelta(minutes=10)))
FAILED = Diagnostic(ReadStatus.FAILED, "ecs:ListTasks timed out")


@pytest.fixture
def run() -> Run:
    return Run(Request(), CONFIG, (), ACCOUNTS, NOW, lambda _: None)


def test_b15_a_scan_that_failed_for_one_target_is_not_trusted_for_the_next(run, monkeypatch):
    made = make_plan(ACCOUNTS, facts(ACCOUNTS), None, lambda _: None)
    made = replace(made, created_at=datetime.now(UTC) - timedelta(hours=1))
    failed = facts(ACCOUNTS, source_reports=(read(HOME, "ecs", FAILED),))
    complete = facts(ACCOUNTS, use("app:v1", where=PARTNER), keep_all=True)
    contexts = iter([failed, failed, complete])
    monkeypatch.setattr(revalidation, "read_context", lambda _: next(contexts))
    revalidate = Revalidation(run, made)
    for planned in made.repositories:
        with pytest.raises(IncompleteError, match="ecs:ListTasks timed out"):
            revalidate(planned)
    left, skipped = revalidate(made.repositories[1])
    assert (left.key.registry, left.deletions, len(skipped)) == (PARTNER, (), 1)

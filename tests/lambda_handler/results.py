"""A deletion with every outcome, and what else there is to report."""

from collections import Counter

from ecrm.lambda_handler.result import Result
from ecrm.model.decision import Decision, Reason
from ecrm.model.outcome import Outcome, OutcomeStatus
from ecrm.model.reference import RepositoryKey
from ecrm.planning.plan import Plan, Totals
from tests.stubs import NOW, REGISTRY
from tests.values import deletable, numbered, plan_of, repository_plan

WHEN = NOW


def plan() -> Plan:
    """Six of eight images of `shop/api` are deletable, and one of one of `shop/web`."""
    kept = [
        Decision(numbered(7, "v7"), Reason.IN_USE),
        Decision(numbered(8, "v8"), Reason.KEEP_COUNT),
    ]
    api = repository_plan(
        "shop/api",
        [deletable(numbered(number, f"v{number}")) for number in range(1, 7)],
        kept=kept,
        used=Totals(1, 1000),
    )
    return plan_of(
        api,
        repository_plan("shop/web", [deletable(numbered(9, "v9"))]),
        unmanaged=(RepositoryKey(REGISTRY, "scratch"),),
    )


def deleted() -> Result:
    made = plan()
    api, web = made.repositories
    answers = (*OutcomeStatus, OutcomeStatus.DELETED)
    details = {OutcomeStatus.FAILED: "KmsError: no key"}
    pairs = [
        *zip((api,) * 6, api.deletions, answers, strict=False),
        (web, web.deletions[0], OutcomeStatus.DELETED),
    ]
    return Result(
        "delete",
        name="20260301T120000Z-123456789012-us-east-1-1f2e3d4c",
        plan=made,
        outcomes=[
            Outcome(REGISTRY, where.repository, decision, answer, details.get(answer, ""))
            for where, decision, answer in pairs
        ],
        journal="s3://ecrm/journals/1",
        reports=["s3://ecrm/reports/1.json", "s3://ecrm/reports/1.md"],
        calls=Counter({"ecr:DescribeImages": 2, "ecr:BatchDeleteImage": 1}),
        throttled=1,
        seconds=12.3456,
    )

"""A report is of one reading of the account: plans of now and of later, and all repositories."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from ecrm.config import Config
from ecrm.errors import AwsError
from ecrm.model.image import Image
from ecrm.model.pattern import NamePattern, Selection
from ecrm.model.reference import Registry, RepositoryKey
from ecrm.model.rule import Rule
from ecrm.model.scan import Scan, SourceReport
from ecrm.planning.plan import Totals
from ecrm.planning.remembering import Remembering
from ecrm.reports.html.values import Forecast
from ecrm.workflow import report as module
from ecrm.workflow.report import report, without_kept
from ecrm.workflow.request import Request
from ecrm.workflow.run import Run
from tests.values import HOME, NOW, RepositoryIndex, Shelf, image, index, links, read, use

GB = 10**9
TEAM = RepositoryKey(HOME, "team/app")
WILD = RepositoryKey(HOME, "wild")
IMAGES = (
    image("old", "v1", days=60, size=4 * GB),
    image("soon", "v2", days=25, size=3 * GB),
    image("used", "v3", days=90, size=GB),
)


class Counting(Shelf):
    """Notes what is read of it."""

    asked: list[str]

    def images(self, registry: Registry, repository: str) -> Any:
        self.asked.append(repository)
        return super().images(registry, repository)

    def children(self, registry: Registry, repository: str, indexes: Any) -> Any:
        self.asked.append(f"children of {repository}")
        return super().children(registry, repository, indexes)


def run_of(
    contents: dict[str, RepositoryIndex],
    monkeypatch: pytest.MonkeyPatch,
    *sources: SourceReport,
    **request: Any,
) -> Run:
    monkeypatch.setenv("ECRM_STATE_DIR", "/nonexistent/state")
    scan = Scan(NOW, (use("team/app:v3"),), sources or (read(),))
    monkeypatch.setattr(module, "scan", lambda _: scan)
    shelf = Counting({HOME: contents}, workers=1)
    object.__setattr__(shelf, "asked", [])
    rules = (Rule(NamePattern("team/*", True), timedelta(days=30)),)
    config = Config(repositories=rules, fingerprint="c0ffee")
    return Run(Request(**request), config, (), shelf, NOW, lambda _: None)


def shop(*images: Image, **indexes: list[str]) -> dict[str, RepositoryIndex]:
    return {
        "team/app": RepositoryIndex(images or IMAGES, links(**indexes)),
        "wild": RepositoryIndex((image("x", size=2 * GB),)),
    }


def test_the_plan_is_that_of_plan_with_kept_images_and_the_rest_is_apart(
    monkeypatch: pytest.MonkeyPatch,
):
    made = report(run_of(shop(), monkeypatch))
    (planned,) = made.plan.repositories
    assert [one.image.tags for one in planned.deletions] == [("v1",)]
    assert [one.image.tags for one in planned.kept] == [("v2",), ("v3",)]
    assert planned.overdue == ()
    assert made.plan.unmanaged == (WILD,)
    assert [one.key for one in made.unmanaged] == [WILD]
    assert made.owners == {TEAM: "team", WILD: "(no prefix)"}
    assert made.plan.config == "c0ffee"
    (bare,) = without_kept(made.plan).repositories
    assert (bare.kept, bare.deletions) == ((), planned.deletions)


def test_the_forecast_plans_the_same_readings_later(monkeypatch: pytest.MonkeyPatch):
    run = run_of(shop(), monkeypatch)
    assert report(run).forecast == (
        Forecast(0, Totals(1, 4 * GB), Decimal("0.40")),
        *(Forecast(days, Totals(2, 7 * GB), Decimal("0.70")) for days in (7, 14, 30, 60, 90)),
    )
    assert run.inventory.asked == ["team/app", "wild"]  # type: ignore[attr-defined]


def test_an_index_is_read_once_even_where_only_a_later_plan_needs_it(
    monkeypatch: pytest.MonkeyPatch,
):
    images = (index("all", "v9", days=10, size=0), image("part", days=10, size=GB))
    run = run_of(shop(*images, all=["part"]), monkeypatch)
    assert [one.deletable for one in report(run).forecast] == [
        *(Totals(0, 0),) * 3,
        *(Totals(2, GB),) * 3,
    ]
    assert run.inventory.asked == [  # type: ignore[attr-defined]
        *("team/app", "wild", "children of team/app"),
    ]


def test_nothing_is_forecast_of_an_incomplete_plan(monkeypatch: pytest.MonkeyPatch):
    contents = shop() | {"team/no": RepositoryIndex(AwsError("denied"))}
    made = report(run_of(contents, monkeypatch))
    assert made.forecast == ()
    assert made.plan.unread == ("team/no: denied",)


def test_rules_of_check_that_need_only_a_plan_are_looked_at(monkeypatch: pytest.MonkeyPatch):
    found = report(run_of(shop(image("old", days=90)), monkeypatch)).findings
    assert found is not None
    assert {one.rule for one in found.violations} == {"missing_image", "overdue", "unmanaged"}
    assert {rule: str(level) for rule, level in found.levels.items() if level != "off"} == {
        "missing_image": "error",
        "overdue": "warning",
        "budget": "error",
        "unmanaged": "warning",
    }


def test_a_report_of_some_repositories_has_no_others(monkeypatch: pytest.MonkeyPatch):
    made = report(run_of(shop(), monkeypatch, only=Selection.of(["wild"])))
    assert made.plan.repositories == ()
    assert [one.key for one in made.unmanaged] == [WILD]


def test_what_could_not_be_read_is_not_tried_again():
    shelf = Shelf({HOME: {"app": RepositoryIndex(AwsError("no"))}})
    remembering = Remembering(shelf)
    errors = []
    for _ in range(2):
        with pytest.raises(AwsError) as caught:
            remembering.images(HOME, "app")
        errors.append(caught.value)
    assert errors[0] is errors[1]


def test_what_is_remembered_is_what_the_registry_says():
    contents = RepositoryIndex((index("i"),), links(i=["c"]), ("somebody",), policy="{}")
    shelf = Shelf({HOME: {"app": contents}}, workers=3)
    remembering = Remembering(shelf)
    assert (remembering.registries, remembering.workers) == ((HOME,), 3)
    for _ in range(2):
        assert remembering.repositories(HOME) == ["app"]
        assert remembering.repositories(HOME, "other") == []
        assert remembering.images(HOME, "app") == contents.images
        assert remembering.children(HOME, "app", [index("i")]) == contents.indexes
        assert remembering.children(HOME, "app", []) == {}
        assert remembering.own_readings(HOME, "app", []) == {}
        assert remembering.replications(HOME) == ()
        pullers = remembering.cross_account_pullers(HOME, "app")
        assert [puller.text for puller in pullers.known] == ["somebody"]
        assert remembering.lifecycle_policy(HOME, "app") == "{}"
        assert remembering.mutability(HOME, "app") == contents.mutability

"""Each guard stops a run just above its limit, says what it saw, and how to continue."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrm.config import Guards
from ecrm.model.decision import Decision, Reason
from ecrm.model.image import Image, Kind
from ecrm.model.reference import Registry
from ecrm.model.rule import Action
from ecrm.model.scan import Diagnostic, ReadStatus, SourceReport
from ecrm.planning.guards import WHOLE, Usage, drops, stops, usage
from ecrm.planning.narrowing import still_deletable
from ecrm.planning.plan import Plan, RepositoryPlan, Totals
from tests.values import HOME, NOW, digest

THERE = Registry("999999999999", "us-east-1")
ELSEWHERE = Registry("888888888888", "us-east-1")
SIZE = 1000
OFF = Guards().off()


def images(number: int, action: Action) -> tuple[Decision, ...]:
    return tuple(
        Decision(
            Image(digest(f"{action} {place}"), (f"v{place}",), NOW - timedelta(days=90), SIZE),
            Reason.PUSHED if action is Action.KEEP else Reason.EXPIRED,
            action=action,
        )
        for place in range(number)
    )


def repository(
    name: str = "app", *, deletable: int = 1, kept_by_reason: int = 0, missing: Sequence[str] = ()
) -> RepositoryPlan:
    leaving = images(deletable, Action.DELETE)
    return RepositoryPlan(
        HOME,
        name,
        "*",
        total={Kind.IMAGE: Totals(deletable + kept_by_reason, (deletable + kept_by_reason) * SIZE)},
        deletable={Kind.IMAGE: Totals(deletable, deletable * SIZE)} if deletable else {},
        kept_by_reason={Reason.PUSHED: kept_by_reason} if kept_by_reason else {},
        stages=(leaving,) if deletable else (),
        missing=tuple(missing),
        kept=images(kept_by_reason, Action.KEEP),
    )


def plan(*repositories: RepositoryPlan, in_use: Mapping[Registry, int] | None = None) -> Plan:
    return Plan(NOW, (HOME,), "", (), repositories, in_use or {})


def messages(made: Plan, guards: Guards, last: Mapping[Registry, int] | None = None) -> list[str]:
    return [str(stop) for stop in stops(made, guards, whole(last or {}))]


def whole(in_use: Mapping[Registry, int]) -> dict[Registry, Usage]:
    return {target: {WHOLE: number} for target, number in in_use.items()}


# -- max_images, max_bytes ------------------------------------------------------------------------


def test_max_images_stops_just_above_its_limit_and_not_at_it():
    made = plan(
        repository("app", deletable=3, kept_by_reason=9),
        repository("web", deletable=2, kept_by_reason=9),
    )
    assert messages(made, replace(OFF, max_images=5)) == []
    assert messages(made, replace(OFF, max_images=4)) == [
        (
            "guard max_images: 5 images would be deleted, and the limit is 4; "
            "look at the plan, then raise guards.max_images or --max-images"
        )
    ]


def test_max_bytes_stops_just_above_its_limit_and_not_at_it():
    made = plan(
        repository("app", deletable=3, kept_by_reason=9),
        repository("web", deletable=2, kept_by_reason=9),
    )
    assert messages(made, replace(OFF, max_bytes=5000)) == []
    assert messages(made, replace(OFF, max_bytes=4999)) == [
        (
            "guard max_bytes: 5,000 bytes would be deleted, and the limit is 4,999; "
            "look at the plan, then raise guards.max_bytes or --max-bytes"
        )
    ]


def test_a_limit_of_zero_stops_the_first_deletion():
    assert len(messages(plan(repository()), replace(OFF, max_images=0, max_bytes=0))) == 2


# -- max_percent ----------------------------------------------------------------------------------


def test_max_percent_stops_just_above_its_limit_and_not_at_it():
    made = plan(repository(deletable=3, kept_by_reason=1))
    assert messages(made, replace(OFF, max_percent=75)) == []
    assert messages(made, replace(OFF, max_percent=74)) == [
        (
            "guard max_percent: 3 of 4 images of app would be deleted, and the limit is 74 %; "
            "look at the plan, then raise guards.max_percent or --max-percent"
        )
    ]


def test_max_percent_is_of_each_repository_on_its_own():
    made = plan(
        repository("app", deletable=1, kept_by_reason=999),
        repository("web", deletable=2, kept_by_reason=1),
        repository("tools", deletable=3, kept_by_reason=1),
        repository("empty", deletable=0),
    )
    assert messages(made, replace(OFF, max_percent=66)) == [
        (
            "guard max_percent: 2 of 3 images of web would be deleted, and the limit is 66 %; "
            "look at the plan, then raise guards.max_percent or --max-percent"
        ),
        (
            "guard max_percent: 3 of 4 images of tools would be deleted, and the limit is 66 %; "
            "look at the plan, then raise guards.max_percent or --max-percent"
        ),
    ]


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 100))
def test_max_percent_never_allows_more_than_that_part(deletable, kept_by_reason, percent):
    stopped = messages(
        plan(repository(deletable=deletable, kept_by_reason=kept_by_reason)),
        replace(OFF, max_percent=percent),
    )
    assert bool(stopped) == (
        deletable > 0 and deletable / (deletable + kept_by_reason) > percent / 100
    )


# -- max_in_use_drop ------------------------------------------------------------------------------


def test_max_in_use_drop_stops_just_above_its_limit_and_not_at_it():
    guards = replace(OFF, max_in_use_drop=50)
    assert messages(plan(repository(), in_use={HOME: 10}), guards, {HOME: 20}) == []
    assert messages(plan(repository(), in_use={HOME: 9}), guards, {HOME: 20}) == [
        (
            "guard max_in_use_drop: 9 images of 123456789012/eu-west-1 are in use, and 20 were in "
            "the last run; check that nothing was left out of the scan, then go on once with "
            "--no-guards"
        )
    ]


def test_max_in_use_drop_is_of_each_target_on_its_own():
    guards = replace(OFF, max_in_use_drop=50)
    made = plan(repository(), in_use={HOME: 1000, THERE: 1})
    assert messages(made, guards, {HOME: 1000, THERE: 3}) == [
        (
            "guard max_in_use_drop: 1 image of 999999999999/us-east-1 is in use, and 3 were in "
            "the last run; check that nothing was left out of the scan, then go on once with "
            "--no-guards"
        )
    ]


def test_the_first_run_has_no_usage_history_and_nothing_to_drop_from():
    guards = replace(OFF, max_in_use_drop=0)
    assert messages(plan(repository(), in_use={HOME: 0}), guards) == []
    assert messages(plan(repository(), in_use={HOME: 0}), guards, {HOME: 0, THERE: 100}) == []


def test_more_in_use_than_in_the_last_run_is_no_drop():
    guards = replace(OFF, max_in_use_drop=0)
    assert messages(plan(repository(), in_use={HOME: 5}), guards, {HOME: 5}) == []
    assert messages(plan(repository(), in_use={HOME: 6}), guards, {HOME: 5}) == []
    assert len(messages(plan(repository(), in_use={HOME: 4}), guards, {HOME: 5})) == 1


def test_a_drop_is_noticed_even_where_nothing_is_to_be_deleted():
    made = plan(repository(deletable=0, kept_by_reason=1), in_use={HOME: 1, THERE: 5})
    (drop,) = drops(made, Guards(), whole({HOME: 10, THERE: 10}))
    assert (drop.guard, drop.saw) == (
        "max_in_use_drop",
        "1 image of 123456789012/eu-west-1 is in use, and 10 were in the last run",
    )
    assert not list(drops(made, OFF, whole({HOME: 10})))


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_max_in_use_drop_of_100_percent_never_stops(now, before):
    guards = replace(OFF, max_in_use_drop=100)
    assert messages(plan(repository(), in_use={HOME: now}), guards, {HOME: before}) == []


def reported(**references: int) -> tuple[SourceReport, ...]:
    return tuple(
        SourceReport(HOME, source, number, names={}) for source, number in references.items()
    )


def counted(in_use: int, **references: int) -> Plan:
    """A plan whose sources found so many references."""
    made = plan(repository(), in_use={HOME: in_use})
    return replace(made, source_reports=reported(**references))


def test_b41_one_source_that_goes_silent_is_seen_although_others_outweigh_it():
    guards = replace(OFF, max_in_use_drop=50)
    last: dict[Registry, Usage] = {HOME: {WHOLE: 110, "ecs": 100, "lambda": 10}}
    assert not list(drops(counted(105, ecs=100, **{"lambda": 5}), guards, last))
    (drop,) = drops(counted(104, ecs=100, **{"lambda": 4}), guards, last)
    assert (drop.guard, drop.saw) == (
        "max_in_use_drop",
        f"lambda of {HOME} names 4 images, and named 10 in the last run",
    )


def test_b41_every_source_that_goes_silent_is_named():
    guards = replace(OFF, max_in_use_drop=50)
    last: dict[Registry, Usage] = {HOME: {WHOLE: 30, "ecs": 10, "files": 10, "lambda": 10}}
    found = drops(counted(30, ecs=1, files=28, **{"lambda": 1}), guards, last)
    assert [drop.saw.partition(" of ")[0] for drop in found] == ["ecs", "lambda"]


def test_a_drop_of_all_images_says_so_once():
    guards = replace(OFF, max_in_use_drop=50)
    (drop,) = drops(counted(1, ecs=1), guards, {HOME: {WHOLE: 10, "ecs": 10}})
    assert drop.saw == f"1 image of {HOME} is in use, and 10 were in the last run"


def test_files_and_commands_count_for_every_target_and_only_what_was_read_counts():
    reports = (
        SourceReport(None, "command k8s", 3),
        SourceReport(HOME, "ecs", 2, names={}),
        SourceReport(HOME, "lambda", 0),  # not read: --no-scan
        SourceReport(THERE, "ecs", 7, names={}),
    )
    made = replace(plan(in_use={HOME: 5, THERE: 9}), source_reports=reports)
    assert usage(made) == {
        HOME: {WHOLE: 5, "command k8s": 3, "ecs": 2},
        THERE: {WHOLE: 9, "command k8s": 3, "ecs": 7},
    }


DENIED = Diagnostic(ReadStatus.DENIED, "denied")


def test_what_could_not_be_read_is_compared_with_nothing():
    """B42: the whole of no registry is known then, and of a target only what was read."""
    reports = (
        SourceReport(HOME, "ecs", 2, names={}),
        SourceReport(HOME, "lambda", 1, (DENIED,), names={}),
        SourceReport(THERE, "ecs", 7, names={}),
        SourceReport(ELSEWHERE, "account", 0, (DENIED,)),
    )
    made = replace(plan(in_use={HOME: 5}), source_reports=reports)
    assert usage(made) == {HOME: {"ecs": 2}, THERE: {WHOLE: 7}}


def scanned_only(references: int, status: ReadStatus = ReadStatus.READ) -> Plan:
    """A plan of HOME that rests on THERE, too."""
    note = (Diagnostic(status, ""),)
    there = (SourceReport(THERE, "ecs", references - 1, names={}), read_one(THERE, *note))
    made = plan(repository(), in_use={HOME: 5})
    return replace(made, source_reports=(*made.source_reports, *there))


def read_one(target: Registry, *notes: Diagnostic) -> SourceReport:
    return SourceReport(target, "lambda", 1, notes, names={})


def test_a_target_that_is_only_scanned_is_compared_as_a_whole():
    guards = replace(OFF, max_in_use_drop=50)
    last: dict[Registry, Usage] = {THERE: {WHOLE: 10}}
    assert not list(drops(scanned_only(5), guards, last))
    (drop,) = drops(scanned_only(4), guards, last)
    assert drop.saw == f"{THERE} names 4 images, and named 10 in the last run"
    assert not list(drops(scanned_only(4, ReadStatus.FAILED), guards, last))


def test_a_target_that_is_only_scanned_and_named_few_images_is_too_small_to_judge():
    guards = replace(OFF, max_in_use_drop=50)
    assert not list(drops(scanned_only(1), guards, {THERE: {WHOLE: 9}}))
    assert list(drops(scanned_only(1), guards, {THERE: {WHOLE: 10}}))


# -- nothing_in_use -------------------------------------------------------------------------------


NOTHING = replace(OFF, nothing_in_use=True)


def test_b41_nothing_at_all_in_use_stops_the_run_and_names_the_registry():
    made = plan(repository(deletable=3), repository("web", deletable=2), in_use={HOME: 0})
    assert messages(made, NOTHING) == [
        (
            f"guard nothing_in_use: no image of {HOME} is in use by anything that was read, and 5 "
            "images would be deleted; scan the accounts and services that use them, see "
            "--scanned-files; if nothing does, set guards.nothing_in_use: false or give "
            "--no-nothing-in-use"
        )
    ]
    assert messages(made, OFF) == []


def test_b41_nothing_in_use_is_of_each_registry_on_its_own():
    here, there = repository(), replace(repository(), registry=THERE)
    stop = replace(plan(here, there, in_use={HOME: 1, THERE: 0}), targets=(HOME, THERE))
    (message,) = messages(stop, NOTHING)
    assert f"no image of {THERE} is in use" in message
    assert messages(plan(here, in_use={HOME: 1, THERE: 0}), NOTHING) == []


def test_an_image_that_a_host_of_any_registry_names_is_in_use():
    """It counts for none of the registries, and is kept."""
    used = replace(repository(kept_by_reason=1), used=Totals(1, SIZE))
    assert messages(plan(used, in_use={HOME: 0}), NOTHING) == []


# -- missing_in_use ------------------------------------------------------------------------------


DANGLING = (
    "guard missing_in_use: app would be emptied, while app:v9 is in use and is not there; "
    "check what was deleted or renamed, then set guards.missing_in_use: false or give "
    "--no-missing-in-use"
)
ON = replace(OFF, missing_in_use=True)


def test_a_repository_that_would_be_emptied_while_an_image_in_use_is_missing_stops_the_run():
    assert messages(plan(repository(deletable=2, missing=[":v9"])), ON) == [DANGLING]


@pytest.mark.parametrize(
    "sound",
    [
        repository(deletable=2, kept_by_reason=1, missing=[":v9"]),
        repository(deletable=2),
        repository(deletable=0, missing=[":v9"]),
        repository(deletable=0, kept_by_reason=2, missing=[":v9"]),
    ],
    ids=["an image is kept", "nothing is missing", "it is empty", "nothing is deleted"],
)
def test_missing_in_use_stops_only_where_everything_is_deleted_and_an_image_in_use_is_missing(
    sound,
):
    other = repository("other", deletable=1, kept_by_reason=1)
    assert messages(plan(sound, other), ON) == []


def test_missing_in_use_is_of_each_repository_on_its_own():
    made = plan(
        repository("web", deletable=2),
        repository(missing=[":v9"]),
        repository("b", kept_by_reason=1),
    )
    assert messages(made, ON) == [DANGLING]


def test_a_repository_with_a_skipped_deletion_is_not_emptied():
    old = repository(deletable=2, missing=[":v9"])
    first, second = old.deletions
    kept = Decision(first.image, Reason.IN_USE, action=Action.KEEP)
    new = replace(old, stages=((second,),), kept=(kept,), kept_by_reason={Reason.IN_USE: 1})
    left, _ = still_deletable(old, new)
    assert messages(plan(left), ON) == []


# -- together -------------------------------------------------------------------------------------


def test_every_guard_that_is_met_is_reported():
    made = plan(repository(deletable=10, missing=["@sha256:0", ":v9"]), in_use={HOME: 1})
    guards = Guards(max_images=9, max_percent=99, max_bytes=9999)
    assert [stop.guard for stop in stops(made, guards, whole({HOME: 10}))] == [
        "max_in_use_drop",
        "missing_in_use",
        "max_images",
        "max_bytes",
        "max_percent",
    ]


def test_the_first_missing_image_stands_for_all():
    (stop,) = stops(plan(repository(missing=["@sha256:0", ":v9"])), ON, {})
    assert stop.saw == "app would be emptied, while app@sha256:0 is in use and is not there"


def test_without_guards_nothing_stops():
    made = plan(repository(deletable=10_000, missing=[":v9"]), in_use={HOME: 0})
    assert messages(made, OFF, {HOME: 10_000}) == []


def test_an_honest_run_is_not_stopped_by_the_guards_that_are_on_by_default():
    made = plan(repository(deletable=10_000, kept_by_reason=1, missing=[":v9"]), in_use={HOME: 50})
    assert messages(made, Guards(), {HOME: 100}) == []


def test_where_nothing_is_to_be_deleted_nothing_stops():
    strict = Guards(max_in_use_drop=0, max_images=0, max_percent=0, max_bytes=0)
    nothing = repository(deletable=0, kept_by_reason=2, missing=[":v9"])
    assert messages(plan(nothing, in_use={HOME: 0}), strict, {HOME: 100}) == []
    assert messages(plan(), strict, {HOME: 100}) == []


def test_guards_name_a_repository_with_its_registry_where_the_plan_has_several():
    here = repository(deletable=3, kept_by_reason=1)
    there = replace(here, registry=Registry("210987654321", "eu-west-1"))
    made = replace(plan(here, there), targets=(here.registry, there.registry))
    found = [stop.saw for stop in stops(made, replace(OFF, max_percent=74), {})]
    assert found == [
        f"3 of 4 images of {one.registry}/app would be deleted, and the limit is 74 %"
        for one in (here, there)
    ]


@pytest.mark.parametrize(("now", "stopped"), [(5000, False), (4999, True)])
def test_a_drop_is_compared_to_the_single_image(now, stopped):
    guards = replace(OFF, max_in_use_drop=50)
    assert bool(messages(plan(repository(), in_use={HOME: now}), guards, {HOME: 10_000})) is stopped

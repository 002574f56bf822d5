"""B42: an account that could not be read stops only what it could hurt."""

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecrm.errors import AwsError
from ecrm.model.organization import Organization
from ecrm.model.pattern import ALL
from ecrm.model.pull_through import PullThrough
from ecrm.model.reference import Registry
from ecrm.model.scan import Diagnostic, ReadStatus, SourceReport
from ecrm.planning.holes import (
    applicable,
    is_partial,
    left_alone,
    only_in_one,
    unread_by_repository,
)
from ecrm.planning.plan import Plan
from ecrm.planning.planner import make_plan
from ecrm.registry.access import Replication, cross_account_pullers
from tests.strategies import examples
from tests.values import (
    HOME,
    REPLICA,
    RepositoryIndex,
    Shelf,
    deletable,
    facts,
    image,
    plan_of,
    read,
    repository_plan,
    use,
)

WEB, DATA, OTHER = "222222222222", "333333333333", "999999999999"
ACME = Organization("o-acme", {WEB: ("o-acme/r-1/ou-web/",), DATA: ("o-acme/r-1/ou-eu/ou-data/",)})
DENIED = Diagnostic(ReadStatus.DENIED, "sts:AssumeRole is denied")


def target(account: str, region: str = "eu-west-1") -> Registry:
    return Registry(account, region)


def hole(account: str, region: str = "eu-west-1", source: str = "account") -> SourceReport:
    return SourceReport(target(account, region), source, 0, (DENIED,))


def allowed(principal: Any, **condition: Any) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": principal,
        "Action": "ecr:BatchGetImage",
        "Condition": condition,
    }


def repository(*statements: dict[str, Any]) -> RepositoryIndex:
    """With two old images, and a policy of these statements."""
    policy = json.dumps({"Statement": list(statements)})
    images = (image("old", "v1"), image("older", "v2"))
    return RepositoryIndex(images, cross_account_pullers=cross_account_pullers(HOME, policy))


def planned(
    *reports: SourceReport, names: str = "app", replicated: Any = None, **repositories: Any
) -> Plan:
    """Of repositories at home, in a run that reads WEB, too."""
    shelf = Shelf({HOME: repositories}, replicated or {})
    everything = (read(), read(target(WEB)), *reports)
    context = facts(shelf, source_reports=everything, organization=ACME)
    return make_plan(shelf, context, ALL, lambda _: None)


def hurt(made: Plan) -> dict[str, tuple[str, ...]]:
    return {one.repository: one.unread_uses for one in made.repositories if one.unread_uses}


# -- whom a hole hurts ----------------------------------------------------------------------------


def test_a_hole_holds_up_what_its_account_may_pull_and_nothing_else():
    made = planned(hole(DATA), open=repository(allowed("*")), shut=repository())
    assert hurt(made) == {
        "open": ("333333333333/eu-west-1 could not be read, and everyone may pull",)
    }
    left = {one.repository: len(one.deletions) for one in applicable(made).repositories}
    assert left == {"open": 0, "shut": 2}
    assert is_partial(made)
    assert left_alone(made) == (
        "open: 333333333333/eu-west-1 could not be read, and everyone may pull",
    )
    assert made.unread == ("333333333333/eu-west-1: sts:AssumeRole is denied",)


def test_many_sources_of_one_target_are_one_hole():
    made = planned(hole(DATA), hole(DATA, source="ecs"), app=repository(allowed("*")))
    assert len(hurt(made)["app"]) == 1


def test_each_region_is_a_hole_of_its_own():
    made = planned(hole(DATA), hole(DATA, "us-east-1"), app=repository(allowed("*")))
    assert len(hurt(made)["app"]) == 2


def test_the_own_account_may_use_its_images_from_any_region():
    made = planned(hole(HOME.account, "us-east-1"), app=repository(), empty=RepositoryIndex())
    line = "123456789012/us-east-1 could not be read, and the repository is its own"
    assert hurt(made) == {"app": (line,), "empty": (line,)}


def test_what_belongs_to_no_target_may_name_any_image():
    made = planned(
        SourceReport(None, "command x", 0, (DENIED,)), app=repository(), web=repository()
    )
    assert hurt(made) == dict.fromkeys(("app", "web"), ("sts:AssumeRole is denied",))
    assert not is_partial(made)
    assert left_alone(made) == ()


def test_what_was_read_or_is_excluded_is_no_hole():
    notes = (Diagnostic(ReadStatus.EXCLUDED, "excluded"), Diagnostic(ReadStatus.READ, "suspended"))
    made = planned(*(SourceReport(target(DATA), "account", 0, (note,)) for note in notes))
    assert made.complete
    assert hurt(made) == {}


@pytest.mark.parametrize(
    ("hole_at", "expected"), [(HOME, {"app", "web"}), (REPLICA, set()), (target(WEB), set())]
)
def test_where_a_registry_replicates_to_matters_to_its_own_repositories(hole_at, expected):
    unread = SourceReport(hole_at, "replication", 0, (DENIED,))
    made = planned(unread, app=repository(allowed("*")), web=repository())
    assert set(hurt(made)) == expected


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ({HOME: (Replication(target(DATA), "", deletes=False),)}, "ECR replicates between the two"),
        ({REPLICA: (Replication(HOME, "ap", deletes=False),)}, ""),
        (
            {target(DATA): (Replication(HOME, "a", deletes=False),)},
            "ECR replicates between the two",
        ),
        ({target(DATA): (Replication(REPLICA, "", deletes=False),)}, ""),
        ({target(DATA): (Replication(HOME, "web", deletes=False),)}, ""),
        ({HOME: (Replication(target(DATA), "web", deletes=True),)}, ""),
        ({HOME: (Replication(target(OTHER), "", deletes=False),)}, ""),
        (
            {HOME: (Replication(target(WEB), "", deletes=True),)},
            f"ECR repeats its deletions in {WEB}/eu-west-1, and who may pull there is not known",
        ),
    ],
)
def test_replication_connects_a_repository_with_an_account(rules, why):
    contents: dict[Registry, dict[str, RepositoryIndex]] = {registry: {} for registry in rules}
    shelf = Shelf(contents | {HOME: {"app": repository()}}, rules)
    reports = (read(), read(target(WEB)), hole(DATA))
    made = make_plan(shelf, facts(shelf, source_reports=reports), ALL, lambda _: None)
    line = f"333333333333/eu-west-1 could not be read, and {why}"
    assert hurt(made) == ({"app": (line,)} if why else {})


@pytest.mark.parametrize(("upstream_prefix", "is_hurt"), [("", True), ("ap", False)])
def test_b44_whoever_may_pull_from_a_cache_may_use_what_it_caches(upstream_prefix, is_hurt):
    cache = PullThrough(target(WEB), "central", HOME, upstream_prefix)
    shelf = Shelf({HOME: {"app": repository()}})
    context = facts(shelf, source_reports=(read(), read(target(WEB)), hole(DATA)))
    context = replace(context, scan=replace(context.scan, pull_through=(cache,)))
    made = make_plan(shelf, context, ALL, lambda _: None)
    why = "222222222222/eu-west-1 caches its images, and who may pull there is not known"
    line = f"333333333333/eu-west-1 could not be read, and {why}"
    assert hurt(made) == ({"app": (line,)} if is_hurt else {})


def test_who_may_pull_is_asked_only_where_something_is_deleted():
    asked = RepositoryIndex((image("new", "v1", days=1),), cross_account_pullers=AssertionError())
    assert hurt(planned(hole(DATA), app=asked)) == {}


def test_a_policy_that_cannot_be_read_lets_everybody_in():
    unread = replace(repository(), cross_account_pullers=AwsError("ecr:GetRepositoryPolicy failed"))
    (line,) = hurt(planned(hole(DATA), app=unread))["app"]
    assert line.endswith(", and who may pull is not known: ecr:GetRepositoryPolicy failed")


# -- one target, and what is carried out ----------------------------------------------------------


def test_of_one_target_whatever_could_not_be_read_stops_everything():
    broken = RepositoryIndex(AwsError("ecr:DescribeImages failed"))
    for shelf, reports in (
        (Shelf({HOME: {"app": repository()}}), (read(), hole(HOME.account))),
        (Shelf({HOME: {"app": repository(), "web": broken}}), (read(),)),
    ):
        made = make_plan(shelf, facts(shelf, source_reports=reports), ALL, lambda _: None)
        assert hurt(made) == {}
        unread = unread_by_repository(made)
        assert unread == dict.fromkeys((one.key for one in made.repositories), made.unread)
        assert not applicable(made).deletable.images
        assert not is_partial(made)


def test_of_several_targets_a_repository_that_could_not_be_read_stops_itself_alone():
    made = planned(app=repository(), web=RepositoryIndex(AwsError("ecr:DescribeImages failed")))
    assert applicable(made) == made
    assert left_alone(made) == ("web: ecr:DescribeImages failed",)


def test_a_complete_plan_is_applicable_as_it_is():
    made = planned(app=repository())
    assert applicable(made) is made
    assert not is_partial(made)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((read(target(WEB)),), (read(target(WEB)),), []),
        ((read(target(WEB)),), (), [target(WEB)]),
        ((), (read(target(DATA)), read(target(WEB))), [target(WEB), target(DATA)]),
        ((read(target(WEB)), read(target(WEB, "us-east-1"))), (hole(WEB),), []),
        ((hole(WEB),), (read(target(WEB, "us-east-1")),), []),
        ((read(target(DATA)),), (hole(WEB),), [target(DATA)]),
        ((hole(WEB, source="ecs"),), (), [target(WEB)]),
        ((replace(read(target(WEB)), source="account"),), (), [target(WEB)]),
    ],
)
def test_on_which_targets_only_one_of_two_plans_rests(one, other, expected):
    app = repository_plan("app", [deletable(image("old"))])
    plans = (plan_of(app, source_reports=reports) for reports in (one, other))
    assert only_in_one(*plans) == expected


# -- for every organization -----------------------------------------------------------------------

ACCOUNTS = (WEB, DATA, OTHER)
NAMES = ("app", "web", "job")
IN_ACME = {"StringEquals": {"aws:PrincipalOrgID": "o-acme"}}
IN_EU = {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-acme/r-1/ou-eu/*"}}
SERVICE = {"Service": "lambda.amazonaws.com"}
GRANTS: list[tuple[frozenset[str], dict[str, Any] | None]] = [
    (frozenset(ACCOUNTS), allowed("*")),
    (frozenset({WEB, DATA}), allowed("*", **IN_ACME)),
    (frozenset({DATA}), allowed("*", **IN_EU)),
    *((frozenset({one}), allowed({"AWS": f"arn:aws:iam::{one}:root"})) for one in ACCOUNTS),
    (frozenset({WEB}), allowed(SERVICE, StringLike={"aws:SourceAccount": WEB})),
    (frozenset(ACCOUNTS), allowed(SERVICE)),
    (frozenset(ACCOUNTS), None),  # cannot be read
]


@dataclass(frozen=True)
class World:
    """Who may pull from which repository, who uses which of its images, and who cannot be read."""

    may_pull: dict[str, frozenset[str]]
    shelf: Shelf
    uses: dict[str, frozenset[tuple[str, str]]]
    holes: frozenset[str] = frozenset()

    def plan(self) -> Plan:
        """Applied to what is in use in the accounts that can be read."""
        readable = [account for account in ACCOUNTS if account not in self.holes]
        uses = {f"{name}:{tag}" for account in readable for name, tag in self.uses[account]}
        reports = [read(), *(read(target(account)) for account in readable)]
        reports += [hole(account) for account in sorted(self.holes)]
        context = facts(
            self.shelf, *map(use, uses), source_reports=tuple(reports), organization=ACME
        )
        return applicable(make_plan(self.shelf, context, ALL, lambda _: None))

    def deletions(self) -> set[tuple[str, str]]:
        return {
            (one.repository, decision.image.tags[0])
            for one in self.plan().repositories
            for decision in one.deletions
        }


@st.composite
def worlds(draw: st.DrawFn) -> World:
    granted = {name: draw(st.lists(st.sampled_from(GRANTS), max_size=2)) for name in NAMES}
    may_pull = {
        name: frozenset(account for accounts, _ in grants for account in accounts)
        for name, grants in granted.items()
    }
    contents = {
        name: repository(*(statement for _, statement in grants if statement))
        if all(statement for _, statement in grants)
        else replace(repository(), cross_account_pullers=AwsError("denied"))
        for name, grants in granted.items()
    }
    uses = {
        account: frozenset(
            (name, tag)
            for name in NAMES
            if account in may_pull[name]
            for tag in ("v1", "v2")
            if draw(st.booleans())
        )
        for account in ACCOUNTS
    }
    holes = draw(st.frozensets(st.sampled_from(ACCOUNTS)))
    return World(may_pull, Shelf({HOME: contents}, workers=1), uses, holes)


OFTEN = settings(max_examples=examples(90), deadline=None)


@OFTEN
@given(worlds(), st.sampled_from(ACCOUNTS))
def test_a_hole_never_adds_a_deletion(world: World, account: str):
    more = replace(world, holes=world.holes | {account})
    assert more.deletions() <= world.deletions()


@OFTEN
@given(worlds())
def test_what_any_account_uses_stays_whether_it_could_be_read_or_not(world: World):
    used = {pair for account in ACCOUNTS for pair in world.uses[account]}
    assert not used & world.deletions()


@OFTEN
@given(worlds())
def test_a_repository_from_which_no_unread_account_may_pull_is_not_held_up(world: World):
    complete = replace(world, holes=frozenset()).deletions()
    free = {name for name in NAMES if not world.may_pull[name] & world.holes}
    assert {pair for pair in complete if pair[0] in free} <= world.deletions()

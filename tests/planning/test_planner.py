"""Uses and an inventory become a plan: what protects, what blocks, and what makes it incomplete."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings

from ecrm.config import Guards
from ecrm.errors import AccessDenied, AwsError, Gone
from ecrm.model.decision import Reason
from ecrm.model.image import Image
from ecrm.model.pattern import ALL, NamePattern
from ecrm.model.reference import Registry, RepositoryKey
from ecrm.model.rule import Action
from ecrm.model.scan import Diagnostic, ReadStatus, SourceReport
from ecrm.model.use import EXTERNAL_COMMAND, SCANNED_FILE, Use
from ecrm.planning.plan import Plan, RepositoryPlan, Totals
from ecrm.planning.planner import make_plan, read_and_plan, read_repository
from ecrm.planning.repository import RepositoryState, plan_repository
from ecrm.planning.retention import needs_manifests
from ecrm.registry.access import Replication
from tests.strategies import cases, examples
from tests.values import (
    APP,
    HOME,
    NOW,
    PARTNER,
    REPLICA,
    RULE,
    RepositoryIndex,
    Shelf,
    digest,
    facts,
    image,
    index,
    planned,
    read,
    shelf,
    use,
    use_of,
)

T = TypeVar("T")

DENIED = AccessDenied("access to ecr:DescribeImages is denied", "ecr:DescribeImages")


def repository(inventory: Shelf, *uses: Use, **more: Any) -> RepositoryPlan:
    (found,) = planned(inventory, *uses, **more).repositories
    return found


def gone(found: RepositoryPlan | Plan) -> set[str]:
    repositories = found.repositories if isinstance(found, Plan) else (found,)
    return {
        decision.image.digest for repository in repositories for decision in repository.deletions
    }


def replicated(*rules: Replication, images: Sequence[Image] = (), **more: Any) -> Shelf:
    return replace(shelf(*(images or [image("old", "v1")]), **more), replicated={HOME: rules})


REPEATS = Replication(REPLICA, "", deletes=True)
COPIES = Replication(REPLICA, "", deletes=False)


# -- what a plan says -----------------------------------------------------------------------------


def test_a_plan_says_when_for_what_and_with_which_configuration_it_was_made():
    made = planned(shelf(image("old", "v1"), image("new", "v2", days=3)), use("other:v9"))
    assert made == Plan(
        created_at=NOW,
        targets=(HOME,),
        config="c0ffee",
        source_reports=(read(),),
        repositories=made.repositories,
        in_use={HOME: 1},
        unmanaged=(),
    )
    assert made.complete
    assert (made.total, made.deletable) == (Totals(2, 20), Totals(1, 10))
    assert made.kept_by_reason == {Reason.PUSHED: 1}
    assert gone(made) == {digest("old")}


def test_a_use_protects_the_image_it_names_and_no_other():
    inventory = shelf(image("a", "v1"), image("b", "v2"))
    assert gone(planned(inventory, use("app:v1"))) == {digest("b")}
    assert gone(planned(inventory, use(f"app@{digest('b')}"))) == {digest("a")}
    assert gone(planned(inventory, use("other:v1"), use("app:v1", where=PARTNER))) == gone(
        planned(inventory)
    )


def test_a_reference_behind_an_unknown_host_protects_every_repository_of_that_name():
    mirrored = use_of("mirror.example.com/app:v1", "web", "PRIMARY")
    assert not gone(planned(shelf(image("a", "v1")), mirrored))


def test_used_images_that_are_missing_are_reported():
    found = repository(shelf(image("a", "v1")), use("app:v1"), use(f"app@{digest('b')}"))
    assert found.missing == (f"@{digest('b')}",)


def test_a_repository_that_no_rule_matches_is_named_and_not_read():
    inventory = Shelf(
        {
            HOME: {
                "legacy": RepositoryIndex(DENIED),
                "app": RepositoryIndex(),
                "batch": RepositoryIndex(DENIED),
            }
        }
    )
    made = planned(inventory, rules=[replace(RULE, name=NamePattern("app", False))])
    assert [repository.repository for repository in made.repositories] == ["app"]
    assert made.unmanaged == (RepositoryKey(HOME, "batch"), RepositoryKey(HOME, "legacy"))
    assert made.complete


def test_the_first_rule_that_matches_applies():
    longer = replace(RULE, name=NamePattern("a*", True), expires=timedelta(days=100))
    inventory = Shelf(
        {HOME: {name: RepositoryIndex((image("old", "v1"),)) for name in ("app", "web")}}
    )
    made = planned(inventory, rules=[longer, RULE])
    assert [
        (repository.repository, repository.rule, len(repository.deletions))
        for repository in made.repositories
    ] == [
        ("app", "a*", 0),
        ("web", "*", 1),
    ]


def test_the_repositories_are_in_the_order_of_the_inventory():
    names = [f"app-{number}" for number in range(40)]
    inventory = Shelf(
        {
            REPLICA: dict.fromkeys(names, RepositoryIndex()),
            HOME: dict.fromkeys(names, RepositoryIndex()),
        }
    )
    made = planned(inventory)
    assert [(repository.registry, repository.repository) for repository in made.repositories] == [
        (registry, name) for registry in (REPLICA, HOME) for name in names
    ]
    assert made.targets == (REPLICA, HOME)


def test_each_registry_is_planned_by_its_own_uses():
    everywhere = {"app": RepositoryIndex((image("old", "v1"),))}
    made = planned(Shelf({HOME: everywhere, REPLICA: everywhere}), use("app:v1"))
    assert [len(repository.deletions) for repository in made.repositories] == [0, 1]
    assert made.in_use == {HOME: 1, REPLICA: 0}


def test_progress_is_shown_repository_by_repository():
    names = ("app", "web", "legacy", "unmanaged")
    inventory = Shelf({HOME: dict.fromkeys(names, RepositoryIndex())})
    progress: list[str] = []
    rules = [replace(RULE, name=NamePattern(name, False)) for name in names[:3]]
    make_plan(inventory, facts(inventory, rules=rules), ALL, progress.append)
    assert sorted(progress) == [f"ECR {number}/3 repositories" for number in (1, 2, 3)]


# -- which repositories, which action, which clock ------------------------------------------------


def test_only_one_repository_is_planned_where_one_is_asked_for():
    inventory = Shelf(
        {
            HOME: {"app": RepositoryIndex(), "web": RepositoryIndex(DENIED)},
            REPLICA: {"app": RepositoryIndex()},
        }
    )
    made = planned(inventory, only="app")
    assert [(repository.registry, repository.repository) for repository in made.repositories] == [
        (HOME, "app"),
        (REPLICA, "app"),
    ]
    assert made.complete


@pytest.mark.parametrize(
    ("only", "names"),
    [
        ("a b", ["a", "b"]),
        ("b a b", ["a", "b"]),
        ("a/*", ["a/x", "a/y"]),
        ("a/? b", ["a/x", "a/y", "b"]),
        ("*", ["a", "a/x", "a/y", "b"]),
    ],
)
def test_several_repositories_are_named_or_matched(only: str, names: list[str]):
    inventory = Shelf({HOME: {name: RepositoryIndex() for name in ("a", "a/x", "a/y", "b")}})
    made = planned(inventory, only=only)
    assert sorted(planned.repository for planned in made.repositories) == names
    assert len(made.repositories) == len(names)


@pytest.mark.parametrize("only", ["a c", "a c*", "c? b"])
def test_each_name_and_each_glob_must_be_there(only: str):
    inventory = Shelf({HOME: {"a": RepositoryIndex(), "b": RepositoryIndex()}})
    with pytest.raises(Gone, match=r"^there is no repository c[*?]? in "):
        planned(inventory, only=only)


def test_where_names_are_given_nothing_else_is_listed():
    listed: list[str | None] = []

    class Listed(Shelf):
        def repositories(self, registry: Registry, only: str | None = None) -> Sequence[str]:
            listed.append(only)
            return super().repositories(registry, only)

    planned(Listed({HOME: {"a": RepositoryIndex(), "b": RepositoryIndex()}}), only="a b")
    assert listed == ["a", "b"]


def test_a_repository_that_is_asked_for_must_be_there():
    inventory = Shelf({HOME: {"app": RepositoryIndex()}, REPLICA: {}})
    with pytest.raises(Gone) as stopped:
        planned(inventory, only="ap")
    assert str(stopped.value) == (
        "there is no repository ap in 123456789012/eu-west-1, 123456789012/us-east-1"
    )


def test_the_action_of_a_run_overrides_that_of_the_rules():
    inventory, archives = shelf(image("old", "v1")), replace(RULE, action=Action.ARCHIVE)
    for rule, override, action in (
        (RULE, None, Action.DELETE),
        (archives, None, Action.ARCHIVE),
        (RULE, Action.ARCHIVE, Action.ARCHIVE),
        (archives, Action.DELETE, Action.DELETE),
    ):
        (decision,) = repository(inventory, rules=[rule], action=override).deletions
        assert decision.action is action


def test_a_plan_lists_kept_images_only_on_demand():
    inventory = shelf(image("old", "v1"), image("new", "v2", days=3))
    assert repository(inventory).kept == ()
    (kept,) = repository(inventory, keep_all=True).kept
    assert (kept.image.digest, kept.reason) == (digest("new"), Reason.PUSHED)


def test_the_guard_min_age_is_asked_of_every_image():
    inventory = shelf(image("fresh", days=0.5), image("older", days=1.5))
    rule = replace(RULE, expires=timedelta(0))
    assert gone(planned(inventory, rules=[rule])) == {digest("older")}
    off = Guards(min_age=timedelta(0))
    assert gone(planned(inventory, rules=[rule], guards=off)) == {
        digest("older"),
        digest("fresh"),
    }


def test_a_plan_is_made_for_the_moment_that_it_is_given():
    inventory = shelf(image("a", "v1", days=29))
    assert not gone(planned(inventory))
    later = planned(inventory, now=NOW + timedelta(days=2))
    assert gone(later) == {digest("a")}
    assert later.created_at == NOW + timedelta(days=2)


@settings(max_examples=examples(60))
@given(cases())
def test_a_plan_agrees_with_the_decisions_about_each_image(case):
    rule = replace(case.rule, name=RULE.name)
    inventory = Shelf({HOME: {"app": RepositoryIndex(case.images, case.manifests)}})
    uses = [named.use() for named in case.named]
    guards = Guards(min_age=case.min_age)
    found = repository(inventory, *uses, rules=[rule], guards=guards, keep_all=True)
    known = needs_manifests(case.images, case.uses, rule, NOW)
    assert gone(found) == (case if known else replace(case, manifests={})).gone()
    assert (
        sum(found.kept_by_reason.values()) + len(found.deletions)
        == found.images
        == len(case.images)
    )
    assert {decision.image.digest for decision in found.kept} == {
        image.digest for image in case.images
    } - gone(found)


# -- manifests ------------------------------------------------------------------------------------


def test_manifests_are_read_where_they_could_change_a_decision():
    inventory = shelf(index("index", "v1", days=3), image("child"), index=["child"])
    assert not gone(planned(inventory))
    assert gone(planned(shelf(index("index", "v1", days=3), image("child")))) == {digest("child")}


def test_manifests_are_not_read_where_everything_is_kept_without_them():
    unreadable = RepositoryIndex(
        (index("index", "v1", days=3), image("child", days=3)), indexes=DENIED
    )
    assert planned(Shelf({HOME: {"app": unreadable}})).complete


def test_an_index_with_a_missing_child_is_counted_as_broken():
    inventory = shelf(index("index", "v1"), image("child"), index=["child", "ghost"])
    found = repository(inventory)
    assert found.broken_indexes == 1
    assert [[decision.image.digest for decision in stage] for stage in found.stages] == [
        [digest("index")],
        [digest("child")],
    ]
    assert found.held_by == {digest("child"): (digest("index"),)}


def test_the_plan_of_a_repository_depends_on_its_state_and_the_context_alone():
    inventory = shelf(index("index", "v1"), image("child"), index=["child"])
    known = facts(inventory, use("app:v2"))
    state = read_repository(inventory, known, APP)
    assert state == RepositoryState(
        APP,
        (index("index", "v1"), image("child")),
        {digest("index"): (digest("child"),)},
    )
    made = plan_repository(state, known)
    assert made == read_and_plan(inventory, known, APP)
    assert plan_repository(state, facts(inventory, rules=[])) is None
    unread = plan_repository(RepositoryState(APP, unread="timed out"), known)
    assert unread
    assert (unread.unread, unread.stages) == ("timed out", ())


def test_a_state_has_no_children_where_no_manifest_was_read():
    unreadable = RepositoryIndex((index("index", "v1", days=3),), indexes=DENIED)
    inventory = Shelf({HOME: {"app": unreadable}})
    state = read_repository(inventory, facts(inventory), APP)
    assert state == RepositoryState(APP, (index("index", "v1", days=3),))


def test_b26_cross_account_pullers_of_an_unread_repository_are_not_read():
    unread = RepositoryIndex(DENIED, cross_account_pullers=AssertionError("asked"))
    assert not planned(Shelf({HOME: {"app": unread}}, {HOME: (REPEATS,)})).complete


# -- not knowing means keeping --------------------------------------------------------------------


@pytest.mark.parametrize(
    "unreadable",
    [
        RepositoryIndex(DENIED),
        RepositoryIndex((index("index", "v1"), image("child")), indexes=DENIED),
    ],
    ids=["images", "children"],
)
def test_b11_a_repository_that_cannot_be_read_makes_the_plan_incomplete(unreadable):
    made = planned(
        Shelf({HOME: {"app": unreadable, "web": RepositoryIndex((image("old", "v1"),))}})
    )
    assert not made.complete
    assert made.unread == ("app: access to ecr:DescribeImages is denied",)
    app, web = made.repositories
    assert (app.stages, app.total, app.deletable, app.kept_by_reason) == ((), {}, {}, {})
    assert app.unread == "access to ecr:DescribeImages is denied"
    assert len(web.deletions) == 1


def test_b11_a_source_that_cannot_be_read_makes_the_plan_incomplete():
    denied = Diagnostic(ReadStatus.DENIED, "access to ecs:ListTasks is denied")
    made = planned(shelf(image("old", "v1")), source_reports=(read(HOME, "ecs", denied),))
    assert made.unread == ("access to ecs:ListTasks is denied",)


@pytest.mark.parametrize(
    "gone",
    [
        RepositoryIndex(Gone("gone")),
        RepositoryIndex((index("index", "v1"), image("child")), indexes=Gone("gone")),
    ],
    ids=["images", "children"],
)
def test_a_repository_that_is_gone_meanwhile_is_left_out(gone):
    made = planned(Shelf({HOME: {"app": gone, "web": RepositoryIndex()}}))
    assert [repository.repository for repository in made.repositories] == ["web"]
    assert made.complete
    assert made.unmanaged == ()


def test_a_listing_of_repositories_that_fails_is_no_empty_account():
    class Unlisted(Shelf):
        def repositories(self, registry: Registry, only: str | None = None) -> Sequence[str]:
            raise DENIED

    with pytest.raises(AccessDenied):
        planned(Unlisted({HOME: {}}))


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (AccessDenied("no ecr:DescribeRegistry", "ecr:DescribeRegistry"), ReadStatus.DENIED),
        (AwsError("ecr:DescribeRegistry timed out"), ReadStatus.FAILED),
    ],
)
def test_b26_replication_that_cannot_be_read_makes_the_plan_incomplete(error, status):
    inventory = Shelf({HOME: {"app": RepositoryIndex((image("old", "v1"),))}}, {HOME: error})
    made = planned(inventory)
    assert made.source_reports == (
        read(),
        SourceReport(HOME, "replication", 0, (Diagnostic(status, str(error)),)),
    )
    assert made.unread == (str(error),)


def test_a_single_repository_is_planned_again_as_it_was():
    inventory = shelf(
        index("index", "v1"), image("child"), image("new", "v2", days=1), index=["child"]
    )
    known = facts(inventory, use("app:v3"))
    assert (
        read_and_plan(inventory, known, APP)
        == make_plan(inventory, known, ALL, lambda _: None).repositories[0]
    )


def test_a_repository_without_a_rule_is_not_planned_again():
    """Nor is it read: the inventory has nothing to read."""
    inventory = Shelf({HOME: {}})
    known = facts(inventory, rules=[], action=Action.ARCHIVE)
    assert read_and_plan(inventory, known, APP) is None


# -- replication ----------------------------------------------------------------------------------


def test_b26_a_use_of_a_replica_protects_the_source_where_deletions_are_repeated():
    rule = replace(RULE, allow_unscanned=True)
    uses = [use("app:v1", where=REPLICA)]
    assert not gone(planned(replicated(REPEATS), *uses, rules=[rule]))
    assert gone(planned(replicated(COPIES), *uses, rules=[rule])) == {digest("old")}


def test_b26_a_use_of_a_replica_protects_by_digest_too_and_only_in_its_repository():
    rule = replace(RULE, allow_unscanned=True)
    inventory = replicated(REPEATS)
    by_digest = use(f"app@{digest('old')}", where=REPLICA)
    assert not gone(planned(inventory, by_digest, rules=[rule]))
    assert gone(planned(inventory, use("web:v1", where=REPLICA), rules=[rule])) == {digest("old")}


def test_b26_nothing_is_deleted_where_deletions_are_replicated_and_the_destination_is_not_scanned():
    found = repository(replicated(REPEATS), keep_all=True)
    (decision,) = found.kept
    assert (decision.reason, decision.detail) == (
        Reason.UNSCANNED,
        "ECR repeats deletions in 123456789012/us-east-1",
    )
    assert not decision.deletable
    assert found.kept_by_reason == {Reason.UNSCANNED: 1}
    assert found.deletable == {}
    assert found.consumers == (
        "ECR copies it to 123456789012/us-east-1 and repeats deletions there",
    )


def test_b26_a_kept_image_has_its_own_reason_where_the_destination_is_not_scanned():
    inventory = replicated(REPEATS, images=[image("old", "v1"), image("new", "v2", days=2)])
    assert repository(inventory).kept_by_reason == {Reason.UNSCANNED: 1, Reason.PUSHED: 1}


def test_a_repository_of_several_registries_is_named_with_its_registry():
    unreadable = {"app": RepositoryIndex(DENIED)}
    both = Shelf({HOME: unreadable, PARTNER: {"app": RepositoryIndex()}})
    made = make_plan(both, facts(both), ALL, lambda _: None)
    assert made.unread == (f"{HOME}/app: access to ecr:DescribeImages is denied",)


def test_a_repository_without_a_rule_is_unmanaged_in_each_registry_that_has_it():
    both = Shelf({PARTNER: {"legacy": RepositoryIndex()}, HOME: {"legacy": RepositoryIndex()}})
    made = planned(both, rules=[])
    assert made.unmanaged == (RepositoryKey(HOME, "legacy"), RepositoryKey(PARTNER, "legacy"))


def test_b26_every_destination_that_is_not_scanned_is_named_once():
    inventory = replicated(REPEATS, Replication(PARTNER, "app", deletes=True), REPEATS, COPIES)
    (decision,) = repository(inventory, keep_all=True).kept
    assert decision.detail == (
        "ECR repeats deletions in 123456789012/us-east-1, 999999999999/eu-west-1"
    )


@pytest.mark.parametrize("source", [SCANNED_FILE, EXTERNAL_COMMAND])
def test_b26_a_list_that_names_the_destination_tells_who_uses_it(source):
    found = repository(replicated(REPEATS), use("other:v1", source, REPLICA))
    assert gone(found) == {digest("old")}
    assert found.consumers == (
        "ECR copies it to 123456789012/us-east-1 and repeats deletions there",
    )


def test_b26_a_list_of_another_place_tells_nothing_of_the_destination():
    for elsewhere in (HOME, PARTNER, Registry(PARTNER.account, REPLICA.region)):
        assert not gone(planned(replicated(REPEATS), use("other:v1", SCANNED_FILE, elsewhere)))


def test_b26_a_use_that_a_scan_at_home_found_tells_nothing_of_the_destination():
    assert not gone(planned(replicated(REPEATS), use("other:v1", "ecs", REPLICA)))


def test_b26_a_scan_of_the_destination_tells_who_uses_it():
    scanned = planned(replicated(REPEATS), source_reports=(read(), read(REPLICA)))
    assert gone(scanned) == {digest("old")}
    note = Diagnostic(ReadStatus.EXCLUDED, "not read: --no-scan")
    skipped = planned(replicated(REPEATS), source_reports=(read(), read(REPLICA, "ecs", note)))
    assert not gone(skipped)


def test_b26_allow_unscanned_lets_deletions_be_repeated_unseen():
    found = repository(replicated(REPEATS), rules=[replace(RULE, allow_unscanned=True)])
    assert gone(found) == {digest("old")}
    assert found.consumers == (
        "ECR copies it to 123456789012/us-east-1 and repeats deletions there",
    )


def test_a_replication_blocks_only_the_repositories_that_it_covers():
    inventory = Shelf(
        {HOME: dict.fromkeys(["prod/app", "dev/app"], RepositoryIndex((image("old", "v1"),)))},
        {HOME: (Replication(REPLICA, "prod/", deletes=True),)},
    )
    prod, dev = planned(inventory).repositories
    assert (len(prod.deletions), len(dev.deletions)) == (0, 1)
    assert dev.consumers == ()


def test_a_replication_of_one_registry_says_nothing_about_another():
    everywhere = {"app": RepositoryIndex((image("old", "v1"),))}
    inventory = Shelf({HOME: everywhere, PARTNER: everywhere}, {HOME: (REPEATS,)})
    home, partner = planned(inventory).repositories
    assert (len(home.deletions), len(partner.deletions)) == (0, 1)


def test_copies_whose_deletions_are_not_repeated_block_nothing():
    found = repository(replicated(COPIES))
    assert gone(found) == {digest("old")}
    assert found.consumers == ("ECR copies it to 123456789012/us-east-1",)


# -- consumers ------------------------------------------------------------------------------------


def test_cross_account_pullers_are_reported_once_where_something_is_deleted():
    inventory = replicated(
        COPIES, COPIES, cross_account_pullers=("account 999999999999", "everyone")
    )
    assert repository(inventory).consumers == (
        "ECR copies it to 123456789012/us-east-1",
        "account 999999999999 may pull",
        "everyone may pull",
    )


def test_cross_account_pullers_are_not_read_where_nothing_is_deleted():
    inventory = shelf(image("new", "v1", days=3), cross_account_pullers=AssertionError("asked"))
    assert repository(inventory).consumers == ()
    inventory = replicated(
        COPIES, images=[image("new", "v1", days=3)], cross_account_pullers=AssertionError("asked")
    )
    assert repository(inventory).consumers == ()


def test_cross_account_pullers_are_not_read_where_nobody_sees_them():
    asked = AssertionError("asked")
    inventory = replicated(COPIES, cross_account_pullers=asked)
    made = make_plan(inventory, facts(inventory), ALL, lambda _: None, shows_consumers=False)
    assert gone(made) == {digest("old")}
    assert made.repositories[0].consumers == ()
    assert repository(replicated(REPEATS, cross_account_pullers=asked)).consumers  # none deleted


def test_a_policy_that_cannot_be_read_is_reported_and_blocks_nothing():
    inventory = shelf(
        image("old", "v1"), cross_account_pullers=AwsError("ecr:GetRepositoryPolicy is denied")
    )
    made = planned(inventory)
    assert made.repositories[0].consumers == (
        "who else may pull is not known: ecr:GetRepositoryPolicy is denied",
    )
    assert made.complete
    assert gone(made) == {digest("old")}


def test_a_repository_that_vanishes_before_its_policy_is_read_has_no_consumers():
    inventory = shelf(image("old", "v1"), cross_account_pullers=Gone("gone"))
    assert repository(inventory).consumers == ()


@pytest.mark.parametrize("status", [ReadStatus.READ, ReadStatus.DENIED])
def test_a_replica_in_a_registry_that_is_scanned_and_not_planned_holds_nothing(status):
    reports = (read(), read(PARTNER, "ecs", Diagnostic(status, "")))
    rule = Replication(PARTNER, "", deletes=True)
    inventory = Shelf({HOME: {"app": RepositoryIndex((image("old", "v1"),))}}, {HOME: (rule,)})
    context = facts(inventory, source_reports=reports)
    is_scanned = status is ReadStatus.READ
    assert context.unscanned(APP) == (() if is_scanned else (PARTNER,))
    (made,) = planned(inventory, source_reports=reports).repositories
    assert len(made.deletions) == is_scanned
    (used,) = planned(inventory, use("app:v1", where=PARTNER), source_reports=reports).repositories
    assert not used.deletions

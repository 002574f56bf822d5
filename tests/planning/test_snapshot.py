"""A recorded moment decides as the account did, holds no secrets, and is refused when damaged."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecrm.config import Guards
from ecrm.errors import AccessDenied, AwsError, Gone, InputError, NotOffered
from ecrm.model.image import Status
from ecrm.model.pattern import ALL, Selection
from ecrm.model.reference import Reference
from ecrm.model.scan import Diagnostic, ReadStatus, Scan, SourceReport
from ecrm.model.use import Use
from ecrm.planning.plan import Plan
from ecrm.planning.planner import RegistryReader, make_plan, planning_context
from ecrm.planning.snapshot import Snapshot, read_snapshot, snapshot_text
from ecrm.registry.access import Replication
from ecrm.registry.tag_mutability import Mutability
from ecrm.workflow import commands as workflow
from ecrm.workflow.configuration import load
from ecrm.workflow.request import Request
from ecrm.workflow.run import start
from tests.model.test_codec import IMAGES, SOURCES, USES
from tests.planning.test_planner import COPIES, DENIED, REPEATS, gone
from tests.strategies import cases, examples
from tests.values import (
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
    read,
    use,
)

USED = Use(
    Reference.parse(f"{HOME.host}/app:v1"),
    "ecs",
    "service prod/web",
    "PRIMARY",
    ("task definition web:12", "container web"),
)
SIGNED = image(
    "sig",
    days=50,
    subject=digest("index"),
    pulled_at=NOW - timedelta(days=40),
    status=Status.ARCHIVED,
    archived_at=NOW - timedelta(days=30),
    activated_at=NOW - timedelta(days=45),
)
ACCOUNT = Shelf(
    {
        HOME: {
            "app": RepositoryIndex(
                (
                    image("used", "v1"),
                    index("index", "v2"),
                    image("child"),
                    SIGNED,
                    image("old", "v0"),
                ),
                {digest("index"): (digest("child"), digest("ghost"))},
                ("account 999999999999", "everyone"),
            ),
            "web": RepositoryIndex((image("new", "v1", days=3),)),
        },
        REPLICA: {"app": RepositoryIndex((image("copy", "v1"),))},
    },
    {HOME: (replace(COPIES, prefix="app"), Replication(PARTNER, "tools", deletes=True))},
)
SCAN = Scan(NOW, (USED, use("web:v7")), (read(), read(None, "file a.json"), read(REPLICA)))


def recorded(inventory: RegistryReader, scan: Scan = SCAN) -> str:
    return snapshot_text(scan, inventory, "0.1.0", lambda _: None)


def reread(inventory: RegistryReader, scan: Scan = SCAN) -> Snapshot:
    return read_snapshot(recorded(inventory, scan), "snapshot.json")


def plan_of(inventory: RegistryReader, scan: Scan, **more: Any) -> Plan:
    known = planning_context(scan, inventory, facts(ACCOUNT, **more).config, NOW, keep_all=True)
    return make_plan(inventory, known, ALL, lambda _: None)


# -- there and back -------------------------------------------------------------------------------


def test_a_snapshot_gives_what_the_account_gave():
    snapshot = reread(ACCOUNT)
    assert snapshot.scan == SCAN
    assert snapshot.registries == ACCOUNT.registries
    for registry in ACCOUNT.registries:
        assert list(snapshot.repositories(registry)) == sorted(ACCOUNT.contents[registry])
        assert snapshot.replications(registry) == ACCOUNT.replications(registry)
        for name, repository in ACCOUNT.contents[registry].items():
            images = ACCOUNT.images(registry, name)
            assert set(snapshot.images(registry, name)) == set(images)
            assert snapshot.children(registry, name, images) == repository.indexes
            pullers = ACCOUNT.cross_account_pullers(registry, name)
            assert snapshot.cross_account_pullers(registry, name) == pullers


def test_one_repository_of_a_snapshot_can_be_asked_for():
    snapshot = reread(ACCOUNT)
    assert snapshot.repositories(HOME, "web") == ["web"]
    assert snapshot.repositories(REPLICA, "web") == []


def test_planning_from_a_snapshot_is_planning_from_the_account():
    plan = plan_of(reread(ACCOUNT), SCAN)
    assert plan == plan_of(ACCOUNT, SCAN)
    assert gone(plan) >= {digest("old"), digest("child")}
    assert plan.repositories[0].consumers
    assert plan.repositories[0].broken_indexes == 1


@settings(max_examples=examples(80))
@given(cases())
def test_planning_from_a_snapshot_decides_the_same_whatever_is_held(case):
    inventory = Shelf(
        {HOME: {"app": RepositoryIndex(case.images, case.manifests)}}, {HOME: (REPEATS,)}
    )
    scan = Scan(NOW, tuple(named.use() for named in case.named), (read(),))
    rule = replace(case.rule, name=RULE.name, allow_unscanned=True)
    more: dict[str, Any] = {"rules": [rule], "guards": Guards(min_age=case.min_age)}
    snapshot = reread(inventory, scan)
    assert plan_of(snapshot, snapshot.scan, **more) == plan_of(inventory, scan, **more)


@settings(max_examples=examples(60))
@given(
    st.lists(IMAGES, max_size=4, unique_by=lambda image: image.digest),
    st.lists(USES, max_size=3),
    st.lists(SOURCES, max_size=3),
)
def test_no_fact_about_an_image_a_use_or_a_source_is_lost(images, uses, source_reports):
    scan = Scan(NOW, tuple(uses), tuple(source_reports))
    snapshot = reread(Shelf({HOME: {"app": RepositoryIndex(tuple(images))}}), scan)
    assert snapshot.scan == scan
    assert set(snapshot.images(HOME, "app")) == set(images)


def test_the_order_in_which_images_are_listed_does_not_change_the_file():
    repository = ACCOUNT.contents[HOME]["app"]
    assert isinstance(repository.images, tuple)
    turned = replace(repository, images=repository.images[::-1])
    homes = {"app": turned, "web": ACCOUNT.contents[HOME]["web"]}
    assert recorded(replace(ACCOUNT, contents={**ACCOUNT.contents, HOME: homes})) == recorded(
        ACCOUNT
    )


# -- what is recorded, and what is not ------------------------------------------------------------


def keys_in(value: Any) -> Iterator[str]:
    """Every key of every object, at any depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys_in(inner)
    if isinstance(value, list):
        for inner in value:
            yield from keys_in(inner)


RECORD_KEYS = ["images", "children", "pullers", "mutability"]
IMAGE_KEYS = {
    *("digest", "tags", "pushed_at", "size", "media_type", "artifact_type", "subject"),
    *("pulled_at", "status", "archived_at", "activated_at"),
}


def test_a_snapshot_has_the_facts_that_decide_and_no_secrets():
    body = json.loads(recorded(ACCOUNT))
    assert list(body) == ["ecrm_snapshot", "version", "scan", "replication_rules", "records"]
    scan = body["scan"]
    assert list(scan) == ["at", "uses", "source_reports"]
    assert set(keys_in(scan["uses"])) == {"reference", "source", "user", "why", "path"}
    assert set(keys_in(scan["source_reports"])) == {"registry", "source", "references"}
    rules = [rule for rules in body["replication_rules"].values() for rule in rules]
    assert set(keys_in(rules)) == {"destination", "prefix", "deletes"}
    records = [record for held in body["records"].values() for record in held.values()]
    assert [list(record) for record in records] == [RECORD_KEYS] * 3
    images = [image for record in records for image in record["images"]]
    assert set(keys_in(images)) == IMAGE_KEYS


def test_a_snapshot_in_full():
    inventory = Shelf(
        {
            HOME: {
                "app": RepositoryIndex(
                    (index("index", "v1"),), {digest("index"): ()}, ("everyone",)
                )
            }
        },
        {HOME: (COPIES,)},
    )
    note = Diagnostic(ReadStatus.EXCLUDED, "cluster sandbox: excluded by clusters")
    scan = Scan(NOW, (USED,), (SourceReport(HOME, "ecs", 1, (note,)),))
    assert json.loads(recorded(inventory, scan)) == {
        "ecrm_snapshot": 1,
        "version": "0.1.0",
        "scan": {
            "at": "2026-06-01T12:00:00+00:00",
            "uses": [
                {
                    "reference": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:v1",
                    "source": "ecs",
                    "user": "service prod/web",
                    "why": "PRIMARY",
                    "path": ["task definition web:12", "container web"],
                }
            ],
            "source_reports": [
                {
                    "registry": "123456789012/eu-west-1",
                    "source": "ecs",
                    "references": 1,
                    "notes": [
                        {"status": "excluded", "text": "cluster sandbox: excluded by clusters"}
                    ],
                }
            ],
        },
        "replication_rules": {
            "123456789012/eu-west-1": [
                {"destination": "123456789012/us-east-1", "prefix": "", "deletes": False}
            ]
        },
        "records": {
            "123456789012/eu-west-1": {
                "app": {
                    "images": [
                        {
                            "digest": digest("index"),
                            "tags": ["v1"],
                            "pushed_at": "2026-03-03T12:00:00+00:00",
                            "size": 10,
                            "media_type": "application/vnd.oci.image.index.v1+json",
                        }
                    ],
                    "children": {digest("index"): []},
                    "pullers": ["everyone"],
                    "mutability": {"mutable": True},
                }
            }
        },
    }


def test_progress_is_shown_repository_by_repository():
    progress: list[str] = []
    snapshot_text(SCAN, ACCOUNT, "0.1.0", progress.append)
    assert sorted(progress) == [f"ECR {number}/3 repositories" for number in (1, 2, 3)]


# -- lifecycle policies, and which tags can move --------------------------------------------------

POLICY = '{"rules": []}'
SOME = Mutability(mutable=False, excluded=("dev-*", "latest"))


def with_policy(policy: str | Exception | None, **more: Any) -> Shelf:
    return Shelf({HOME: {"app": RepositoryIndex((image("a", "v1"),), policy=policy, **more)}})


def text_with_policies(inventory: RegistryReader) -> str:
    return snapshot_text(SCAN, inventory, "0.1.0", lambda _: None, policies=True)


@pytest.mark.parametrize("policy", [POLICY, None])
def test_the_lifecycle_policy_of_a_repository_is_recorded_where_asked(policy):
    snapshot = read_snapshot(text_with_policies(with_policy(policy)), "snapshot.json")
    assert snapshot.lifecycle_policy(HOME, "app") == policy


def test_no_lifecycle_policy_is_read_where_nobody_asked():
    snapshot = reread(with_policy(AssertionError("must not be asked")))
    with pytest.raises(AwsError, match="app: the snapshot has no lifecycle policy: record it with"):
        snapshot.lifecycle_policy(HOME, "app")


@pytest.mark.parametrize("refused", [DENIED, NotOffered("not here")])
def test_b11_a_lifecycle_policy_that_may_not_be_read_is_recorded_as_unknown(refused):
    snapshot = read_snapshot(text_with_policies(with_policy(refused)), "snapshot.json")
    with pytest.raises(AwsError, match=f"no lifecycle policy: {refused}"):
        snapshot.lifecycle_policy(HOME, "app")


def test_b11_a_lifecycle_policy_that_could_not_be_read_fails_the_snapshot():
    with pytest.raises(AwsError, match="timed out"):
        text_with_policies(with_policy(AwsError("timed out")))


def test_a_repository_that_is_gone_when_its_tags_are_asked_about_is_left_out():
    gone_one = with_policy(None, mutability=Gone("gone"))
    assert reread(gone_one).repositories(HOME) == []


def test_which_tags_can_move_is_recorded():
    assert reread(with_policy(None, mutability=SOME)).mutability(HOME, "app") == SOME


def test_a_setting_of_tags_that_is_not_known_is_recorded_as_unknown():
    snapshot = reread(with_policy(None, mutability=AwsError("a new setting")))
    with pytest.raises(AwsError, match="app: the snapshot does not say which tags can move"):
        snapshot.mutability(HOME, "app")


def test_a_snapshot_of_an_older_ecrm_is_read_and_tells_what_it_lacks():
    body = json.loads(recorded(ACCOUNT))
    for records in body["records"].values():
        for record in records.values():
            del record["mutability"]
    snapshot = read_snapshot(json.dumps(body), "snapshot.json")
    assert plan_of(snapshot, snapshot.scan) == plan_of(ACCOUNT, SCAN)
    for ask in (snapshot.mutability, snapshot.lifecycle_policy):
        with pytest.raises(AwsError):
            ask(HOME, "app")


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("lifecycle_policy", 5, "5 is not an object"),
        ("lifecycle_policy", {"text": 5}, "5 is not a text"),
        ("lifecycle_policy", {"unread": None}, "None is not a text"),
        ("mutability", 5, "5 is not an object"),
        ("mutability", {"mutable": 1}, "1 is neither true nor false"),
    ],
)
def test_a_snapshot_with_a_damaged_policy_is_refused(key, value, why):
    body = json.loads(recorded(ACCOUNT))
    body["records"][str(HOME)]["app"][key] = value
    message = refusal(json.dumps(body))
    assert f"records[{HOME}][app].{key}" in message
    assert why in message


# -- what cannot be recorded ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "gone_one",
    [
        RepositoryIndex(Gone("gone")),
        RepositoryIndex((index("i"),), indexes=Gone("gone")),
        RepositoryIndex((image("a"),), cross_account_pullers=Gone("gone")),
    ],
    ids=["images", "children", "pullers"],
)
def test_a_repository_that_is_gone_meanwhile_is_left_out(gone_one):
    snapshot = reread(Shelf({HOME: {"app": gone_one, "web": RepositoryIndex()}}))
    assert snapshot.repositories(HOME) == ["web"]


@pytest.mark.parametrize(
    "account",
    [
        Shelf({HOME: {"app": RepositoryIndex(DENIED)}}),
        Shelf({HOME: {"app": RepositoryIndex((index("i"),), indexes=DENIED)}}),
        Shelf({HOME: {"app": RepositoryIndex()}}, {HOME: DENIED}),
    ],
    ids=["images", "children", "replication"],
)
def test_b11_what_cannot_be_read_is_not_recorded_as_nothing(account):
    with pytest.raises(AccessDenied):
        recorded(account)


def test_a_policy_that_may_not_be_read_is_recorded_as_such_as_a_plan_goes_on_too():
    denied = Shelf({HOME: {"app": RepositoryIndex((image("a"),), cross_account_pullers=DENIED)}})
    pullers = reread(denied).cross_account_pullers(HOME, "app")
    assert pullers == denied.cross_account_pullers(HOME, "app")
    assert pullers.unread == (str(DENIED),)


def test_no_manifest_is_read_where_there_is_no_index():
    repository = RepositoryIndex((image("a", "v1"),), indexes=AwsError("must not be asked"))
    assert reread(Shelf({HOME: {"app": repository}})).children(HOME, "app", []) == {}


def test_the_manifest_of_an_index_that_was_not_recorded_has_no_children():
    assert reread(ACCOUNT).children(HOME, "app", [index("unknown")]) == {}


# -- planning from a file -------------------------------------------------------------------------

CONFIG = """\
repositories:
  - {name_pattern: "*", expires: 30d}
external_commands:
  - command: ["/not/there"]
"""


@pytest.fixture
def request_from(tmp_path: Path) -> Request:
    (tmp_path / "ecrm.yaml").write_text(CONFIG)
    (tmp_path / "snapshot.json").write_text(recorded(ACCOUNT))
    return Request(
        config=str(tmp_path / "ecrm.yaml"), snapshot=str(tmp_path / "snapshot.json"), list_kept=True
    )


def plan_from(request: Request) -> Plan:
    with start(request, lambda _: None) as run:
        return workflow.plan(run)


def test_a_plan_from_a_file_is_that_of_the_account_at_that_moment(request_from):
    """But for external commands, which are not run again: their answers are in the file."""
    config = load(request_from.config)
    known = planning_context(SCAN, ACCOUNT, config, NOW, keep_all=True)
    assert plan_from(request_from) == make_plan(ACCOUNT, known, ALL, lambda _: None)


def test_a_plan_from_a_file_is_complete_only_if_the_scan_was(request_from, tmp_path):
    note = Diagnostic(ReadStatus.FAILED, "ecs:ListTasks timed out")
    scan = replace(SCAN, source_reports=(read(HOME, "ecs", note),))
    (tmp_path / "snapshot.json").write_text(recorded(ACCOUNT, scan))
    assert plan_from(request_from).unread == (f"{HOME}: ecs:ListTasks timed out",)


def test_one_repository_can_be_planned_from_a_file(request_from):
    plan = plan_from(replace(request_from, only=Selection.of(["web"])))
    assert [repository.repository for repository in plan.repositories] == ["web"]


@pytest.mark.parametrize("moved_to", [timedelta(days=30), NOW + timedelta(days=30)])
def test_the_clock_of_a_plan_from_a_file_can_be_moved(request_from, moved_to):
    now, later = plan_from(request_from), plan_from(replace(request_from, now=moved_to))
    assert later.created_at == NOW + timedelta(days=30)
    assert now.repositories[1].deletions == ()
    assert gone(later) == gone(now) | {digest("new")}


def test_more_uses_can_be_added_to_those_in_the_file(request_from, tmp_path):
    listed = tmp_path / "uses.json"
    listed.write_text(json.dumps([f"{HOME.host}/app@{digest('old')}"]))
    plan = plan_from(replace(request_from, scanned_files=(str(listed),)))
    assert gone(plan) == gone(plan_from(request_from)) - {digest("old")}
    assert plan.source_reports[:3] == SCAN.source_reports
    assert plan.source_reports[3].source == f"file {listed}"


# -- what is no snapshot --------------------------------------------------------------------------


def refusal(text: str) -> str:
    with pytest.raises(InputError) as refused:
        read_snapshot(text, "snapshot.json")
    return str(refused.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "5", '"snapshot"', "{}"])
def test_a_file_that_is_no_snapshot_is_refused(text):
    assert refusal(text).startswith("snapshot.json: is not a snapshot that `ecrm snapshot` wrote (")


def test_a_snapshot_of_another_format_is_refused():
    body = json.loads(recorded(ACCOUNT)) | {"ecrm_snapshot": 2}
    assert refusal(json.dumps(body)) == "snapshot.json: is a snapshot of format 2"


@pytest.mark.parametrize(
    ("place", "value", "why"),
    [
        (("scan", "at"), "2026-06-01T12:00:00", "scan.at: '2026-06-01T12:00:00' has no time zone"),
        (("replication_rules",), {}, "replication_rules and records are of different registries"),
        (("records",), None, "records: None is not an object"),
        (("scan", "uses", 0, "reference"), "a:b:c", "scan.uses[0].reference: 'a:b:c' is not an"),
        (("more",), 1, "more: is not known here"),
        (("ecrm_snapshot",), ..., "it has no format"),
    ],
    ids=str,
)
def test_the_refusal_says_what_is_wrong(place, value, why):
    message = refusal(damaged(place, value))
    assert message.startswith("snapshot.json: is not a snapshot that `ecrm snapshot` wrote (")
    assert why in message


Place = tuple[str | int, ...]


def places(value: Any, above: Place = ()) -> Iterator[Place]:
    inner = value.items() if isinstance(value, dict) else ()
    for key, child in enumerate(value) if isinstance(value, list) else inner:
        yield (*above, key)
        yield from places(child, (*above, key))


def damaged(place: Place, value: Any) -> str:
    """The snapshot with another value there, or with none where that is `...`."""
    body = inner = json.loads(recorded(ACCOUNT))
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    if value is ...:
        del inner[place[-1]]
    return json.dumps(body)


DAMAGES: tuple[Any, ...] = (..., None, 5, "x", [], {}, [5])


def test_whatever_is_damaged_a_snapshot_is_refused_or_can_be_planned_from():
    read_all = 0
    for place in places(json.loads(recorded(ACCOUNT))):
        for value in DAMAGES:
            try:
                snapshot = read_snapshot(damaged(place, value), "snapshot.json")
            except InputError as error:
                assert str(error).startswith("snapshot.json: ")  # noqa: PT017 - or none at all
                continue
            plan_of(snapshot, snapshot.scan)
            read_all += 1
    assert read_all


RECORD = ("records", str(HOME), "app")


@pytest.mark.parametrize(
    "place",
    [
        ("scan", "at"),
        ("scan", "source_reports"),
        ("scan", "uses"),
        ("replication_rules",),
        ("records",),
        ("scan", "uses", 0, "reference"),
        ("scan", "source_reports", 0, "source"),
        (*RECORD, "images"),
        (*RECORD, "children"),
        (*RECORD, "pullers"),
        (*RECORD, "images", 0, "digest"),
        (*RECORD, "images", 0, "tags"),
        (*RECORD, "images", 0, "pushed_at"),
        (*RECORD, "mutability", "mutable"),
    ],
    ids=str,
)
@pytest.mark.parametrize("value", [..., None, 5], ids=["missing", "null", "5"])
def test_a_snapshot_that_lacks_what_decides_is_refused(place, value):
    assert "is not a snapshot" in refusal(damaged(place, value))

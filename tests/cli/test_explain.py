"""Why an image is kept or deleted: every reason, its chain, every way to name the image."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ecrm.model.decision import Reason
from tests.cli.conftest import RULES, Shop
from tests.cli.driving import HOST, Ecrm
from tests.fake_aws import (
    FOREVER,
    HELM_CHART,
    Address,
    FakeAws,
    Fault,
    Image,
    Repository,
    days_ago,
    hours_ago,
)

RULE = """
    repositories:
      - name_pattern: "*"
        expires: 30d
        keep_count: 1
        keep_pulled_within: 20d
        delete_archived_after: 90d
"""
OLD = days_ago(60)
ELSEWHERE = "ECR repeats deletions in 123456789012/eu-west-1"


def in_use(aws: FakeAws, api: Repository) -> Image:
    image = api.push("v1", pushed=OLD)
    aws.ecs.cluster("prod").service("web", aws.ecs.task_definition("web", image))
    return image


def archived(aws: FakeAws, api: Repository, days: int = 10) -> Image:
    image = api.push("v1", pushed=OLD)
    api.archive(image)
    image.archived = days_ago(days).timestamp()
    return image


def child_of_kept(aws: FakeAws, api: Repository) -> Image:
    return api.image(api.push_index("latest", pushed=OLD).children[0])


def goes_with_its_index(aws: FakeAws, api: Repository) -> Image:
    api.push_index("newest", pushed=OLD)
    return api.image(api.push_index("v1", pushed=days_ago(70)).children[0])


def goes_with_its_subject(aws: FakeAws, api: Repository) -> Image:
    return api.push_artifact(subject=api.push(pushed=OLD), pushed=OLD)


def unscanned(aws: FakeAws, api: Repository) -> Image:
    aws.ecr.replicate(Address("123456789012", "eu-west-1"), deletes=True)
    return api.push(pushed=OLD)


def expired(aws: FakeAws, api: Repository) -> Image:
    api.push("newest", pushed=OLD)
    return api.push("v1", pushed=days_ago(70))


# reason -> (how an image comes to it, what the explanation says of it)
REASONS: dict[Reason, tuple[Callable[[FakeAws, Repository], Image], str]] = {
    Reason.IN_USE: (in_use, "is kept: in use"),
    Reason.KEEP_TAG: (
        lambda _, api: api.push("latest", pushed=OLD),
        "is kept: with a tag of keep_tag_patterns (latest matches latest)",
    ),
    Reason.PUSHED: (
        lambda _, api: api.push("v1", pushed=days_ago(10)),
        "is kept: pushed within expires (10 days of 30 days)",
    ),
    Reason.PULLED: (
        lambda _, api: api.push("v1", pushed=OLD, pulled=hours_ago(36)),
        "is kept: pulled within keep_pulled_within (36 hours of 20 days)",
    ),
    Reason.MIN_AGE: (
        lambda _, api: api.push_artifact(subject=api.push(pushed=OLD), pushed=hours_ago(3)),
        "is kept: younger than guards.min_age (3 hours of 24 hours)",
    ),
    Reason.KEEP_COUNT: (
        lambda _, api: api.push("v1", pushed=OLD),
        "is kept: within keep_count (1 of 1)",
    ),
    Reason.CHILD: (child_of_kept, "is kept: part of an index that is kept"),
    Reason.REFERRER: (
        lambda _, api: api.push_artifact(subject=api.push("latest", pushed=OLD), pushed=OLD),
        "is kept: referring to an image that is kept",
    ),
    Reason.ARTIFACT: (
        lambda _, api: api.push("1.0.0", config_type=HELM_CHART, pushed=OLD),
        f"is kept: not a container image ({HELM_CHART})",
    ),
    Reason.ARCHIVED: (archived, "is kept: archived"),
    Reason.UNSCANNED: (
        unscanned,
        f"is kept: in a repository whose deletions ECR replicates ({ELSEWHERE})",
    ),
    Reason.EXPIRED: (expired, "can be deleted: expired"),
    Reason.UNTAGGED: (lambda _, api: api.push(pushed=OLD), "can be deleted: untagged"),
    Reason.INDEX_DELETABLE: (
        goes_with_its_index,
        "can be deleted: part of an index that is deleted",
    ),
    Reason.SUBJECT_DELETABLE: (
        goes_with_its_subject,
        "can be deleted: referring to an image that is deleted",
    ),
    Reason.SUBJECT_MISSING: (
        lambda _, api: api.push_artifact(subject=f"sha256:{'0' * 64}", pushed=OLD),
        "can be deleted: referring to an image that is gone",
    ),
    Reason.ARCHIVED_LONG: (
        lambda aws, api: archived(aws, api, 100),
        "can be deleted: archived for longer than delete_archived_after",
    ),
}


def test_every_reason_is_tried_here():
    assert set(REASONS) == set(Reason)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_explained(ecrm: Ecrm, aws: FakeAws, reason: Reason):
    ecrm.config(RULE)
    aws.world.reading_counts_as_pull = False
    api = aws.ecr.repository("api")
    make, verdict = REASONS[reason]
    image = make(aws, api)
    ran = ecrm("explain", f"api@{image.digest}")
    assert (ran.code, ran.err) == (0, "")
    head, said, blank, *rest = ran.out.splitlines()
    assert (head, said, blank) == (f"{HOST}/api@{image.digest}", f"  {verdict}", "")
    assert rest[0] == f"  tags    {', '.join(image.tags) or 'none'}"
    assert rest[2].startswith(
        "  rule    *: expires 30 days, keep_count 1, keep_tag_patterns latest"
    )
    assert rest[-1].startswith(
        "  It can be deleted once " if verdict.startswith("is kept") else "  It would be kept if "
    )

    assert not aws.calls.writes


def test_the_whole_explanation_of_an_image_in_use(ecrm: Ecrm, shop: Shop):
    ran = ecrm("explain", "shop/api:v2")
    pushed = days_ago(90)
    assert (
        ran.out
        == f"""\
{HOST}/shop/api@{shop.used.digest}
  is kept: in use

  tags    v2
  image   Image, 10 MB, pushed {pushed:%Y-%m-%d}
  rule    *: expires 30 days, keep_count 0, keep_tag_patterns latest

  service prod/web (running task) → container app
  service prod/web (service revision 0000000000000000001) → container app
  family web (one of its newest 5 revisions) → task definition web:1 → container app
  service prod/web (deployment PRIMARY) → task definition web:1 → container app
  service prod/web (running task) → task definition web:1 → container app
  service prod/web (service revision 0000000000000000001) → task definition web:1 → container app
  service prod/web (service) → task definition web:1 → container app
    → image {shop.used.digest} (v2): in use

  It can be deleted once none of the above uses it, if no other reason keeps it.
"""
    )


def test_a_chain_leads_from_the_use_by_the_index_to_the_signature_of_a_platform_image(
    ecrm: Ecrm, aws: FakeAws
):
    api = aws.ecr.repository("api")
    index = api.push_index("v1", pushed=OLD)
    child = api.image(index.children[0])
    signature = api.push_artifact(subject=child, pushed=OLD)
    aws.ecs.cluster("prod").service("web", aws.ecs.task_definition("web", index))
    ran = ecrm("explain", signature.digest)
    assert (
        f"    → image index {index.digest} (v1): in use\n"
        f"    → image {child.digest}: part of an index that is kept\n"
        f"    → artifact {signature.digest}: referring to an image that is kept\n"
    ) in ran.out
    assert "service prod/web (running task)" in ran.out
    (explanation,) = ecrm("explain", signature.digest, "--format", "json").json["explanations"]
    assert [image["digest"] for image in explanation["chain"]] == [
        *(index.digest, child.digest, signature.digest)
    ]
    assert {use["user"] for use in explanation["uses"]} == {"service prod/web", "family web"}


@pytest.mark.parametrize(
    ("reason", "action", "related"),
    [
        (Reason.KEEP_TAG, "keep", 0),
        (Reason.CHILD, "keep", 1),
        (Reason.SUBJECT_DELETABLE, "delete", 1),
        (Reason.ARCHIVED_LONG, "delete", 0),
    ],
)
def test_programs_get_the_same_as_json(
    ecrm: Ecrm, aws: FakeAws, reason: Reason, action: str, related: int
):
    ecrm.config(RULE)
    image = REASONS[reason][0](aws, aws.ecr.repository("api"))
    (explanation,) = ecrm("explain", image.digest, "--format", "json").json["explanations"]
    assert explanation["image"] == f"{HOST}/api@{image.digest}"
    assert (explanation["reason"], explanation["action"], explanation["uses"]) == (
        reason.value,
        action,
        [],
    )
    assert explanation["rule"].startswith("*: expires 30 days, keep_count 1, ")
    assert explanation["would_differ"].startswith("It ")
    assert [image["digest"] for image in explanation["chain"]][related:] == [image.digest]


@pytest.mark.parametrize(
    "name",
    [
        "{host}/shop/api:v1",
        "{host}/shop/api@{digest}",
        "shop/api:v1",
        "shop/api@{prefix}",
        "{digest}",
        "{prefix}",
        "sha256:{prefix}",
    ],
)
def test_an_image_is_named_as_people_have_it_at_hand(ecrm: Ecrm, shop: Shop, name: str):
    digest = shop.old.digest
    text = name.format(host=HOST, digest=digest, prefix=digest.removeprefix("sha256:")[:12])
    ran = ecrm("explain", text)
    assert ran.code == 0
    assert ran.out.startswith(f"{HOST}/shop/api@{digest}\n  can be deleted: expired\n")


def test_all_images_that_a_name_means_are_explained(ecrm: Ecrm, shop: Shop):
    shop.aws.ecr.repository("other").push("v1", pushed=OLD)
    same = shop.aws.ecr.repository("same").put_manifest(shop.old.manifest, "v7", pushed=OLD)
    assert same.digest == shop.old.digest
    explained = ecrm("explain", same.digest, "--format", "json").json["explanations"]
    assert [explanation["image"] for explanation in explained] == [
        f"{HOST}/{name}@{same.digest}" for name in ("same", "shop/api")
    ]
    assert ecrm("explain", same.digest).out.count("can be deleted: expired") == 2


def test_where_something_could_not_be_read_nothing_is_said_to_be_deletable(ecrm: Ecrm, shop: Shop):
    shop.aws.fault("lambda", "ListFunctions", Fault.denied(), times=FOREVER)
    ran = ecrm("explain", "shop/api:v1")
    assert ran.code == 1
    assert "  could be deleted by what is known: expired\n" in ran.out
    assert "can be deleted:" not in ran.out


def test_an_image_in_use_that_ecr_does_not_hold(ecrm: Ecrm, shop: Shop):
    lost = shop.repository.push("lost", pushed=OLD)
    shop.aws.ecs.cluster("prod").service("lost", shop.aws.ecs.task_definition("lost", lost))
    shop.repository.remove(lost)
    for name in ("shop/api:lost", f"{HOST}/shop/api:lost", lost.digest):
        ran = ecrm("explain", name)
        assert ran.code == 0
        assert ran.out.startswith(f"{name}: is in use but missing from ECR\n\n  ")
        assert "service prod/lost" in ran.out
        assert ran.out.endswith(
            "\n\n  The next pull of it will fail. Push it again, or deploy another image.\n"
        )
        (explanation,) = ecrm("explain", name, "--format", "json").json["explanations"]
        assert (explanation["image"], explanation["action"]) == (name, "missing")
        assert explanation["uses"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("shop/api:nope", "does not exist: shop/api has no image with the tag nope"),
        ("shop/none:v1", "is neither in a repository that a rule matches nor in use"),
        ("00000", "00000 is too short for a digest; give at least 6 digits"),
        ("0000000000", "is neither in a repository that a rule matches nor in use"),
        ("NOT AN IMAGE", "'NOT AN IMAGE' names no image; give a URI, repo:tag or a digest"),
        ("shop/api@sha256:00", "'sha256:00' is not a digest; give at least 6 digits"),
        ("unmanaged:v1", "no rule matches unmanaged, so ecrm never deletes anything there"),
    ],
)
def test_an_image_that_nobody_knows_is_an_error(ecrm: Ecrm, shop: Shop, name: str, message: str):
    ecrm.config(RULES.replace('"*"', '"shop/*"'))
    shop.aws.ecr.repository("unmanaged").push("v1")
    ran = ecrm("explain", name)
    assert (ran.code, ran.out) == (1, "")
    (line,) = ran.errors
    assert line.endswith(message)


def test_explanations_can_be_written_to_a_file_and_take_scanned_files_and_other_times(
    ecrm: Ecrm, shop: Shop
):
    Path("scan.json").write_text(json.dumps([f"{HOST}/shop/api:v1"]))
    (explanation,) = ecrm(
        *("explain", "shop/api:v1", "--format", "json", "--scanned-files", "scan.json")
    ).json["explanations"]
    assert (explanation["reason"], explanation["uses"][0]["user"]) == ("in_use", "scan.json")
    later = ecrm("explain", "shop/api:v4", "--format", "json", "--now", "+30d")
    (explanation,) = later.json["explanations"]
    assert explanation["reason"] == "expired"
    assert ecrm("explain", "shop/api:v1", "-o", "why.txt").out == ""
    assert Path("why.txt").read_text().startswith(f"{HOST}/shop/api@{shop.old.digest}\n")


def test_a_snapshot_explains_as_the_account_does(
    ecrm: Ecrm, shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    ecrm("snapshot", "-o", "snapshot.json")
    live = {tag: ecrm("explain", f"shop/api:{tag}") for tag in ("v1", "v2", "latest", "v4")}
    for name in shop.aws.env():
        monkeypatch.delenv(name)
    for tag, expected in live.items():
        assert ecrm("explain", f"shop/api:{tag}", "--from", "snapshot.json") == expected

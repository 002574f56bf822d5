"""The rules `missing_image` and `pending_deletion`: ECR has, and keeps, what references name."""

import pytest

from ecrm.check import check
from ecrm.errors import AwsError
from ecrm.model.image import Status
from ecrm.model.reference import Registry
from ecrm.model.use import SourceLocation, Use
from ecrm.sources.files import ANY_REGISTRY
from tests.check.inputs import config, in_file, inputs_of, repositories, unread, violations, whats
from tests.values import HOME, RepositoryIndex, Shelf, digest, image, use

PARTNER = Registry("210987654321", "eu-west-1")


# -- missing_image --------------------------------------------------------------------------------


def test_what_is_in_use_and_not_there_is_missing():
    inventory = repositories(app=[image("a", "v1")])
    (violation,) = violations("missing_image", inputs_of(inventory, use("app:v2")))
    assert violation.what == "app:v2 is needed, and is not in ECR"
    assert str(violation.where) == f"{HOME}/app:v2"
    assert violation.why == "service prod/web (PRIMARY)"
    assert violation.next_step.startswith("push it again, put it back with `ecrm restore`")
    assert violation.location is None


def test_the_service_that_runs_it_is_named_before_its_task_definition_family():
    revision = Use(use("app:v2").reference, "ecs", "family web", "one of its newest 5 revisions")
    (violation,) = violations(
        "missing_image", inputs_of(repositories(app=[]), revision, use("app:v2"))
    )
    assert violation.why == "service prod/web (PRIMARY), and 1 more"


@pytest.mark.parametrize("named", ["app:v1", f"app@{digest('a')}", f"app:v1@{digest('a')}"])
def test_what_is_there_is_not_missing(named: str):
    assert not whats("missing_image", inputs_of(repositories(app=[image("a", "v1")]), use(named)))


def test_a_digest_that_is_there_is_enough_although_its_tag_was_moved():
    inventory = repositories(app=[image("a"), image("b", "v1")])
    assert not whats("missing_image", inputs_of(inventory, use(f"app:v1@{digest('a')}")))


def test_a_digest_that_is_gone_is_missing_although_its_tag_is_there():
    inventory = repositories(app=[image("b", "v1")])
    found = whats("missing_image", inputs_of(inventory, use(f"app:v1@{digest('a')}")))
    assert found == [f"app:v1@{digest('a')[:19]} is needed, and is not in ECR"]


def test_a_tag_and_the_digest_that_it_was_resolved_to_are_missed_once():
    inventory = repositories(app=[])
    assert (
        len(
            whats(
                "missing_image",
                inputs_of(inventory, use("app:v1"), use(f"app:v1@{digest('a')}")),
            )
        )
        == 1
    )


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (Status.ARCHIVED, ["app:v1 is needed, and is archived, so that nobody can pull it"]),
        (Status.ACTIVATING, []),
        (Status.ACTIVE, []),
    ],
)
def test_an_archived_image_cannot_be_pulled(status: Status, expected: list[str]):
    inventory = repositories(app=[image("a", "v1", status=status)])
    assert whats("missing_image", inputs_of(inventory, use("app:v1"))) == expected


def test_a_repository_that_does_not_exist_is_reported_with_a_suggestion():
    found = whats("missing_image", inputs_of(repositories(app=[]), file_uses=(in_file("ap:v1"),)))
    assert found == [f"ap:v1 is needed, and {HOME} has no repository ap; did you mean app?"]


def test_what_a_file_names_is_reported_with_file_line_and_a_likely_tag():
    inventory = repositories(app=[image("a", "v1.20")])
    (violation,) = violations(
        "missing_image", inputs_of(inventory, file_uses=(in_file("app:v1.2"),))
    )
    assert violation.what == "app:v1.2 is needed, and is not in ECR; did you mean v1.20?"
    assert violation.location == SourceLocation("k8s/web.yaml", 12)
    assert violation.why == "file k8s/web.yaml (line 12)"
    assert violation.next_step == "push it before anything needs it, or correct the reference"


def test_every_location_is_reported():
    lines = (in_file("app:v1", line=3), in_file("app:v1", line=9))
    found = violations("missing_image", inputs_of(repositories(app=[]), file_uses=lines))
    assert [violation.location.line for violation in found if violation.location] == [3, 9]
    assert len({violation.fingerprint for violation in found}) == 1


def test_an_image_of_a_repository_without_a_rule_is_looked_for_as_well():
    inventory = repositories(app=[], other=[image("a", "v1")])
    assert whats("missing_image", inputs_of(inventory, use("other:v1"), use("other:v2"))) == [
        "other:v2 is needed, and is not in ECR"
    ]


def test_a_repository_that_cannot_be_read_tells_nothing_and_is_no_clean_result():
    inventory = Shelf({HOME: {"app": RepositoryIndex(AwsError("ecr:DescribeImages: denied"), {})}})
    found = check(inputs_of(inventory, use("app:v1")))
    assert not [violation for violation in found.violations if violation.rule == "missing_image"]
    assert [gap.text for gap in found.unread] == ["app: ecr:DescribeImages: denied"]


@pytest.mark.parametrize("host", ["registry.example.com", PARTNER.host])
def test_another_registry_is_not_read_and_its_file_is_reported_as_unchecked(host: str):
    named = in_file(f"{host}/app:v1")
    found = check(inputs_of(repositories(app=[]), file_uses=(named,)))
    assert not [violation for violation in found.violations if violation.rule == "missing_image"]
    assert found.unchecked == (
        f"k8s/web.yaml:12: {host}/app:v1 is in no registry or repository that this run reads",
    )


def test_where_a_template_leaves_the_registry_open_the_repository_decides():
    inventory = repositories(app=[image("a", "v1")])
    named = tuple(
        in_file(f"{ANY_REGISTRY}/{name}") for name in ("app:v1", "app:v2", "elsewhere:v1")
    )
    found = check(inputs_of(inventory, file_uses=named))
    assert [
        violation.what for violation in found.violations if violation.rule == "missing_image"
    ] == ["app:v2 is needed, and is not in ECR"]
    assert found.unchecked == (
        "k8s/web.yaml:12: elsewhere:v1 is in no registry or repository that this run reads",
    )


def test_with_one_repository_the_others_say_nothing():
    inventory = repositories(app=[], other=[])
    found = inputs_of(inventory, use("app:v1"), use("other:v1"), use("gone:v1"), only="app")
    assert whats("missing_image", found) == ["app:v1 is needed, and is not in ECR"]


# -- pending_deletion -----------------------------------------------------------------------------


def test_what_a_file_names_and_the_rules_would_delete_is_pending_deletion():
    inventory = repositories(app=[image("a", "v1")])
    (violation,) = violations(
        "pending_deletion", inputs_of(inventory, file_uses=(in_file("app:v1"),))
    )
    assert violation.what == "app:v1 is named in a file, and the next cleanup would delete it"
    assert violation.why == (
        "file k8s/web.yaml (line 12); the rule app allows it: expired, pushed 2026-03-03"
    )
    assert violation.location == SourceLocation("k8s/web.yaml", 12)


def test_a_kept_image_is_not_pending_deletion():
    inventory = repositories(app=[image("a", "v1", days=29)])
    assert not whats("pending_deletion", inputs_of(inventory, file_uses=(in_file("app:v1"),)))


def test_what_the_plan_knows_to_be_named_is_not_pending_deletion():
    """As `files` of ecrm.yaml makes it known."""
    inventory = repositories(app=[image("a", "v1")])
    named = in_file("app:v1")
    assert not whats("pending_deletion", inputs_of(inventory, named, file_uses=(named,)))


def test_nothing_is_pending_deletion_where_no_rule_matches():
    inventory = repositories(other=[image("a", "v1")])
    assert not whats("pending_deletion", inputs_of(inventory, file_uses=(in_file("other:v1"),)))


def test_a_rule_that_is_off_says_nothing():
    inventory = repositories(app=[image("a", "v1")])
    named = (in_file("app:v1"), in_file("app:v2"))
    off = config("missing_image: {level: off}, pending_deletion: {level: off}")
    found = inputs_of(inventory, settings=off, file_uses=named)
    assert not violations("missing_image", found)
    assert not violations("pending_deletion", found)
    assert not unread("missing_image", found)

"""At the last moment, an image's manifest decides whether it may go."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from ecrm.execution.sparing import why_spared
from ecrm.model.image import Image
from ecrm.model.outcome import OutcomeStatus
from tests.execution.test_apply import Ecr, run
from tests.values import deletable, digest, numbered, plan_of, repository_plan

OLD, REFERRER = deletable(numbered(1, "v1")), deletable(numbered(2))
KEPT = digest(9)


def refers_to(subject: object) -> str:
    return json.dumps({"subject": {"digest": subject}})


def spared(manifest: str) -> str:
    planned = repository_plan("app", [OLD], [REFERRER])
    found = why_spared(
        [REFERRER], planned, {REFERRER.image.digest: manifest}, (), lambda asked: asked & {KEPT}
    )
    return found.get(REFERRER.image.digest, "")


def test_a_subject_that_the_plan_keeps_keeps_its_referrer():
    assert spared(refers_to(KEPT)) == f"its manifest refers to {KEPT}, which is kept"


@pytest.mark.parametrize(
    "manifest", ["{}", refers_to(OLD.image.digest), refers_to(digest(8)), '{"subject": null}']
)
def test_a_subject_that_is_deleted_too_or_gone_keeps_nothing(manifest):
    assert spared(manifest) == ""


@pytest.mark.parametrize(
    "manifest",
    ["", "[]", '{"subject": "x"}', '{"subject": {"digest": 5}}', refers_to("sha256:ABC")],
)
def test_a_manifest_that_cannot_be_understood_keeps_its_image(manifest):
    assert spared(manifest).startswith("its manifest cannot be understood: ")


def test_ecr_is_asked_only_about_subjects_that_the_plan_does_not_know():
    def never(asked: set[str]) -> set[str]:
        raise AssertionError(asked)

    planned = repository_plan("app", [OLD], [REFERRER])
    known = {REFERRER.image.digest: refers_to(OLD.image.digest)}
    assert why_spared([OLD, REFERRER], planned, known, (), never) == {}


def test_what_belongs_to_an_image_that_ecr_refused_to_delete_is_kept():
    planned = repository_plan(
        "app", [OLD], [REFERRER], held_by={REFERRER.image.digest: (OLD.image.digest,)}
    )
    ecr = Ecr(codes={OLD.image.digest: "KmsError"})
    outcomes = run(plan_of(planned), ecr)
    assert [outcome.status for outcome in outcomes] == [
        OutcomeStatus.FAILED,
        OutcomeStatus.SKIPPED,
    ]
    assert outcomes[1].detail == f"belongs to {OLD.image.digest}, which is kept"
    assert ecr.calls("delete") == [(OLD.image.digest,)]


class Described(Ecr):
    """Its manifests name subjects that DescribeImages left out."""

    def manifests(self, repository: str, wanted: Sequence[Image]) -> Any:
        texts = {
            OLD.image.digest: refers_to(KEPT),
            REFERRER.image.digest: refers_to(OLD.image.digest),
        }
        return {image.digest: texts[image.digest] for image in wanted}, {}


def test_what_refers_to_a_skipped_image_of_the_same_batch_is_skipped_as_well():
    """Nothing but their manifests says so, so they are in one stage."""
    ecr = Described(present=frozenset({KEPT}))
    outcomes = run(plan_of(repository_plan("app", [OLD, REFERRER])), ecr)
    assert {outcome.status for outcome in outcomes} == {OutcomeStatus.SKIPPED}
    assert ecr.calls("delete") == []

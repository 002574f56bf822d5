"""Deleting and restoring against an ECR that refuses as ECR does."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from ecrm.aws import Target
from ecrm.execution.journal.reading import load_journal
from ecrm.execution.journal.sinks import FileSink
from ecrm.execution.journal.writing import Journal
from ecrm.execution.restore import Restored, Result, chosen, restored
from ecrm.model.decision import Decision, Reason
from ecrm.model.outcome import Outcome, OutcomeStatus
from ecrm.model.reference import Registry
from ecrm.model.rule import Action
from ecrm.registry import images as registry
from ecrm.registry import manifests
from ecrm.registry.restorer import Restorer
from tests.fake_aws import DOCKER_LIST, FOREVER, FakeAws, Fault, Image, Repository, cosign_tag

HERE = Registry("123456789012", "us-east-1")


class Account:
    """An account with one repository, and what ecrm does there."""

    def __init__(self, aws: FakeAws, journal: Path) -> None:
        self.aws = aws
        self.shop: Repository = aws.ecr.repository("shop/api")
        session = boto3.Session(
            aws_access_key_id="AKIA123456789012",
            aws_secret_access_key="secret",
            region_name=HERE.region,
        )
        self.target = Target(HERE, session)
        self.journal = journal

    def delete(self, *images: Image, killed: bool = False) -> None:
        """As a run does it: intents to the journal, a call for each, outcomes to the journal."""
        digests = [image.digest for image in images]
        facts = {image.digest: image for image in registry.images(self.target, "shop/api")}
        decisions = [
            Decision(facts[digest], Reason.EXPIRED, action=Action.DELETE) for digest in digests
        ]
        found = manifests.manifests(self.target, "shop/api", digests)
        ecr = boto3.client("ecr", **self.aws.client_args())
        with Journal(FileSink(self.journal), lambda: datetime.now(UTC)) as journal:
            journal.begin(version="1", targets=[HERE], config="c")
            journal.intend(HERE, "shop/api", decisions, found, {})
            for digest in digests:
                ids = [{"imageDigest": digest}]
                answer = ecr.batch_delete_image(repositoryName="shop/api", imageIds=ids)
                assert not answer["failures"]
            if not killed:
                journal.record(
                    Outcome(HERE, "shop/api", decision, OutcomeStatus.DELETED)
                    for decision in decisions
                )
                journal.end(complete=True)

    def restore(self, *names: str) -> list[Restored]:
        entries = chosen(load_journal(str(self.journal), pytest.fail), names)
        return list(restored(entries, lambda _: Restorer(self.target)))

    def tags(self) -> dict[str, str]:
        return {tag: image.digest for image in self.shop for tag in image.tags}


@pytest.fixture
def account(monkeypatch: Any, tmp_path: Path) -> Iterator[Account]:
    with FakeAws() as aws:
        for name, value in aws.env().items():
            monkeypatch.setenv(name, value)
        yield Account(aws, tmp_path / "journal.jsonl")


def results(outcomes: list[Restored]) -> set[Result]:
    return {outcome.result for outcome in outcomes}


def test_a_whole_family_comes_back_as_it_was(account):
    shop = account.shop
    platforms = [shop.push("v1-amd64"), shop.push()]
    nested = shop.push_index(children=platforms, media_type=DOCKER_LIST)
    outer = shop.push_index("v1", "stable", children=[nested, shop.push()])
    signature = shop.push_artifact(subject=outer)
    on_signature = shop.push_artifact(subject=signature)
    cosign = shop.push(cosign_tag(outer))
    kept = shop.push("v2")
    before = {
        image.digest: (set(image.tags), image.manifest, image.media_type, image.size)
        for image in shop
    }
    inner = [image for image in shop if image not in (outer, nested, kept)]
    account.delete(outer, nested, *inner)
    assert list(shop) == [kept]

    outcomes = account.restore()
    assert results(outcomes) == {Result.RESTORED}
    after = {
        image.digest: (set(image.tags), image.manifest, image.media_type, image.size)
        for image in shop
    }
    assert after == before
    order = [outcome.digest for outcome in outcomes]
    for first, then in (
        (platforms[1], nested),
        (nested, outer),
        (outer, signature),
        (signature, on_signature),
        (outer, cosign),
    ):
        assert order.index(first.digest) < order.index(then.digest)
    assert results(account.restore()) == {Result.THERE}


def test_a_run_that_was_killed_before_the_answer_is_made_good(account):
    image = account.shop.push("v1")
    account.delete(image, killed=True)
    assert results(account.restore()) == {Result.RESTORED}
    assert account.tags() == {"v1": image.digest}


def test_a_tag_that_moved_on_is_never_taken_back(account):
    old = account.shop.push("latest", "v1")
    account.delete(old)
    new = account.shop.push("latest")
    (outcome,) = account.restore()
    assert outcome.result is Result.RESTORED
    assert outcome.detail == f"the tag latest stays with {new.digest}, which has it now"
    assert account.tags() == {"latest": new.digest, "v1": old.digest}


def test_not_even_a_tag_that_is_pushed_while_we_restore(account):
    old = account.shop.push("latest")
    account.delete(old)
    pushed = []
    account.aws.before(
        "ecr",
        "BatchCheckLayerAvailability",
        lambda: pushed.append(account.shop.push("latest")),
    )
    (outcome,) = account.restore()
    assert outcome.detail == f"the tag latest stays with {pushed[0].digest}, which has it now"
    assert account.tags() == {"latest": pushed[0].digest}
    assert old in account.shop


def test_layers_that_vanished_are_counted_and_hold_up_the_index(account):
    shop = account.shop
    lost, whole = shop.push(content="lost"), shop.push(content="whole")
    index = shop.push_index("v1", children=[lost, whole])
    account.delete(index, lost, whole)
    shop.collect_layers()  # nothing of the repository is left
    shop.push(content="whole")  # ... until the same image is pushed again
    outcomes = {outcome.digest: outcome for outcome in account.restore()}
    assert outcomes[lost.digest].detail == "2 of 3 layers are gone"
    assert outcomes[whole.digest].result is Result.THERE
    assert outcomes[index.digest].detail == (
        f"its image {lost.digest} cannot be put back: 2 of 3 layers are gone"
    )


def test_layers_that_another_image_shares_bring_an_image_back(account):
    image, twin = account.shop.push("v1"), account.shop.push("twin")
    account.shop.put_manifest(image.manifest + " ", "keeps-the-layers")
    account.delete(image)
    account.shop.collect_layers()
    assert results(account.restore()) == {Result.RESTORED}
    assert account.tags().keys() == {"v1", "twin", "keeps-the-layers"}
    assert twin in account.shop


def test_what_is_named_comes_back_with_what_it_needs(account):
    index, other = account.shop.push_index("v1"), account.shop.push("v2")
    children = [account.shop.image(child) for child in index.children]
    account.delete(index, other, *children)
    outcomes = account.restore("shop/api:v1")
    assert {outcome.digest for outcome in outcomes} == {index.digest, *index.children}
    assert account.tags() == {"v1": index.digest}


def test_an_archived_image_is_restoring_until_ecr_is_done(account):
    image = account.shop.push("v1")
    facts = registry.images(account.target, "shop/api")
    decisions = [Decision(image, Reason.EXPIRED, action=Action.ARCHIVE) for image in facts]
    with Journal(FileSink(account.journal), lambda: datetime.now(UTC)) as journal:
        journal.begin(version="1", targets=[HERE], config="c")
        journal.intend(HERE, "shop/api", decisions, {}, {})
        account.shop.archive(image)
        journal.record(
            Outcome(HERE, "shop/api", decision, OutcomeStatus.ARCHIVED) for decision in decisions
        )
    for _ in range(2):
        assert results(account.restore()) == {Result.RESTORING}
    assert len(account.aws.calls.of("ecr", "UpdateImageStorageClass")) == 1
    account.shop.finish_restore(image)
    assert results(account.restore()) == {Result.THERE}


def test_an_answer_that_got_lost_is_no_failure(account):
    image = account.shop.push("v1")
    account.delete(image)
    account.aws.fault("ecr", "PutImage", Fault.drop_after())
    assert results(account.restore()) == {Result.RESTORED}
    assert account.tags() == {"v1": image.digest}


def test_expired_credentials_end_the_run_after_two_images(account):
    images = [account.shop.push() for _ in range(4)]
    account.delete(*images)
    account.aws.fault("ecr", "PutImage", Fault.expired(), times=FOREVER)
    outcomes = account.restore()
    assert results(outcomes) == {Result.FAILED}
    assert len(account.aws.calls.of("ecr", "PutImage")) == 2
    assert outcomes[-1].detail.startswith("not tried after an earlier error: ecr:PutImage")


def test_a_repository_that_is_gone_is_reported(account):
    account.delete(account.shop.push("v1"))
    del account.aws.ecr.repositories["shop/api"]
    (outcome,) = account.restore()
    assert outcome.result is Result.FAILED
    assert "RepositoryNotFoundException" in outcome.detail

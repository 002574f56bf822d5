"""An account with something of everything that a run reads, and what of it may go.

What stays and what goes is known from how the account is made, without any code of ecrm's. Every
image in use has one thing alone that tells of it, so that whatever a run fails to read would cost
an image. All are long expired unless said otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.fake_aws import (
    DOCKER_LIST,
    HELM_CHART,
    SOCI_INDEX,
    Address,
    FakeAws,
    Image,
    Repository,
    cosign_tag,
    days_ago,
)

Key = tuple[str, str]
"""Repository and digest."""

CONFIG = """\
repositories:
  - name_pattern: "cold/*"
    expires: 30d
    action: archive
  - name_pattern: "mirror/*"
    expires: 30d
  - name_pattern: "shop/*"
    expires: 30d
task_definitions:
  - name: many
    keep_count: 5
"""
VERSIONS = 60
KEPT_VERSIONS = 5
POINTED_TO = {"alias": 1, "alias weight": 2, "provisioned concurrency": 3}
HISTORY = 6


@dataclass
class Account:
    """`used` are the images in use, by what tells of them; `doomed` is what a run takes away, and
    `gone_by_archiving` the part of it that is only archived; `listed` is for a scanned file."""

    aws: FakeAws
    used: dict[str, Image] = field(default_factory=dict)
    doomed: set[Key] = field(default_factory=set)
    archivable: set[Key] = field(default_factory=set)
    listed: list[str] = field(default_factory=list)
    forget: dict[str, Callable[[], object]] = field(default_factory=dict)

    def repository(self, name: str) -> Repository:
        return self.aws.ecr.repository(name)

    def doom(self, *images: Image) -> None:
        self.doomed.update(map(key, images))

    def present(self) -> set[Key]:
        """What is there and can be pulled."""
        repositories = self.aws.ecr.repositories.values()
        return {key(it) for found in repositories for it in found if it.status == "ACTIVE"}


def key(image: Image) -> Key:
    return image.repository.name, image.digest


def old(repository: Repository, *tags: str, **facts: Any) -> Image:
    return repository.push(*tags, pushed=days_ago(200), **facts)


def in_use(account: Account) -> set[Key]:
    """What must survive: the images in use, the indexes that they are part of, and what belongs
    to either. To be asked before anything is deleted."""
    todo = list(account.used.values())
    for image in account.used.values():
        todo += _found(image, image.repository.parents_of(image))
    return with_all_that_belongs(todo)


def with_all_that_belongs(images: Iterable[Image]) -> set[Key]:
    """These, what they are indexes of, and what refers to any of that."""
    todo = list(images)
    reached: dict[Key, Image] = {}
    while todo:
        image = todo.pop()
        if key(image) not in reached:
            reached[key(image)] = image
            todo += [*_found(image, image.children), *_referrers(image)]
    return set(reached)


def _found(image: Image, digests: Iterable[str]) -> list[Image]:
    found = (image.repository.find(digest=digest) for digest in digests)
    return [it for it in found if it]


def _referrers(image: Image) -> list[Image]:
    named = {cosign_tag(image, suffix) for suffix in ("", ".sig", ".att", ".sbom")}
    assert isinstance(image.repository, Repository)
    return [it for it in image.repository if it.subject == image.digest or named & set(it.tags)]


def build(aws: FakeAws) -> Account:
    account = Account(aws)
    _families(account)
    _tasks(account)
    _services(account)
    _definitions(account)
    _functions(account)
    _others(account)
    _settings(account)
    return account


def _families(account: Account) -> None:
    """Indexes of every kind, one of them in use, and what refers to them."""
    api = account.repository("shop/api")
    shared = old(api)
    web = api.push_index("web", children=[shared, old(api)], attested=True, pushed=days_ago(200))
    api.push_artifact(subject=web, pushed=days_ago(200))
    api.push_artifact(subject=shared, artifact_type=SOCI_INDEX, pushed=days_ago(200))
    old(api, cosign_tag(web))
    account.used["service"] = web
    prod = account.aws.ecs.cluster("prod")
    prod.service("web", account.aws.ecs.task_definition("web", web), desired=2)

    alone = old(api)
    listed = api.push_index(
        "v0", children=[alone, shared], media_type=DOCKER_LIST, pushed=days_ago(210)
    )
    signature = api.push_artifact(subject=listed, pushed=days_ago(210))
    of_signature = old(api, cosign_tag(signature))
    soci = api.push_artifact(subject=alone, artifact_type=SOCI_INDEX, pushed=days_ago(210))
    account.doom(alone, listed, signature, of_signature, soci)

    leaves = [old(api), old(api)]
    inner = api.push_index(children=leaves, pushed=days_ago(220))
    outer = api.push_index("nested", children=[inner, old(api)], pushed=days_ago(220))
    account.doom(*leaves, inner, outer, *_found(outer, outer.children))


def _tasks(account: Account) -> None:
    runs, ecs = account.repository("shop/runs"), account.aws.ecs
    batch = ecs.cluster("batch")

    running = old(runs, "task")
    definition = ecs.task_definition("task", running)
    [task] = batch.run(definition)
    account.used["running task"] = running
    account.used["tag in a definition"] = old(runs, "task")  # moves the tag
    account.forget["running task"] = task.forget

    stopped = old(runs, "stopped")
    definition = ecs.task_definition("stopped", stopped)
    [task] = batch.run(definition)
    task.stop()
    ecs.deregister(definition)
    account.used["stopped task"] = stopped
    account.forget["stopped task"] = task.forget

    platforms = [old(runs), old(runs)]
    index = runs.push_index("multi", children=platforms, pushed=days_ago(200))
    definition = ecs.task_definition("multi", index)
    [task] = batch.run(definition, digests={"app": platforms[1].digest})
    account.used["platform image of a task"] = platforms[1]
    account.used["tag of a platform image"] = old(runs, "multi")
    account.forget["platform image of a task"] = task.forget

    crowd = old(runs, "crowd")
    batch.run(ecs.task_definition("crowd", crowd), count=120)
    account.used["many tasks"] = crowd
    ecs.cluster("empty")


def _services(account: Account) -> None:
    """None of them runs a task; all of them may again."""
    runs, ecs = account.repository("shop/runs"), account.aws.ecs
    prod = ecs.cluster("prod")

    before, after = old(runs, "before"), old(runs, "after")
    coming_from = ecs.task_definition("slow", before)
    slow = prod.service("slow", coming_from, desired=0, revisions=False)
    slow.deploy(ecs.task_definition("slow", after), finished=False)
    ecs.deregister(coming_from)
    account.used |= {"deployment": before, "service definition": after}
    account.forget["deployment"] = slow.finish

    blue = old(runs, "blue")
    definition = ecs.task_definition("blue", blue)
    external = prod.service("blue", definition, desired=0, controller="EXTERNAL")
    ecs.deregister(definition)
    account.used["task set"] = blue
    account.forget["task set"] = lambda: external.end_task_set(external.task_sets[0])

    pinned = old(runs, "pinned")
    definition = ecs.task_definition("pinned", pinned)
    service = prod.service("pinned", definition, desired=0)
    account.used["service revision"] = pinned
    account.used["tag of a service"] = old(runs, "pinned")
    account.forget["service revision"] = service.delete

    sleeping = ecs.task_definition("sleeping", old(runs, "sleeping"))
    account.used["sleeping services"] = runs.image("sleeping")
    for number in range(22):
        prod.service(f"sleeping-{number}", sleeping, desired=0)


def _definitions(account: Account) -> None:
    """A family with one revision more than its history reaches back."""
    runs, ecs = account.repository("shop/runs"), account.aws.ecs
    revisions = []
    for number in range(HISTORY):
        image = old(runs, f"many-{number}")
        revisions.append(ecs.task_definition("many", image))
        account.used[f"family revision {number}"] = image
    account.doom(account.used.pop("family revision 0"))
    account.forget["family revision 1"] = lambda: ecs.deregister(revisions[1])


def _functions(account: Account) -> None:
    runs, code, functions = (
        account.repository("shop/runs"),
        account.repository("shop/functions"),
        account.aws.lambda_,
    )
    latest = old(runs, "latest-function")
    functions.function("latest", latest)
    account.used["$LATEST"] = latest
    account.used["tag of a function"] = old(runs, "latest-function")
    account.forget["$LATEST"] = lambda: functions.functions.pop("latest")

    code.fill(VERSIONS, prefix=None, newest=days_ago(200))
    images = list(code)
    many = functions.function("many", images[0])
    for image in images:
        functions.update(many, image)
        many.publish()
    for number, image in enumerate(images, 1):
        if number > VERSIONS - KEPT_VERSIONS:
            account.used[f"version {number}"] = image
        elif number not in POINTED_TO.values():
            account.doom(image)
    account.used |= {why: images[number - 1] for why, number in POINTED_TO.items()}
    for alias in ("beta", "live", "old"):
        many.alias(alias, "1", weights={"2": 0.1})
    many.provision("3")
    many.provision("live")
    many.provision("old")
    account.forget["alias"] = many.aliases.clear
    account.forget["alias weight"] = lambda: [many.alias(it, "1") for it in many.aliases]
    account.forget["provisioned concurrency"] = lambda: many.provisioned.pop("3")
    functions.function("zipped")


def _others(account: Account) -> None:
    """Two batches of images that go, and those that stay without being in use."""
    batch = account.repository("shop/batch")
    batch.fill(160, newest=days_ago(60))
    account.doom(*batch)
    old(batch, "latest")
    batch.push("fresh", pushed=days_ago(5))
    batch.push_artifact("chart", artifact_type=HELM_CHART, pushed=days_ago(300))

    elsewhere = old(batch, "elsewhere")
    account.listed.append(elsewhere.by_digest)
    account.used["scanned file"] = elsewhere
    account.forget["scanned file"] = account.listed.clear

    cold = account.repository("cold/archive")
    account.doom(*(old(cold, f"v{number}") for number in range(3)))
    account.archivable = {key(image) for image in cold}
    old(account.repository("other/unmanaged"), "v1")


def _settings(account: Account) -> None:
    """ECR repeats deletions from `mirror/` where nobody has looked, so nothing goes there."""
    statement = {"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "ecr:*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    account.repository("shop/batch").policy = policy
    account.aws.ecr.policy = policy
    old(account.repository("mirror/app"), "v1")
    account.aws.ecr.replicate(Address("123456789012", "eu-west-1"), prefix="mirror/", deletes=True)

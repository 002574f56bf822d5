"""Makes the account: each part says what is in use, deletable, or kept otherwise."""

from __future__ import annotations

import json

from tests.fake_aws import (
    DOCKER_LIST,
    HELM_CHART,
    SOCI_INDEX,
    Address,
    FakeAws,
    cosign_tag,
    days_ago,
)

from .account import Account, found, key, old

VERSIONS = 12
KEPT_VERSIONS = 2
POINTED_TO = {"alias": 1, "alias weight": 2, "provisioned concurrency": 3}
REVISIONS = 3


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
    account.match(alone, listed, signature, of_signature, soci)

    leaves = [old(api), old(api)]
    inner = api.push_index(children=leaves, pushed=days_ago(220))
    outer = api.push_index("nested", children=[inner, old(api)], pushed=days_ago(220))
    account.match(*leaves, inner, outer, *found(outer, outer.children))


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
    for number in range(REVISIONS):
        image = old(runs, f"many-{number}")
        revisions.append(ecs.task_definition("many", image))
        account.used[f"family revision {number}"] = image
    account.match(account.used.pop("family revision 0"))
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
            account.match(image)
    account.used |= {why: images[number - 1] for why, number in POINTED_TO.items()}
    for alias in ("beta", "live", "old"):
        many.alias(alias, "1", weights={"2": 0.1})
    many.provision("3")
    many.provision("live")
    many.provision("old")
    account.forget["alias"] = many.aliases.clear
    account.forget["alias weight"] = lambda: [many.alias(name, "1") for name in many.aliases]
    account.forget["provisioned concurrency"] = lambda: many.provisioned.pop("3")
    functions.function("zipped")


def _others(account: Account) -> None:
    """Two batches of deletable images, and those that are kept without being in use."""
    batch = account.repository("shop/batch")
    batch.fill(160, newest=days_ago(60))
    account.match(*batch)
    old(batch, "latest")
    batch.push("fresh", pushed=days_ago(5))
    batch.push_artifact("chart", artifact_type=HELM_CHART, pushed=days_ago(300))

    elsewhere = old(batch, "elsewhere")
    account.listed.append(elsewhere.by_digest)
    account.used["scanned file"] = elsewhere
    account.forget["scanned file"] = account.listed.clear

    cold = account.repository("cold/archive")
    account.match(*(old(cold, f"v{number}") for number in range(3)))
    account.archivable = {key(image) for image in cold}
    old(account.repository("other/unmanaged"), "v1")


def _settings(account: Account) -> None:
    """ECR replicates deletions of `mirror/` to a registry that is not scanned: it is kept."""
    statement = {"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "ecr:*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    account.repository("shop/batch").policy = policy
    account.aws.ecr.policy = policy
    old(account.repository("mirror/app"), "v1")
    account.aws.ecr.replicate(Address("123456789012", "eu-west-1"), prefix="mirror/", deletes=True)

"""A small shop: one account with something of everything that ecrm decides about."""

from __future__ import annotations

from dataclasses import dataclass

from .account import Account
from .ecr.repository import Repository, cosign_tag
from .functions.functions import ImageName
from .times import days_ago


def build_sample(account: Account) -> None:
    """Three repositories, a service, a task that outlived its tag, two functions, a chart."""
    api = _shop_api(account)
    prod = account.ecs.cluster("prod")
    prod.service("web", account.ecs.task_definition("web", api.image("v3")), desired=2)
    # The task keeps running what v4 meant before v4 was pushed again.
    prod.run(account.ecs.task_definition("report", api.image("v4")))
    api.push("v4", pushed=days_ago(2))

    worker = account.ecr.repository("shop/worker")
    for age in (120, 90, 60):
        worker.push_index(f"day-{age}", attested=True, pushed=days_ago(age))
    resize = account.lambda_.function("resize", worker.push("resize-1", pushed=days_ago(80)))
    resize.alias("live", resize.publish())
    account.lambda_.function("cleanup")

    charts = account.ecr.repository("shop/charts")
    charts.push_artifact(
        "1.0.0", artifact_type="application/vnd.cncf.helm.config.v1+json", pushed=days_ago(300)
    )


def _shop_api(account: Account) -> Repository:
    api = account.ecr.repository("shop/api")
    for number in range(1, 5):
        image = api.push(f"v{number}", pushed=days_ago(100 - 10 * number))
        api.push(cosign_tag(image), pushed=days_ago(100 - 10 * number), size=2_000)
    api.push("latest", pushed=days_ago(200))
    return api


def build_benchmark(account: Account, repositories: int, images: int) -> None:
    """Many repositories, each with as many images, nothing of it in use."""
    for number in range(repositories):
        account.ecr.repository(f"bench/service-{number:04d}").fill(images)


@dataclass(frozen=True)
class Size:
    """How much of everything an account has; `images` is per repository, and so on downwards.

    `window` is how many versions of a function are kept whoever points to them. The others of
    `left_over` functions include one whose image just expired, and those of `pointed_to` functions
    one whose image expired long ago and is there because an alias needs it. With `old_aliases` the
    alias of every function is on a version in the middle, else on the newest.
    """

    repositories: int = 100
    images: int = 300
    families: int = 200
    revisions: int = 5
    functions: int = 100
    versions: int = 5
    clusters: int = 5
    services: int = 40
    tasks: int = 100
    window: int = 2
    left_over: int = 20
    pointed_to: int = 0
    old_aliases: int = 0


LARGE = Size(300, 500, 2000, 50, 1000, 30, 20, 50, 4, 5, 50, 100, 1)
TINY = Size(3, 90, 20, 5, 4, 5, 2, 3, 7, 2, 1)
TINY_LARGE = Size(3, 90, 6, 7, 8, 7, 2, 3, 2, 2, 2, 3, 1)
_INDEXES = 10  # per repository, each with two platform images
_YOUNGEST_EXPIRED = 30  # the number of the first build that a rule of 30 days lets go


def build_account(account: Account, size: Size) -> None:
    """Everything that a run reads, in those numbers. Each service, task and function uses an image
    that expired long ago, so that all of it decides."""
    names = [f"team/service-{number:04d}" for number in range(size.repositories)]
    for name in names:
        repository = account.ecr.repository(name)
        indexes = _INDEXES if size.families else 0
        repository.fill(size.images - 3 * indexes)
        for number in range(indexes):
            repository.push_index(f"multi-{number}", pushed=days_ago(40 + number))
    definitions = []
    for number in range(size.families):
        uri = account.ecr.repository(names[number % len(names)]).uri
        for revision in range(size.revisions):
            name = f"{uri}:build-{size.images // 4 + revision}"
            definition = account.ecs.task_definition(f"family-{number:04d}", name)
        definitions.append(definition)
    for place in range(size.clusters * size.services):
        cluster = account.ecs.cluster(f"cluster-{place // size.services}")
        definition = definitions[place % len(definitions)]
        cluster.service(f"service-{place:04d}", definition, desired=size.tasks)
    for number in range(size.functions):
        repository = account.ecr.repository(names[number % len(names)])
        images = _images_of_versions(repository, size, number)
        function = account.lambda_.function(f"function-{number:04d}", images[-1])
        function.publish()
        for image in reversed(images[:-1]):
            account.lambda_.update(function, image)
            function.publish()
        function.alias("live", str(size.versions - _aliased(size)))


def _aliased(size: Size) -> int:
    """Counted from the newest version, which is 0."""
    return size.versions // 2 if size.old_aliases else 0


def _images_of_versions(repository: Repository, size: Size, number: int) -> list[ImageName]:
    """Newest first, as pipelines and earlier cleanups leave them.

    A function that is deployed often has young images alone, but for the oldest of those that are
    `left_over`. The old images of one that is deployed rarely are gone; its alias is on one that is
    needed, or on a version with the image of the newest one, which differs in configuration.
    """
    if number >= size.pointed_to and (number < size.pointed_to + size.left_over or number % 2):
        builds = [min(place, _YOUNGEST_EXPIRED - 1) for place in range(size.versions)]
        if number < size.pointed_to + size.left_over:
            builds[-1] = size.images // 3 + 10
        return [repository.image(f"build-{build}") for build in builds]
    expired = [
        repository.image(f"build-{size.images // 3 - place}") for place in range(size.window)
    ]
    gone = [f"{repository.uri}:gone-{place}" for place in range(size.window, size.versions)]
    images: list[ImageName] = [*expired, *gone]
    if number < size.pointed_to:
        images[_aliased(size)] = repository.image(f"build-{size.images // 3 + 20}")
    elif size.old_aliases:
        images[_aliased(size)] = images[0]
    return images

"""A small shop: one account with something of everything that ecrm decides about."""

from __future__ import annotations

from .account import Account
from .ecr.repository import Repository, cosign_tag
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

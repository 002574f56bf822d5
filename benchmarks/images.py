"""CPU time per 1,000 images: from the bytes of an answer to decisions, without a network."""

import gc
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime

import boto3
import botocore.session
from botocore.awsrequest import AWSResponse

from ecrm.aws import Target
from ecrm.aws.parsing import plain_json_session
from ecrm.cli.main import COLLECTOR
from ecrm.model.reference import Registry, RepositoryKey
from ecrm.model.scan import Scan
from ecrm.planning.planner import planning_context, read_and_plan
from ecrm.registry.inventory import Inventory
from ecrm.workflow.configuration import parse
from tests.fake_aws import FakeAws

_REGISTRY = Registry("123456789012", "us-east-1")
_ROUNDS = 30


class _Raw:
    """What urllib3 gives botocore, of an answer that is there already."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: object) -> list[bytes]:
        return [self._body]


def _answers() -> dict[str, bytes]:
    """What the fake AWS answers about a repository of 1,000 images, nearly all of them expired."""
    with FakeAws() as aws:
        aws.ecr.repository("app").fill(1000)
        ecr = boto3.client("ecr", **aws.client_args())
        bodies: dict[str, bytes] = {}

        def record(http_response: AWSResponse, model: object, **_: object) -> None:
            bodies[model.name] = http_response.content  # type: ignore[attr-defined]

        ecr.meta.events.register("after-call.ecr", record)
        ecr.describe_images(repositoryName="app", maxResults=1000)
        ecr.describe_registry()
        ecr.get_paginator("describe_repositories").paginate().build_full_result()
    policy = b'{"policyText": "{}"}'
    return bodies | {"GetRegistryPolicy": policy, "GetRepositoryPolicy": policy}


def _session(made: botocore.session.Session, bodies: dict[str, bytes]) -> boto3.Session:
    def answer(event_name: str, **_: object) -> AWSResponse:
        return AWSResponse("", 200, {}, _Raw(bodies[event_name.rpartition(".")[2]]))

    session = boto3.Session("key", "secret", region_name="us-east-1", botocore_session=made)
    session.events.register("before-send.ecr", answer)
    return session


def _milliseconds(work: Callable[[], object]) -> float:
    work()
    times = []
    for _ in range(_ROUNDS):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return 1000 * min(times)


def per_thousand() -> tuple[float, float]:
    """Milliseconds to read and decide with ecrm, and to do no more than read with botocore."""
    gc.set_threshold(*COLLECTOR)
    bodies = _answers()
    images = len(json.loads(bodies["DescribeImages"])["imageDetails"])
    assert images == 1000
    target = Target(_REGISTRY, _session(plain_json_session(), bodies))
    inventory = Inventory((target,))
    now = datetime.now(UTC)
    config = parse("repositories: [{name_pattern: '*', expires: 30d, keep_count: 10}]", "x")
    facts = planning_context(Scan(now, (), ()), inventory, config, now)
    planned = read_and_plan(inventory, facts, RepositoryKey(_REGISTRY, "app"))
    assert planned
    assert len(planned.deletions) > 900
    plain = _session(botocore.session.Session(), bodies).client("ecr")
    return (
        _milliseconds(lambda: read_and_plan(inventory, facts, RepositoryKey(_REGISTRY, "app"))),
        _milliseconds(lambda: plain.describe_images(repositoryName="app")),
    )


if __name__ == "__main__":
    ours, botocores = per_thousand()
    print(f"{ours:.1f} ms; plain botocore takes {botocores:.1f} ms to read alone")

"""Every operation of every other service, on the wire: what it answers is read, and whatever goes
wrong with it is a failure that names it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from ecrm.aws import Operation, Target
from ecrm.aws.shapes import Optional
from ecrm.config import Config, SourceChoice
from ecrm.model.reference import Registry
from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.model.use import Use
from ecrm.sources import SOURCES
from ecrm.sources.ecs.operations import LIST_CLUSTERS
from ecrm.sources.items import SourceItem
from ecrm.sources.source import Source
from ecrm.sources.task_definitions import DESCRIBE_TASK_DEFINITION
from tests.every_service import ANSWERS, BY_DIGEST, NO_IMAGES, use
from tests.fake_aws import FOREVER, FakeAws, Fault
from tests.sources.reading import found_by
from tests.stubs import HOST, REGISTRY, new_session
from tests.values import digest

BY_NAME = {source.name: source for source in SOURCES}
WITH_STATE = ("ecs", "ecs-deployments", "lambda")  # in the fake
OTHERS = [source for source in SOURCES if source.name not in WITH_STATE]
URI = f"{HOST}/shop/elsewhere:v1"

FAULTS = {
    "500": Fault.server_error(),
    "throttling": Fault.throttle(),
    "access denied": Fault.denied(),
    "expired token": Fault.expired(),
    "dropped": Fault.drop(),
    "truncated": Fault.truncate(),
    "cut": Fault.cut(),
    "blank": Fault.blank(),
    "no members": Fault(lambda request, run: {}),
    "a message": Fault(lambda request, run: {"message": "something went wrong"}),
    "an error of the framework": Fault(
        lambda request, run: {"Output": {"__type": "com.amazon.coral.service#InternalFailure"}}
    ),
    "gone": Fault.error("ResourceNotFoundException", "not here"),
}


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ecrm.aws.rate_limits.TokenBucket.take", lambda _: None)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAws]:
    with FakeAws() as fake:
        for name, value in fake.env().items():
            monkeypatch.setenv(name, value)
        fake.ecs.cluster("prod")
        yield fake


def read(aws: FakeAws, source: Source) -> list[SourceItem]:
    settings = aws.client_args()
    del settings["endpoint_url"]  # the variable says it
    target = Target(Registry(REGISTRY.account, REGISTRY.region), new_session(**settings))
    choice = SourceChoice(source.name, exclude=False)
    return found_by(source, target, Config(sources=(choice,)))


def test_there_are_answers_for_every_service():
    assert set(ANSWERS) == {source.name for source in OTHERS}


@pytest.mark.parametrize("source", OTHERS, ids=lambda source: source.name)
def test_a_service_that_is_not_used_has_no_images(aws, source):
    assert read(aws, source) == []


@pytest.mark.parametrize("source", OTHERS, ids=lambda source: source.name)
def test_the_image_of_a_service_is_found_and_every_operation_called(aws, source):
    uri = uri_for(source)
    use(aws, source.name, uri)
    found = read(aws, source)
    images = {item.reference for item in found if isinstance(item, Use)}
    assert {str(image) for image in images if not image.is_elsewhere} == (
        set() if source.name in NO_IMAGES else {uri}
    )
    assert not [item for item in found if isinstance(item, Diagnostic)]
    called = {call.name for call in aws.calls}
    declared = {operation.action for operation in source.operations}
    assert called <= declared
    assert declared - called <= {DESCRIBE_TASK_DEFINITION.action}
    assert not aws.calls.writes


ODD = ("null for its list", "a number for its list")
_STEP = 5  # has no divisor in common with the number of faults


def cases() -> Iterator[Any]:
    """Each operation says that all is gone (B36) and, in the slow tests, meets two other faults,
    and each fault meets many operations; `ECRM_TEST_ALL=1` tries every combination."""
    kinds = (*FAULTS, *ODD)
    pairs = [(source, operation) for source in OTHERS for operation in source.operations]
    for number, (source, operation) in enumerate(pairs):
        if operation not in (DESCRIBE_TASK_DEFINITION, LIST_CLUSTERS):
            chosen = {"gone", *(kinds[(number + turn) % len(kinds)] for turn in (0, _STEP))}
            for kind in kinds if os.environ.get("ECRM_TEST_ALL") else sorted(chosen):
                name = f"{source.name}-{operation.name}-{kind}"
                marks = () if kind == "gone" else (pytest.mark.slow,)
                yield pytest.param(source, operation, kind, id=name, marks=marks)


@pytest.mark.parametrize(("source", "operation", "kind"), list(cases()))
def test_whatever_goes_wrong_is_a_failure_that_names_the_operation(aws, source, operation, kind):
    """B35: And never an empty listing."""
    if kind in ODD and is_xml(operation):
        return  # in XML nothing is null, and a number is a text
    use(aws, source.name, uri_for(source))
    odd = answering({required(operation): None if kind == ODD[0] else 5})
    fault = FAULTS.get(kind, odd)
    aws.fault(*operation.action.split(":"), fault, times=FOREVER)
    notes = [item for item in read(aws, source) if isinstance(item, Diagnostic)]
    statuses = {note.status for note in notes if operation.action in note.text}
    assert statuses & {ReadStatus.FAILED, ReadStatus.DENIED}


def uri_for(source: Source) -> str:
    return f"{HOST}/shop/elsewhere@{digest(1)}" if source.name in BY_DIGEST else URI


def answering(answer: dict[str, Any]) -> Fault:
    return Fault(lambda request, run: answer)


def required(operation: Operation) -> str:
    members = operation.answer.members.items()
    return next(name for name, shape in members if not isinstance(shape, Optional))


def is_xml(operation: Operation) -> bool:
    client: Any = new_session(region_name="us-east-1").client(operation.service)
    return client.meta.service_model.resolved_protocol in ("query", "ec2")

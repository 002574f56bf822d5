"""Every operation that a run calls meets every fault, at its first, a middle and its last call.

A run without faults is recorded first; it tells how often each operation is called, and which calls
come after the first deletion. What must be true after each fault is in `driving`.

All operations go through the same few lines, so each operation meets three faults, one at each
position. With the slow tests each two of operations, positions and faults meet once, see `pairs`,
and BatchDeleteImage meets each fault at all positions. `ECRM_TEST_ALL=1` tries every combination.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from ecrm.aws import Operation
from ecrm.aws.shapes import Optional
from ecrm.sources.ecs import ECS
from ecrm.sources.lambda_functions import LAMBDA
from tests.fake_aws import FOREVER, FakeAws, Fault
from tests.fake_aws.calls import Calls

from . import driving
from .building import build
from .driving import FAILED, SHORT, SOME_LEFT, Desk, short_pages
from .pairs import all_pairs

READS = (
    *("sts:GetCallerIdentity", "ecr:DescribeRegistry"),
    *("ecs:ListClusters", "ecs:ListTasks", "ecs:DescribeTasks", "ecs:ListServices"),
    *("ecs:DescribeServices", "ecs:DescribeServiceRevisions", "ecs:ListTaskDefinitionFamilies"),
    *("ecs:ListTaskDefinitions", "ecs:DescribeTaskDefinition", "lambda:ListFunctions"),
    *("lambda:GetFunction", "lambda:ListAliases", "lambda:ListProvisionedConcurrencyConfigs"),
    *("ecr:DescribeRepositories", "ecr:DescribeImages"),
)
# They tell people who else may pull, and decide nothing.
INFORMATIVE = ("ecr:GetRegistryPolicy", "ecr:GetRepositoryPolicy")
# BatchGetImage is called before the first deletion and between deletions.
DELETING = ("ecr:BatchGetImage", "ecr:BatchDeleteImage", "ecr:UpdateImageStorageClass")
POSITIONS = ("first", "middle", "last")
ALL = bool(os.environ.get("ECRM_TEST_ALL"))


def left_out() -> Fault:
    """The answer says nothing about the first that was asked for."""
    members = {
        "DescribeTasks": ("tasks", "tasks"),
        "DescribeServices": ("services", "services"),
        "DescribeServiceRevisions": ("serviceRevisionArns", "serviceRevisions"),
        "BatchGetImage": ("imageIds", "images"),
        "BatchDeleteImage": ("imageIds", "imageIds"),
    }

    def answer(request: Any, run: Any) -> Any:
        asked, answered = members[request.operation]
        rest = request.parameters[asked][1:]
        if not rest:
            return {answered: [], "failures": []}
        return run(replace(request, parameters=request.parameters | {asked: rest}))

    return Fault(answer)


def no_members() -> Fault:
    """It takes effect, and the answer is `{}`."""
    return Fault(lambda request, run: run(request) and {})


LASTING = {
    "500s": Fault.server_error(),
    "throttling": Fault.throttle(),
    "access denied": Fault.denied(),
    "expired token": Fault.expired(),
    "dropped": Fault.drop(),
    "truncated": Fault.truncate(),
    "cut": Fault.cut(),
    "blank": Fault.blank(),
    "no members": no_members(),
}
OF_WRITES = {"dropped after taking effect": Fault.drop_after()}
OF_BATCHES = {"one failed": Fault.failure("KmsError", "it is so"), "left out": left_out()}
OF_DESCRIBES = {"one failed": Fault.failure("ACCESS_DENIED", "it is so"), "left out": left_out()}
PASSING = {
    "500": Fault.server_error(),
    "throttled": Fault.throttle(),
    "dropped": Fault.drop(),
    "dropped after taking effect": Fault.drop_after(),
}


def faults_of(name: str) -> dict[str, Fault]:
    operation = name.partition(":")[2]
    faults = dict(LASTING)
    if operation.startswith("Describe") and operation[8:] in ("Tasks", "Services"):
        faults |= OF_DESCRIBES
    if operation == "DescribeServiceRevisions":
        faults |= OF_DESCRIBES
    if operation in ("BatchGetImage", "BatchDeleteImage"):
        faults |= OF_BATCHES
    if operation in ("BatchDeleteImage", "UpdateImageStorageClass"):
        faults |= OF_WRITES
    return faults


def cases() -> Iterator[Any]:
    """(operation, position, fault)"""
    names = READS + INFORMATIVE + DELETING
    rows = [
        (name, position, kind)
        for name in names
        for kind in faults_of(name)
        for position in POSITIONS
    ]
    few = {
        (name, position, kinds[(3 * number + turn) % len(kinds)])
        for number, name in enumerate(names)
        for kinds in [list(faults_of(name))]
        for turn, position in enumerate(POSITIONS)
    }
    chosen = set(rows if ALL else all_pairs(rows, few))
    for row in rows:
        name, position, kind = row
        if row in chosen or name == "ecr:BatchDeleteImage":
            fault, label = faults_of(name)[kind], f"{name}-{position}-{kind}"
            marks = () if row in few else (pytest.mark.slow,)
            yield pytest.param(name, position, fault, id=label, marks=marks)


@dataclass(frozen=True)
class Clean:
    """A run in good weather, with short pages."""

    calls: Calls

    def place(self, name: str, position: str) -> int:
        """Which call, counted from 1."""
        number = self.calls.names.count(name)
        return {"first": 1, "middle": (number + 1) // 2, "last": number}[position]

    def is_reading(self, name: str, place: int) -> bool:
        """Whether that call comes before anything is deleted."""
        seen = 0
        for call in self.calls:
            seen += call.name == name
            if call.writes:
                return False
            if seen == place:
                return True
        return False


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Clean:
    """Recorded in a process of its own, so that it depends on nothing that a test has changed."""
    with FakeAws() as aws, pytest.MonkeyPatch.context() as patch:
        desk = Desk(build(aws), tmp_path_factory.mktemp("clean"), patch)
        short_pages(aws)
        ran = desk.ended(desk.spawn("delete", "--force"))
        assert ran.code == 0
        return Clean(ran.calls)


def all_is_well(desk: Desk, ran: driving.Ran) -> None:
    driving.nothing_in_use_is_gone(desk)
    driving.the_exit_code_is_true(desk, ran)
    driving.the_journal_is_true(desk, ran)
    # A run that has changed nothing leaves what the run in good weather began with.
    if desk.left() and (desk.account.present() != desk.before or desk.journals()):
        driving.running_again_finishes(desk)


def test_the_tables_here_name_every_operation_that_a_run_calls(clean: Clean):
    assert set(clean.calls.names) == {*READS, *INFORMATIVE, *DELETING}


@pytest.mark.parametrize(("name", "position", "fault"), list(cases()))
def test_what_lasts_stops_the_run_and_hides_nothing(
    desk: Desk, clean: Clean, name: str, position: str, fault: Fault
):
    """From that call on, every call of the operation meets it."""
    place = clean.place(name, position)
    service, operation = name.split(":")
    desk.account.aws.fault(service, operation, fault, at=place, times=FOREVER)
    short_pages(desk.account.aws)
    ran = desk.delete()
    if name in INFORMATIVE:
        assert ran.code == 0
    elif clean.is_reading(name, place):
        assert ran.code == FAILED
        assert not ran.deletions
    else:
        assert ran.code in (0, SOME_LEFT)
    if ran.code:
        words = (operation, "it is so", "leaves it out")  # AWS's words about one image suffice
        assert any(word in line for word in words for line in ran.errors), ran.err
    all_is_well(desk, ran)


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("service", ["sts", "ecs", "lambda", "ecr"])
def test_what_passes_is_tried_again_and_costs_nothing(desk: Desk, service: str, fault: str):
    """Every call of the service meets it once."""
    met: set[str] = set()

    def once(request: Any, run: Any) -> Any:
        call = f"{request.operation} {json.dumps(request.parameters, sort_keys=True)}"
        if call in met:
            return run(request)
        met.add(call)
        return PASSING[fault].apply(request, run)

    desk.account.aws.fault(service, "*", Fault(once), times=FOREVER)
    ran = desk.delete()
    assert len(met) >= len({call.operation for call in ran.calls if call.service == service})
    assert ran.code == 0, ran.err
    all_is_well(desk, ran)


@pytest.mark.parametrize("operation", SHORT)
def test_b31_an_empty_page_ends_no_listing(desk: Desk, clean: Clean, operation: str):
    """First, in the middle and last."""
    [name] = {name for name in clean.calls.names if name.endswith(f":{operation}")}
    number = clean.calls.names.count(name)
    for place in {1, number // 2 + 2, number + 2}:  # each empty page is one more call
        desk.account.aws.fault("*", operation, Fault.empty_page(), at=place)
    short_pages(desk.account.aws)
    ran = desk.delete()
    # Where listing all revisions takes too many pages, families are asked one by one.
    more = 1 if operation == "ListTaskDefinitions" else 3
    assert ran.calls.names.count(name) >= number + more
    assert ran.code == 0, ran.err
    all_is_well(desk, ran)


@pytest.mark.parametrize("position", POSITIONS)
def test_b2_what_ecr_says_an_index_holds_is_tried_again(desk: Desk, clean: Clean, position: str):
    fault = Fault.failure("ImageReferencedByManifestList", "Requested image referenced")
    place = clean.place("ecr:BatchDeleteImage", position)
    desk.account.aws.fault("ecr", "BatchDeleteImage", fault, at=place)
    short_pages(desk.account.aws)
    ran = desk.delete()
    assert ran.code == 0, ran.err
    all_is_well(desk, ran)


@pytest.mark.parametrize("look", [Fault.denied(), Fault.server_error(), Fault.truncate()])
@pytest.mark.parametrize("answer", [Fault.drop_after(), left_out(), no_members()])
def test_b3_an_answer_that_is_lost_and_cannot_be_looked_up_is_no_success(
    desk: Desk, answer: Fault, look: Fault
):
    """The last deletion: what became of it nobody can say, so the exit code must not be 0."""
    aws = desk.account.aws

    def deleting(_: Any) -> bool:
        return bool(aws.calls.of("ecr", "BatchDeleteImage"))

    aws.fault("ecr", "BatchDeleteImage", answer, at=1, times=FOREVER)
    aws.fault("ecr", "DescribeImages", look, times=FOREVER, when=deleting)
    ran = desk.delete()
    assert ran.code == SOME_LEFT
    driving.nothing_in_use_is_gone(desk)
    driving.the_journal_is_true(desk, ran)
    driving.running_again_finishes(desk)


@pytest.mark.parametrize(
    "name", ["ecs:ListClusters", "ecs:ListTaskDefinitionFamilies", "lambda:ListFunctions"]
)
def test_b11_what_an_account_always_has_cannot_be_gone(desk: Desk, name: str):
    service, operation = name.split(":")
    fault = Fault.error("ResourceNotFoundException", "not here")
    desk.account.aws.fault(service, operation, fault, times=FOREVER)
    ran = desk.delete()
    assert ran.code == FAILED
    assert any(operation in line for line in ran.errors), ran.err
    all_is_well(desk, ran)


def odd_answers() -> Iterator[Any]:
    """For every operation of ECS and Lambda, in turns: each kind of odd answer is met by many
    operations, and each operation meets one for its list and one for the whole."""
    whole: list[Any] = [
        {},
        {"message": "something went wrong"},
        {"Output": {"__type": "com.amazon.coral.service#InternalFailure"}},
    ]
    operations = [operation for source in (ECS, LAMBDA) for operation in source.operations]
    for turn, operation in enumerate(operations):
        required = next(
            name
            for name, shape in operation.answer.members.items()
            if not isinstance(shape, Optional)
        )
        for value in (whole[turn % 3], {required: None if turn % 2 else "a text"}):
            yield pytest.param(operation, value, id=f"{operation.action}-{json.dumps(value)}")


GONE = {
    "ecs:DescribeTaskDefinition": ("ClientException", "Unable to describe task definition."),
    "ecs": ("ClusterNotFoundException", "Cluster not found."),
    "lambda": ("ResourceNotFoundException", "Function not found"),
}


@pytest.mark.parametrize(
    "operation",
    [operation for source in (ECS, LAMBDA) for operation in source.operations],
    ids=lambda operation: operation.action,
)
def test_b36_nothing_that_aws_names_is_believed_to_be_gone(desk: Desk, operation: Operation):
    """Whichever operation says so; for other services see tests/sources/test_every_service.py."""
    error = GONE.get(operation.action, GONE[operation.service])
    fault = Fault.error(*error)
    desk.account.aws.fault(operation.service, operation.name, fault, times=FOREVER)
    ran = desk.delete()
    assert ran.code == FAILED
    assert not ran.calls.writes
    assert any(operation.action in line for line in ran.errors), ran.err
    assert desk.account.present() == desk.before


@pytest.mark.parametrize(("operation", "value"), list(odd_answers()))
def test_b35_an_odd_answer_is_never_an_empty_one(desk: Desk, operation: Operation, value: Any):
    fault = Fault(lambda request, run: value)
    desk.account.aws.fault(operation.service, operation.name, fault, times=FOREVER)
    ran = desk.delete()
    assert ran.code == FAILED
    assert not ran.calls.writes
    assert any(operation.action in line for line in ran.errors), ran.err
    assert "Traceback" not in ran.err
    assert desk.account.present() == desk.before


def test_b36_an_index_that_was_just_listed_is_not_gone(desk: Desk):
    """Its images, and what refers to them, would look as if no index held them."""

    def answer(request: Any, run: Any) -> Any:
        if desk.account.aws.calls.of("ecr", "BatchDeleteImage"):
            return run(request)
        missing = [
            {"imageId": image, "failureCode": "ImageNotFound", "failureReason": "no"}
            for image in request.parameters["imageIds"]
        ]
        return {"images": [], "failures": missing}

    desk.account.aws.fault("ecr", "BatchGetImage", Fault(answer), times=FOREVER)
    ran = desk.delete()
    driving.nothing_in_use_is_gone(desk)
    assert ran.code == FAILED
    assert not ran.calls.writes

"""What a source makes of what it reads: uses, and notes for what it could not read."""

from collections.abc import Iterator
from typing import Any

import pytest

from ecrm.errors import AccessDenied, AwsError, EcrmError, Gone, NotOffered
from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.model.use import Use
from ecrm.sources.ecs import ECS
from ecrm.sources.ecs.operations import DESCRIBE_TASKS
from ecrm.sources.items import (
    SaidToBeGone,
    SeenResource,
    SourceItem,
    attempt,
    failures,
    look_twice,
    uses_of,
)
from ecrm.sources.lambda_functions import LAMBDA
from tests.sources.reading import defined_as, found_by
from tests.stubs import HOST, Params, Stubs
from tests.values import digest

WEB = f"{HOST}/web"


def found(text: str | None, recorded: str | None = None) -> list[SourceItem]:
    named = uses_of(
        text, source="ecs", user="web", why="task", path=("container a",), digest=recorded
    )
    return list(named)


def references(text: str, recorded: str | None = None) -> list[str]:
    return [str(use.reference) for use in found(text, recorded) if isinstance(use, Use)]


# Texts


def test_a_use_says_who_uses_the_image_and_where_that_is_written():
    (use,) = found(f"{WEB}:v1")
    assert isinstance(use, Use)
    assert (use.source, use.user, use.why, use.path) == ("ecs", "web", "task", ("container a",))


def test_the_text_and_what_it_was_resolved_to_are_both_in_use():
    assert references(f"{WEB}:v1", digest(1)) == [f"{WEB}:v1", f"{WEB}:v1@{digest(1)}"]
    assert references(f"{WEB}@{digest(2)}", digest(1)) == [
        f"{WEB}@{digest(2)}",
        f"{WEB}@{digest(1)}",
    ]


@pytest.mark.parametrize("recorded", [None, digest(2)])
def test_what_is_no_other_digest_adds_nothing(recorded):
    assert references(f"{WEB}@{digest(2)}", recorded) == [f"{WEB}@{digest(2)}"]


@pytest.mark.parametrize("recorded", ["", "sha256:1", "latest", f"sha512:{'a' * 128}"])
def test_b35_a_recorded_digest_of_another_form_is_not_known(recorded):
    use, note = found(f"{WEB}:v1", recorded)
    assert isinstance(use, Use)
    text = f"web (task): the recorded digest {recorded!r} is not sha256: and 64 hex digits"
    assert note == Diagnostic(ReadStatus.FAILED, text)


@pytest.mark.parametrize("nothing", [None, ""])
def test_no_text_is_no_use(nothing):
    assert found(nothing, digest(1)) == []


@pytest.mark.parametrize(
    ("text", "status"), [("<IMAGE>", ReadStatus.READ), (f"{WEB}:<TAG>", ReadStatus.FAILED)]
)
def test_only_text_that_may_be_meant_for_ecr_makes_a_reading_incomplete(text, status):
    assert found(text) == [
        Diagnostic(status, f"web (task): {text!r} is not an image reference"),
    ]


def test_b35_what_was_resolved_is_an_image_however_it_is_written():
    """The digest that runs is not dropped in silence."""
    (note,) = found("<IMAGE>", digest(1))
    assert isinstance(note, Diagnostic)
    assert note.status is ReadStatus.FAILED


# What is found before a failure


def read(error: EcrmError | None, *before: str) -> Iterator[str]:
    yield from before
    if error:
        raise error


@pytest.mark.parametrize("name", ["", "prod"])
@pytest.mark.parametrize(
    ("error", "status"),
    [
        (AccessDenied("denied", "ecs:ListTasks"), ReadStatus.DENIED),
        (AwsError("oops"), ReadStatus.FAILED),
    ],
)
def test_what_was_found_before_a_failure_is_kept_and_the_failure_noted(error, status, name):
    expected = ["a", "b", Diagnostic(status, str(error))]
    assert attempt(lambda: read(error, "a", "b"), name) == expected


GONE = [Gone("not there"), NotOffered("not here")]


@pytest.mark.parametrize("error", GONE, ids=str)
def test_what_lasts_does_not_vanish(error):
    expected = ["a", Diagnostic(ReadStatus.FAILED, str(error))]
    assert attempt(lambda: read(error, "a")) == expected


def test_b36_what_is_said_to_be_gone_has_a_name_to_look_for():
    expected = ["a", SaidToBeGone("prod", "not there")]
    assert attempt(lambda: read(Gone("not there"), "a"), "prod") == expected


def test_b36_what_is_not_offered_is_not_gone():
    expected = ["a", Diagnostic(ReadStatus.FAILED, "not here")]
    assert attempt(lambda: read(NotOffered("not here"), "a"), "prod") == expected


def looks(*answers: list[SourceItem]) -> tuple[list[SourceItem], list[Any]]:
    """What two looks find, and what each of them is asked for."""
    asked: list[Any] = []
    left = list(answers)

    def look(wanted: Any) -> list[SourceItem]:
        asked.append(wanted)
        return left.pop(0)

    return list(look_twice(look)), asked


PROD, TEST = SaidToBeGone("prod", "no prod"), SaidToBeGone("test", "no test")
SEEN = SeenResource("clusters", "prod")


def test_where_nothing_is_said_to_be_gone_one_look_is_enough():
    assert looks([SEEN]) == ([SEEN], [None])


def test_b36_what_the_second_look_finds_is_there_after_all():
    assert looks([PROD, TEST], [SEEN]) == ([SEEN], [None, {"prod", "test"}])


def test_b36_what_is_said_to_be_gone_twice_and_named_twice_is_a_failure():
    text = "no prod; but AWS still names prod; try again"
    assert looks([PROD], [PROD])[0] == [Diagnostic(ReadStatus.FAILED, text)]


def test_where_nothing_fails_nothing_is_noted():
    assert attempt(lambda: read(None, "a")) == ["a"]


def test_an_error_that_is_not_aws_s_is_not_swallowed():
    with pytest.raises(EcrmError):
        attempt(lambda: read(EcrmError("a bug"), "a"))


@pytest.fixture
def aws() -> Iterator[Stubs]:
    with Stubs() as stubs:
        yield stubs


def split(found: list[SourceItem]) -> tuple[set[str], set[ReadStatus]]:
    return {str(use.reference) for use in found if isinstance(use, Use)}, {
        diagnostic.status for diagnostic in found if isinstance(diagnostic, Diagnostic)
    }


def test_tasks_that_were_read_before_a_denial_are_in_use(aws):
    arn = "arn:aws:ecs:us-east-1:123456789012"
    task = {
        "taskArn": f"{arn}:task/prod/1",
        "taskDefinitionArn": f"{arn}:task-definition/web:1",
        "containers": [{"name": "a", "image": f"{WEB}:v1"}],
    }
    aws.otherwise("ListClusters", {"clusterArns": [f"{arn}:cluster/prod"]})
    aws.otherwise("ListTaskDefinitionFamilies", {"families": []})
    aws.otherwise("ListServices", {"serviceArns": []})
    aws.otherwise("DescribeTaskDefinition", defined_as())
    aws.otherwise("DescribeTasks", {"tasks": [task]})
    running = {"cluster": f"{arn}:cluster/prod", "maxResults": 100, "desiredStatus": "RUNNING"}
    first = {"taskArns": [task["taskArn"]], "nextToken": "2"}
    aws.answer("ListTasks", first, **running)
    aws.refuse("ListTasks", "AccessDeniedException", **running, nextToken="2")
    uses = found_by(ECS, aws.target)
    assert split(uses) == ({f"{WEB}:v1"}, {ReadStatus.DENIED})


def test_versions_that_were_read_before_a_denial_are_in_use(aws):
    rows = [
        {"FunctionName": "thumbs", "Version": version, "PackageType": "Image"}
        for version in ("$LATEST", "1")
    ]
    aws.otherwise("ListFunctions", {"Functions": rows})
    latest = {"FunctionName": "thumbs", "Qualifier": "$LATEST"}
    image = f"{WEB}@{digest(1)}"
    aws.answer("GetFunction", {"Code": {"ResolvedImageUri": image}}, **latest)
    aws.otherwise_refuse("GetFunction", "AccessDeniedException")
    uses = found_by(LAMBDA, aws.target)
    assert split(uses) == ({image}, {ReadStatus.DENIED})


# Failures that an answer lists


TASK = {"taskArn": "a", "taskDefinitionArn": "b", "containers": []}


def noted(answer: Params, *asked: str) -> list[Diagnostic]:
    """The notes for an answer to DescribeTasks."""
    read = DESCRIBE_TASKS.read(answer)
    return [
        item.failure if isinstance(item, SaidToBeGone) else item
        for item in failures(read, DESCRIBE_TASKS, asked, "tasks", "taskArn")
    ]


def test_b36_what_is_missing_is_said_to_be_gone():
    answer = DESCRIBE_TASKS.read({"failures": [{"arn": "a", "reason": "MISSING"}], "tasks": []})
    found = failures(answer, DESCRIBE_TASKS, ["a"], "tasks", "taskArn")
    assert list(found) == [SaidToBeGone("a", "ecs:DescribeTasks: a MISSING")]


def test_b36_what_nobody_asked_for_is_not_gone():
    missing = {"arn": "b", "reason": "MISSING"}
    (note,) = noted({"failures": [missing], "tasks": [TASK]}, "a")
    assert note.text == "ecs:DescribeTasks: b MISSING"


def test_a_failure_is_reported_in_aws_s_words():
    failed = {"arn": "a", "reason": "UNKNOWN", "detail": "why", "other": "x"}
    (note,) = noted({"tasks": [], "failures": [failed]}, "a")
    assert note == Diagnostic(ReadStatus.FAILED, "ecs:DescribeTasks: a UNKNOWN why")
    (note,) = noted({"tasks": [], "failures": [{"arn": "a"}]}, "a")
    assert note == Diagnostic(ReadStatus.FAILED, "ecs:DescribeTasks: a")


def test_what_an_answer_leaves_out_is_a_failure():
    assert noted({"tasks": [TASK]}, "a") == []
    (note,) = noted({"tasks": [TASK]}, "a", "b", "c")
    assert note.status is ReadStatus.FAILED
    assert note.text == "ecs:DescribeTasks: AWS's answer leaves out 2 of 3, such as b; try again"


@pytest.mark.parametrize("answered", [["b"], ["b", "b"], ["a", "a"]])
def test_b35_what_an_answer_has_is_compared_by_arn_and_not_counted(answered):
    answer = {"tasks": [{**TASK, "taskArn": arn} for arn in answered]}
    (note,) = noted(answer, "a", "c") if "a" in answered else noted(answer, "a")
    assert "AWS's answer leaves out 1 of" in note.text

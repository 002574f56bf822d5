"""What a source makes of what it reads: uses, and notes for what it could not read."""

from collections.abc import Iterator

import pytest

from ecrm.errors import AccessDenied, AwsError, EcrmError, Gone, NotOffered
from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.model.use import Use
from ecrm.sources.ecs import ECS
from ecrm.sources.ecs.operations import DESCRIBE_TASKS
from ecrm.sources.items import SourceItem, attempt, failures, uses_of
from ecrm.sources.lambda_functions import LAMBDA
from tests.sources.reading import found_by
from tests.stubs import HOST, Params, Stubs, digest

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


@pytest.mark.parametrize("recorded", [None, "", "sha256:1", "latest", digest(2)])
def test_what_is_no_other_digest_adds_nothing(recorded):
    assert references(f"{WEB}@{digest(2)}", recorded) == [f"{WEB}@{digest(2)}"]


@pytest.mark.parametrize("nothing", [None, ""])
def test_no_text_is_no_use(nothing):
    assert found(nothing, digest(1)) == []


@pytest.mark.parametrize(
    ("text", "status"), [("<IMAGE>", ReadStatus.READ), (f"{WEB}:<TAG>", ReadStatus.FAILED)]
)
def test_only_text_that_may_be_meant_for_ecr_makes_a_reading_incomplete(text, status):
    assert found(text, digest(1)) == [
        Diagnostic(status, f"web (task): {text!r} is not an image reference"),
    ]


# What is found before a failure


def read(error: EcrmError | None, *before: str) -> Iterator[str]:
    yield from before
    if error:
        raise error


@pytest.mark.parametrize("lasting", [False, True])
@pytest.mark.parametrize(
    ("error", "status"),
    [
        (AccessDenied("denied", "ecs:ListTasks"), ReadStatus.DENIED),
        (AwsError("oops"), ReadStatus.FAILED),
        (NotOffered("not here"), ReadStatus.FAILED),
    ],
)
def test_what_was_found_before_a_failure_is_kept_and_the_failure_noted(error, status, lasting):
    expected = ["a", "b", Diagnostic(status, str(error))]
    assert attempt(lambda: read(error, "a", "b"), lasting=lasting) == expected


def test_what_was_found_before_something_vanished_is_kept():
    assert attempt(lambda: read(Gone("gone"), "a", "b")) == ["a", "b"]


def test_what_lasts_does_not_vanish():
    expected = ["a", Diagnostic(ReadStatus.FAILED, "gone")]
    assert attempt(lambda: read(Gone("gone"), "a"), lasting=True) == expected


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
    empty: Params = {"taskDefinition": {"containerDefinitions": []}}
    aws.otherwise("DescribeTaskDefinition", empty)
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
    aws.answer("GetFunction", {"Code": {"ImageUri": f"{WEB}:v1"}}, **latest)
    aws.otherwise_refuse("GetFunction", "AccessDeniedException")
    uses = found_by(LAMBDA, aws.target)
    assert split(uses) == ({f"{WEB}:v1"}, {ReadStatus.DENIED})


# Failures that an answer lists


TASK = {"taskArn": "a", "taskDefinitionArn": "b", "containers": []}


def noted(answer: Params, *asked: str) -> list[Diagnostic]:
    """The notes for an answer to DescribeTasks."""
    return list(failures(DESCRIBE_TASKS.read(answer), DESCRIBE_TASKS, asked, "tasks"))


def test_what_is_gone_meanwhile_is_no_failure():
    gone = {"arn": "a", "reason": "MISSING"}
    assert noted({"failures": [gone], "tasks": []}, "a") == []


def test_a_failure_is_told_in_aws_s_words():
    failed = {"arn": "a", "reason": "UNKNOWN", "detail": "why", "other": "x"}
    (note,) = noted({"tasks": [], "failures": [failed]}, "a")
    assert note == Diagnostic(ReadStatus.FAILED, "ecs:DescribeTasks: a UNKNOWN why")
    (note,) = noted({"tasks": [], "failures": [{"arn": "a"}]}, "a")
    assert note == Diagnostic(ReadStatus.FAILED, "ecs:DescribeTasks: a")


def test_what_an_answer_leaves_out_is_a_failure():
    answer = {"tasks": [TASK], "failures": [{"arn": "b", "reason": "MISSING"}]}
    assert noted(answer, "a", "b") == []
    (note,) = noted(answer, "a", "b", "c")
    assert note.status is ReadStatus.FAILED
    assert note.text == "ecs:DescribeTasks: AWS's answer leaves out 1 of 3; try again"
    (note,) = noted({"tasks": []}, "a", "b")
    assert note.text == "ecs:DescribeTasks: AWS's answer leaves out 2 of 2; try again"

"""A source that is a table: what it asks, in which order, and what it makes of the answers."""

from collections.abc import Iterator
from typing import Any

import pytest

from ecrm.aws import UPPER_NEXT_TOKEN, Operation, listing
from ecrm.aws.shapes import TEXT, ListOf, MapOf, optional, record
from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.model.use import Use
from ecrm.sources import SOURCES
from ecrm.sources.answers import (
    DOCUMENT,
    IMAGE,
    IMAGE_DIGEST,
    JSON_DOCUMENT,
    TASK_DEFINITION,
    marked,
    uses_in,
)
from ecrm.sources.items import SourceItem, TaskDefinitionUse
from ecrm.sources.steps import Step, table_source
from ecrm.sources.texts import User
from tests.sources.reading import found_by
from tests.stubs import ACCOUNT, HOST, REGION, Stubs
from tests.values import digest

LIST_PROJECTS = listing("codebuild", "ListProjects", "projects", TEXT)
BATCH_GET_PROJECTS = Operation(
    "codebuild",
    "BatchGetProjects",
    record(
        projects=ListOf(record(name=TEXT, environment=record(image=IMAGE))),
        projectsNotFound=optional(ListOf(TEXT)),
    ),
    listed="projects",
)
PROJECTS = Step(
    LIST_PROJECTS,
    then=(
        Step(
            BATCH_GET_PROJECTS,
            {"names": "name"},
            user="project {name}",
            why="environment",
            at_once=2,
            gone="projectsNotFound",
            identity="name",
        ),
    ),
)
LIST_PIPES = listing(
    "pipes",
    "ListPipes",
    "Pipes",
    record(Name=TEXT, Target=optional(TEXT)),
    tokens=UPPER_NEXT_TOKEN,
)
DESCRIBE_PIPE = Operation(
    "pipes", "DescribePipe", record(Name=TEXT, Description=optional(DOCUMENT))
)
PIPES = Step(
    LIST_PIPES, then=(Step(DESCRIBE_PIPE, {"Name": "Name"}, user="pipe {Name}", why="it"),)
)
DEFINITIONS = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/"
USER = User("batch", "somebody", "says so", DEFINITIONS)


@pytest.fixture
def aws() -> Iterator[Stubs]:
    with Stubs() as stubs:
        yield stubs


def found(aws: Stubs, *steps: Step) -> list[SourceItem]:
    source = table_source("table", "Table", steps, counts="", calls="", quotas={})
    return found_by(source, aws.target)


def images(items: list[SourceItem]) -> list[str]:
    return [str(item.reference).removeprefix(f"{HOST}/") for item in items if isinstance(item, Use)]


def notes(items: list[SourceItem]) -> list[Diagnostic]:
    return [item for item in items if isinstance(item, Diagnostic)]


def project(name: str) -> dict[str, Any]:
    environment = {"type": "LINUX", "computeType": "SMALL", "image": f"{HOST}/{name}:v1"}
    return {"name": name, "environment": environment}


def test_every_page_is_read_and_as_many_are_described_at_once_as_may_be(aws):
    aws.answer("ListProjects", {"projects": ["web", "api", "bot"], "nextToken": "2"})
    aws.answer("ListProjects", {"projects": ["job"], "nextToken": "3"}, nextToken="2")
    aws.answer("ListProjects", {"projects": ["web"]}, nextToken="3")
    for names in (["web", "api"], ["bot"], ["job"], ["web"]):
        answer = {"projects": [project(name) for name in names]}
        aws.answer("BatchGetProjects", answer, names=names)
    items = found(aws, PROJECTS)
    assert images(items) == ["web:v1", "api:v1", "bot:v1", "job:v1", "web:v1"]
    assert str(items[0]) == "project web (environment) → environment.image"
    assert notes(items) == []


def test_a_page_may_be_empty_and_an_empty_listing_is_one_call(aws):
    aws.answer("ListPipes", {"Pipes": [], "NextToken": "2"})
    aws.answer("ListPipes", {"Pipes": [{"Name": "a"}]}, NextToken="2")
    aws.answer("DescribePipe", {"Name": "a", "Description": f"{HOST}/a:v1"}, Name="a")
    assert images(found(aws, PIPES)) == ["a:v1"]
    aws.answer("ListPipes", {"Pipes": []})
    assert found(aws, PIPES) == []
    assert len(aws.calls) == 4


def test_what_an_answer_leaves_out_is_missed(aws):
    aws.answer("ListProjects", {"projects": ["web", "api"]})
    aws.answer("BatchGetProjects", {"projects": [project("web")]}, names=["web", "api"])
    text = "codebuild:BatchGetProjects: AWS's answer leaves out 1 of 2, such as api; try again"
    assert notes(found(aws, PROJECTS)) == [Diagnostic(ReadStatus.FAILED, text)]


@pytest.mark.parametrize("listed", [["web"], ["web", "api"]])
def test_what_is_said_to_be_gone_is_missed_if_it_is_listed_again(aws, listed):
    answer = {"projects": [project("web")], "projectsNotFound": ["api"]}
    aws.answer("ListProjects", {"projects": ["web", "api"]})
    aws.answer("BatchGetProjects", answer, names=["web", "api"])
    aws.answer("ListProjects", {"projects": listed})
    again = answer if "api" in listed else {"projects": [project("web")]}
    aws.answer("BatchGetProjects", again, names=listed)
    items = found(aws, PROJECTS)
    assert set(images(items)) == {"web:v1"}
    text = "codebuild:BatchGetProjects: there is no api; but AWS still names api; try again"
    expected = [Diagnostic(ReadStatus.FAILED, text)] if "api" in listed else []
    assert notes(items) == expected


def test_an_item_that_vanishes_needs_nothing_and_one_that_fails_leaves_the_others(aws):
    aws.answer("ListPipes", {"Pipes": [{"Name": name} for name in "abc"]})
    aws.refuse("DescribePipe", "NotFoundException", "gone", Name="a")
    aws.answer("ListPipes", {"Pipes": [{"Name": name} for name in "bc"]})
    aws.refuse("DescribePipe", "InternalException", "oops", Name="b")
    aws.answer("DescribePipe", {"Name": "c", "Description": f"{HOST}/c:v1"}, Name="c")
    items = found(aws, PIPES)
    assert images(items) == ["c:v1"]
    text = "pipes:DescribePipe: InternalException: oops"
    assert notes(items) == [Diagnostic(ReadStatus.FAILED, text)]


def test_only_those_are_asked_about_that_have_what_is_asked_and_each_once(aws):
    aws.answer(
        "ListPipes",
        {"Pipes": [{"Name": "a", "Target": "x"}, {"Name": "b", "Target": "x"}, {"Name": "c"}]},
    )
    aws.answer("DescribePipe", {"Name": "x"}, Name="x")
    found(aws, Step(LIST_PIPES, then=(Step(DESCRIBE_PIPE, {"Name": "Target"}),)))
    aws.answer("ListPipes", {"Pipes": [{"Name": "a"}, {"Name": "b"}]})
    aws.answer("DescribePipe", {"Name": "b"}, Name="b")
    only = Step(DESCRIBE_PIPE, {"Name": "Name"}, only=lambda pipe: pipe["Name"] == "b")
    found(aws, Step(LIST_PIPES, then=(only,)))


def test_a_listing_that_fails_leaves_the_others(aws):
    """And an account's listing cannot be gone."""
    aws.refuse("ListPipes", "NotFoundException", "not here")
    aws.answer("ListProjects", {"projects": ["web"]})
    aws.answer("BatchGetProjects", {"projects": [project("web")]}, names=["web"])
    note, *items = found(aws, Step(LIST_PIPES), PROJECTS)
    assert images(items) == ["web:v1"]
    assert note == Diagnostic(ReadStatus.FAILED, "pipes:ListPipes: NotFoundException: not here")


# -- what answers say

SHAPE = record(
    image=optional(IMAGE),
    digest=optional(IMAGE_DIGEST),
    task=optional(TASK_DEFINITION),
    text=optional(DOCUMENT),
    below=optional(ListOf(record(image=optional(IMAGE)))),
    named=optional(MapOf(record(image=optional(IMAGE)))),
)


def said(**answer: Any) -> list[SourceItem]:
    return list(uses_in(SHAPE, SHAPE.read(answer), USER))


def test_an_image_counts_as_written_and_by_the_digest_beside_it():
    items = said(image=f"{HOST}/a:v1", digest=digest(1))
    assert images(items) == ["a:v1", f"a:v1@{digest(1)}"]
    assert {str(item) for item in items} == {"somebody (says so) → image"}


@pytest.mark.parametrize("written", [digest(0xAB).upper(), digest(0xAB).removeprefix("sha256:")])
def test_a_digest_may_be_in_upper_case_or_bare(written):
    assert images(said(image=f"{HOST}/a:v1", digest=written))[1] == f"a:v1@{digest(0xAB)}"


def test_images_are_found_in_lists_and_maps():
    items = said(below=[{}, {"image": f"{HOST}/a:v1"}], named={"web": {"image": f"{HOST}/b:v1"}})
    assert [str(item) for item in items] == [
        "somebody (says so) → below[1].image",
        "somebody (says so) → named.web.image",
    ]


def test_text_that_looks_like_ecr_and_is_no_image_fails():
    [note] = said(image=f"{HOST}/UPPER:v1")
    assert isinstance(note, Diagnostic)
    assert note.status is ReadStatus.FAILED


@pytest.mark.parametrize(
    "text",
    [
        f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/web:3",
        f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/web",
        "web",
        "web:3",
    ],
)
def test_a_task_definition_is_an_arn_or_a_family_with_or_without_a_revision(text):
    arn = DEFINITIONS + text.removeprefix(DEFINITIONS)
    assert said(task=text) == [TaskDefinitionUse(arn, "somebody", "says so", may_be_gone=True)]


@pytest.mark.parametrize("text", ["$.taskDefinition", "{% $states.input.task %}"])
def test_a_task_definition_that_is_chosen_later_is_noted(text):
    why = f"somebody (says so): task definition {text} is chosen when it runs"
    assert said(task=text) == [Diagnostic(ReadStatus.READ, why)]


@pytest.mark.parametrize("where", [f"{REGION}:999999999999", f"eu-west-1:{ACCOUNT}"])
def test_a_task_definition_of_another_account_or_region_is_noted(where):
    arn = f"arn:aws:ecs:{where}:task-definition/web:3"
    why = f"somebody (says so): {arn} is of another account or region"
    assert said(task=arn) == [Diagnostic(ReadStatus.READ, why)]


def fitted(shape: Any, names: Iterator[str]) -> Any:  # noqa: PLR0911 - one for each kind
    """A value with all members, each image another one."""
    if hasattr(shape, "shape"):
        return fitted(shape.shape, names)
    if hasattr(shape, "members"):
        return {name: fitted(member, names) for name, member in shape.members.items()}
    if isinstance(shape, ListOf):
        return [fitted(shape.item, names), fitted(shape.item, names)]
    if isinstance(shape, MapOf):
        return {"one": fitted(shape.value, names)}
    if shape in (IMAGE, DOCUMENT):
        return f"{HOST}/{next(names)}:v1"
    if shape is JSON_DOCUMENT:
        return f'{{"Image": "{HOST}/{next(names)}:v1"}}'
    return digest(1) if shape is IMAGE_DIGEST else "family:1"


NAMING = [
    operation
    for operation in dict.fromkeys(op for source in SOURCES for op in source.operations)
    if any(marked(operation.answer))
]


@pytest.mark.parametrize("operation", NAMING, ids=lambda operation: operation.action)
def test_every_image_path_that_is_declared_is_read(operation):
    names: list[str] = []

    def fresh() -> Iterator[str]:
        while True:
            names.append(f"image-{len(names)}")
            yield names[-1]

    answer = fitted(operation.answer, fresh())
    items = list(uses_in(operation.answer, answer, USER))
    assert {image.partition(":")[0] for image in images(items)} == set(names)
    assert names or any(isinstance(item, TaskDefinitionUse) for item in items)
    assert notes(items) == []

"""Definitions, inputs and user data: which images and task definitions a text names."""

import json

import pytest

from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.model.use import Use
from ecrm.sources.items import SourceItem, TaskDefinitionUse
from ecrm.sources.texts import User, secret_uses, text_uses
from tests.stubs import ACCOUNT, HOST, REGION

USER = User(
    "stepfunctions",
    "state machine orders",
    "its definition",
    f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/",
)
DEFINITION = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/report:7"


def said(text: object) -> list[SourceItem]:
    return list(text_uses(text if isinstance(text, str) else json.dumps(text), USER))


def task(resource: str, **arguments: object) -> dict[str, object]:
    state = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": arguments}
    return {"StartAt": "One", "States": {"One": {**state, "End": True}}}


def images(items: list[SourceItem]) -> list[str]:
    return [str(item.reference).removeprefix(f"{HOST}/") for item in items if isinstance(item, Use)]


def test_a_state_that_runs_a_task_names_its_task_definition():
    machine = task("ecs:runTask.sync", Cluster="prod", TaskDefinition=DEFINITION)
    who = ("state machine orders", "its definition")
    assert said(machine) == [TaskDefinitionUse(DEFINITION, *who, may_be_gone=True)]


@pytest.mark.parametrize(
    "arguments",
    [
        {"AlgorithmSpecification": {"TrainingImage": f"{HOST}/train:v1"}},
        {"PrimaryContainer": {"Image": f"{HOST}/train:v1"}},
        {"AppSpecification": {"ImageUri": f"{HOST}/train:v1"}},
        {"ImageConfiguration": {"ImageUri": f"{HOST}/train:v1"}},
        {"Command.$": f"States.Array('docker', 'run', '{HOST}/train:v1')"},
        {"Overrides": [{"deep": [f"runs {HOST}/train:v1 at night"]}]},
    ],
)
def test_images_are_found_by_their_keys_and_wherever_ecr_is_named(arguments):
    [use] = said(task("sagemaker:createTrainingJob.sync", **arguments))
    assert images([use]) == ["train:v1"]
    assert str(use).startswith("state machine orders (its definition) → States.One.Parameters.")


def test_an_image_of_a_key_needs_no_tag_and_elsewhere_it_is_noted():
    assert images(said({"Image": f"{HOST}/train"})) == ["train:latest"]
    [note] = said({"Comment": f"see {HOST}/train"})
    assert isinstance(note, Diagnostic)
    assert note.status is ReadStatus.READ
    assert "names no tag" in note.text


@pytest.mark.parametrize(
    "key", ["Image.$", "TrainingImage.$", "TaskDefinition.$", "TaskDefinition"]
)
def test_what_is_chosen_when_it_runs_is_noted(key):
    [note] = said({"Parameters": {key: "$.input.image"}})
    assert isinstance(note, Diagnostic)
    assert (note.status, note.text.endswith("$.input.image is chosen when it runs")) == (
        ReadStatus.READ,
        True,
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Image.$", f"States.Format('{HOST}/web:v1', $.tag)"),
        ("Image", f"{{% $prod ? '{HOST}/web:v1' : $other %}}"),
    ],
)
def test_of_an_image_that_is_chosen_when_it_runs_those_that_its_expression_names_count(key, value):
    note, *items = said({"Parameters": {key: value}})
    assert isinstance(note, Diagnostic)
    assert images(items) == ["web:v1"]


def test_of_a_task_definition_that_is_chosen_when_it_runs_those_that_its_expression_names_count():
    note, *items = said({"TaskDefinition": f"{{% $late ? '{DEFINITION}' : $other %}}"})
    assert isinstance(note, Diagnostic)
    [use] = [item for item in items if isinstance(item, TaskDefinitionUse)]
    assert use.definition == DEFINITION


@pytest.mark.parametrize(
    "arn",
    [
        DEFINITION.replace(ACCOUNT, "9" * 12),
        DEFINITION.replace("aws:ecs:us-", "aws-us-gov:ecs:us-gov-"),
    ],
)
def test_a_task_definition_of_another_account_is_noted(arn):
    [note] = said({"TaskDefinition": arn})
    assert isinstance(note, Diagnostic)
    assert note.text.endswith(f"{arn} is of another account or region")


def test_images_of_other_registries_and_machine_images_are_nothing():
    assert (
        said({"Image": "ami-0123456789", "image": "python:3.12", "ImageUri": "ghcr.io/a/b:1"}) == []
    )


def test_text_that_is_no_json_is_read_line_by_line():
    text = f"#!/bin/sh\n# docker run {HOST}/old:v1\ndocker run {HOST}/new:v1\n"
    assert images(said(text)) == ["new:v1"]


def test_text_that_is_nested_too_deeply_is_a_failure():
    text = "[" * 100_000 + "]" * 100_000
    [note] = said(text)
    assert isinstance(note, Diagnostic)
    assert note.status is ReadStatus.FAILED


def test_a_note_is_one_line_and_not_all_of_a_long_text():
    [note] = said({"TaskDefinition": "$.a\n" + "x" * 5000})
    assert isinstance(note, Diagnostic)
    assert "\n" not in note.text
    assert len(note.text) < 300


def test_of_a_text_with_secrets_nothing_but_images_is_ever_seen():
    text = (
        "export PASSWORD=hunter2\n"
        f"docker run -e TOKEN=hunter3 {HOST}/web:v1\n"
        f"docker run {HOST}/api:$TAG-hunter4\n"
    )
    items = list(secret_uses(text, USER))
    assert images(items) == ["web:v1"]
    assert any(isinstance(item, Diagnostic) for item in items)
    assert "hunter" not in repr(items)

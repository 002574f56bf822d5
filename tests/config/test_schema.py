"""The JSON Schema of ecrm.yaml: it takes what the reader takes, and refuses what that refuses,
but for what only somebody who sees the text can refuse."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from ecrm.config import parse_duration
from ecrm.config.document import read_document
from ecrm.config.json_schema import json_schema
from ecrm.config.problems import Problems
from ecrm.config.schema import Key, Section
from ecrm.config.values import BYTES, DURATION, Reader
from ecrm.errors import ConfigError
from ecrm.workflow.configuration import SECTIONS, parse
from tests.config import test_config as cases
from tests.config import test_targets as targets

SCHEMA = json_schema(SECTIONS)
VALIDATOR = Draft202012Validator(SCHEMA)
EXAMPLE = Path(__file__).parents[2] / "ecrm.yaml.example"

GOOD = [
    *(f"targets:{text}" for text in targets.GOOD),
    cases.FUJIWARA_README,
    EXAMPLE.read_text(),
    *(text for text, _ in cases.WARNINGS),
    *(f"repositories: [{{name: a, expires: '{text}'}}]" for text, _ in cases.DURATIONS),
    *(f"guards: {{max_bytes: {text}}}" for text, _ in cases.SIZES),
    *(f"{section}: {empty}" for section in SECTIONS for empty in ("", "null", "~")),
    *(f"{section}: []" for section, schema in SECTIONS.items() if schema.is_list),
    "guards: {}",
    "check: {missing_image: , overdue: {}, mutable_tag: {level: off}, unmanaged: {level: 'off'}}",
    "check: {overdue: {level: error, max_bytes: 1GB, longer_than: 14d}, budget: {price: 0.11}}",
    "check: {budget: {max_monthly_cost: 12, max_total_monthly_cost: 12.50}}",
    "files: ['deploy/**/*.json', k8s/*.yaml]",
    "kubernetes: {contexts: [a, b], kubeconfig: ~/.kube/config, in_cluster: true, history: 0}",
    "kubernetes: {exclude_clusters: ['*'], resources: [a.io/bs], exclude_resources: [c-d.io/es]}",
    "external_commands: [{command: [a, ''], env: {B: '', C D: e}, dir: /b, timeout: 0s}]",
    "external_commands: [{command: [a], env: }]",
    "repositories: [{name: a, expires: 1d, keep_tag_patterns: }]",
    "repositories: [{name: a, expires: 1d, delete_artifacts: TRUE, allow_unscanned: False}]",
    "repositories: [{name: a, expires: 1d, action: archive, delete_archived_after: 90d}]",
    "task_definitions: [{name_pattern: '*', keep_count: 999999999, exclude: true}]",
    "guards: {max_percent: 0, max_in_use_drop: 100, max_images: 0, max_bytes: 5, min_age: 1 DAY}",
    "clusters: [&a {name: a}, *a, {<<: *a, exclude: true}]",
    "external_commands: [{command: [a, 1], env: {A: 10, B: true}}]",
    "repositories: [{name: 12, expires: 1d, keep_tag_patterns: [2024, 1.5, true]}]",
    "x-a: &a {b: 2}\nfiles: [1]\ncheck: {x-b: , budget: {x-c: 1}}",
]

BAD = [
    *(f"targets:{text}" for text, _ in targets.PROBLEMS),
    *(text for text, _ in cases.DOCUMENT_PROBLEMS),
    *(text for text, _ in cases.SCHEMA_PROBLEMS),
    *(f"repositories:\n- {keys}" for keys, *_ in cases.VALUE_PROBLEMS),
    *(f"external_commands: [{{{keys}}}]" for keys, _ in cases.COMMAND_PROBLEMS),
    *(f"repositories: [{{name: a, expires: {text!r}}}]" for text, _ in cases.DURATION_PROBLEMS),
    *(f"guards: {{max_bytes: {text!r}}}" for text, _ in cases.SIZE_PROBLEMS),
    "check: []",
    "check: {missing_image: error}",
    "check: {mising: {}}",
    "check: {missing_image: {level: fatal}}",
    "check: {missing_image: {levels: off}}",
    "check: {budget: {price: -1}}",
    "check: {budget: {price: '1'}}",
    "kubernetes: [a]",
    "kubernetes: {contexts: a}",
    "kubernetes: {history: -1}",
    "kubernetes: {in_cluster: a}",
    "kubernetes: {exclude_clusters: [{name: a}]}",
    "kubernetes: {resources: [pods]}",
    "files: deploy/*.json",
    "files: {glob: a}",
    "files: ['']",
    "files: [[a]]",
    "files: [null]",
    "guards: {max_percent: 100.5}",
    "guards: {max_images: 1000000000}",
    "guards: {max_bytes: -1}",
    "guards: {missing_in_use: maybe}",
    "guards: null\nclusters: 1",
]


def rule_with(keys: str) -> str:
    return f"repositories:\n- name: a\n  {keys}"


LOST = ("yes", "off", "1.10", "1.0", ".5", "1.", "010", "0x10", "1_000", "+3", "1:30", ".inf")
ONLY_THE_READER_REFUSES = {
    "that two maps of a list are about the same": [f"targets:{text}" for text in targets.TWICE],
    "YAML that says something twice, or in more than one document": [
        "clusters:\n\nclusters:",
        "clusters: [{name: b, <<: {}, <<: {}}]",
        "repositories:\n- name: a\n  expires: 1d\n  name: b",
    ],
    "how a number or a boolean was written": [
        *(
            f"repositories:\n- {key}\n  {other}"
            for text in LOST
            for key, other in (
                (f"name: {text}", "expires: 1d"),
                ("expires: 1d", f"name_pattern: {text}"),
            )
        ),
        rule_with("expires: 1d\n  keep_tag_patterns: [a, 1.10]"),
        "external_commands: [{command: [a, 0x1]}]",
        "external_commands: [{command: [a], env: {B: 1.10}}]",
        "external_commands: [{command: [a], env: {B c: yes}}]",
        *(
            rule_with(f"keep_count: {number}\n  expires: 1d")
            for number in ("010", "1:30", "1_0", "3.0")
        ),
        *(rule_with(f"delete_artifacts: {word}\n  expires: 1d") for word in ("yes", "on", "Off")),
        "guards: {max_bytes: 0x10}",
    ],
    "half of a character": [
        'repositories:\n- name: "a\\ud800"\n  expires: 1d',
        'repositories:\n- expires: 1d\n  name_pattern: "a\\ud800"',
    ],
    "how much a quantity comes to, and how long its text is": [
        "repositories: [{name: a, expires: '1001y'}]",
        f"repositories: [{{name: a, expires: '{'9' * 101}d'}}]",
        f"guards: {{max_bytes: '{'9' * 5000}'}}",
    ],
}


def schema_takes(text: str) -> bool:
    """As an editor does it: the values that the text means, without how they were written."""
    try:
        return VALIDATOR.is_valid(yaml.safe_load(dedent(text)))
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError, TypeError):
        return False  # a key that is no text is none that an editor could know


def reader_takes(text: str) -> bool:
    try:
        parse(text, "ecrm.yaml")
    except ConfigError:
        return False
    return True


def test_it_is_a_good_schema():
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == Draft202012Validator.META_SCHEMA["$id"]


@pytest.mark.parametrize("text", GOOD)
def test_what_is_good_is_taken_by_both(text):
    assert reader_takes(text)
    assert schema_takes(text)


EXCEPTED = {text for texts in ONLY_THE_READER_REFUSES.values() for text in texts}


@pytest.mark.parametrize("text", [text for text in BAD if text not in EXCEPTED])
def test_what_is_bad_is_refused_by_both(text):
    assert not reader_takes(text)
    assert not schema_takes(text)


@pytest.mark.parametrize("text", sorted(EXCEPTED), ids=lambda text: text[:40].replace("\n", " "))
def test_what_only_the_reader_refuses(text):
    """If the schema learns to, the case belongs above."""
    assert not reader_takes(text)
    assert schema_takes(text)


QUANTITIES = st.text(alphabet="0123456789. \tmMinshHdDaywearotuckgGbBiµμΜ-+") | st.lists(
    st.sampled_from([*"019. \n", "m", "M", "ms", "Min", "days", "D", "y", "µs", "Mb", "KiB", "b"]),
    max_size=6,
).map("".join)


def is_read(reader: Reader[Any], text: str) -> bool:
    root: Any = read_document(
        f'a: "{text.encode("unicode_escape").decode()}"', "ecrm.yaml", Problems()
    )
    try:
        reader.read(root.entries["a"])
    except ConfigError as error:
        return "too long" in str(error)
    return True


@given(QUANTITIES)
@example("1M")
@example("1 m 1 Min")
@example("1.5.5d")
@example("1d\n")
@example("5 µS")
@example("5 ΜS")
def test_a_duration_is_taken_by_both_or_refused_by_both(text):
    assert Draft202012Validator(DURATION.schema).is_valid(text) == is_read(DURATION, text)


@given(QUANTITIES)
@example("1.5")
@example("1 kIb\n")
@example("1b b")
def test_a_size_is_taken_by_both_or_refused_by_both(text):
    assert Draft202012Validator(BYTES.schema).is_valid(text) == is_read(BYTES, text)


def keys() -> list[Any]:
    """Every key with what the schema says of it, those of maps in maps as well."""

    def of(section: Section, about: dict[str, Any], path: str) -> Iterator[Any]:
        for name, key in section.keys.items():
            described = about["properties"][name]
            if isinstance(key, Section):
                maps = described["items"] if key.is_list else described
                yield from of(key, maps, f"{path}.{name}")
            else:
                yield pytest.param(key, described, id=f"{path}.{name}")

    sections = SCHEMA["properties"]
    return [
        parameter
        for name, section in SECTIONS.items()
        if not section.item
        for parameter in of(
            section, sections[name]["items"] if section.is_list else sections[name], name
        )
    ]


@pytest.mark.parametrize(("key", "about"), keys())
def test_every_key_is_described_with_what_it_may_be(key: Key, about: dict[str, Any]):
    assert about["description"] == key.description
    assert "type" in about or "enum" in about
    assert about.get("deprecated", False) == key.obsolete


@pytest.mark.parametrize(("key", "about"), keys())
def test_a_default_is_what_one_would_write(key: Key, about: dict[str, Any]):
    if key.default is None:
        assert "default" not in about
    elif isinstance(key.default, timedelta):
        assert parse_duration(about["default"]) == key.default
    else:
        assert about["default"] == (
            list(key.default)
            if isinstance(key.default, tuple)
            else float(key.default)
            if isinstance(key.default, Decimal)
            else key.default
        )
    if "default" in about:
        Draft202012Validator(about).validate(about["default"])


def test_every_section_is_described():
    for name, section in SECTIONS.items():
        assert SCHEMA["properties"][name]["description"] == section.description

"""Whatever a file holds that ecrm reads: understood, or refused in one line that names the file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ecrm.check.baseline import read_baseline
from ecrm.check.lifecycle.reading import parse_policy
from ecrm.errors import EcrmError
from ecrm.planning.plan_file import plan_text, read_plan
from ecrm.planning.snapshot import read_snapshot, snapshot_text
from ecrm.sources.external import file_uses
from ecrm.workflow.configuration import parse
from tests.cli.conftest import RULES, Shop
from tests.cli.driving import Ecrm
from tests.strategies import examples
from tests.values import facts, image, planned, shelf, use

DEEP = "[" * 10_000
NESTED = '{"a":' * 10_000
HOSTILE = [
    *(b"", b"\0", b"\xff\xfe", b"\xef\xbb\xbf{}", b"{", b"[]", b"{}", b"null", b"7", b'"x"'),
    *(DEEP.encode(), NESTED.encode(), b"9" * 5000, b"1e999", b"-1", b"NaN", b"[[[[]]]]"),
    *(b'{"a": 1, "a": 2}', b'"\\ud800"', b'["\\ud800"]', b'{"\\ud800": "\\udfff"}', b"[7]"),
    *(b'{"repositories": ' + DEEP.encode(), b'{"rules": ' + DEEP.encode(), b"a: &a [*a]"),
    b'["' + b"X" * 50_000 + b'"]',
    b"repositories: " + b"X" * 50_000,
    b'{"accepted": {"a": 7}, "ecrm_baseline": 2}',
    b'{"accepted": [], "ecrm_baseline": 2}',
    b'{"accepted": {}, "ecrm_baseline": "2\\n3"}',
    b'{"type": "header", "format": ' + b"9" * 4000 + b"}",
]
READERS = [
    ("plan", "--from"),
    ("delete", "--force", "--plan"),
    ("restore", "--yes"),
    ("check", "--baseline"),
    ("check", "-r", "shop/api", "--lifecycle-policy"),
    ("plan", "--scanned-files"),
    ("plan", "-c"),
]

WRITABLE = [("--out", "/dev/null"), ("--journal", "/dev/null"), ("--journal", "folder")]
UNDERSTOOD = [
    *(("--scanned-files", b"[]"), ("-c", b"{}"), ("-c", b"\xef\xbb\xbf{}"), ("--baseline", b"")),
]


@pytest.mark.parametrize("reader", READERS, ids=" ".join)
def test_a_hostile_file_is_one_line_that_names_it(ecrm: Ecrm, shop: Shop, reader: tuple[str, ...]):
    for content in HOSTILE:
        if reader[-1] == "-c" and DEEP.encode() in content:
            continue  # takes PyYAML seconds, and tests/config has it
        Path("hostile").write_bytes(content)
        ran = ecrm(*reader, "hostile")
        if ran.code == 0:
            assert (reader[-1], content) in UNDERSTOOD
            continue
        assert ran.code in (1, 2), (content[:40], ran)
        # Of a configuration all mistakes are reported, a line each.
        assert len(ran.errors) == 1 or reader[-1] == "-c", (content[:40], ran)
        for line in ran.errors:
            assert "hostile" in line
            assert len(line) < 700, (content[:40], line)
    assert not shop.aws.calls.writes


@pytest.mark.parametrize("content", HOSTILE, ids=lambda content: content[:40])
def test_a_hostile_usage_history_is_one_line_that_names_it(
    ecrm: Ecrm, shop: Shop, state: Path, content: bytes
):
    state.mkdir(mode=0o700)
    (state / "in-use.json").write_bytes(content)
    ran = ecrm("plan")
    assert ran.code in (0, 1)
    assert len(ran.errors) <= 2
    assert all("in-use.json" in line and len(line) < 700 for line in ran.errors)


@pytest.mark.parametrize("name", ["folder", "/dev/null", "n" * 300, "a\0b", "\ud800"], ids=ascii)
@pytest.mark.parametrize(
    "reader", [*READERS, ("plan", "--out"), ("delete", "--force", "--journal")], ids=" ".join
)
def test_a_name_that_is_of_no_such_file_is_one_line(
    ecrm: Ecrm, shop: Shop, reader: tuple[str, ...], name: str
):
    """An event of Lambda may name anything; a command line, no byte 0."""
    Path("folder").mkdir()
    ran = ecrm(*reader, name)
    if (reader[-1], name) in WRITABLE:
        assert ran.code == 0
        return
    assert ran.code in (1, 2)
    assert len(ran.errors) == 1
    assert not shop.aws.calls.writes


# -- damaged somewhere ----------------------------------------------------------------------------

SHELF = shelf(image("old", "v1"), image("new", "v2", days=3))
WRITTEN: dict[str, tuple[str, Callable[[str], object]]] = {
    "plan": (
        plan_text(planned(SHELF, use("app:v2"), keep_all=True), "1"),
        lambda text: read_plan(text, "f"),
    ),
    "snapshot": (
        snapshot_text(facts(SHELF, use("app:v2")).scan, SHELF, "1", lambda _: None),
        lambda text: read_snapshot(text, "f"),
    ),
    "baseline": (
        '{"ecrm_baseline": 2, "accepted": {"a": "b"}}',
        lambda text: read_baseline(text, "f"),
    ),
    "policy": (
        json.dumps(
            {
                "rules": [
                    {
                        "rulePriority": 1,
                        "selection": {
                            "tagStatus": "any",
                            "countType": "imageCountMoreThan",
                            "countNumber": 5,
                        },
                        "action": {"type": "expire"},
                    }
                ]
            }
        ),
        lambda text: parse_policy(text, "f"),
    ),
    "configuration": (RULES, lambda text: parse(text, "f")),
}
PIECES = st.sampled_from(
    [
        "",
        "0",
        "-",
        "9" * 30,
        "[",
        "{",
        '"',
        "\\",
        "null",
        "true",
        "1e999",
        "\\ud800",
        "\0",
        "\n",
        ":",
    ]
) | st.characters(codec="utf-8")


@pytest.mark.parametrize("name", WRITTEN)
@settings(max_examples=examples(200))
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused_in_one_line(name: str, data: Any):
    text, read = WRITTEN[name]
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 20)))
    damaged = text[:start] + data.draw(PIECES) + text[end:]
    try:
        read(damaged)
    except EcrmError as error:
        problem = str(error)
    else:
        return
    lines = problem.splitlines()
    assert all(line.startswith("f:") for line in lines)
    # Of a configuration all mistakes are reported, a line each.
    assert len(lines) == 1 or name == "configuration"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@settings(max_examples=examples(200))
@given(JSON)
@example(["\ud800"])
def test_a_scanned_file_of_anything_is_read_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, content: Any
):
    path = tmp_path_factory.getbasetemp() / "scanned.json"
    path.write_text(json.dumps(content))
    try:
        list(file_uses(str(path)))
    except EcrmError as error:
        problem = str(error)
    else:
        return
    assert problem.startswith(f"{path}: ")
    assert len(problem.splitlines()) == 1

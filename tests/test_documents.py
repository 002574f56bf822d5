"""What the documents say is what the code does.

Outputs and help texts in the documents are compared with what ecrm prints now;
`python -m tests.test_documents` writes them anew.
"""

import functools
import itertools
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import click
import pytest

from ecrm.cli import cli
from ecrm.config import RULES_OF_CHECK, Checks, Guards
from ecrm.config.schema import Section
from ecrm.errors import EcrmError
from ecrm.model.version import VERSION
from ecrm.workflow.configuration import SECTIONS, parse
from tests.test_architecture import PACKAGES

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
COMMANDS = ROOT / "docs" / "commands.md"
SAFETY = ROOT / "docs" / "safety.md"
DESIGN = ROOT / "docs" / "design.md"
CHANGELOG = ROOT / "CHANGELOG.md"
DOCUMENTS = sorted([README, CHANGELOG, *(ROOT / "docs").glob("*.md")])
SOURCES = sorted((ROOT / "ecrm").rglob("*.py"))

# ---- outputs


@functools.cache
def printed(command: str) -> str:
    """What the command prints on an 80 column terminal, with dates made the same for ever, but for
    that which is a version of IAM's language."""
    program, *arguments = command.split()
    assert program == "ecrm"
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "ECRM_", "COVERAGE_")) and name != "NO_COLOR"
    }
    result = subprocess.run(
        [sys.executable, "-m", "ecrm", *arguments],
        cwd=ROOT,
        env=environment | {"COLUMNS": "80", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    found_violations = 3 if "check" in arguments else 0
    assert result.returncode in (0, found_violations), result.stderr
    return re.sub(r'(?<!"Version": ")\b\d{4}-\d\d-\d\d\b', "YYYY-MM-DD", result.stdout)


def filled(text: str) -> str:
    """The document with every console block as it should be: a command, and what it prints."""
    return re.sub(
        r"^```console\n\$ (.+)\n(?:.*\n)*?```$",
        lambda block: f"```console\n$ {block[1]}\n{printed(block[1])}```",
        text,
        flags=re.MULTILINE,
    )


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_outputs_are_what_ecrm_prints(path):
    text = path.read_text()
    assert text == filled(text), "python -m tests.test_documents writes the outputs anew"


def test_the_readme_shows_the_output_of_its_first_command():
    assert "$ ecrm demo\n REPOSITORY " in README.read_text()


def test_policies_in_the_readme_can_be_copied():
    shown = re.findall(
        r"^\$ ecrm iam-policy .*\n(\{\n(?:.*\n)*?\})$", README.read_text(), re.MULTILINE
    )
    assert len(shown) == 2
    assert {json.loads(text)["Version"] for text in shown} == {"2012-10-17"}


def test_every_command_has_its_help_in_the_documents():
    shown = re.findall(r"^\$ ecrm ?([\w -]*) --help$", COMMANDS.read_text(), re.MULTILINE)
    assert sorted(shown) == sorted(["", *commands(cli)])


def commands(group: click.Group) -> Iterator[str]:
    for name, command in group.commands.items():
        yield name
        if isinstance(command, click.Group):
            yield from (f"{name} {below}" for below in commands(command))


# ---- the two commands


def lines_that_set_everything_up() -> list[str]:
    return re.findall(r"^python3 -m venv .+$", README.read_text(), re.MULTILINE)


def test_one_line_shows_the_demo_and_one_runs_the_tests():
    demo, tests = lines_that_set_everything_up()
    assert demo.endswith("&& .venv/bin/ecrm demo")
    invocation = tests.rpartition(" && .venv/bin/")[2]
    assert invocation in (ROOT / ".ci" / "run").read_text().splitlines()


def test_the_extras_that_the_readme_installs_exist():
    extras = project()["optional-dependencies"]
    named = re.findall(r"'\.\[(\w+)\]'", README.read_text())
    assert named
    assert set(named) <= set(extras)


def project() -> dict[str, Any]:
    return cast("dict[str, Any]", tomllib.loads((ROOT / "pyproject.toml").read_text())["project"])


def test_the_python_that_the_readme_asks_for_is_the_one_that_is_needed():
    needed = project()["requires-python"].removeprefix(">=")
    assert f"You need Python {needed} or later" in README.read_text()


# ---- tables


def rows(text: str, heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, without its head; code marks are taken off."""
    body = re.split(rf"^#+ {re.escape(heading)}$", text, flags=re.MULTILINE)[1]
    lines = itertools.dropwhile(lambda line: not line.startswith("|"), body.splitlines())
    table = list(itertools.takewhile(lambda line: line.startswith("|"), lines))
    return [
        [cell.strip().strip("`") for cell in line.strip("|").split(" | ")] for line in table[2:]
    ]


def test_the_table_of_commands_has_every_command():
    named = [row[0].removeprefix("ecrm ") for row in rows(README.read_text(), "Commands")]
    assert sorted(named) == sorted(cli.commands)


def exit_codes() -> set[int]:
    def kinds(error: type[EcrmError]) -> Iterator[type[EcrmError]]:
        yield error
        for kind in error.__subclasses__():
            yield from kinds(kind)

    return {kind.exit_code for kind in kinds(EcrmError)}


def test_the_table_of_exit_codes_has_those_of_all_errors():
    named = [int(row[0]) for row in rows(README.read_text(), "Exit codes")]
    assert named == [0, *sorted(exit_codes())]


def test_the_help_tells_the_same_exit_codes():
    told = printed("ecrm --help").partition("Exit codes:")[2].partition("\n\n")[0]
    assert [int(code) for code in re.findall(r"\d", told)] == [0, *sorted(exit_codes())]


def test_the_table_of_guards_has_every_guard_with_its_default_and_its_option():
    table = rows(README.read_text(), "Guards")
    assert [row[0] for row in table] == list(SECTIONS["guards"].keys)
    given = "".join(f"  {row[0]}: {row[1]}\n" for row in table if row[1] != "none")
    text = f"guards:\n{given}repositories:\n  - name: app\n    expires: 1d\n"
    assert parse(text, "README.md").guards == Guards()
    for name, *_, option in table:
        given_as = f"--{name.replace('_', '-')}"
        offered = f"  {given_as} " in printed("ecrm delete --help")
        assert option == (given_as if offered else "none")


def test_the_table_of_the_rules_of_check_has_every_rule_with_its_default():
    table = rows(COMMANDS.read_text(), "ecrm check")
    assert [row[0] for row in table] == list(RULES_OF_CHECK)
    assert [row[1] for row in table] == [Checks().level(row[0]) for row in table]


# ---- configuration and environment


def blocks(language: str, path: Path) -> list[str]:
    fenced = re.compile(rf"^```{language}\n(.*?)^```", re.MULTILINE | re.DOTALL)
    return fenced.findall(path.read_text())


@pytest.mark.parametrize("text", [it for path in DOCUMENTS for it in blocks("yaml", path)])
def test_examples_of_ecrm_yaml_are_read_without_a_warning(text):
    assert parse(text, "example").warnings == ()


def test_ecrm_yaml_example_is_read_without_a_warning():
    path = ROOT / "ecrm.yaml.example"
    assert parse(path.read_text(), path.name).warnings == ()


def test_every_key_of_ecrm_yaml_is_explained():
    text = README.read_text() + (ROOT / "ecrm.yaml.example").read_text()
    keys = {*SECTIONS, *(key for section in SECTIONS.values() for key in all_keys(section))}
    assert not {key for key in keys if not re.search(rf"\b{key}\b", text)}


def all_keys(section: Section) -> Iterator[str]:
    for name, key in section.keys.items():
        yield name
        if isinstance(key, Section):
            yield from all_keys(key)


def test_every_variable_is_documented_and_every_documented_one_is_read():
    variable = re.compile(r"\bECRM_[A-Z_]*[A-Z]\b")
    read = {name for path in SOURCES for name in variable.findall(path.read_text())}
    told = {row[0] for row in rows(COMMANDS.read_text(), "Environment variables")} - {"NO_COLOR"}
    mentioned = {name for path in DOCUMENTS for name in variable.findall(path.read_text())}
    assert told == read
    assert mentioned <= read


def test_completion_is_what_click_offers():
    assert "_ECRM_COMPLETE=bash_source" in README.read_text()
    result = subprocess.run(
        [sys.executable, "-m", "ecrm"],
        env=os.environ | {"_ECRM_COMPLETE": "zsh_source"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stdout.startswith("#compdef ecrm")


# ---- links and the rest


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    kept = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.replace(" ", "-") for heading in kept}


def links(path: Path) -> list[str]:
    targets = re.findall(r"\]\(([^)\s]+)\)", path.read_text())
    return [target for target in targets if not target.startswith("https://")]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for link in links(path):
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_files_that_the_documents_name_are_there():
    named = {
        name
        for path in DOCUMENTS
        for name in re.findall(r"`((?:tests|docs|ecrm)/[\w./]+)`", path.read_text())
    }
    assert not {name for name in named if not (ROOT / name).exists()}


def test_every_promise_names_the_tests_that_show_it():
    promises = rows(SAFETY.read_text(), "What ecrm promises")
    assert promises
    for promise, shown_by in promises:
        assert re.search(r"\]\(\.\./tests/\w", shown_by), promise


def test_the_map_of_the_code_has_every_package_in_the_order_of_imports():
    named = [row[0] for row in rows(DESIGN.read_text(), "The packages")]
    assert named == list(PACKAGES)


def test_the_changelog_is_of_this_version():
    text = CHANGELOG.read_text()
    releases = re.findall(r"^## \[(.+?)\](?: - \d{4}-\d\d-\d\d)?$", text, re.MULTILINE)
    assert releases[0] in ("Unreleased", VERSION)
    assert re.findall(r"^## .*$", text, re.MULTILINE) == re.findall(
        r"^## \[.*$", text, re.MULTILINE
    )
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= kinds


if __name__ == "__main__":
    for document in DOCUMENTS:
        document.write_text(filled(document.read_text()))

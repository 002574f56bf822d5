"""What the documents say is what the code does.

Outputs and help texts in the documents are compared with what ecrm prints now;
`python -m tests.test_documents` rewrites them.
"""

import contextlib
import functools
import io
import itertools
import json
import logging
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import click
import pytest

from ecrm.cli import cli
from ecrm.cli.help import SETTINGS
from ecrm.cli.main import run
from ecrm.config import RULES_OF_CHECK, Checks, Guards
from ecrm.config.schema import Section
from ecrm.errors import EcrmError
from ecrm.lambda_handler.result import summary
from ecrm.model.version import VERSION
from ecrm.workflow.configuration import SECTIONS, parse
from tests.lambda_handler.results import deleted
from tests.test_architecture import PACKAGES

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
DOCS = ROOT / "docs"
COMMANDS = DOCS / "commands.md"
CONFIGURATION = DOCS / "configuration.md"
COMPARISON = DOCS / "comparison.md"
CHANGELOG = ROOT / "CHANGELOG.md"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md")])
SOURCES = sorted((ROOT / "ecrm").rglob("*.py"))

# What a document shows is what people get.
pytestmark = pytest.mark.usefixtures("every_source")

# ---- outputs


class Terminal(io.StringIO):
    """What people see, who have a terminal."""

    def isatty(self) -> bool:
        return True


@functools.cache
def printed(command: str) -> str:
    """What the command prints on an 80 column terminal, with every date as YYYY-MM-DD, except
    those that are a version of IAM's language."""
    program, *arguments = command.split()
    assert program == "ecrm"
    out, err = Terminal(), io.StringIO()
    logger = logging.getLogger("ecrm")
    before = logger.handlers, logger.propagate, logger.level
    with (
        pytest.MonkeyPatch.context() as patch,
        tempfile.TemporaryDirectory() as folder,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        for name in [name for name in os.environ if name.startswith(("AWS_", "ECRM_"))]:
            patch.delenv(name)
        patch.setenv("NO_COLOR", "1")
        patch.setenv("COLUMNS", "80")
        patch.chdir(ROOT)
        patch.setenv("XDG_STATE_HOME", folder)  # where no demo has deleted anything
        code = run(arguments)
    logger.handlers, logger.propagate, logger.level = before  # a run sets up those of its process
    found_violations = 3 if "check" in arguments else 0
    assert code in (0, found_violations), err.getvalue()
    return re.sub(r'(?<!"Version": ")\b\d{4}-\d\d-\d\d\b', "YYYY-MM-DD", out.getvalue())


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
    assert text == filled(text), "python -m tests.test_documents rewrites the outputs"


def test_the_readme_shows_the_output_of_its_first_command():
    assert "$ ecrm demo\nComplete plan of " in README.read_text()


def test_policies_in_the_documents_can_be_copied():
    text = (DOCS / "iam.md").read_text()
    policies = re.findall(r"^\$ ecrm iam-policy .*\n(\{\n(?:.*\n)*?\})$", text, re.MULTILINE)
    assert len(policies) == 2
    assert {json.loads(policy)["Version"] for policy in policies} == {"2012-10-17"}


def test_every_command_has_its_help_in_the_documents():
    documented = re.findall(r"^\$ ecrm ?([\w -]*) --help$", COMMANDS.read_text(), re.MULTILINE)
    assert sorted(documented) == sorted(["", *commands(cli)])


def test_global_options_are_documented_once():
    text = COMMANDS.read_text()
    options = [option for option in cli.params if option.name in SETTINGS]
    assert len(options) == len(SETTINGS)
    for option in options:
        first = option.opts[-1]
        assert len(re.findall(rf"^  (?:-\w, )?{first}(?![\w-])", text, re.MULTILINE)) == 1, first


def test_every_command_takes_the_global_options():
    for name, command in leaves(cli):
        taken = {option.name for option in command.params}
        assert set(SETTINGS) <= taken, name


def leaves(group: click.Group) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from ((f"{name} {below}", leaf) for below, leaf in leaves(command))
        else:
            yield name, command


def commands(group: click.Group) -> Iterator[str]:
    for name, command in group.commands.items():
        yield name
        if isinstance(command, click.Group):
            yield from (f"{name} {below}" for below in commands(command))


# ---- setting up


def lines_that_set_everything_up() -> list[str]:
    return re.findall(r"^python3 -m venv .+$", README.read_text(), re.MULTILINE)


def test_one_line_shows_the_demo_and_one_runs_the_tests():
    demo, tests = lines_that_set_everything_up()
    assert demo.endswith("&& ecrm demo")
    measured = tests.rpartition(" && ")[2].replace("python -m", "coverage run -m")
    checks = (ROOT / ".ci" / "run").read_text().splitlines()
    assert [line for line in checks if line.startswith(measured)]


def test_the_commands_that_follow_the_first_line_find_ecrm():
    for line in lines_that_set_everything_up():
        make, activate, install, _ = line.split(" && ")
        assert make == "python3 -m venv .venv"
        assert activate == ". .venv/bin/activate"
        assert install.startswith("pip install -q '.[")


def test_the_extras_that_the_documents_install_exist():
    extras = project()["optional-dependencies"]
    named = {name for path in DOCUMENTS for name in re.findall(r"'\.\[(\w+)\]'", path.read_text())}
    assert named
    assert named <= set(extras)


def project() -> dict[str, Any]:
    return cast("dict[str, Any]", tomllib.loads((ROOT / "pyproject.toml").read_text())["project"])


@pytest.mark.parametrize("path", [README, DOCS / "quick-start.md"], ids=lambda path: path.name)
def test_the_python_that_a_document_asks_for_is_the_one_that_is_needed(path):
    needed = project()["requires-python"].removeprefix(">=")
    assert f"Python {needed} or later" in path.read_text()


FROM_AN_INDEX = re.compile(r"\bpipx? install (?:-\S+ )*['\"]?ecrm\b(?!(?:\[\w+\])? @)")


@pytest.mark.parametrize(
    ("text", "is_from_an_index"),
    [
        ("pip install 'ecrm[demo]'", True),
        ("pipx install ecrm", True),
        ("pip install --quiet ecrm==0.1.0", True),
        ('pip install --quiet "ecrm @ git+https://github.com/my-org/ecrm@main"', False),
        ("pip install 'ecrm[demo] @ git+https://github.com/my-org/ecrm@main'", False),
        ("pip install -q '.[demo]'", False),
    ],
)
def test_an_installation_from_an_index_is_recognized(text, is_from_an_index):
    assert bool(FROM_AN_INDEX.search(text)) == is_from_an_index


def test_nothing_is_installed_from_an_index_that_does_not_have_it():
    """Whoever takes the name there would have their code run."""
    assert not [p for p in (*DOCUMENTS, *SOURCES) if FROM_AN_INDEX.search(p.read_text())]


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
    named = [row[0].removeprefix("ecrm ") for row in rows(COMMANDS.read_text(), "Commands")]
    assert sorted(named) == sorted(cli.commands)


def exit_codes() -> set[int]:
    def kinds(error: type[EcrmError]) -> Iterator[type[EcrmError]]:
        yield error
        for kind in error.__subclasses__():
            yield from kinds(kind)

    return {kind.exit_code for kind in kinds(EcrmError)}


def test_the_table_of_exit_codes_has_those_of_all_errors():
    named = [int(row[0]) for row in rows((DOCS / "exit-codes.md").read_text(), "Exit codes")]
    assert named == [0, *sorted(exit_codes())]


def test_the_help_has_the_same_exit_codes():
    text = printed("ecrm --help").partition("Exit codes:")[2].partition("\n\n")[0]
    assert [int(code) for code in re.findall(r"\d", text)] == [0, *sorted(exit_codes())]


def test_the_table_of_guards_has_every_guard_with_its_default_and_its_option():
    table = rows(CONFIGURATION.read_text(), "Guards")
    assert [row[0] for row in table] == list(SECTIONS["guards"].keys)
    given = "".join(f"  {row[0]}: {row[1]}\n" for row in table if row[1] != "none")
    text = f"guards:\n{given}repositories:\n  - name: app\n    expires: 1d\n"
    assert parse(text, "guards").guards == Guards()
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


@pytest.mark.parametrize("text", [block for path in DOCUMENTS for block in blocks("yaml", path)])
def test_examples_of_ecrm_yaml_are_read_without_a_warning(text):
    assert parse(text, "example").warnings == ()


def test_ecrm_yaml_example_is_read_without_a_warning():
    path = ROOT / "ecrm.yaml.example"
    assert parse(path.read_text(), path.name).warnings == ()


def test_every_key_of_ecrm_yaml_is_explained():
    text = CONFIGURATION.read_text() + (ROOT / "ecrm.yaml.example").read_text()
    keys = {*SECTIONS, *(key for section in SECTIONS.values() for key in all_keys(section))}
    assert not {key for key in keys if not re.search(rf"\b{key}\b", text)}


def all_keys(section: Section) -> Iterator[str]:
    for name, key in section.keys.items():
        yield name
        if isinstance(key, Section):
            yield from all_keys(key)


def test_every_variable_is_documented_and_every_documented_one_is_read():
    variable = re.compile(r"\bECRM_[A-Z_]*[A-Z]\b")
    table = rows((DOCS / "environment.md").read_text(), "Environment variables")
    read = {name for path in SOURCES for name in variable.findall(path.read_text())}
    mentioned = {name for path in DOCUMENTS for name in variable.findall(path.read_text())}
    assert {row[0] for row in table} - {"NO_COLOR", "FORCE_COLOR"} == read
    assert mentioned <= read


def test_the_summary_of_a_lambda_function_has_the_keys_that_it_returns():
    [documented] = [json.loads(block) for block in blocks("json", DOCS / "lambda.md")]
    returned = summary(deleted(), VERSION)
    assert list(documented) == list(returned)
    assert list(documented["images"]) == list(returned["images"])
    [repository] = documented["repositories"]
    assert list(repository) == list(returned["repositories"][0])
    assert set(repository["outcomes"]) <= set(returned["images"])


def test_completion_is_what_click_offers():
    assert "_ECRM_COMPLETE=bash_source" in COMMANDS.read_text()
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
    """They are relative, so that they work in a clone and on any host."""
    for link in links(path):
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_index_has_every_page():
    linked = {link.partition("#")[0] for link in links(DOCS / "README.md")}
    pages = {path.name for path in DOCS.glob("*.md")} - {"README.md"}
    assert pages <= linked


def test_the_readme_is_read_in_two_minutes():
    assert len(README.read_bytes()) <= 8_000


def test_every_cell_of_the_comparison_has_evidence():
    in_short = rows(COMPARISON.read_text(), "In short")
    evidence = rows(COMPARISON.read_text(), "Evidence")
    assert rows(README.read_text(), "Compared") == in_short
    assert [row[0] for row in evidence] == [row[0] for row in in_short]
    for row, proof in zip(in_short, evidence, strict=True):
        assert len(row) == len(proof) == 4
        assert re.search(r"\]\(\.\./(?:tests/\w|pyproject)", proof[1]), proof
        for cell in proof[2:]:
            assert re.search(r"\]\((?:https://|\.\./tests/\w)", cell), proof


def test_files_that_the_documents_name_are_there():
    named = {
        name
        for path in DOCUMENTS
        for name in re.findall(r"`((?:tests|docs|ecrm)/[\w./]+)`", path.read_text())
    }
    assert not {name for name in named if not (ROOT / name).exists()}


def test_every_promise_names_the_tests_that_show_it():
    promises = rows((DOCS / "safety.md").read_text(), "What ecrm promises")
    assert promises
    for promise, shown_by in promises:
        assert re.search(r"\]\(\.\./tests/\w", shown_by), promise


def test_the_map_of_the_code_has_every_package_in_the_order_of_imports():
    named = [row[0] for row in rows((DOCS / "design.md").read_text(), "The packages")]
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

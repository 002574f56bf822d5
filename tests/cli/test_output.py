"""`--format` and `-o` mean the same everywhere, and their variables what they always meant."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from ecrm.cli.main import cli
from tests.cli.conftest import Shop
from tests.cli.driving import Ecrm


def leaves(group: click.Group, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from leaves(command, *path, name)
        else:
            yield (*path, name), command


COMMANDS = dict(leaves(cli))


def with_option(name: str) -> dict[tuple[str, ...], click.Option]:
    return {
        path: option
        for path, command in COMMANDS.items()
        for option in command.params
        if isinstance(option, click.Option) and name in option.opts
    }


def test_the_variables_of_the_original_act_where_it_has_them():
    def reading(option: str) -> dict[str, object]:
        found = with_option(option).items()
        return {path[0]: option.envvar for path, option in found if option.envvar}

    assert reading("--output") == dict.fromkeys(("scan", "plan", "delete"), "ECRM_OUTPUT")
    assert reading("--format") == dict.fromkeys(("plan", "delete"), "ECRM_FORMAT")


@pytest.mark.parametrize("path", with_option("--output"), ids=" ".join)
def test_a_format_is_no_name_of_a_file(ecrm: Ecrm, path: tuple[str, ...]):
    arguments = ["x"] if path[0] in ("explain", "restore") else []
    ran = ecrm(*path, *arguments, "-o", "json")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.endswith(
        ": 'json' is a format; write --format json, or -o ./json for a file; "
        f"see: ecrm {' '.join(path)} --help\n"
    )
    assert not Path("json").exists()


def test_a_file_may_be_called_like_a_format(ecrm: Ecrm):
    assert ecrm("config", "schema", "-o", "./json").code == 0
    assert Path("json").read_text().startswith("{")


@pytest.mark.parametrize(
    ("options", "levels"),
    [
        ([], {"info"}),
        (["-q"], set()),
        (["--quiet"], set()),
        (["-v"], {"info", "debug"}),
        (["--verbose", "--log-level", "error"], {"info", "debug"}),
    ],
)
def test_quiet_and_verbose_are_levels_of_the_log(
    ecrm: Ecrm, shop: Shop, options: list[str], levels: set[str]
):
    for arguments in ([*options, "plan"], ["plan", *options]):
        ran = ecrm(*arguments)
        lines = (ran.err + ran.calls).splitlines()
        assert {line.split(": ")[1] for line in lines} == levels


def test_quiet_and_verbose_exclude_each_other(ecrm: Ecrm):
    assert ecrm("plan", "-q", "-v").code == 2
    assert ecrm("-q", "version", "-v").code == 0


def test_help_groups_options_and_commands_and_has_global_options_once(ecrm: Ecrm):
    def titles(text: str) -> list[str]:
        return re.findall(r"^(\w.*):$", text, re.MULTILINE)

    assert titles(ecrm("delete", "--help").out) == ["Selection", "Output", "Safety", "Options"]
    assert "--profile" not in ecrm("delete", "--help").out
    text = ecrm("--help").out
    assert titles(text) == ["Options", "Global options", "Look", "Clean up", "Set up"]
    assert "..." not in text.partition("Look:")[2]

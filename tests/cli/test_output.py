"""`--format` and `-o` mean the same everywhere, and their variables what they always meant."""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from ecrm.cli.main import cli
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

"""B40: an option that is given and empty (a variable that a script forgot to set) never widens
what a run does: it is a usage error before any call, of every option of every command."""

from collections.abc import Iterator
from itertools import product

import click
import pytest

from ecrm.cli import cli
from tests.cli.conftest import Shop
from tests.cli.driving import Ecrm
from tests.fake_aws import FakeAws

REST = {
    (): ["plan"],
    ("config",): ["schema"],
    ("kubernetes",): ["manifest"],
    ("restore",): ["journal.jsonl"],
    ("diff",): ["old.json", "new.json"],
    ("explain",): ["shop/api:v1"],
}


def leaves(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from leaves(inner, (*path, name))


OPTIONS = {
    path: [
        option
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.is_flag
        for option in parameter.opts
        if option != "--color"  # which may stand alone
    ]
    for path, command in leaves(cli)
}
VARIABLES = sorted(
    {
        str(parameter.envvar)
        for _, command in leaves(cli)
        for parameter in command.params
        if parameter.envvar
    }
    | {"ECRM_NO_COLOR", "ECRM_CONFIG_YAML", "ECRM_CACHE_DIR"}
)


def arguments(path: tuple[str, ...], *options: str) -> list[str]:
    """A command line that makes sense but for the options."""
    return [*path, *options, *REST.get(path, ())]


def test_the_list_of_options_is_that_of_the_command_line():
    assert {"-r", "--scanned-files", "--from", "--out", "-o"} <= set(OPTIONS["plan",])
    assert {"--plan", "--journal", "--region"} <= set(OPTIONS["delete",])
    assert sum(map(len, OPTIONS.values())) > 100


@pytest.mark.parametrize(
    ("path", "options"), [pytest.param(*item, id=" ".join(item[0])) for item in OPTIONS.items()]
)
def test_b40_an_empty_option_is_a_usage_error_before_any_call(
    ecrm: Ecrm, aws: FakeAws, path: tuple[str, ...], options: list[str]
):
    for option, empty in product(options, ("", " ")):
        ran = ecrm(*arguments(path, option, empty))
        assert (ran.code, ran.out) == (2, ""), option
        (line,) = ran.errors
        assert f"'{option}'" in line
    assert not aws.calls


@pytest.mark.parametrize("files", [",,", "a.json,", ",a.json", "a.json, ,b.json"])
def test_b40_a_hole_in_a_list_of_scanned_files_is_a_usage_error(ecrm: Ecrm, shop: Shop, files: str):
    for command in ("plan", "delete --force", "check", "snapshot", "explain shop/api:v1"):
        for ran in (
            ecrm(*command.split(), "--scanned-files", files),
            ecrm(*command.split(), ECRM_SCANNED_FILES=files),
        ):
            assert ran.code == 2
            (line,) = ran.errors
            assert "scanned-files" in line
    assert not shop.aws.calls


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["explain", ""], "'IMAGE'"),
        (["restore", ""], "'JOURNAL'"),
        (["restore", "journal.jsonl", ""], "'[IMAGE]...'"),
        (["check", "--files", "a", ""], "'[GLOB]...'"),
        (["config", "check", ""], "'[FILE]...'"),
    ],
)
def test_b40_an_empty_argument_is_a_usage_error(
    ecrm: Ecrm, aws: FakeAws, command: list[str], name: str
):
    ran = ecrm(*command)
    assert (ran.code, ran.out) == (2, "")
    assert name in ran.errors[-1]
    assert not aws.calls


def test_b40_an_empty_variable_counts_as_unset(
    ecrm: Ecrm, shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    usual, refused = ecrm("plan"), ecrm("delete")
    for variable in VARIABLES:
        monkeypatch.setenv(variable, "")
    assert ecrm("plan") == usual
    assert ecrm("delete") == refused  # for lack of --force and of a terminal
    assert refused.code == 2
    assert ecrm("delete", "--force").code == 0
    assert shop.deleted == [shop.old.digest]

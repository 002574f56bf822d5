"""`--format` and `-o` mean the same everywhere, and their variables what they always meant."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from ecrm.cli.main import cli
from tests.cli.conftest import Shop
from tests.cli.driving import Ecrm
from tests.fake_aws import FOREVER, Fault, days_ago


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


def test_a_dry_run_of_delete_is_a_plan(ecrm: Ecrm, shop: Shop):
    ran = ecrm("delete", "--dry-run", "--yes")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "ecrm: error: use `ecrm plan`, which shows what would be deleted and deletes nothing\n"
    )
    assert not shop.aws.calls


def test_the_outcomes_of_delete_are_in_its_json(ecrm: Ecrm, shop: Shop):
    refused = shop.repository.push("v0", pushed=days_ago(101))
    fault = Fault.failure("KmsError", "no key", of=refused.digest)
    shop.aws.fault("ecr", "BatchDeleteImage", fault, times=FOREVER)
    ran = ecrm("delete", "--yes", "--format", "json")
    (row,) = ran.json
    assert (ran.code, row["expired_images"], row["complete"]) == (4, 2, False)
    outcomes = {outcome["digest"]: outcome for outcome in row["outcomes"]}
    assert outcomes[shop.old.digest] == {
        "digest": shop.old.digest,
        "tags": ["v1"],
        "size": 10_000_000,
        "status": "deleted",
        "detail": "",
    }
    assert (outcomes[refused.digest]["status"], len(outcomes)) == ("failed", 2)
    shop.repository.remove(refused)
    (row,) = ecrm("delete", "--yes", "--format", "json", "-o", "-").json
    assert (row["complete"], row["outcomes"]) == (True, [])


def test_the_outcomes_are_in_the_file_that_is_named(ecrm: Ecrm, shop: Shop):
    assert ecrm("delete", "--yes", "--format", "json", "-o", "done.json").code == 0
    (row,) = json.loads(Path("done.json").read_text())
    assert [outcome["status"] for outcome in row["outcomes"]] == ["deleted"]


def test_a_refused_deletion_has_no_outcomes_and_is_not_complete(ecrm: Ecrm, shop: Shop):
    (row,) = ecrm("delete", "--yes", "--format", "json", "--max-images", "0").json
    assert (row["complete"], row["outcomes"]) == (False, [])


# -- journals -------------------------------------------------------------------------------------


def test_journals_are_listed_newest_first(ecrm: Ecrm, shop: Shop, state: Path):
    assert (
        ecrm("journals")
        .errors[0]
        .endswith("journals: there is no such folder, so there are no journals in it")
    )
    assert ecrm("delete", "--yes").code == 0
    (first,) = (state / "journals").iterdir()
    lines = first.read_text().splitlines(keepends=True)
    killed = first.with_name("20000101T000000Z-123456789012-us-east-1.jsonl")
    header = lines[0].replace(lines[0].split('"at": "')[1][:4], "2000")
    killed.write_text(header + lines[1])
    first.with_name("notes.txt").write_text("none")
    found = ecrm("journals", "--format", "json").json
    assert (found["ecrm_journals"], found["complete"]) == (1, True)
    assert [
        (
            journal["journal"],
            journal["restorable"],
            journal["bytes"],
            journal["ended"],
            journal["outcomes"],
        )
        for journal in found["journals"]
    ] == [
        (str(first), 1, 10_000_000, True, {"deleted": 1}),
        (str(killed), 1, 10_000_000, False, {}),
    ]
    text = ecrm("journals", state / "journals").out
    assert text.index(str(first)) < text.index(str(killed))
    assert "| 123456789012/us-east-1 | 1        | 10 MB  | ended              | " in text
    assert "| 123456789012/us-east-1 | 1        | 10 MB  | killed, or goes on | " in text
    assert "\n2 journals of 2 images to restore.\n" in text


def test_a_journal_that_cannot_be_read_is_named(ecrm: Ecrm, state: Path):
    folder = state / "journals"
    folder.mkdir(parents=True)
    (folder / "bad.jsonl").write_text("no")
    ran = ecrm("journals")
    assert ran.code == 1
    assert f"{folder / 'bad.jsonl'}, line 1: this is not JSON" in ran.out
    ran = ecrm("journals", "--format", "json")
    assert (ran.code, ran.json["complete"], len(ran.json["journals"])) == (1, False, 1)


def test_journals_in_s3_are_listed(ecrm: Ecrm, shop: Shop):
    shop.aws.s3.bucket("team")
    journal = "s3://team/ecrm/journals/one"
    assert ecrm("delete", "--yes", "--journal", journal).code == 0
    (listed,) = ecrm("journals", "s3://team/ecrm/journals", "--format", "json").json["journals"]
    assert (listed["journal"], listed["restorable"], listed["ended"]) == (journal, 1, True)

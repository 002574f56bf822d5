"""B38: a state folder that others may write decides about nothing, and stops a deletion."""

import os
import stat
from pathlib import Path

import pytest

from tests.cli.conftest import Shop
from tests.cli.driving import Ecrm


@pytest.fixture
def left(ecrm: Ecrm, shop: Shop, state: Path) -> Path:
    """What a run has left, made under a umask that leaves everything to everybody."""
    before = os.umask(0)
    try:
        assert ecrm("delete", "--force").code == 0
    finally:
        os.umask(before)
    shop.aws.calls.clear()
    return state


def test_what_a_run_leaves_is_for_the_user_alone(left: Path):
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (left, *left.rglob("*"))}
    (journal,) = (left / "journals").iterdir()
    files = ("in-use.json", "repositories.json", "totals.json", journal.name)
    assert modes == {"state": 0o700, "journals": 0o700} | dict.fromkeys(files, 0o600)


@pytest.mark.parametrize("name", ["", "journals", "in-use.json", "totals.json"])
def test_others_may_write_it(ecrm: Ecrm, shop: Shop, left: Path, name: str):
    path = left / name
    path.chmod(path.stat().st_mode | stat.S_IWGRP)
    why = f"{path}: is not trusted: others may write it; run chmod go-w on it"
    ran = ecrm("delete", "--force")
    assert (ran.code, ran.errors) == (1, [f"ecrm: error: {why}; nothing was deleted"])
    assert not shop.aws.calls.writes
    before = (left / "in-use.json").read_text()
    ran = ecrm("plan")
    assert ran.code == 0
    assert ran.errors == [f"ecrm: warn: {why}; so a drop of what is in use cannot be noticed"]
    assert (left / "in-use.json").read_text() == before


def test_it_is_a_link(ecrm: Ecrm, shop: Shop, left: Path):
    left.rename(left.with_name("elsewhere"))
    left.symlink_to("elsewhere")
    ran = ecrm("delete", "--force")
    assert ran.errors == [f"ecrm: error: {left}: is not trusted: it is a link; nothing was deleted"]
    assert not shop.aws.calls.writes


def test_it_belongs_to_somebody_else(
    ecrm: Ecrm, shop: Shop, left: Path, monkeypatch: pytest.MonkeyPatch
):
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    ran = ecrm("delete", "--force")
    assert ran.code == 1
    assert f"{left}: is not trusted: it belongs to user {owner}" in ran.errors[0]
    assert not shop.aws.calls.writes

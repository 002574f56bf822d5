"""What `plan` shows where, and which options change that."""

import io
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.conftest import Shop
from tests.cli.driving import Ecrm

TABLE = " REPOSITORY   | TYPE"
TEXT = "Complete plan of 123456789012/us-east-1\n"


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def on_a_terminal(ecrm: Ecrm, monkeypatch: pytest.MonkeyPatch, *args: object, **env: object) -> str:
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", screen := Screen())
        assert ecrm(*args, NO_COLOR=1, COLUMNS=80, **env).code == 0
    return screen.getvalue()


def test_a_terminal_gets_the_answer_and_a_pipe_the_table_of_its_script(
    ecrm: Ecrm, shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    assert on_a_terminal(ecrm, monkeypatch, "plan").startswith(TEXT)
    assert ecrm("plan").out.startswith(TABLE)
    assert on_a_terminal(ecrm, monkeypatch, "plan", "-o", "plan.txt") == ""
    assert Path("plan.txt").read_text().startswith(TABLE)
    for options, env in ((["--format", "table"], {}), ([], {"ECRM_FORMAT": "table"})):
        assert on_a_terminal(ecrm, monkeypatch, "plan", *options, **env).startswith(TABLE)
    assert ecrm("plan", "--format", "text").out.startswith(TEXT)
    assert ecrm("plan", ECRM_FORMAT="text").out.startswith(TEXT)
    assert ecrm("delete", "--force", "--format", "text").out.startswith(TEXT)


def test_the_width_is_that_of_the_terminal(ecrm: Ecrm, shop: Shop):
    assert "IN USE" in ecrm("plan", "--format", "text", COLUMNS=120).out
    assert "IN USE" in ecrm("plan", "--format", "text").out
    assert "IN USE" not in ecrm("plan", "--format", "text", COLUMNS=60).out


def test_images_lists_each_image_in_every_format(ecrm: Ecrm, shop: Shop):
    pushed = datetime.fromtimestamp(shop.old.pushed, UTC).date().isoformat()
    line = f"    v1  10 MB  {pushed}  "
    for options in ([], ["--format", "table"], ["--format", "text"]):
        out = " ".join(ecrm("plan", "--images", *options).out.split())
        assert f"shop/api: 1 image 10 MB expired {' '.join(line.split())}" in out
    assert f"| v1 | 10 MB | {pushed} | " in ecrm("plan", "--images", "--format", "markdown").out
    listed = ecrm("plan", "--images", "--format", "json").json
    assert (listed["ecrm_images"], listed["complete"], listed["missing"]) == (1, True, [])
    [image] = listed["images"]
    assert (image["repository"], image["digest"]) == ("shop/api", shop.old.digest)
    assert (image["tags"], image["reason"], image["action"]) == (["v1"], "expired", "delete")


def test_reports_are_further_formats_in_files(ecrm: Ecrm, shop: Shop):
    reports = ["--report", "markdown=plan.md", "--report", "json=plan.json"]
    assert ecrm("plan", *reports).out.startswith(TABLE)
    assert Path("plan.md").read_text().startswith("# ECR images\n")
    assert json.loads(Path("plan.json").read_text())[0]["expired_images"] == 1
    ecrm("plan", "--images", *reports)
    assert "## Images to be removed" in Path("plan.md").read_text()
    assert json.loads(Path("plan.json").read_text())["ecrm_images"] == 1


def test_top_sort_and_all_choose_the_repositories(ecrm: Ecrm, shop: Shop):
    for name in ("aa", "bb", "cc"):
        shop.aws.ecr.repository(name).fill(2, newest=shop.old.pushed, every=60)
    text = ["plan", "--format", "text"]
    assert "2 more (--all)" in ecrm(*text, "--top", 2).out
    assert "2 more" not in ecrm(*text, "--top", 2, "--all").out
    out = ecrm(*text, "--sort", "name").out
    assert out.index("\naa ") < out.index("\nbb ") < out.index("\nshop/api ")
    assert ecrm("plan", "--top", 0).code == 2


def test_all_lists_kept_images_only_in_a_plan_file(ecrm: Ecrm, shop: Shop):
    assert ecrm("plan", "--all", "--out", "plan.json").code == 0
    [repository] = json.loads(Path("plan.json").read_text())["repositories"]
    assert len(repository["kept"]) == 3


def test_the_exit_code_says_on_request_whether_anything_can_be_deleted(ecrm: Ecrm, shop: Shop):
    assert ecrm("plan").code == 0
    assert ecrm("plan", "--detailed-exitcode").code == 6
    shop.repository.remove(shop.old)
    assert ecrm("plan", "--detailed-exitcode").code == 0


def test_prices_come_from_the_configuration(ecrm: Ecrm, shop: Shop):
    ecrm.config("""
        repositories: [{name_pattern: "*", expires: 30d}]
        pricing: [{region: "us-*", standard: 100}]
    """)
    assert ecrm("plan", "--format", "text").out.count(" 1.00\n") == 1

"""`files:` of ecrm.yaml: what git names is in use, with file and line as the evidence."""

from pathlib import Path

import pytest

from tests.cli.conftest import RULES, Shop
from tests.cli.driving import HOST, Ecrm, decisions

FILES = f"{RULES}    files: ['deploy/**/*.json', 'k8s/*.yaml']\n"
TASK_DEFINITION = f"""\
{{
  "containerDefinitions": [
    {{"name": "app", "image": "{HOST}/shop/api:v1"}}
  ]
}}
"""


@pytest.fixture
def tree(ecrm: Ecrm, shop: Shop) -> Shop:
    """A task definition that names the only deletable image, and a manifest with a template."""
    ecrm.config(FILES)
    Path("deploy/web").mkdir(parents=True)
    Path("k8s").mkdir()
    Path("deploy/web/task.json").write_text(TASK_DEFINITION)
    Path("k8s/job.yaml").write_text("kind: Job\nimage: ${IMAGE}\n")
    return shop


def test_an_image_that_a_file_names_is_never_deleted(ecrm: Ecrm, tree: Shop):
    assert decisions(ecrm.plan()) == {}
    assert decisions(ecrm.plan(), "kept")[tree.old.digest] == "in_use"
    assert ecrm("delete", "--force").code == 0
    assert tree.deleted == []
    Path("deploy/web/task.json").write_text(TASK_DEFINITION.replace(":v1", ":v4"))
    assert ecrm("delete", "--force").code == 0
    assert tree.deleted == [tree.old.digest]


def test_explain_shows_file_line_and_keys(ecrm: Ecrm, tree: Shop):
    keys = "containerDefinitions.app.image"
    output = ecrm("explain", "shop/api:v1").out
    assert f"  file deploy/web/task.json (line 3) → {keys}\n" in output
    [explained] = ecrm("explain", "shop/api:v1", "--format", "json").json["explanations"]
    assert explained["uses"] == [
        {
            "reference": f"{HOST}/shop/api:v1",
            "source": "working tree",
            "user": "file deploy/web/task.json",
            "why": "line 3",
            "path": [keys],
            "file": "deploy/web/task.json",
            "line": 3,
        }
    ]


def test_scan_tells_what_files_name(ecrm: Ecrm, tree: Shop):
    assert f"{HOST}/shop/api:v1" in ecrm("scan").json
    detail = ecrm("scan", "--format", "detail").json
    [use] = [use for use in detail["uses"] if use["source"] == "working tree"]
    assert (use["file"], use["line"]) == ("deploy/web/task.json", 3)


def test_the_plan_lists_templates_and_is_still_complete(ecrm: Ecrm, tree: Shop):
    ran = ecrm("plan")
    assert ran.code == 0
    line = "files k8s/*.yaml: read, 0 references; k8s/job.yaml:2: ${IMAGE} is a template that"
    assert line in ran.out


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (
            lambda: Path("k8s/job.yaml").unlink(),
            "k8s/*.yaml: matches no file; it is relative to the folder that ecrm runs in",
        ),
        (
            lambda: Path("k8s/job.yaml").write_text("a: [b\n"),
            (
                "k8s/job.yaml:2: not YAML: while parsing a flow sequence, "
                "expected ',' or ']', but got '<stream end>'"
            ),
        ),
        (
            lambda: Path("k8s/job.yaml").write_bytes(b"\xff"),
            "k8s/job.yaml:1: is not UTF-8; save the file as UTF-8",
        ),
    ],
)
def test_what_cannot_be_read_stops_every_deletion(ecrm: Ecrm, tree: Shop, damage, problem):
    damage()
    for command in (["plan"], ["delete", "--force"], ["scan"], ["snapshot"]):
        ran = ecrm(*command)
        assert ran.code == 1
        assert f"ecrm: error: {problem}" in ran.errors
    assert tree.deleted == []


def test_without_a_scan_files_protect_all_the_same(ecrm: Ecrm, tree: Shop):
    Path("scan.json").write_text("[]")
    plan = ecrm.plan("--no-scan", "--scanned-files", "scan.json")
    assert decisions(plan, "kept")[tree.old.digest] == "in_use"
    assert tree.used.digest in decisions(plan)


def test_files_alone_do_not_make_up_for_a_scan(ecrm: Ecrm, tree: Shop):
    assert ecrm("plan", "--no-scan").code == 2


def test_a_snapshot_records_what_files_named(
    ecrm: Ecrm, tree: Shop, monkeypatch: pytest.MonkeyPatch
):
    """It plans as the account did, wherever it is taken to."""
    assert ecrm("snapshot", "-o", "snapshot.json").code == 0
    live = ecrm("plan")
    Path("deploy/web/task.json").unlink()
    for name in tree.aws.env():
        monkeypatch.delenv(name)
    assert ecrm("plan", "--from", "snapshot.json") == live
    output = ecrm("explain", "shop/api:v1", "--from", "snapshot.json").out
    assert "file deploy/web/task.json (line 3)" in output


def test_without_a_scan_a_snapshot_tells_no_uses_and_files_do(ecrm: Ecrm, tree: Shop):
    assert ecrm("snapshot", "-o", "snapshot.json").code == 0
    Path("scan.json").write_text("[]")
    Path("deploy/web/task.json").write_text(TASK_DEFINITION.replace(":v1", ":v2"))
    offline = ("--from", "snapshot.json", "--no-scan", "--scanned-files", "scan.json")
    assert decisions(ecrm.plan(*offline)) == {tree.old.digest: "expired"}

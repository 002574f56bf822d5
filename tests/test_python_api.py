"""`import ecrm`: the documented functions and values, and what an import costs."""

import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest

import ecrm
from ecrm.cli.main import run as command_line
from ecrm.demo import SAMPLE_CONFIG, sample_account

NOW = datetime.now(UTC)
PAGE = Path(__file__).parent.parent / "docs" / "python.md"


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    """The command line sets up the logging of its process; here it must not outlive the test."""
    logger = logging.getLogger("ecrm")
    before = logger.handlers, logger.propagate, logger.level
    yield
    logger.handlers, logger.propagate, logger.level = before


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The sample account, and its ecrm.yaml in an empty current folder."""
    for name in ("ECRM_CONFIG", "ECRM_CONFIG_YAML", "ECRM_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ECRM_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    Path("ecrm.yaml").write_text(SAMPLE_CONFIG.read_text())
    with sample_account(NOW):
        yield tmp_path


def digests(plan: ecrm.Plan) -> list[str]:
    return [decision.image.digest for one in plan.repositories for decision in one.deletions]


def test_a_plan_in_python_is_the_plan_of_the_command_line(account: Path):
    assert command_line(["plan", "--out", "plan.json", "-o", "plan.txt"]) == 0
    plan = ecrm.plan()
    assert plan.complete
    assert digests(plan)
    written = set(re.findall(r"sha256:[0-9a-f]{64}", Path("plan.json").read_text()))
    assert set(digests(plan)) <= written
    assert sorted(one.repository for one in plan.repositories) == [
        *("charts/shop", "lambda/thumbnails", "shop/api", "shop/web", "shop/worker", "tools/ci")
    ]


def test_a_plan_can_be_of_one_repository(account: Path):
    plan = ecrm.plan(repository="shop/api")
    assert [one.repository for one in plan.repositories] == ["shop/api"]


def test_a_plan_lists_what_is_kept_on_demand(account: Path):
    assert ecrm.plan(repository="shop/api").repositories[0].kept == ()
    kept = ecrm.plan(repository="shop/api", list_kept=True).repositories[0].kept
    assert ecrm.Reason.IN_USE in {decision.reason for decision in kept}


def test_programs_of_the_configuration_may_be_left_out(account: Path):
    programs = "external_commands: [{command: [touch, ran]}]\n"
    Path("ecrm.yaml").write_text(programs + SAMPLE_CONFIG.read_text())
    ecrm.scan(external_commands=False)
    plan = ecrm.plan(repository="shop/api", external_commands=False)
    assert not Path("ran").exists()
    assert "command touch" in [report.source for report in plan.source_reports]


def test_a_configuration_may_be_a_path_or_one_that_was_loaded(account: Path):
    Path("ecrm.yaml").rename("mine.yaml")
    by_text = ecrm.plan("mine.yaml", repository="tools/ci")
    by_path = ecrm.plan(Path("mine.yaml"), repository="tools/ci")
    loaded = ecrm.plan(ecrm.load_config("mine.yaml"), repository="tools/ci")
    assert digests(by_text) == digests(by_path) == digests(loaded) != []
    assert by_text.config == loaded.config != ""


def test_what_scanned_files_name_is_in_use(account: Path):
    before = digests(ecrm.plan(repository="tools/ci"))
    host = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
    Path("used.json").write_text(f'["{host}/tools/ci@{before[0]}"]')
    after = digests(ecrm.plan(repository="tools/ci", scanned_files=[Path("used.json")]))
    assert set(before) - set(after) == {before[0]}


def test_the_region_is_the_one_that_was_asked_for(account: Path):
    scan = ecrm.scan(region="eu-west-1")
    assert {str(read.registry) for read in scan.source_reports} == {"123456789012/eu-west-1"}


def test_a_profile_is_the_one_that_was_asked_for(account: Path):
    with pytest.raises(ecrm.EcrmError, match="nobody"):
        ecrm.plan(profile="nobody")
    with pytest.raises(ecrm.EcrmError, match="nobody"):
        ecrm.scan(profile="nobody")


def test_a_scan_has_every_use(account: Path):
    scan = ecrm.scan()
    assert {use.source for use in scan.uses} == {"ecs", "lambda"}


def test_a_scan_that_is_incomplete_is_an_error(account: Path, monkeypatch: pytest.MonkeyPatch):
    text = Path("ecrm.yaml").read_text() + "\nfiles:\n  - no/such/*.yaml\n"
    Path("ecrm.yaml").write_text(text)
    with pytest.raises(ecrm.errors.IncompleteError, match=r"no/such/\*\.yaml"):
        ecrm.scan()
    plan = ecrm.plan(repository="shop/api")
    assert not plan.complete
    assert "no/such/*.yaml" in plan.unread[0]


def test_errors_are_those_of_the_documented_tree(account: Path):
    with pytest.raises(ecrm.errors.ConfigError, match=r"nowhere\.yaml: no such file"):
        ecrm.plan("nowhere.yaml")
    with pytest.raises(ecrm.EcrmError, match="there is no repository nobody/has"):
        ecrm.plan(repository="nobody/has")


@pytest.mark.usefixtures("account")
def test_several_repositories_are_planned():
    names = {planned.repository for planned in ecrm.plan(repository="shop/*").repositories}
    assert len(names) > 1
    both = ecrm.plan(repository=["tools/ci", "shop/api"]).repositories
    assert {planned.repository for planned in both} == {"tools/ci", "shop/api"}


def test_planning_changes_nothing(account: Path):
    def images() -> list[str]:
        found = boto3.client("ecr").describe_images(repositoryName="tools/ci")["imageDetails"]
        return sorted(image["imageDigest"] for image in found)

    before = images()
    assert digests(ecrm.plan(repository="tools/ci"))
    assert images() == before
    assert not Path("state").exists()


# ---- the import


def fresh(code: str) -> str:
    """What a new interpreter prints that runs the code."""
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=False, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_importing_ecrm_imports_nothing_else():
    code = "import sys, ecrm; print(*sorted(m for m in sys.modules if m.startswith('ecrm')))"
    assert fresh(code).split() == ["ecrm"]
    slow = "import sys, ecrm; ecrm.errors; ecrm.plan; print('boto3' in sys.modules)"
    assert fresh("import sys, ecrm; print('boto3' in sys.modules)") == "False\n"
    assert fresh(slow) == "False\n"


def test_every_documented_name_is_there_before_and_after_the_rest_is_imported():
    code = """
import ecrm
names = {name: getattr(ecrm, name) for name in ecrm.__all__}
import ecrm.workflow, ecrm.cli, ecrm.lambda_handler
assert all(getattr(ecrm, name) is value for name, value in names.items())
assert callable(ecrm.plan) and callable(ecrm.scan) and callable(ecrm.load_config)
assert set(ecrm.__all__) <= set(dir(ecrm))
from ecrm import plan
print(plan.__module__)
"""
    assert fresh(code) == "ecrm.workflow.api\n"


def test_a_name_that_ecrm_does_not_have_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'ecrm' has no attribute 'plam'"):
        _ = ecrm.plam  # type: ignore[attr-defined]  # and one for a type checker


# ---- the page


def examples() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", range(3))
def test_the_examples_of_the_page_run(
    number: int, account: Path, capsys: pytest.CaptureFixture[str]
):
    assert len(examples()) == 3
    exec(compile(examples()[number], str(PAGE), "exec"), {"__name__": "__main__"})
    assert capsys.readouterr().out


def test_the_page_names_everything_that_is_exported():
    text = PAGE.read_text()
    names = ecrm.__all__
    assert not [name for name in names if f"`{name}" not in text and f"ecrm.{name}" not in text]

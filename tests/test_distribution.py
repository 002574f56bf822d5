"""What is built to be published: both archives hold what they should, and the sdist its tests."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GENERATED = {"PKG-INFO", "setup.cfg"}
# Never in the tree that an sdist unpacks to, or made there by the tools.
BESIDES = re.compile(
    r"(^|/)(__pycache__|\.\w+_cache|\.hypothesis|\.venv|\.nox|build|dist|[\w.-]+\.egg-info)(/|$)"
    r"|^\.coverage|^(PKG-INFO|setup\.cfg|ecrm\.yaml)$"
)

pytestmark = pytest.mark.slow


def tracked() -> set[str]:
    """The files of the project: as git has them and would add them, or, in an unpacked sdist, all
    that are there."""
    if not (ROOT / ".git").exists():
        paths = (path for path in ROOT.rglob("*") if path.is_file())
        names = {path.relative_to(ROOT).as_posix() for path in paths}
        return {name for name in names if not BESIDES.search(name)}
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    return {name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()}


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and with the wheel that was built from it."""
    source = tmp_path_factory.mktemp("source")
    for name in tracked():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, source / name)
    folder = tmp_path_factory.mktemp("dist")
    built = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, source],
        capture_output=True,
        check=False,
        text=True,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


@pytest.fixture(scope="module")
def unpacked(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the sdist unpacks to."""
    (archive,) = dist.glob("*.tar.gz")
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    (top,) = folder.iterdir()
    return top


def in_wheel(dist: Path) -> dict[str, bytes]:
    (archive,) = dist.glob("*.whl")
    with zipfile.ZipFile(archive) as wheel:
        return {name: wheel.read(name) for name in wheel.namelist()}


def metadata(dist: Path) -> Message:
    (text,) = (data for name, data in in_wheel(dist).items() if name.endswith("/METADATA"))
    return message_from_bytes(text)


def test_the_sdist_holds_every_file_of_the_project_and_nothing_else(unpacked: Path):
    paths = {path for path in unpacked.rglob("*") if path.is_file()}
    names = {path.relative_to(unpacked).as_posix() for path in paths}
    assert {name for name in names if ".egg-info/" not in name} - GENERATED == tracked()


def test_the_sdist_keeps_scripts_executable(unpacked: Path):
    for name in (".ci/run", "deploy/build-zip"):
        assert (unpacked / name).stat().st_mode & 0o111, name


def test_the_wheel_holds_the_package_and_nothing_else(dist: Path):
    names = {name for name in in_wheel(dist) if ".dist-info/" not in name}
    assert names == {name for name in tracked() if name.startswith("ecrm/")}


def collected(root: Path) -> set[str]:
    """The tests that pytest finds there, without those of this file's kind being run."""
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"],
        cwd=root,
        env=environment(root),
        capture_output=True,
        check=False,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return {line for line in ran.stdout.splitlines() if "::" in line}


def environment(root: Path) -> dict[str, str]:
    """Nothing but the sources in `root` may be imported as ecrm and tests."""

    return {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}


def test_the_unpacked_sdist_has_all_tests(unpacked: Path):
    assert collected(unpacked) == collected(ROOT)


def test_the_metadata_describes_the_project_where_it_is_published(dist: Path):
    about = metadata(dist)
    assert about["License-Expression"] == "MIT"
    assert about["Requires-Python"] == ">=3.11"
    assert "Operating System :: OS Independent" not in about.get_all("Classifier", [])
    links = dict(str(url).split(", ", 1) for url in about.get_all("Project-URL", []))
    assert {"Documentation", "Changelog", "Issues", "Source"} <= set(links)


def links(text: str) -> list[str]:
    return re.findall(r"\]\(([^)\s]+)\)", text)


def test_links_of_the_readme_lead_somewhere_from_an_index_too(dist: Path):
    about = metadata(dist)
    assert about["Description-Content-Type"] == "text/markdown"
    there = links(str(about.get_payload()))
    assert [link for link in there if not link.startswith(("https://", "#"))] == []
    here = links((ROOT / "README.md").read_text())
    project_urls = dict(str(url).split(", ", 1) for url in about.get_all("Project-URL", []))
    base = f"{project_urls['Source']}/blob/v{about['Version']}/"
    ours = [link.removeprefix(base).partition("?")[0] for link in there if link.startswith(base)]
    assert ours == [link for link in here if not link.startswith(("https://", "#"))]
    assert [link for link in ours if not (ROOT / link.partition("#")[0]).exists()] == []

"""B38: what others may have written is not the user's own, and is not believed."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from ecrm.aws.ownership import (
    distrust_of_file,
    distrust_of_folder,
    make_own_folder,
    read_own,
)
from ecrm.errors import InputError, NotThereError


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A file of our own, whatever the umask."""
    path = tmp_path / "own"
    path.write_text("text")
    path.chmod(0o644)
    return path


def test_what_is_our_own_is_trusted(own: Path):
    own.parent.chmod(0o755)
    assert distrust_of_file(own) == distrust_of_folder(own.parent) == ""
    assert read_own(own) == b"text"


def test_what_is_not_there_yet_is_trusted(own: Path):
    assert distrust_of_folder(own.parent / "none") == ""
    assert distrust_of_file(own.parent / "none") == ""
    assert distrust_of_file(own / "below a file") == ""
    with pytest.raises(NotThereError, match="none: cannot be read: No such file or directory"):
        read_own(own.parent / "none")


@pytest.mark.parametrize("mode", [0o664, 0o666, 0o602, 0o777, 0o1666])
def test_what_others_may_write_is_not_trusted(own: Path, mode: int):
    own.chmod(mode)
    why = "others may write it; run chmod go-w on it"
    assert distrust_of_file(own) == why
    with pytest.raises(InputError) as refused:
        read_own(own)
    assert str(refused.value) == f"{own}: is not trusted: {why}"
    own.parent.chmod(mode | 0o700)
    assert distrust_of_folder(own.parent) == why


def test_what_belongs_to_somebody_else_is_not_trusted(own: Path, monkeypatch: pytest.MonkeyPatch):
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    why = f"it belongs to user {owner}, and ecrm runs as user {owner + 1}"
    assert distrust_of_file(own) == distrust_of_folder(own.parent) == why
    with pytest.raises(InputError, match=why):
        read_own(own)


def test_where_a_system_knows_no_owners_all_is_trusted(own: Path, monkeypatch: pytest.MonkeyPatch):
    own.chmod(0o666)
    monkeypatch.delattr(os, "geteuid")
    assert distrust_of_file(own) == ""


@pytest.mark.parametrize(
    ("make", "file", "folder"),
    [
        (lambda path: path.symlink_to("/"), "it is a link", "it is a link"),
        (lambda path: path.symlink_to("none"), "it is a link", "it is a link"),
        (os.mkfifo, "it is not a regular file", "it is not a folder"),
        (Path.mkdir, "it is not a regular file", None),
        (Path.touch, None, "it is not a folder"),
    ],
    ids=["link", "dangling link", "pipe", "folder", "file"],
)
def test_what_is_of_another_kind_is_not_trusted(
    tmp_path: Path, make: Callable[[Path], object], file: str | None, folder: str | None
):
    path = tmp_path / "odd"
    make(path)
    assert file is None or distrust_of_file(path) == file
    assert folder is None or distrust_of_folder(path) == folder


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="it is not a regular file"):
        read_own(tmp_path / "pipe")


def test_a_file_may_be_reached_by_a_link_and_is_checked_itself(own: Path):
    link = own.parent / "link"
    link.symlink_to(own)
    assert read_own(link) == b"text"
    own.chmod(0o666)
    with pytest.raises(InputError, match="others may write it"):
        read_own(link)


def test_folders_are_made_for_the_user_alone(tmp_path: Path):
    before = os.umask(0)
    try:
        make_own_folder(tmp_path / "a" / "b")
        make_own_folder(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    for folder in (tmp_path / "a", tmp_path / "a" / "b"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700

"""Files and folders that ecrm believes: the cache, the state, journals.

Whoever can write one of them can hide an image in use, or choose what `restore` puts back. So each
must be the user's own: no link, owned by the user as whom ecrm runs, and writable by nobody else.
Where a system knows no owners (Windows), nothing is checked.
"""

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from ecrm.errors import InputError, NotThereError

_NO_WAITING = getattr(os, "O_NONBLOCK", 0)
_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def users_folder(environ: Mapping[str, str], variable: str, default: str) -> Path | None:
    """`$variable/ecrm`, else `~/default/ecrm`; None without a home. As the XDG base directory
    specification asks, a relative path in the variable is ignored."""
    base = Path(environ.get(variable, ""))
    if base.is_absolute():
        return base / "ecrm"
    home = environ.get("HOME") or environ.get("USERPROFILE")
    return Path(home, default, "ecrm") if home else None


def distrust_of_folder(path: Path) -> str:
    """Why this folder is not the user's own; empty where it is, and where there is none."""
    return _distrust_at(path, stat.S_ISDIR, "a folder")


def distrust_of_file(path: Path) -> str:
    """Why this file is not the user's own; empty where it is, and where there is none."""
    return _distrust_at(path, stat.S_ISREG, "a regular file")


def read_own(path: Path) -> bytes:
    """What a file holds that is the user's own; it may be reached by a link. Raises InputError."""
    try:
        # What is read is what was checked; and nobody waits for the writer of a pipe.
        with os.fdopen(os.open(path, os.O_RDONLY | _NO_WAITING), "rb") as file:
            if why := _distrust(os.fstat(file.fileno()), stat.S_ISREG, "a regular file"):
                raise InputError(f"{path}: is not trusted: {why}")
            return file.read()
    except FileNotFoundError as error:
        raise NotThereError(f"{path}: cannot be read: {error.strerror}") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:  # of a name that no file can have
        raise InputError(f"{str(path)!r}: cannot be read: {error}") from error


def make_own_folder(path: Path) -> None:
    """With every folder above it that is missing, for the user alone. Raises OSError."""
    missing = [folder for folder in path.parents if not folder.exists()]
    for folder in (*reversed(missing), path):
        folder.mkdir(mode=0o700, exist_ok=True)


def _distrust_at(path: Path, is_kind: Callable[[int], bool], kind: str) -> str:
    try:
        return _distrust(path.lstat(), is_kind, kind)
    except (FileNotFoundError, NotADirectoryError):
        return ""


def _distrust(found: os.stat_result, is_kind: Callable[[int], bool], kind: str) -> str:
    if not hasattr(os, "geteuid"):
        return ""
    if not is_kind(found.st_mode):
        return "it is a link" if stat.S_ISLNK(found.st_mode) else f"it is not {kind}"
    if found.st_uid != os.geteuid():
        return f"it belongs to user {found.st_uid}, and ecrm runs as user {os.geteuid()}"
    if found.st_mode & _OTHERS:
        return "others may write it; run chmod go-w on it"
    return ""

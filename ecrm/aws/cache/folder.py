"""Where the cache is."""

from collections.abc import Mapping
from pathlib import Path

from ecrm.aws.ownership import users_folder
from ecrm.errors import OutputError

FILE = "facts.sqlite3"
_FILES = (FILE, f"{FILE}-journal", f"{FILE}-wal", f"{FILE}-shm")


def cache_folder(environ: Mapping[str, str]) -> Path | None:
    """`$ECRM_CACHE_DIR`, else `$XDG_CACHE_HOME/ecrm`, else `~/.cache/ecrm`; None without a home."""
    if chosen := environ.get("ECRM_CACHE_DIR"):
        return Path(chosen)
    return users_folder(environ, "XDG_CACHE_HOME", ".cache")


def clear(folder: Path) -> int:
    """Remove the cache, and nothing else that may be in its folder; returns its size in bytes.

    A run that is using it continues without it. Raises OutputError.
    """
    try:
        return remove(folder)
    except OSError as error:
        raise OutputError(f"the cache in {folder} cannot be removed: {error.strerror}") from error


def remove(folder: Path) -> int:
    """As `clear`, but raises OSError."""
    removed = 0
    for name in _FILES:
        path = folder / name
        try:
            size = path.lstat().st_size
            path.unlink()
        except (FileNotFoundError, NotADirectoryError):
            continue
        removed += size
    return removed

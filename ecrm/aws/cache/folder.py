"""Where the cache is."""

from collections.abc import Mapping
from pathlib import Path

from ecrm.errors import OutputError

FILE = "facts.sqlite3"
_FILES = (FILE, f"{FILE}-journal", f"{FILE}-wal", f"{FILE}-shm")


def cache_folder(environ: Mapping[str, str]) -> Path | None:
    """`$ECRM_CACHE_DIR`, else `$XDG_CACHE_HOME/ecrm`, else `~/.cache/ecrm`; None without a home.

    As the XDG base directory specification asks, a relative `$XDG_CACHE_HOME` counts for nothing.
    """
    if chosen := environ.get("ECRM_CACHE_DIR"):
        return Path(chosen)
    cache_home = Path(environ.get("XDG_CACHE_HOME", ""))
    if cache_home.is_absolute():
        return cache_home / "ecrm"
    home = environ.get("HOME") or environ.get("USERPROFILE")
    return Path(home) / ".cache" / "ecrm" if home else None


def clear(folder: Path) -> int:
    """Removes the cache, and nothing else that may be in its folder; how many bytes that was.

    A run that is using it goes on without. Raises OutputError.
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

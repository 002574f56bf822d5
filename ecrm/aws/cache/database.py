"""The file: one SQLite database with one table.

It uses SQLite's rollback journal, not a write-ahead log. That needs no shared memory, so it works
wherever files can be locked, and leaves one file that can be read on a read-only disk. A run writes
rarely and for milliseconds, so readers hardly wait. A write that is killed halfway has no effect,
and SQLite refuses to write to a file that another run removed. Writes do not wait for the disk:
checksums detect what a power cut damages, and bits that changed on the disk, which SQLite does not
notice, since its pages have no checksums.
"""

import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from ecrm.aws.cache.facts import FORMAT, Namespace, checksum
from ecrm.aws.cache.folder import FILE
from ecrm.aws.ownership import distrust_of_file, distrust_of_folder, make_own_folder

Fact = tuple[Namespace, str]
"""An identifier in its namespace."""

_WAIT = 5.0  # seconds for another run to finish writing
_DAY = 24 * 60 * 60
_TABLE = """
    CREATE TABLE facts (
        namespace TEXT, key TEXT, value BLOB, checksum BLOB, used INTEGER,
        PRIMARY KEY (namespace, key)
    ) WITHOUT ROWID
"""
# Problems around the file: another run, permissions, the disk. Any other code, or none, means that
# the file is not what this module wrote.
_SURROUNDINGS = {
    *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL),
    *(sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH, sqlite3.SQLITE_CANTOPEN),
    *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT),
}


TROUBLE = (OSError, sqlite3.Error, UnicodeDecodeError)
"""What any method may raise; the last where SQLite quotes from a file that is damaged."""


def is_damage(error: Exception) -> bool:
    """Whether a new file would help."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    return not isinstance(error, OSError) and code & 0xFF not in _SURROUNDINGS


def _make_own(folder: Path) -> None:
    """Raises OSError where anybody else can write what is in it."""
    make_own_folder(folder)
    path = folder / FILE
    if why := distrust_of_folder(folder):
        raise PermissionError(f"its folder is not trusted: {why}")
    if why := distrust_of_file(path):
        raise PermissionError(f"it is not trusted: {why}")
    if not path.exists():
        path.touch(mode=0o600)  # SQLite's own files get the mode of this one


class Database:
    """Any method may raise one of TROUBLE; none is for two threads at once.

    `now`, in seconds since 1970, is when facts count as used.
    """

    def __init__(self, folder: Path, now: int, max_bytes: int) -> None:
        self._now = now
        self._max_bytes = max_bytes
        _make_own(folder)
        self._connection = sqlite3.connect(
            folder / FILE, timeout=_WAIT, isolation_level=None, check_same_thread=False
        )
        try:
            self._pragma("synchronous = OFF")
            self._prepare()
        except TROUBLE:
            self.close()
            raise

    def close(self) -> None:
        self._connection.close()

    def read(self, namespace: Namespace, keys: Iterable[str]) -> list[tuple[str, bytes, bool]]:
        """Key, value, and whether a day has gone by since the fact was used."""
        wanted = set(keys)
        rows = self._connection.execute(
            "SELECT key, value, checksum, used <= ? FROM facts WHERE namespace = ?"
            " AND key IN (SELECT value FROM json_each(?))",
            (self._now - _DAY, namespace.name, json.dumps(list(wanted))),
        )
        found = []
        for key, value, expected, stale in rows:
            if key not in wanted or not isinstance(value, bytes):
                raise sqlite3.DatabaseError("it answers what nobody asked")
            if checksum(namespace, key, value) != expected:
                raise sqlite3.DatabaseError(f"the checksum of {key} is wrong")
            found.append((key, value, bool(stale)))
        return found

    def write(self, facts: dict[Fact, bytes], used: Iterable[Fact]) -> None:
        """All of them or none. What was used longest ago makes room for them."""
        new = [
            (namespace.name, key, value, checksum(namespace, key, value), self._now)
            for (namespace, key), value in facts.items()
        ]
        touched = [(self._now, namespace.name, key) for namespace, key in used]
        if new or touched:
            with self._connection as db:
                db.execute("BEGIN IMMEDIATE")
                db.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?, ?, ?, ?)", new)
                db.executemany("UPDATE facts SET used = ? WHERE namespace = ? AND key = ?", touched)
            self._trim()

    def _prepare(self) -> None:
        """Every format keeps all it has in the table `facts`, so that any other can drop it."""
        if self._number("user_version") == FORMAT:
            return
        with self._connection as db:
            db.execute("BEGIN IMMEDIATE")
            if self._number("user_version") != FORMAT:  # another run may have been faster
                db.execute("DROP TABLE IF EXISTS facts")
                db.execute(_TABLE)
                self._pragma(f"user_version = {FORMAT}")

    def _trim(self) -> None:
        """Leaves a quarter free, so that this is seldom."""
        page, pages = self._number("page_size"), self._number("page_count")
        if page * pages <= self._max_bytes:
            return
        filled = page * (pages - self._number("freelist_count"))
        surplus = max(0.0, 1 - 0.75 * self._max_bytes / filled)
        self._connection.execute(
            "DELETE FROM facts WHERE (namespace, key) IN (SELECT namespace, key FROM facts"
            " ORDER BY used LIMIT (SELECT 1 + CAST(count(*) * ? AS INTEGER) FROM facts))",
            (surplus,),
        )
        self._connection.execute("VACUUM")

    def _number(self, name: str) -> int:
        return int(self._pragma(name).fetchone()[0])

    def _pragma(self, text: str) -> sqlite3.Cursor:
        return self._connection.execute(f"PRAGMA {text}")

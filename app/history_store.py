"""The SQLite file of the history: its tables, their versions, and what becomes of a file that is damaged."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

from app.errors import AppError
from app.history_search import LAST_ID
from app.private_files import private_file

_BUSY_MS = 5000
# Secure_delete overwrites what is deleted: a forgotten dictation is not left in free pages. What stands in the file is
# not trusted to run functions, nor its pages to be whole (https://sqlite.org/security.html).
_SET_UP = """
PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;
PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;
"""
# Of the first version; each of the steps behind it makes the next one.
_SCHEMA = """
CREATE TABLE transcripts (
    id INTEGER PRIMARY KEY, title TEXT NOT NULL, named INTEGER NOT NULL DEFAULT 0, started_at TEXT NOT NULL,
    model TEXT NOT NULL, source TEXT NOT NULL, finished INTEGER NOT NULL DEFAULT 0, words INTEGER NOT NULL DEFAULT 0,
    length_samples INTEGER NOT NULL DEFAULT 0);
CREATE TABLE items (
    transcript INTEGER NOT NULL REFERENCES transcripts (id) ON DELETE CASCADE, place INTEGER NOT NULL,
    starts INTEGER NOT NULL, segment INTEGER, start_sample INTEGER NOT NULL, end_sample INTEGER NOT NULL,
    speaker TEXT NOT NULL, text TEXT NOT NULL, words TEXT NOT NULL, PRIMARY KEY (transcript, place)) WITHOUT ROWID;
CREATE TABLE recordings (
    transcript INTEGER NOT NULL REFERENCES transcripts (id) ON DELETE CASCADE, number INTEGER NOT NULL,
    speaker TEXT NOT NULL, file TEXT NOT NULL, PRIMARY KEY (transcript, number, speaker)) WITHOUT ROWID;
CREATE VIRTUAL TABLE texts USING fts5 (text, tokenize = 'unicode61 remove_diacritics 2');
"""
_STEPS = (
    """
ALTER TABLE transcripts ADD COLUMN changed_at TEXT;
ALTER TABLE transcripts ADD COLUMN journal TEXT NOT NULL DEFAULT '';
ALTER TABLE transcripts ADD COLUMN heard INTEGER NOT NULL DEFAULT 0;
""",
    """
CREATE TABLE journals (
    name TEXT PRIMARY KEY, transcript INTEGER NOT NULL REFERENCES transcripts (id) ON DELETE CASCADE,
    number INTEGER NOT NULL, heard INTEGER NOT NULL) WITHOUT ROWID;
INSERT OR REPLACE INTO journals
    SELECT journal, id, (SELECT max(coalesce(sum(starts), 0) - 1, 0) FROM items WHERE transcript = id), heard
    FROM transcripts WHERE journal != '';
ALTER TABLE transcripts DROP COLUMN journal;
ALTER TABLE transcripts DROP COLUMN heard;
""",
)
_VERSION = 1 + len(_STEPS)


_TABLES = ("transcripts", "items", "recordings", "journals")  # the last one is not in the first versions


def open_store(path: Path) -> tuple[sqlite3.Connection, str]:
    """The database, made where there is none, and what the user should know of it.

    Raises sqlite3.OperationalError or OSError for one that cannot be used now, AppError for one of a newer version.
    """
    try:
        return _connected(path), ""
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):  # locked, read-only, full: nothing is damaged
            raise
        aside = path.with_name(f"{path.name}.broken-{time.strftime('%Y%m%d-%H%M%S')}")
        for tail in ("", "-wal", "-shm"):  # the log may hold the last words
            beside = path.with_name(path.name + tail)
            if beside.exists():
                beside.replace(aside.with_name(aside.name + tail))
        private_file(path)
        return _connected(path), f"The history was damaged; it is kept as {aside.name}, and a new one has begun."


def _connected(path: Path) -> sqlite3.Connection:
    base = sqlite3.connect(path, timeout=_BUSY_MS / 1000, isolation_level=None)
    base.text_factory = lambda data: data.decode("utf-8", "replace")  # one damaged title must not cost the others
    try:
        base.executescript(_SET_UP)
        # Version and tables are seen as they are at one time: another thread or program may be about to renew them.
        base.execute("BEGIN IMMEDIATE" if _version(base) < _VERSION else "BEGIN")
        if _version(base) > _VERSION:
            raise AppError(f"The history in {path} is of a newer version.", "Install that version again.")
        if base.execute("SELECT 1 FROM sqlite_master").fetchone() is not None:
            _check(base)
        if _version(base) < _VERSION:
            _make(base, _version(base), _VERSION)
        base.execute("COMMIT")
    except BaseException:
        base.close()
        raise
    return base


def _check(base: sqlite3.Connection) -> None:
    """Raises sqlite3.DatabaseError for tables that are not those of the version, and for code that comes with them."""
    version = _version(base)
    if version < 1 or _shapes(base) != _own_shapes(version):
        raise sqlite3.DatabaseError("its tables are not those of a history")
    if base.execute("SELECT 1 FROM sqlite_master WHERE type IN ('view', 'trigger')").fetchone():
        raise sqlite3.DatabaseError("it holds views or triggers")
    lowest, highest = base.execute("SELECT coalesce(min(id), 1), coalesce(max(id), 1) FROM transcripts").fetchone()
    if not 1 <= lowest <= highest <= LAST_ID:
        raise sqlite3.DatabaseError("it numbers transcripts as no history does")


@cache
def _own_shapes(version: int) -> dict[str, list[Any]]:
    with closing(sqlite3.connect(":memory:")) as base:
        _make(base, 0, version)
        return _shapes(base)


def _shapes(base: sqlite3.Connection) -> dict[str, list[Any]]:
    """Of each table the columns, and whether it is a real one; of an index of texts only that."""
    kinds = dict(base.execute("SELECT name, upper(substr(sql, 1, 14)) FROM sqlite_master WHERE type = 'table'"))
    ordinary = {name: base.execute(f"PRAGMA table_xinfo({name})").fetchall() for name in _TABLES}
    return {**{name: [kinds.get(name), *columns] for name, columns in ordinary.items()}, "texts": [kinds.get("texts")]}


def _make(base: sqlite3.Connection, old: int, new: int) -> None:
    """The tables of a version out of those of an older one, 0: none."""
    for step in (_SCHEMA, *_STEPS)[old:new]:
        for statement in step.split(";"):
            base.execute(statement)
    base.execute(f"PRAGMA user_version = {new}")


def _version(base: sqlite3.Connection) -> int:
    return int(base.execute("PRAGMA user_version").fetchone()[0])

"""The SQLite file of the history: its tables, their versions, and what becomes of a file that is damaged."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from app.errors import AppError
from app.private_files import private_file

_VERSION = 2
_BUSY_MS = 5000
# Secure_delete overwrites what is deleted: a forgotten dictation is not left in free pages.
_SET_UP = """
PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;
"""
_SCHEMA = f"""
CREATE TABLE transcripts (
    id INTEGER PRIMARY KEY, title TEXT NOT NULL, named INTEGER NOT NULL DEFAULT 0, started_at TEXT NOT NULL,
    model TEXT NOT NULL, source TEXT NOT NULL, finished INTEGER NOT NULL DEFAULT 0, words INTEGER NOT NULL DEFAULT 0,
    length_samples INTEGER NOT NULL DEFAULT 0, changed_at TEXT, journal TEXT NOT NULL DEFAULT '',
    heard INTEGER NOT NULL DEFAULT 0);
CREATE TABLE items (
    transcript INTEGER NOT NULL REFERENCES transcripts (id) ON DELETE CASCADE, place INTEGER NOT NULL,
    starts INTEGER NOT NULL, segment INTEGER, start_sample INTEGER NOT NULL, end_sample INTEGER NOT NULL,
    speaker TEXT NOT NULL, text TEXT NOT NULL, words TEXT NOT NULL, PRIMARY KEY (transcript, place)) WITHOUT ROWID;
CREATE TABLE recordings (
    transcript INTEGER NOT NULL REFERENCES transcripts (id) ON DELETE CASCADE, number INTEGER NOT NULL,
    speaker TEXT NOT NULL, file TEXT NOT NULL, PRIMARY KEY (transcript, number, speaker)) WITHOUT ROWID;
CREATE VIRTUAL TABLE texts USING fts5 (text, tokenize = 'unicode61 remove_diacritics 2');
PRAGMA user_version = {_VERSION};
"""
# What each version lacks of the next.
_MIGRATIONS = {
    1: """
ALTER TABLE transcripts ADD COLUMN changed_at TEXT;
ALTER TABLE transcripts ADD COLUMN journal TEXT NOT NULL DEFAULT '';
ALTER TABLE transcripts ADD COLUMN heard INTEGER NOT NULL DEFAULT 0;
PRAGMA user_version = 2;
"""
}


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
    try:
        base.executescript(_SET_UP)
        if not _bring_up_to_date(base):
            raise AppError(f"The history in {path} is of a newer version.", "Install that version again.")
        base.execute("SELECT count(*) FROM transcripts")
    except BaseException:
        base.close()
        raise
    return base


def _bring_up_to_date(base: sqlite3.Connection) -> bool:
    """Make the tables, or add what this version's have; False for a file of a newer version, which stays as it is."""
    if _version(base) < _VERSION:
        base.execute("BEGIN IMMEDIATE")  # another thread or program may be about to do the same
        version = _version(base)
        steps = [_SCHEMA] if version == 0 else [_MIGRATIONS[older] for older in range(version, _VERSION)]
        for step in steps:
            for statement in step.split(";"):
                base.execute(statement)
        base.execute("COMMIT")
    return _version(base) <= _VERSION


def _version(base: sqlite3.Connection) -> int:
    return int(base.execute("PRAGMA user_version").fetchone()[0])

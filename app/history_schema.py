"""The tables of the history, and how a file of an earlier version gets what it lacks."""

from __future__ import annotations

import sqlite3

VERSION = 2
SCHEMA = f"""
CREATE TABLE transcripts (
    id INTEGER PRIMARY KEY, title TEXT NOT NULL, named INTEGER NOT NULL DEFAULT 0, started_at TEXT NOT NULL,
    model TEXT NOT NULL, source TEXT NOT NULL, finished INTEGER NOT NULL DEFAULT 0, words INTEGER NOT NULL DEFAULT 0,
    length_samples INTEGER NOT NULL DEFAULT 0, changed_at TEXT);
CREATE TABLE items (
    transcript INTEGER NOT NULL REFERENCES transcripts (id) ON DELETE CASCADE, place INTEGER NOT NULL,
    starts INTEGER NOT NULL, segment INTEGER, start_sample INTEGER NOT NULL, end_sample INTEGER NOT NULL,
    speaker TEXT NOT NULL, text TEXT NOT NULL, words TEXT NOT NULL, PRIMARY KEY (transcript, place)) WITHOUT ROWID;
CREATE TABLE recordings (
    transcript INTEGER NOT NULL REFERENCES transcripts (id) ON DELETE CASCADE, number INTEGER NOT NULL,
    speaker TEXT NOT NULL, file TEXT NOT NULL, PRIMARY KEY (transcript, number, speaker)) WITHOUT ROWID;
CREATE VIRTUAL TABLE texts USING fts5 (text, tokenize = 'unicode61 remove_diacritics 2');
PRAGMA user_version = {VERSION};
"""
# What each version lacks of the next.
_MIGRATIONS = {1: "ALTER TABLE transcripts ADD COLUMN changed_at TEXT; PRAGMA user_version = 2;"}


def bring_up_to_date(base: sqlite3.Connection) -> bool:
    """Make the tables, or add what this version's have; False for a file of a newer version, which stays as it is."""
    if _version(base) < VERSION:
        base.execute("BEGIN IMMEDIATE")  # another thread or program may be about to do the same
        version = _version(base)
        steps = [SCHEMA] if version == 0 else [_MIGRATIONS[older] for older in range(version, VERSION)]
        for step in steps:
            for statement in step.split(";"):
                base.execute(statement)
        base.execute("COMMIT")
    return _version(base) <= VERSION


def _version(base: sqlite3.Connection) -> int:
    return int(base.execute("PRAGMA user_version").fetchone()[0])

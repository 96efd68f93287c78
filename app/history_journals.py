"""Which recordings of the history have a journal still, and how much of each is in its transcript."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from app.history_items import number_of, storable


@dataclass(frozen=True, slots=True)
class Known:
    """A recording that has a journal of this name.

    transcript  of the history
    number      of the recording in it, from 0; where its items are
    heard       how many of its events are in the transcript
    """

    journal: str
    transcript: int
    number: int
    heard: int


def know(base: sqlite3.Connection, recordings: Iterable[Known]) -> None:
    """Write down what is known of them now, in the place of what was."""
    base.executemany(
        "INSERT OR REPLACE INTO journals VALUES (?, ?, ?, ?)",
        [(storable(one.journal), one.transcript, one.number, one.heard) for one in recordings],
    )


def known_of(row: tuple[object, ...]) -> Known:
    """Of a row of the table, whose values may be any."""
    name, transcript, number, heard = row
    return Known(str(name), number_of(transcript), number_of(number), number_of(heard))

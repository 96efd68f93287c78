"""Every transcript that was kept, in one SQLite file: found, read, renamed, deleted, and forgotten in time.

A transcript is committed segment by segment while it grows; what was committed survives the program's sudden end.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.errors import AppError
from app.history_items import (
    file_name_in,
    item_of,
    item_row,
    length_samples,
    number_of,
    starts_of,
    storable,
    text_in,
    time_of,
    title_of,
    word_count,
)  # fmt: skip
from app.history_journals import Known, know, known_of
from app.history_search import LAST_ID, LAST_PLACE, beginnings, matching, text_row
from app.history_store import open_store
from app.journal.reader import discard
from app.private_files import narrow, private_file, private_folder, removed
from s2t_core.transcript import TranscriptDocument, text_of

_SNIPPET_LENGTH = 200
_COLUMNS = "id, title, started_at, length_samples, words, model, source, finished"

RecordingKey = tuple[int, str]  # number of a recording in its transcript, counted from 0, and whose channel it is


@dataclass(frozen=True, slots=True)
class TranscriptRow:
    """A kept transcript as a list shows it.

    started_at  UTC
    finished    False while it grows, or where the program ended in the midst of it
    snippet     where the text that was searched for stands, between \\x02 and \\x03; else how it begins
    """

    id: int
    title: str
    started_at: datetime
    length_samples: int
    words: int
    model: str
    source: str
    finished: bool
    snippet: str = ""


class History:
    """One connection for one thread. Every method raises AppError where the file cannot be read or written."""

    def __init__(self, path: Path, recordings: Path) -> None:
        """path: of the database, made where there is none, with the journals in a folder beside it; recordings: the
        folder of the sound that is kept."""
        self._path, self._recordings = path, recordings
        self._taken_back = False  # something that was written has gone, and may be in the index or the log
        try:
            private_folder(path.parent)
            private_file(path)
            for beside in (f"{path}-wal", f"{path}-shm", recordings):
                narrow(Path(beside))
            self._base, self.notice = open_store(path)
        except (OSError, sqlite3.Error) as error:
            raise _fault(path, error) from None

    def begin(self, started_at: datetime, model: str, source: str, journal: str = "", number: int = 0) -> int:
        """A new transcript, whose recording of this number has this journal; returns its id."""
        with self._change() as base:
            title = started_at.astimezone().strftime("%Y-%m-%d %H:%M")
            values = (title, started_at.astimezone(UTC).isoformat(), storable(model), storable(source))
            insert = "INSERT INTO transcripts (title, started_at, model, source) VALUES (?, ?, ?, ?)"
            made = base.execute(insert, values).lastrowid
            assert made is not None
            _entitle(base, made, title)
            know(base, [Known(journal, made, number, 0)] if journal else ())
        return made

    def go_on(self, id: int, journal: str, number: int) -> None:
        """It grows again, by the recording of this number with this journal, a new one or one that broke off."""
        with self._change() as base:
            base.execute("UPDATE transcripts SET finished = 0 WHERE id = ?", (id,))
            base.execute("INSERT OR IGNORE INTO journals VALUES (?, ?, ?, 0)", (storable(journal), id, number))

    def of_journal(self, journal: str) -> Known | None:
        """What it has of the recording with this journal."""
        rows = self._rows("SELECT * FROM journals WHERE name = ?", (storable(journal),))
        return known_of(rows[0]) if rows else None

    def journals(self) -> tuple[str, ...]:
        """The names of those it knows."""
        return tuple(text_in(name) for (name,) in self._rows("SELECT name FROM journals", ()))

    def forget(self, journal: str) -> None:
        """The journal is gone: nothing of it is missing any more."""
        with self._change() as base:
            base.execute("DELETE FROM journals WHERE name = ?", (storable(journal),))

    def write(
        self, id: int, document: TranscriptDocument, first: int = 0, end: int | None = None, heard: Iterable[Known] = ()
    ) -> None:
        """Keep the closed items of the document; those before `first`, and from `end` on, are kept as they are.

        heard: of which recordings how many events are in the document; of others it is as many as before
        """
        places = range(first, len(document.closed) if end is None else end)
        last = LAST_PLACE if places.stop == len(document.closed) else places.stop - 1
        rows = [item_row(id, place, document) for place in places]
        texts = [(text_row(id, place), storable(text_of(document.closed[place]))) for place in places]
        with self._change() as base:
            gone = base.execute("DELETE FROM items WHERE transcript = ? AND place BETWEEN ? AND ?", (id, first, last))
            self._taken_back = self._taken_back or gone.rowcount > 0
            base.execute("DELETE FROM texts WHERE rowid BETWEEN ? AND ?", (text_row(id, first), text_row(id, last)))
            base.executemany("INSERT INTO items VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
            base.executemany("INSERT INTO texts (rowid, text) VALUES (?, ?)", texts)
            sizes = (word_count(document), length_samples(document), _now(), id)
            base.execute("UPDATE transcripts SET words = ?, length_samples = ?, changed_at = ? WHERE id = ?", sizes)
            know(base, heard)
            unnamed = base.execute("SELECT 1 FROM transcripts WHERE id = ? AND named = 0", (id,)).fetchone()
            if unnamed:
                _entitle(base, id, title_of(document))

    def finish(self, id: int) -> None:
        """Its recording has ended in order."""
        with self._change() as base:
            base.execute("UPDATE transcripts SET finished = 1 WHERE id = ?", (id,))
        self._wipe()

    def add_recording(self, id: int, key: RecordingKey, file: Path) -> None:
        """The sound of this recording of the transcript is in this file of the folder."""
        number, speaker = key
        with self._change() as base:
            row = (id, number, storable(speaker), file.name)
            base.execute("INSERT OR REPLACE INTO recordings VALUES (?, ?, ?, ?)", row)

    def recordings(self, id: int) -> dict[RecordingKey, Path]:
        """The files with its sound. Links are none of them: they lead out of the folder."""
        return {key: file for key, file in self._recorded(id).items() if not file.is_symlink()}

    def _recorded(self, id: int) -> dict[RecordingKey, Path]:
        rows = self._rows("SELECT number, speaker, file FROM recordings WHERE transcript = ?", (id,))
        named = ((number_of(number), text_in(speaker), file_name_in(file)) for number, speaker, file in rows)
        return {(number, speaker): self._recordings / name for number, speaker, name in named if name}

    def transcripts(
        self, search: str = "", limit: int = 200, offset: int = 0, without: Sequence[int] = ()
    ) -> tuple[TranscriptRow, ...]:
        """The latest first, but for those `without`. With `search`, those that hold words beginning with each of its
        words; limit -1: all."""
        found, values = matching(search, without)
        page = f"{found} ORDER BY started_at DESC, id DESC LIMIT ? OFFSET ?"
        return self._listed(page, (*values, limit, offset), search)

    def find(self, id: int) -> TranscriptRow:
        """What a list shows of it. Raises AppError where there is none of this id."""
        self._find(id)
        return self._listed("id = ?", (id,), "")[0]

    def count(self, search: str = "", without: Sequence[int] = ()) -> int:
        """How many `transcripts` there are."""
        found, values = matching(search, without)
        return int(self._rows(f"SELECT count(*) FROM transcripts WHERE {found}", values)[0][0])

    def _listed(self, which: str, values: tuple[object, ...], search: str) -> tuple[TranscriptRow, ...]:
        rows = self._rows(f"SELECT {_COLUMNS} FROM transcripts WHERE {which}", values)
        return tuple(
            TranscriptRow(
                id,
                " ".join(text_in(title).split()),
                time_of(at),
                number_of(length),
                number_of(words),
                text_in(model),
                text_in(source),
                bool(done),
                self._snippet(id, search),
            )
            for id, title, at, length, words, model, source, done in rows
        )

    def _snippet(self, id: int, search: str) -> str:
        words = beginnings(search)
        if words:
            rows = self._rows(
                "SELECT snippet(texts, 0, char(2), char(3), '…', 12) FROM texts "
                "WHERE texts MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid DESC LIMIT 1",
                (" OR ".join(words), text_row(id), text_row(id + 1) - 1),
            )
        else:
            rows = self._rows("SELECT text FROM items WHERE transcript = ? ORDER BY place LIMIT 1", (id,))
        return text_in(rows[0][0])[:_SNIPPET_LENGTH] if rows else ""

    def document(self, id: int) -> TranscriptDocument:
        """A kept transcript. Raises AppError where there is none of this id."""
        self._find(id)
        rows = self._rows("SELECT * FROM items WHERE transcript = ? ORDER BY place", (id,))
        starts = tuple(place for place, row in enumerate(rows) for _ in range(starts_of(row)))
        return TranscriptDocument(tuple(map(item_of, rows)), session_starts=starts)

    def rename(self, id: int, title: str) -> None:
        """Give it a name; an empty one is made from its text."""
        document, own = self.document(id), title.strip()
        with self._change() as base:
            base.execute("UPDATE transcripts SET named = ?, changed_at = ? WHERE id = ?", (bool(own), _now(), id))
            _entitle(base, id, own or title_of(document))
        self._taken_back = True

    def delete(self, ids: Sequence[int]) -> None:
        """They are gone, with their sound, and with what a crash left of their recordings."""
        mine = "SELECT name FROM journals WHERE transcript = ?"
        journals = [name for id in ids for (name,) in self._rows(mine, (id,))]
        files = [file for id in ids for file in self._recorded(id).values()]
        with self._change() as base:
            for id in ids:
                base.execute("DELETE FROM transcripts WHERE id = ?", (id,))
                base.execute("DELETE FROM texts WHERE rowid BETWEEN ? AND ?", (text_row(id), text_row(id + 1) - 1))
            base.execute("INSERT INTO texts (texts) VALUES ('optimize')")  # its index forgets them as well
        self._taken_back = True  # the log has them still
        self._wipe()
        for name in journals:
            discard(self._path.parent / "journals", file_name_in(name))
        stuck = [file for file in files if not removed(file)]
        if stuck:
            raise AppError(f"The text is gone, but its sound in {stuck[0]} is not.", "Remove that file by hand.")

    def unchanged_since(self, at: datetime) -> list[int]:
        """The transcripts that nobody has said, written or named anything in since."""
        query = "SELECT id FROM transcripts WHERE coalesce(changed_at, started_at) < ?"
        return [id for (id,) in self._rows(query, (at.astimezone(UTC).isoformat(),))]

    def sound_files(self) -> set[str]:
        """The names of all files of sound that belong to a transcript."""
        return {file_name_in(file) for (file,) in self._rows("SELECT file FROM recordings", ())}

    def close(self) -> None:
        """No more is asked of it."""
        self._wipe()
        self._base.close()

    def _wipe(self) -> None:
        """Words that were deleted or written over are on the disk no more: neither in the index nor in the log."""
        if self._taken_back:
            with contextlib.suppress(AppError, sqlite3.Error):  # busy or full: the next time
                with self._change() as base:
                    base.execute("INSERT INTO texts (texts) VALUES ('optimize')")
                busy, *_ = self._base.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                self._taken_back = bool(busy)

    @contextlib.contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """All of it or nothing."""
        try:
            self._base.execute("BEGIN IMMEDIATE")
            try:
                yield self._base
                self._base.execute("COMMIT")
            except BaseException:
                if self._base.in_transaction:  # where the disk is full SQLite may have taken it back itself
                    self._base.execute("ROLLBACK")
                raise
        except (sqlite3.Error, OverflowError) as error:
            raise _fault(self._path, error) from None

    def _rows(self, query: str, values: tuple[object, ...]) -> list[Any]:
        try:
            return self._base.execute(query, values).fetchall()
        except (sqlite3.Error, OverflowError) as error:  # a number that no database holds
            raise _fault(self._path, error) from None

    def _find(self, id: int) -> None:
        if not 0 < id <= LAST_ID or not self._rows("SELECT 1 FROM transcripts WHERE id = ?", (id,)):
            raise AppError(f"There is no transcript {id}.", "See: dictate sessions list")


def _entitle(base: sqlite3.Connection, id: int, title: str) -> None:
    title = storable(title)
    base.execute("UPDATE transcripts SET title = ? WHERE id = ?", (title, id))
    base.execute("INSERT OR REPLACE INTO texts (rowid, text) VALUES (?, ?)", (text_row(id), title))


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _fault(path: Path, error: Exception) -> AppError:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return AppError(f"The history in {path} cannot be used ({reason}).", "Free space or check its permissions.")

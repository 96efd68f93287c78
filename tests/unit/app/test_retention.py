"""What is old goes with its sound; what was continued, is open, or is still being written stays."""

from __future__ import annotations

import os
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from app.errors import AppError
from app.history import History
from app.retention import Places, forget
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import Segment

NOW = datetime.now(UTC)


@pytest.fixture
def database(tmp_path):
    return tmp_path / "data" / "history.sqlite"


@pytest.fixture
def sounds(tmp_path):
    folder = tmp_path / "data" / "recordings"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def history(database, sounds):
    made = History(database, sounds)
    yield made
    made.close()


@pytest.fixture
def sweep(history, database, sounds):
    places = Places(database, sounds, database.parent / "journals")
    return lambda days=30, **more: forget(history, places, days, NOW, **more)


def aged(file, days):
    at = (NOW - timedelta(days=days)).timestamp()
    os.utime(file, (at, at))


def kept(history, database, text, begun, changed):
    """A transcript that began, and was changed last, so many days ago."""
    id = history.begin(NOW - timedelta(days=begun), "model", "input")
    history.write(id, TranscriptDocument((Segment(0, 0, 900, text),), session_starts=(0,)))
    with sqlite3.connect(database) as base:
        base.execute("UPDATE transcripts SET changed_at = ?", ((NOW - timedelta(days=changed)).isoformat(),))
    base.close()
    return id


def titles(history):
    return [row.title for row in history.transcripts()]


def test_what_is_too_old_is_forgotten_with_its_sound_and_never_where_nothing_is_said(history, database, sounds, sweep):
    id = kept(history, database, "old", begun=31, changed=31)
    sound = sounds / "old.ogg"
    sound.write_bytes(b"sound")
    history.add_recording(id, (0, ""), sound)
    history.write(history.begin(NOW - timedelta(days=29), "m", "i"), TranscriptDocument((Segment(0, 0, 9, "new"),)))
    assert sweep(0) == 0
    assert sweep(30) == 1
    assert titles(history) == ["new"]
    assert not sound.exists()


def test_an_old_transcript_that_was_continued_yesterday_stays(history, database, sweep):
    id = kept(history, database, "old", begun=100, changed=100)
    history.write(id, TranscriptDocument((Segment(0, 0, 9, "old"), Segment(1, 9, 18, "new"))), first=1)
    assert sweep() == 0
    assert titles(history) == ["old new"]


def test_an_old_transcript_that_is_open_stays(history, database, sweep):
    id = kept(history, database, "open", begun=100, changed=100)
    assert sweep(spared=[id]) == 0
    assert sweep() == 1


def test_sound_that_no_transcript_knows_goes_when_it_is_old_and_not_while_it_may_be_being_written(
    history, sounds, sweep
):
    for name, days in (("left.ogg", 31), ("fresh.ogg", 0)):
        (sounds / name).write_bytes(b"sound")
        aged(sounds / name, days)
    known = sounds / "known.ogg"
    known.write_bytes(b"sound")
    aged(known, 400)
    history.add_recording(history.begin(NOW, "m", "i"), (0, ""), known)
    assert sweep() == 1
    assert {file.name for file in sounds.iterdir()} == {"fresh.ogg", "known.ogg"}


def test_a_database_that_was_set_aside_as_broken_goes_after_the_same_days(history, database, sweep):
    for name, days in (("broken-20250101-000000", 31), ("broken-20260301-000000", 29)):
        aside = database.with_name(f"{database.name}.{name}")
        aside.write_bytes(b"words")
        aged(aside, days)
    assert sweep() == 1
    assert [file.name for file in database.parent.glob("*.broken-*")] == [f"{database.name}.broken-20260301-000000"]


def test_a_journal_goes_when_nothing_was_written_to_it_for_so_long(database, sweep):
    for name, days in (("20250101T1", (31, 40)), ("20250101T2", (31, 1))):
        journal = database.parent / "journals" / name
        journal.mkdir(parents=True)
        for number, age in enumerate(days):
            (journal / f"{number}.part").write_bytes(b"sound")
            aged(journal / f"{number}.part", age)
        aged(journal, 31)
    assert sweep() == 1
    assert [journal.name for journal in (database.parent / "journals").iterdir()] == ["20250101T2"]


def test_what_cannot_be_removed_is_said(history, sounds, sweep, monkeypatch):
    for name in ("one.ogg", "two.ogg"):
        (sounds / name).write_bytes(b"sound")
        aged(sounds / name, 31)
    unlink = type(sounds).unlink

    def refuse(self, missing_ok=False):
        if self.name == "one.ogg":
            raise PermissionError(1, "no")
        unlink(self, missing_ok)

    monkeypatch.setattr(type(sounds), "unlink", refuse)
    with pytest.raises(AppError, match="one.ogg is older than 30 days"):
        sweep()
    assert [file.name for file in sounds.iterdir()] == ["one.ogg"]

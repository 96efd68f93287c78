"""A growing transcript is on disk as soon as its segments are closed, and a disk that fails stops nothing."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.errors import AppError
from app.history import History
from app.history_journals import Known
from app.journal.entries import Head
from app.journal.writer import Journal
from app.keeping import Keeper
from s2t_core.editing import rewritten
from s2t_core.events import SegmentClosed, SegmentRetracted, SegmentUpdated
from s2t_core.streaming.mark import SessionMark
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import Segment

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HEAD = Head(NOW, "model", "input", None, 0)


def closed(text, number=0):
    return SegmentClosed(Segment(number, number * 100, number * 100 + 90, text))


@pytest.fixture
def said():
    return []


@pytest.fixture
def keeper(tmp_path, said):
    keeper = Keeper(lambda: History(tmp_path / "history.sqlite", tmp_path), said.append)
    keeper.start()
    yield keeper
    keeper.shut_down(10)


@pytest.fixture
def journal(tmp_path, said):
    """That the recording has written a word to."""
    journal = Journal(tmp_path / "journals" / "one", HEAD, said.append)
    journal.text("", (closed("word"),), SessionMark(0, 1))
    yield journal
    journal.close()


@pytest.fixture
def kept(tmp_path, keeper):
    """What is on disk once everything waiting is written."""

    def look():
        keeper.shut_down(10)
        history = History(tmp_path / "history.sqlite", tmp_path)
        rows = [(row.title, row.finished, history.document(row.id)) for row in reversed(history.transcripts())]
        history.close()
        return rows

    return look


def test_segments_are_kept_as_they_close_change_and_go(keeper, kept, journal):
    keeper.begin(HEAD, "j")
    document = TranscriptDocument().begin_session()
    for event in (closed("one"), SegmentUpdated(Segment(1, 100, 150, "tw")), closed("two", 1), closed("three", 2)):
        document = document.apply(event)
        keeper.see(document, 0)
    document = rewritten(document, 0, 0, "One!")
    keeper.see(document, 0)
    document = document.apply(SegmentRetracted())
    keeper.see(document, 0)
    keeper.finish(journal)
    assert kept() == [("One! two", True, document)]


def test_what_is_not_begun_is_not_written(keeper, kept, journal):
    keeper.see(TranscriptDocument().apply(closed("secret")), 0)
    keeper.finish(journal)
    assert kept() == []


def test_a_second_recording_goes_on_in_the_same_transcript_and_a_new_one_after_a_turn(keeper, kept, journal):
    document = TranscriptDocument().begin_session().apply(closed("one"))
    keeper.begin(HEAD, "j")
    keeper.see(document, 0)
    keeper.finish(journal)
    keeper.begin(HEAD, "j")
    keeper.see(document := document.begin_session().apply(closed("two")), 0)
    keeper.turn_to(None, TranscriptDocument())
    keeper.begin(HEAD, "j")
    keeper.see(other := TranscriptDocument().begin_session().apply(closed("other")), 0)
    assert kept() == [("one two", False, document), ("other", False, other)]


def test_a_reopened_transcript_grows(keeper, kept, tmp_path):
    history = History(tmp_path / "history.sqlite", tmp_path)
    id = history.begin(NOW, "m", "i")
    history.write(id, TranscriptDocument().begin_session().apply(closed("old")))
    document = history.document(id)
    history.close()
    keeper.turn_to(id, document)
    keeper.begin(HEAD, "j")
    keeper.see(document := document.begin_session().apply(closed("new")), 0)
    assert [one[2] for one in kept()] == [document]


def test_a_transcript_that_could_not_be_begun_is_begun_when_the_disk_works_again(tmp_path):
    said, faults = [], [AppError("The disk is locked.", "Wait."), RuntimeError("unforeseen")]

    class Failing(History):
        def begin(self, *what):
            if faults:
                raise faults.pop()
            return super().begin(*what)

    keeper = Keeper(lambda: Failing(tmp_path / "history.sqlite", tmp_path), said.append)
    keeper.start()
    keeper.begin(HEAD, "j")
    document = TranscriptDocument()
    for number in range(3):
        document = document.apply(closed(f"text {number}", number))
        keeper.see(document, 0)
    assert keeper.shut_down(10)
    history = History(tmp_path / "history.sqlite", tmp_path)
    assert history.document(1) == document
    history.close()
    assert len(said) == 2


def test_an_edit_far_up_is_written_alone(keeper, kept):
    keeper.begin(HEAD, "j")
    document = TranscriptDocument()
    for number in range(50):
        document = document.apply(closed(f"text{number}", number))
    keeper.see(document, 0)
    keeper.see(document := rewritten(document, 3, 3, "changed"), 0)
    keeper.see(document := rewritten(document, 10, 11, "joined"), 0)
    assert kept()[0][2] == document


def test_a_disk_that_fails_is_said_once_and_what_was_missed_is_written_when_it_works_again(tmp_path):
    said, fails = [], [True]

    class Failing(History):
        def begin(self, *what):
            self.check()
            return super().begin(*what)

        def write(self, *what, **more):
            self.check()
            super().write(*what, **more)

        def check(self):
            if fails[0]:
                raise AppError("The disk is full.", "Free space.")

    keeper = Keeper(lambda: Failing(tmp_path / "history.sqlite", tmp_path), said.append)
    keeper.start()
    keeper.begin(HEAD, "j")
    document = TranscriptDocument()
    for number in range(3):
        document = document.apply(closed(f"text {number}", number))
        keeper.see(document, 0)
    while not keeper._jobs.empty():
        pass
    fails[0] = False
    keeper.see(document := document.apply(closed("last", 3)), 0)
    keeper.shut_down(10)
    history = History(tmp_path / "history.sqlite", tmp_path)
    assert history.document(1) == document
    history.close()
    assert len(said) == 1 and "disk is full" in said[0] and "not being saved" in said[0]


def test_a_history_that_cannot_be_opened_at_first_gets_all_of_it_later(tmp_path, said, journal):
    faults = [AppError("The history is on a disk that is not there.", "Plug it in.")] * 2

    def open_history():
        if faults:
            raise faults.pop()
        return History(tmp_path / "history.sqlite", tmp_path)

    keeper = Keeper(open_history, said.append)
    keeper.start()
    keeper.begin(HEAD, "one")
    document = TranscriptDocument().begin_session().apply(closed("one"))
    keeper.see(document, 1)
    keeper.finish(journal)
    assert keeper.shut_down(10) and not journal.folder.exists()
    history = History(tmp_path / "history.sqlite", tmp_path)
    assert history.document(1) == document and history.find(1).finished
    history.close()
    assert len(said) == 1


def slowly(writing, may_go_on):
    """A history whose new transcripts wait, once they are being written, until they may go on."""

    class Slow(History):
        def begin(self, *what):
            writing.set()
            may_go_on.wait(10)
            return super().begin(*what)

    return Slow


def test_of_a_recording_that_is_over_the_history_knows_all_though_the_next_has_begun(tmp_path, said):
    slow, writing = threading.Event(), threading.Event()

    class Slow(slowly(writing, slow)):
        def go_on(self, id, *what):
            raise AppError("Killed here.", "")

    keeper = Keeper(lambda: Slow(tmp_path / "history.sqlite", tmp_path), said.append)
    keeper.start()
    keeper.begin(HEAD, "one")
    keeper.see(document := TranscriptDocument().begin_session().apply(closed("one")), 5)
    assert writing.wait(5)
    keeper.begin(HEAD, "two")
    keeper.see(document.begin_session(), 0)
    slow.set()
    keeper.shut_down(10)
    history = History(tmp_path / "history.sqlite", tmp_path)
    assert history.of_journal("one").heard >= 5  # or what one has would be added to it again
    history.close()


def test_behind_a_slow_disk_every_recording_is_known_with_its_own_count(tmp_path, said):
    slow, writing = threading.Event(), threading.Event()
    keeper = Keeper(lambda: slowly(writing, slow)(tmp_path / "history.sqlite", tmp_path), said.append)
    keeper.start()
    keeper.begin(HEAD, "one")
    keeper.see(document := TranscriptDocument().begin_session().apply(closed("one")), 5)
    assert writing.wait(5)
    keeper.see(document, 6)
    keeper.begin(HEAD, "two")
    keeper.see(document := document.begin_session().apply(closed("two")), 3)
    slow.set()
    keeper.shut_down(10)
    history = History(tmp_path / "history.sqlite", tmp_path)
    assert history.of_journal("two") == Known("two", 1, 0, 3) and history.document(1) == document
    history.close()


def test_a_recording_that_broke_off_is_known_with_what_the_next_one_writes_of_it(tmp_path, said):
    refusing = threading.Event()
    refusing.set()

    class Refusing(History):
        def write(self, *what):
            if refusing.is_set():
                raise AppError("No.", "")
            super().write(*what)

    keeper = Keeper(lambda: Refusing(tmp_path / "history.sqlite", tmp_path), said.append)
    keeper.start()
    keeper.begin(HEAD, "one")
    keeper.see(document := TranscriptDocument().begin_session().apply(closed("one")), 5)
    assert keeper.catch_up(10)
    refusing.clear()
    keeper.begin(replace(HEAD, recording=1), "two")
    keeper.see(document := document.begin_session().apply(closed("two")), 3)
    keeper.shut_down(10)
    history = History(tmp_path / "history.sqlite", tmp_path)
    assert history.of_journal("one") == Known("one", 1, 0, 5) and history.of_journal("two") == Known("two", 1, 1, 3)
    history.close()


def test_which_transcript_is_open_is_known_at_once(tmp_path, keeper):
    history = History(tmp_path / "history.sqlite", tmp_path)
    id = history.begin(NOW, "m", "i")
    history.close()
    slow = threading.Event()
    keeper.turn_to(id, TranscriptDocument())
    keeper._jobs.put(lambda _: slow.wait(10))
    assert keeper.id == id
    keeper.turn_to(None, TranscriptDocument())
    assert keeper.id is None
    slow.set()


def test_editing_a_transcript_does_not_change_how_much_of_its_recording_it_has(tmp_path, keeper):
    history = History(tmp_path / "history.sqlite", tmp_path)
    id = history.begin(NOW, "m", "i", "one")
    history.write(
        id, document := TranscriptDocument().begin_session().apply(closed("one")), heard=[Known("one", id, 0, 5)]
    )
    keeper.turn_to(id, document)
    keeper.see(rewritten(document, 0, 0, "edited"), 99)
    keeper.shut_down(10)
    assert history.document(id).text == "edited" and history.of_journal("one") == Known("one", id, 0, 5)
    history.close()


def test_a_recording_in_which_nothing_was_said_leaves_nothing(keeper, kept, journal):
    keeper.begin(HEAD, "one")
    keeper.see(TranscriptDocument().begin_session(), 0)
    keeper.finish(journal)
    assert kept() == [] and not journal.folder.exists()

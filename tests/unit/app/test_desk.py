"""The window joined with everything behind it: real parts, but for the recogniser and the microphone."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from support.fakes import FakeRecognizer, FakeSource

import app.desk.companions as companions_module
import app.desk.desktop as desktop_module
from app.audio.recorder import Recorder
from app.audio.silence import SilentInput
from app.desk.companions import Companions
from app.desk.desktop import Desktop
from app.desk.inputs import SAMPLE_INPUT
from app.errors import AppError, sentence
from app.export.options import ExportOptions
from app.history import History
from app.journal.entries import Head
from app.journal.reader import left_behind
from app.journal.writer import Journal
from app.logs import DiscreetFormatter
from app.paths import history_file, journals_folder, recordings_folder, settings_file
from app.settings import HistorySettings
from app.settings_file import read_settings
from app.state import State
from app.ui.export_dialog import ExportDialog
from app.ui.main_window import BESIDE
from app.ui.transcript_layout import Edit
from s2t_core.events import SegmentClosed, SegmentUpdated
from s2t_core.streaming.mark import SessionMark
from s2t_core.text.rules import TextRules
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import AudioChunk, DecodingOptions, Segment, Word


class Speaking:
    """Closes a segment of these words with the first chunk, half a second each."""

    mark = SessionMark(0, 0)

    def __init__(self, text, speaker=""):
        self.text = text

    def push(self, chunk):
        if not self.text:
            return ()
        text, self.text = self.text, ""
        start = chunk.start
        words = tuple(Word(one, start + i * 40, start + i * 40 + 30, 0.9) for i, one in enumerate(text.split()))
        part = Segment(0, start, start + 300, "", text)
        return SegmentUpdated(part), SegmentClosed(Segment(0, start, start + 300, text, words=words))

    def finish(self):
        return ()


@pytest.fixture
def begin(qtbot, monkeypatch):
    """A desktop whose recordings say these texts, one after the other."""
    made = []

    def build(*texts, settings=None, source=FakeSource):
        if settings is not None:
            settings_file().parent.mkdir(parents=True, exist_ok=True)
            settings_file().write_text(json.dumps(settings))
        monkeypatch.setattr(desktop_module, "make_source", lambda *_: source())
        monkeypatch.setattr(desktop_module, "find_inputs", lambda again: ([("System default", "")], ""))
        monkeypatch.setattr(desktop_module.InputWatch, "start", lambda self: None)
        recognizer = FakeRecognizer(*map(Speaking, texts))
        desktop = Desktop(lambda: recognizer, settings_file(), DecodingOptions())
        companions = Companions(desktop, None, "cpu")
        qtbot.addWidget(desktop.window)
        desktop.open()
        companions.open()
        desktop.recognizer, desktop.companions = recognizer, companions
        made.append((desktop, companions))
        return desktop

    yield build
    for desktop, companions in made:
        desktop.shut_down(10)
        companions.shut_down()


def record(qtbot, desktop):
    """A recording from the button to the last word."""
    before = desktop.controller.document.text
    QTest.mouseClick(desktop.window.toggle, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: desktop.controller.document.text not in (before, ""))
    QTest.mouseClick(desktop.window.toggle, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: desktop.controller.state is State.IDLE)


def kept(desktop):
    desktop.shut_down(10)
    desktop.companions.shut_down()
    history = History(history_file(), recordings_folder())
    rows = [(row.title, row.finished, history.recordings(row.id)) for row in reversed(history.transcripts())]
    history.close()
    return rows


def test_a_sound_system_that_hangs_holds_up_neither_the_window_nor_its_settings(qtbot, begin, monkeypatch):
    server = threading.Event()

    def hang(*_):
        assert server.wait(20)
        return [("Yeti", "Yeti")], ""

    def hanging_fault():
        hang()
        return "The sound server does not answer."

    desktop = begin()
    monkeypatch.setattr(desktop_module, "find_inputs", hang)
    monkeypatch.setattr(desktop_module, "loopback_fault", hanging_fault)
    desktop.find_inputs(again=True)
    desktop.window.actions_by_name["meeting"].trigger()
    assert desktop.settings.sound.meeting
    server.set()
    qtbot.waitUntil(lambda: desktop.window.inputs.itemText(0) == "Yeti")
    qtbot.waitUntil(lambda: desktop.window.hint.text == "The sound server does not answer.")


def test_beside_the_input_it_stands_that_the_computer_is_heard_as_well(qtbot, begin, monkeypatch):
    told = []
    monkeypatch.setattr(desktop_module, "announce", lambda widget, text: told.append(text))
    monkeypatch.setattr(desktop_module, "loopback_fault", lambda: "")
    desktop = begin()
    window = desktop.window
    meeting, sign = window.actions_by_name["meeting"], window._beside
    qtbot.waitUntil(lambda: window.inputs.count() == 1)
    desktop._show_inputs([("System default", ""), ("Sample", SAMPLE_INPUT)])
    assert not sign.isVisible() and window.inputs.accessibleDescription() == ""
    meeting.trigger()
    assert sign.isVisible() and sign.accessibleName() == window.inputs.accessibleDescription() == BESIDE
    window.inputs.setCurrentIndex(1)
    assert not sign.isVisible() and window.inputs.accessibleDescription() == ""
    window.inputs.setCurrentIndex(0)
    assert sign.isVisible()
    desktop._show_inputs([("Sample", SAMPLE_INPUT)])  # the last microphone has gone
    assert not sign.isVisible()
    desktop._show_inputs([("System default", ""), ("Sample", SAMPLE_INPUT)])
    assert sign.isVisible()
    meeting.trigger()
    assert not sign.isVisible() and told == [f"{BESIDE}.", "What the computer plays is not recorded."]


def test_a_meeting_that_was_chosen_once_is_shown_from_the_start(begin, monkeypatch):
    monkeypatch.setattr(desktop_module, "loopback_fault", lambda: "")
    assert begin(settings={"sound": {"meeting": True}}).window._beside.isVisible()


def test_what_is_said_is_shown_edited_undone_and_kept(qtbot, begin):
    desktop = begin("hello there", "again")
    record(qtbot, desktop)
    view = desktop.window.view
    assert view.toPlainText() == "Hello there"
    cursor = view.textCursor()
    cursor.setPosition(5)
    view.setTextCursor(cursor)
    QTest.keyClicks(view, "!")
    assert desktop.controller.document.text == "Hello! there"
    desktop.window.actions_by_name["undo"].trigger()
    assert view.toPlainText() == "Hello there"
    desktop.window.actions_by_name["redo"].trigger()
    record(qtbot, desktop)
    assert view.toPlainText() == "Hello! there\n\nAgain"
    ((title, finished, sound),) = kept(desktop)
    assert (title, finished, sound) == ("Hello! there Again", True, {})


def test_a_new_transcript_leaves_the_old_one_in_the_history_where_it_can_be_reopened(qtbot, begin):
    desktop = begin("first", "second", "third")
    record(qtbot, desktop)
    desktop.window.actions_by_name["new"].trigger()
    assert desktop.window.view.toPlainText() == ""
    record(qtbot, desktop)
    desktop.companions.history.open()
    history = desktop.companions.history

    def listed():
        history.refresh()
        return history.window.entries.rowCount()

    qtbot.waitUntil(lambda: listed() == 2)
    desktop.companions.history.window.open_requested.emit(1)
    assert desktop.window.view.toPlainText() == "First"
    record(qtbot, desktop)
    assert [row[0] for row in kept(desktop)] == ["First Third", "Second"]


def test_no_other_transcript_is_opened_under_a_running_recording(qtbot, begin):
    desktop = begin("first", "second")
    record(qtbot, desktop)
    desktop.window.actions_by_name["new"].trigger()
    QTest.mouseClick(desktop.window.toggle, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: desktop.controller.document.text == "Second")
    desktop.companions.history.window.open_requested.emit(1)
    assert desktop.window.view.toPlainText() == "Second"
    assert "is running" in desktop.window.hint.text
    QTest.mouseClick(desktop.window.toggle, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: desktop.controller.state is State.IDLE)
    assert [row[0] for row in kept(desktop)] == ["First", "Second"]


def test_the_text_of_a_file_is_kept_under_its_name(qtbot, begin):
    desktop = begin("dictated")
    record(qtbot, desktop)
    files, document = desktop.companions.files, desktop.controller.document
    files.transcribed.emit(7, "talk.mp4", document)
    qtbot.waitUntil(lambda: desktop.companions._kept_files[7].done())
    files.opened.emit(7, document)
    cursor = desktop.window.view.textCursor()
    cursor.setPosition(0)
    desktop.window.view.setTextCursor(cursor)
    QTest.keyClicks(desktop.window.view, "x")
    desktop.shut_down(10)
    desktop.companions.shut_down()
    history = History(history_file(), recordings_folder())
    assert [history.document(row.id).text for row in reversed(history.transcripts())] == ["Dictated", "xDictated"]
    assert [row.title for row in reversed(history.transcripts())] == ["Dictated", "talk.mp4"]
    history.close()


def test_what_was_dictated_not_to_be_saved_is_not_saved_later_either(qtbot, begin):
    desktop = begin("secret", "public", settings={"history": {"save": False}})
    record(qtbot, desktop)
    desktop.use(replace(desktop.settings, history=HistorySettings(save=True)))
    record(qtbot, desktop)
    assert "New transcript" in desktop.window.notice.text
    assert kept(desktop) == []


def test_do_not_save_leaves_nothing_on_the_disk(qtbot, begin, tmp_path_factory):
    desktop = begin("secret", settings={"history": {"save": False, "audio": True}})
    record(qtbot, desktop)
    desktop.shut_down(10)
    desktop.companions.shut_down()
    assert desktop.window.view.toPlainText() == "Secret"
    assert not recordings_folder().exists()
    files = [file for file in history_file().parent.rglob("*") if file.is_file()]
    assert all(b"ecret" not in file.read_bytes() for file in files)


def test_unsaved_text_is_let_go_only_when_it_is_discarded_exported_or_copied(qtbot, begin, tmp_path):
    desktop = begin("first", "second", settings={"history": {"save": False}})
    actions, notice = desktop.window.actions_by_name, desktop.window.notice
    record(qtbot, desktop)
    actions["new"].trigger()
    assert desktop.window.view.toPlainText() == "First" and "not saved" in notice.text
    assert not desktop.window.close()
    notice.show_notice("")
    actions["new"].trigger()
    notice.button.click()
    assert desktop.window.view.toPlainText() == ""
    record(qtbot, desktop)
    actions["copy_all"].trigger()
    assert desktop.window.close()
    desktop.window.show()
    QTest.keyClicks(desktop.window.view, "x")
    actions["export"].trigger()
    dialog = desktop.window.findChild(ExportDialog)
    with qtbot.waitSignal(dialog.finished):
        dialog.save_wanted.emit("txt", ExportOptions(), str(tmp_path / "text.txt"))
    actions["new"].trigger()
    assert desktop.window.view.toPlainText() == ""


def test_text_that_the_disk_refused_is_not_let_go_and_what_is_kept_is(qtbot, begin, monkeypatch):
    desktop = begin("first", "second")
    record(qtbot, desktop)
    desktop.window.actions_by_name["new"].trigger()
    assert desktop.window.view.toPlainText() == ""

    def refuse(*_):
        raise AppError("The disk is full.", "Free space.")

    with monkeypatch.context() as full:
        full.setattr(History, "write", refuse)
        record(qtbot, desktop)
        qtbot.waitUntil(lambda: "disk is full" in desktop.window.notice.text)
        desktop.window.actions_by_name["new"].trigger()
        assert desktop.window.view.toPlainText() == "Second" and "not saved" in desktop.window.notice.text


def test_at_the_start_what_is_old_is_forgotten_and_what_others_could_read_is_narrowed(qtbot, begin):
    history = History(history_file(), recordings_folder())
    for days in (40, 20):
        history.begin(datetime.now(UTC) - timedelta(days=days), "m", f"{days} days ago")
    history.close()
    recordings_folder().mkdir(mode=0o755)
    old = recordings_folder() / "old.ogg"
    old.write_bytes(b"sound")
    old.chmod(0o644)
    begin(settings={"history": {"days": 30}})

    def sources():
        with contextlib.closing(History(history_file(), recordings_folder())) as history:
            return [row.source for row in history.transcripts()]

    qtbot.waitUntil(lambda: sources() == ["20 days ago"])
    assert (old.stat().st_mode & 0o777, recordings_folder().stat().st_mode & 0o777) == (0o600, 0o700)


RARE = "Quokkas"


class Quoting(Speaking):
    """Says the word, then fails with it, twice."""

    def push(self, chunk):
        if self.text:
            return super().push(chunk)
        raise ValueError(f"what is {RARE}?")

    def finish(self):
        raise RuntimeError(f"{RARE} again")


class Refusing(History):
    def write(self, *what, **more):
        raise LookupError(RARE)


def test_no_failure_brings_dictated_words_into_the_log(qtbot, begin, monkeypatch, caplog):
    log = logging.getLogger()
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(DiscreetFormatter("%(threadName)s %(message)s"))
    log.addHandler(handler)
    caplog.set_level(logging.DEBUG)
    desktop = begin(settings={"history": {"audio": True}})
    desktop.recognizer._sessions = [Quoting(RARE) for _ in range(9)]
    monkeypatch.setattr(companions_module, "History", Refusing)
    monkeypatch.setattr(Recorder, "put", lambda *_: quote())
    try:
        QTest.mouseClick(desktop.window.toggle, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: desktop.controller.state is State.IDLE)
        monkeypatch.setattr(Recorder, "put", lambda *_: None)
        QTest.mouseClick(desktop.window.toggle, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: RARE in desktop.window.view.toPlainText())
        QTest.mouseClick(desktop.window.toggle, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: desktop.controller.state is State.IDLE)
        taken_back = SegmentUpdated(Segment(0, 0, 9, f"other than {RARE}"))
        document = TranscriptDocument().apply(taken_back)
        with pytest.raises(ValueError, match="takes back") as caught:
            document.apply(SegmentUpdated(Segment(0, 0, 9, "none")))
        sentence(caught.value)
        companions_module.sentence(LookupError(RARE))
        desktop.shut_down(10)
        desktop.companions.shut_down()
    finally:
        log.removeHandler(handler)
    assert RARE in caplog.text, "the errors did not quote it: nothing was tested"
    for thread in ("engine", "keeper", "MainThread"):
        assert f"{thread} " in written.getvalue()
    assert RARE not in written.getvalue()


def quote():
    raise KeyError(RARE)


class LongSource(FakeSource):
    """Four seconds of sound at once."""

    def _give(self):
        self.given = 640
        yield AudioChunk(np.full(64000, 0.5, np.float32), 16000, 0)
        self.stopped.wait(10)


def test_kept_sound_is_there_for_the_words_that_are_clicked(qtbot, begin, monkeypatch):
    desktop = begin("hear me", settings={"history": {"audio": True}}, source=LongSource)
    record(qtbot, desktop)
    asked = []
    monkeypatch.setattr(desktop.companions.record._player, "play", lambda *what: asked.append(what))
    desktop.window.view.word_chosen.emit(0, 1)
    ((file, start_s, end_s),) = asked
    assert (start_s, end_s) == (0.0, pytest.approx(300 / 16000))
    ((_, _, sound),) = kept(desktop)
    assert sound == {(0, ""): file}
    assert soundfile.info(str(file)).duration == pytest.approx(4, abs=0.1)


def test_words_whose_sound_was_not_kept_say_so(qtbot, begin):
    desktop = begin("hello")
    record(qtbot, desktop)
    desktop.window.view.word_chosen.emit(0, 0)
    assert "was not kept" in desktop.window.notice.text


def test_settings_hold_at_once_and_after_a_restart(qtbot, begin):
    desktop = begin("twenty one comma")
    rules = TextRules(spoken_marks=True, digits_from=10)
    desktop.use(replace(desktop.settings, text=replace(desktop.settings.text, rules=rules, vocabulary=("Uncas",))))
    desktop.window.actions_by_name["timestamps"].trigger()
    desktop.window.actions_by_name["larger"].trigger()
    record(qtbot, desktop)
    assert desktop.window.view.toPlainText() == "21,"
    assert desktop.recognizer.wishes.phrases[0].text == "Uncas"
    assert desktop.window.view.gutter.isVisible()
    desktop.shut_down(10)
    saved, notice = read_settings(settings_file())
    assert (saved, notice) == (desktop.settings, "")
    assert saved.view.timestamps and saved.view.text_scale == pytest.approx(1.1)


def test_damaged_settings_are_said_and_the_program_starts(qtbot, begin):
    settings_file().parent.mkdir(parents=True)
    settings_file().write_text("{")
    desktop = begin()
    qtbot.waitUntil(lambda: desktop.window.notice.isVisible())
    assert desktop.settings.history == HistorySettings()


class MuteSource(FakeSource):
    def take_peak(self):
        return 0.0


def test_an_input_that_gives_no_sound_is_hinted_at_until_the_recording_is_over(qtbot, begin, monkeypatch):
    monkeypatch.setattr(desktop_module, "SilentInput", lambda: SilentInput(patience_s=0.05))
    desktop = begin("something", source=MuteSource)
    QTest.mouseClick(desktop.window.toggle, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "muted" in desktop.window.hint.text)
    QTest.mouseClick(desktop.window.toggle, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: desktop.controller.state is State.IDLE)
    assert not desktop.window.hint.isVisible()


def test_sound_that_a_recording_lost_is_not_told_of_another_transcript(qtbot, begin):
    desktop = begin("something")
    record(qtbot, desktop)
    desktop.window.show_lost(1.5)
    assert desktop.window._lost.isVisible()
    desktop.window.actions_by_name["new"].trigger()
    assert not desktop.window._lost.isVisible()


class LateSource(FakeSource):
    """Its sound comes when the test lets it come, as that of a microphone does some time after it was opened."""

    come, peak = True, 0.5

    def received_s(self):
        return super().received_s() if self.come else 0.0

    def take_peak(self):
        return self.peak if self.come else 0.0


def test_the_recording_after_one_that_was_heard_is_not_called_silent_while_it_waits_for_sound(
    qtbot, begin, monkeypatch
):
    monkeypatch.setattr(desktop_module, "SilentInput", lambda: SilentInput(patience_s=0.05))
    monkeypatch.setattr(LateSource, "come", True)
    desktop = begin("something", "more", source=LateSource)
    QTest.mouseClick(desktop.window.toggle, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: desktop.controller.state is State.LISTENING)
    QTest.mouseClick(desktop.window.toggle, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: desktop.controller.state is State.IDLE)
    LateSource.come = False
    QTest.mouseClick(desktop.window.toggle, Qt.MouseButton.LeftButton)
    qtbot.wait(200)
    assert desktop.controller.state is State.ARMING and desktop.window.hint.text == ""
    LateSource.come = True
    qtbot.waitUntil(lambda: desktop.controller.state is State.LISTENING)
    qtbot.wait(100)
    assert desktop.window.hint.text == ""


def test_a_hint_at_silence_goes_when_sound_comes_and_leaves_what_others_say(qtbot, begin, monkeypatch):
    monkeypatch.setattr(desktop_module, "SilentInput", lambda: SilentInput(patience_s=0.05))
    monkeypatch.setattr(LateSource, "peak", 0.0)
    desktop = begin("something", source=LateSource)
    hint = desktop.window.hint
    QTest.mouseClick(desktop.window.toggle, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "muted" in hint.text)
    LateSource.peak = 0.0001
    qtbot.waitUntil(lambda: "Hardly" in hint.text)
    LateSource.peak = 0.5
    qtbot.waitUntil(lambda: not hint.isVisible())
    LateSource.peak = 0.0
    qtbot.waitUntil(lambda: "muted" in hint.text)
    hint.show_notice("Something else.")
    QTest.mouseClick(desktop.window.toggle, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: desktop.controller.state is State.IDLE)
    assert hint.isVisible() and hint.text == "Something else."


def test_captions_follow_the_menu_and_the_text(qtbot, begin):
    desktop = begin("hello there")
    captions = desktop.companions.captions.window
    desktop.window.actions_by_name["captions"].trigger()
    assert captions.isVisible()
    record(qtbot, desktop)
    assert "Hello there" in str(captions.visible_lines)
    captions.close()
    assert not desktop.window.actions_by_name["captions"].isChecked()


def test_captions_that_are_opened_between_recordings_say_what_they_are_for(qtbot, begin):
    desktop = begin("hello there", "hello again")
    captions = desktop.companions.captions.window
    captions._silence.setInterval(1)
    record(qtbot, desktop)
    desktop.window.actions_by_name["captions"].trigger()
    qtbot.waitUntil(lambda: captions.shows_welcome)
    QTest.mouseClick(desktop.window.toggle, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "again" in desktop.controller.document.text)
    qtbot.waitUntil(lambda: not captions.visible_lines)
    assert not captions.shows_welcome
    QTest.mouseClick(desktop.window.toggle, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: desktop.controller.state is State.IDLE)
    assert captions.shows_welcome and "appear here" not in desktop.controller.document.text


def test_files_wait_while_somebody_dictates(qtbot, begin):
    desktop = begin("hello")
    queue = desktop.companions.files._queue
    QTest.mouseClick(desktop.window.toggle, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: queue._paused)
    QTest.mouseClick(desktop.window.toggle, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not queue._paused)


def test_help_opens(qtbot, begin):
    desktop = begin()
    for name in ("cheats", "about", "settings"):
        desktop.window.actions_by_name[name].trigger()
    assert desktop.companions.help._cheats.isVisible()
    assert "torch" in desktop.companions.help._about.text


def left_behind_by_a_crash(text="so far so good"):
    """A recording whose program was killed: some words committed, some sound without text."""
    head = Head(datetime(2026, 3, 1, 12, tzinfo=UTC), "model", "Yeti", None, 0)
    journal = Journal(journals_folder() / "20260301T120000", head, print)
    journal.sound(AudioChunk(np.full(48000, 0.5, np.float32), 16000, 0))
    journal.text("", (SegmentUpdated(Segment(0, 0, 16000, text, "or")),), SessionMark(16000, 1))
    journal.close()


def test_what_a_crash_left_is_offered_and_brought_back_and_the_same_transcript_goes_on(qtbot, begin):
    left_behind_by_a_crash()
    desktop = begin("and it goes on", "here", settings={"text": {"rules": {"capitals": False}}})
    notice = desktop.window.hint
    qtbot.waitUntil(lambda: "was cut off" in notice.text)
    assert "4 words and 2 s of sound" in notice.text
    assert desktop.window.view.toPlainText() == ""  # nothing happens by itself
    qtbot.mouseClick(notice.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: desktop.controller.state is State.IDLE and "goes" in desktop.controller.document.text)
    assert desktop.window.view.toPlainText().casefold() == "so far so good and it goes on"
    record(qtbot, desktop)
    ((title, finished, _),) = kept(desktop)
    assert title.casefold() == "so far so good and it goes on here" and finished
    assert not list(journals_folder().iterdir())


def test_text_that_was_brought_back_is_never_kept_without_its_events(qtbot, begin):
    """Else it would come twice when the program is killed meanwhile."""
    left_behind_by_a_crash()
    journal = Journal(journals_folder() / "20260301T120000", None, print)
    journal.count_from(1)
    journal.text("", (SegmentClosed(Segment(0, 0, 20000, "so far so good")),), SessionMark(20000, 1))
    journal.close()
    desktop = begin("and on")
    seen, keeper = [], desktop.companions.record._keeper
    see, keeper.see = keeper.see, lambda document, heard: (seen.append((document.text, heard)), see(document, heard))
    qtbot.waitUntil(lambda: "was cut off" in desktop.window.hint.text)
    qtbot.mouseClick(desktop.window.hint.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: desktop.controller.state is State.IDLE and "on" in desktop.controller.document.text)
    assert {heard for text, heard in seen if text == "So far so good"} == {2}


def test_what_was_said_and_written_since_the_offer_stays_when_it_is_brought_back(qtbot, begin):
    first = begin("so far so good")
    record(qtbot, first)
    ((_, _, _),) = kept(first)
    head = Head(datetime.now(UTC), "model", "Yeti", 1, 1)
    journal = Journal(journals_folder() / "20260301T120000", head, print)
    journal.sound(AudioChunk(np.full(48000, 0.5, np.float32), 16000, 0))
    journal.text("", (SegmentClosed(Segment(0, 0, 16000, "cut off")),), SessionMark(16000, 1))
    journal.close()
    desktop = begin("meanwhile", "and late")
    hint, controller = desktop.window.hint, desktop.controller
    qtbot.waitUntil(lambda: "was cut off" in hint.text)
    recover = hint._run
    history = History(history_file(), recordings_folder())
    desktop.companions._reopen(1, history.document(1))
    record(qtbot, desktop)
    desktop._edit(Edit(0, 0, "Edited."))
    assert controller.document.text == "Edited.\n\nMeanwhile"
    recover()
    qtbot.waitUntil(lambda: controller.state is State.IDLE and "late" in controller.document.text)
    desktop.shut_down(10)
    desktop.companions.shut_down()
    assert history.document(1).text == controller.document.text == "Edited.\n\nMeanwhile\n\nCut off and late"
    history.close()


def test_what_is_not_wanted_back_now_is_offered_at_the_next_start(qtbot, begin):
    left_behind_by_a_crash()
    desktop = begin("new words")
    qtbot.waitUntil(lambda: "was cut off" in desktop.window.hint.text)
    record(qtbot, desktop)
    assert [row[0] for row in kept(desktop)] == ["New words"]
    assert len(list(journals_folder().iterdir())) == 1
    again = begin()
    qtbot.waitUntil(lambda: "was cut off" in again.window.hint.text)


def test_nothing_is_brought_back_into_a_running_recording(qtbot, begin):
    left_behind_by_a_crash()
    desktop = begin("spoken")
    qtbot.waitUntil(lambda: "was cut off" in desktop.window.hint.text)
    wanted = desktop.window.hint._run
    QTest.mouseClick(desktop.window.toggle, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: desktop.controller.document.text == "Spoken")
    wanted()
    assert desktop.controller.document.text == "Spoken" and desktop.controller.state.is_recording


def test_a_recording_leaves_no_journal_and_without_saving_there_never_is_one(qtbot, begin):
    desktop = begin("kept", "secret")
    record(qtbot, desktop)
    qtbot.waitUntil(lambda: not list(journals_folder().iterdir()))
    desktop.use(replace(desktop.settings, history=HistorySettings(save=False)))
    QTest.mouseClick(desktop.window.toggle, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "ecret" in desktop.controller.document.text)
    assert not list(journals_folder().iterdir())


def test_a_program_that_ends_before_the_last_words_leaves_them_to_be_brought_back(qtbot, begin):
    stuck = threading.Event()

    class Slow(Speaking):
        def push(self, chunk):
            stuck.wait(10)
            return super().push(chunk)

    desktop = begin("too late")
    desktop.recognizer._sessions[:] = [Slow("too late")]
    QTest.mouseClick(desktop.window.toggle, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: desktop.controller.state is State.LISTENING)
    assert not desktop.shut_down(0.1)
    desktop.companions.shut_down()
    (left,) = left_behind(journals_folder())
    assert left.sound_s() > 0 and not left.events
    stuck.set()
    assert desktop.controller.shut_down(10)

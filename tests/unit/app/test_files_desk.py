"""The files window joined with its queue: folders, phrases, and what is said where there is nothing to do."""

from __future__ import annotations

import threading
from concurrent.futures import Future

import numpy as np
import pytest
import soundfile
from PySide6.QtWidgets import QApplication
from support.fakes import Unshaped

from app.desk.files_desk import FilesDesk
from app.file_queue import Task, TaskState
from s2t_core.errors import S2TError
from s2t_core.events import SegmentClosed
from s2t_core.types import DecodingOptions, Phrase, Segment


class Recognizer:
    """Writes its phrases; it cannot spell the one called "odd"."""

    def __init__(self, phrases=()):
        self.phrases = phrases

    def steered(self, wishes):
        if any(phrase.text == "odd" for phrase in wishes.phrases):
            raise S2TError("A phrase cannot be spelt.", "Take it off the list.")
        return Recognizer(wishes.phrases)

    def open_session(self, config=None, *, partials=True):
        return self

    def push(self, chunk):
        return ()

    def finish(self):
        return (SegmentClosed(Segment(0, 0, 9, " ".join(["said", *(phrase.text for phrase in self.phrases)]))),)


@pytest.fixture
def phrases():
    return []


@pytest.fixture
def desk(qtbot, phrases):
    loaded = Future()
    loaded.set_result(Recognizer())
    desk = FilesDesk(lambda: loaded, Unshaped, lambda: DecodingOptions(tuple(Phrase(text) for text in phrases)))
    qtbot.addWidget(desk.window)
    yield desk
    assert desk.shut_down(10)


def states(desk):
    return [(row.name, row.state) for row in desk.window.files.rows()]


def put(path):
    path.parent.mkdir(exist_ok=True)
    soundfile.write(path, np.zeros(8000, np.float32), 8000)


def test_a_folder_is_transcribed_with_the_phrases_of_the_user(desk, qtbot, tmp_path, phrases):
    put(tmp_path / "a.wav")
    put(tmp_path / "deep" / "b.flac")
    phrases.append("Gunther")
    desk.add([tmp_path])
    qtbot.waitUntil(lambda: states(desk) == [("a.wav", "done"), ("b.flac", "done")])
    with qtbot.waitSignal(desk.opened) as opened:
        desk.window.open_requested.emit(desk.window.files.row(1).id)
    assert opened.args[1].text == "said Gunther"


def test_a_file_that_is_cancelled_stays_so_when_older_news_of_it_arrives(desk, tmp_path):
    worker = threading.Thread(target=desk._changed.emit, args=[Task(1, tmp_path / "a.wav", TaskState.RUNNING)])
    worker.start()
    worker.join()
    desk._changed.emit(Task(1, tmp_path / "a.wav", TaskState.CANCELLED))
    QApplication.processEvents()
    assert states(desk) == [("a.wav", "cancelled")]


def test_a_phrase_that_cannot_be_spelt_is_said_and_the_file_transcribed(desk, qtbot, tmp_path, phrases):
    put(tmp_path / "a.wav")
    phrases.append("odd")
    desk.add([tmp_path / "a.wav"])
    qtbot.waitUntil(lambda: states(desk) == [("a.wav", "done")])
    assert desk.window.notice.text == "A phrase cannot be spelt. Take it off the list."


def test_a_folder_without_sound_is_said(desk, qtbot, tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    desk.add([tmp_path])
    qtbot.waitUntil(lambda: "no audio or video" in desk.window.notice.text)
    assert states(desk) == []


def test_a_fault_names_the_file_and_not_its_folder(desk, qtbot, tmp_path):
    desk.add([tmp_path / "gone.wav"])
    qtbot.waitUntil(lambda: states(desk) == [("gone.wav", "failed")])
    assert desk.window.files.row(0).error == "There is no file gone.wav. Check the name."

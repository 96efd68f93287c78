"""A transcript that is kept nowhere goes only when the user says so."""

from __future__ import annotations

import pytest

from app.desk.parting import Parting
from app.ui.main_window import MainWindow
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import Segment


class Desk:
    """A window that shows a transcript."""

    def __init__(self, qtbot):
        self.window = MainWindow()
        qtbot.addWidget(self.window)
        self.window.show()
        self.document, self.kept, self.gone = TranscriptDocument((Segment(0, 0, 9, "words"),)), False, 0
        self.parting = Parting(self.window, lambda: self.document, lambda: self.kept)

    def let_go(self):
        self.parting.ask(self._go)

    def _go(self):
        self.gone += 1


@pytest.fixture
def desk(qtbot):
    desk = Desk(qtbot)
    yield desk
    desk.parting.end()


def test_another_transcript_waits_until_the_unsaved_one_is_discarded(desk):
    desk.let_go()
    assert desk.gone == 0
    notice = desk.window.notice
    assert "not saved" in notice.text and notice.button.text() == "Discard"
    notice.button.click()
    assert desk.gone == 1 and not notice.isVisible()


def test_the_window_stays_open_until_the_unsaved_transcript_is_discarded(desk, qtbot):
    with qtbot.assertNotEmitted(desk.window.closing):
        desk.window.close()
        desk.window.close()
    assert desk.window.isVisible() and "Not closed yet" in desk.window.notice.text
    with qtbot.waitSignal(desk.window.closing):
        desk.window.notice.button.click()
    assert not desk.window.isVisible()


def test_a_window_that_is_out_of_sight_comes_forward_to_ask(desk):
    desk.window.showMinimized()
    desk.window.close()
    assert not desk.window.isMinimized() and desk.window.notice.isVisible()


@pytest.mark.parametrize("why", ["kept", "empty", "elsewhere"])
def test_what_is_kept_empty_or_somewhere_else_goes_without_a_question(desk, why):
    if why == "kept":
        desk.kept = True
    elif why == "empty":
        desk.document = TranscriptDocument()
    else:
        desk.parting.settle(desk.document)
    desk.let_go()
    assert desk.gone == 1
    assert desk.window.close()
    assert desk.window.notice.text == ""


def test_what_came_after_an_export_is_asked_about_again(desk):
    desk.parting.settle(desk.document)
    desk.document = TranscriptDocument((*desk.document.closed, Segment(1, 9, 18, "more")))
    desk.let_go()
    assert desk.gone == 0

"""A picture of every window in light, dark, large letters and trouble: in the folder PICTURES where that is named.

A window that cannot be drawn, or has nothing in it, fails here; what looks wrong only a person sees.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from app.export.options import ExportChoice
from app.settings import CaptionSettings, Settings
from app.state import State
from app.ui.about_dialog import AboutDialog
from app.ui.caption_window import CaptionWindow
from app.ui.cheat_sheet import CheatSheet
from app.ui.commands import shortcuts
from app.ui.doctor_dialog import DoctorDialog
from app.ui.export_dialog import ExportDialog
from app.ui.files_list import FileRow
from app.ui.files_window import FilesWindow
from app.ui.history_list import Entry
from app.ui.history_window import HistoryWindow
from app.ui.main_window import MainWindow
from app.ui.pill import Pill
from app.ui.settings_dialog import SettingsDialog
from app.ui.settings_rows import PAGES
from app.ui.theme import apply_style, apply_theme
from s2t_core.events import AudioLost
from s2t_core.text.cheats import CHEATS
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import SAMPLE_RATE_HZ, Segment, Word

LOOKS = {"light": ("light", 0), "dark": ("dark", 0), "large": ("light", 20)}
PILLS = {
    "arming": "", "listening": "", "finishing": "", "done": "12 words", "cancelled": "",
    "fault": "Yeti X was disconnected. Check that it is plugged in, then resume or start again, please, with the key.",
}  # fmt: skip
TEXT = "The invention of movable metal letters may justly be considered as the invention of the art of printing."


def segment(number, start_s, text, speaker="", tentative=""):
    start = int(start_s * SAMPLE_RATE_HZ)
    words = tuple(
        Word(word, start + i * 5000, start + i * 5000 + 4000, 0.3 if i % 7 == 3 else 0.9)
        for i, word in enumerate(text.split())
    )
    return Segment(number, start, start + 5 * SAMPLE_RATE_HZ, text, tentative, words=words, speaker=speaker)


def transcript(speakers=("", "")):
    closed = (
        segment(0, 0, TEXT, speakers[0]),
        segment(1, 9, "Is it so?", speakers[1]),
        AudioLost(15 * SAMPLE_RATE_HZ, 17 * SAMPLE_RATE_HZ),
        segment(2, 17, TEXT, speakers[0]),
    )
    return TranscriptDocument(closed, (segment(3, 25, "The sleepers covered the", speakers[1], "entire floor"),), (0,))


def idle():
    window = MainWindow()
    window.show_inputs([("System default", ""), ("Yeti X", "Yeti X")])
    window.show_model("s2t-base-en on cpu")
    return window


def listening():
    window = idle()
    window.show_state(State.LISTENING)
    window.show_time(75)
    window.meter.show_peak(0.5)
    window.view.show_timestamps(True)
    window.view.mark_doubt(0.5)
    window.show_document(transcript())
    return window


def meeting():
    window = idle()
    window.show_beside(True)
    window.show_document(transcript(("Me", "Others")))
    return window


def trouble():
    window = listening()
    window.show_state(State.PAUSED)
    window.show_lag(12)
    window.show_lost(2.5)
    window.notice.show_notice("Yeti X was disconnected. Check that it is plugged in, then resume or start again.")
    window.hint.show_notice("Nothing is heard. Is the microphone muted?")
    return window


def finding():
    window = listening()
    window.find_bar.open()
    window.find_bar.field.setText("invention")
    return window


def history():
    window = HistoryWindow()
    at = datetime(2026, 3, 1, 12, tzinfo=UTC).strftime("%Y-%m-%d %H:%M")
    entries = [
        Entry(i, f"Transcript {i}", f"{at} · 1:15 · 80 words", f"the \x02invention\x03 {TEXT}") for i in range(4)
    ]
    window.show_entries(entries, 4)
    window.show_preview(TEXT)
    window.notice.show_notice("Deleted 1 transcript.", "Undo", lambda: None)
    return window


def files():
    window = FilesWindow([".wav"])
    for row in (
        FileRow(1, "lecture.mp4", "/x", "done", 1.0),
        FileRow(2, "interview with a long name.m4a", "/x", "running", 0.4, 95),
        FileRow(3, "notes.txt", "/x", "failed", 0, None, "notes.txt is not audio or video that can be read."),
        FileRow(4, "talk.wav", "/x", "waiting"),
    ):
        window.show_file(row)
    return window


def export():
    dialog = ExportDialog(ExportChoice("srt"), ["A transcript"])
    dialog.show_preview("1\n00:00:00,240 --> 00:00:04,457\nThe invention of movable metal letters\nmay justly be\n")
    return dialog


def captions(lines):
    window = CaptionWindow(CaptionSettings(lines=lines, reading=False))
    window.show_document(TranscriptDocument())
    window.show_document(transcript(("Ann", "Ben")))
    return window


def pill(look, text=""):
    def make():
        sign = Pill()
        sign.show_look(look, text)
        sign.meter.show_peak(0.3 if look == "listening" else 0)
        return sign

    return make


def cheats():
    sheet = CheatSheet()
    sheet.show_cheats(CHEATS, shortcuts())
    return sheet


def doctor():
    dialog = DoctorDialog()
    dialog.show_begun()
    dialog.show_finding("model", True, "s2t-base-en on cpu in int8, loaded in 1.2 s")
    dialog.show_finding("microphone", False, "No microphone was found. Plug one in.")
    dialog.show_done()
    return dialog


def settings(page):
    def make():
        dialog = SettingsDialog(Settings(), [("System default", "")], shortcuts(), [("History", "/home/x/history")])
        dialog.open_page(page)
        return dialog

    return make


WINDOWS = {
    "idle": idle, "listening": listening, "meeting": meeting, "trouble": trouble, "finding": finding,
    "history": history, "history-empty": HistoryWindow, "files": files, "files-empty": lambda: FilesWindow([".wav"]),
    "export": export, "captions-empty": lambda: CaptionWindow(CaptionSettings()),
    "captions-1": lambda: captions(1), "captions-5": lambda: captions(5), "cheats": cheats,
    "doctor": doctor,
    "about": lambda: AboutDialog("Dictate", "0.1.0", "s2t-base-en on cpu", [("torch", "2.13", "BSD-3-Clause")]),
    **{f"pill-{look}": pill(look, text) for look, text in PILLS.items()},
    "pill-waiting": pill("waiting", "Copied: another window has the keyboard now. Ctrl+Alt+V inserts it there."),
    **{f"settings-{page.title.lower()}": settings(page.title) for page in PAGES},
}  # fmt: skip


@pytest.fixture(params=LOOKS, scope="module")
def look(request, qapp):
    theme, size_pt = LOOKS[request.param]
    before = QApplication.font()
    if size_pt:
        font = QApplication.font()
        font.setPointSize(size_pt)
        QApplication.setFont(font)
    apply_style(qapp)
    apply_theme(qapp, theme)
    yield request.param
    apply_theme(qapp, "system")
    QApplication.setFont(before)
    qapp.setStyleSheet("")


@pytest.mark.parametrize("name", WINDOWS)
def test_every_window_can_be_drawn(qtbot, look, name, tmp_path):
    window = WINDOWS[name]()
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    QApplication.processEvents()
    picture = window.grab().toImage()
    folder = Path(os.environ.get("PICTURES", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    assert picture.save(str(folder / f"{name}-{look}.png"))
    small = picture.scaled(64, 64)
    assert len({small.pixel(x, y) for x in range(64) for y in range(64)}) > 4

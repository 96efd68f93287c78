"""Opens the captions above a window that counts clicks.

usage: drive_captions.py; it answers each command from stdin with one line of JSON: clicks on the window below, whether
that has the focus, the captions' place and lines:
    below            open the window below; it has the focus from then on
    captions JSON    show the captions with these settings, or change them
    say TEXT         what has been said so far
    look             nothing but the answer
    raise            bring the window below to the front
    full             make the window below cover the whole screen
"""

from __future__ import annotations

import json
import sys
import threading

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QPushButton

from app.settings import CaptionSettings
from app.ui.caption_window import CaptionWindow
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import Segment


class Ear(QObject):
    """Brings the lines of stdin to the GUI thread."""

    heard = Signal(str)


class Stage(QObject):
    """The two windows."""

    def __init__(self) -> None:
        super().__init__()
        self.clicks = 0
        self.below = QPushButton("below")
        self.below.setWindowTitle("below")
        self.below.clicked.connect(self._count)
        self.below.setGeometry(100, 100, 900, 600)
        self.captions = CaptionWindow(CaptionSettings())

    def obey(self, line: str) -> None:
        word, _, rest = line.strip().partition(" ")
        if word == "below":
            self.below.show()
            self.below.activateWindow()
        elif word == "captions":
            self.captions.use(CaptionSettings(**json.loads(rest)))
            self.captions.show()
        elif word == "say":
            self.captions.show_document(TranscriptDocument(open=(Segment(0, 0, 100, rest),)))
        elif word == "raise":
            self.below.raise_()
        elif word == "full":
            self.below.showFullScreen()
        self.tell()

    def tell(self) -> None:
        told = {
            "clicks": self.clicks,
            "focus": self.below.isActiveWindow(),
            "captions": self.captions.geometry().getRect(),
            "shown": self.captions.isVisible(),
            "lines": [line.text for line in self.captions.visible_lines],
        }
        print(json.dumps(told), flush=True)

    def _count(self) -> None:
        self.clicks += 1


def listen(ear: Ear) -> None:
    for line in sys.stdin:
        ear.heard.emit(line)


application = QApplication(sys.argv[:1])
stage, ear = Stage(), Ear()
ear.heard.connect(stage.obey)
threading.Thread(target=listen, args=(ear,), daemon=True).start()
stage.tell()
sys.exit(application.exec())

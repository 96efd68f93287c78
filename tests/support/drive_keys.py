"""A window of another program: it writes what the keyboard tells it, a line each, and where the keyboard goes."""

from __future__ import annotations

import sys

from PySide6.QtCore import QEvent
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QPlainTextEdit


class Field(QPlainTextEdit):
    def event(self, event):
        if event.type() == QEvent.Type.KeyPress:
            print("key", QKeySequence(event.keyCombination()).toString(), flush=True)
        elif event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            print("focus", event.type() == QEvent.Type.FocusIn, flush=True)
        return super().event(event)


application = QApplication(sys.argv[:1])
field = Field()
field.setWindowTitle("another program")
field.textChanged.connect(lambda: print("text", repr(field.toPlainText()), flush=True))
field.show()
sys.exit(application.exec())

"""A window with a text field; writes what it holds to a file at every change.

usage: text_window.py FILE [--line | --password | --deaf]; it prints "ready" when the field has the keyboard.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit

path, kind = Path(sys.argv[1]), (sys.argv[2:] or [""])[0]
application = QApplication(sys.argv[:1])
field = QLineEdit() if kind else QPlainTextEdit()
if kind == "--deaf":  # it pastes nothing
    field.setReadOnly(True)
if kind == "--password":
    field.setEchoMode(QLineEdit.EchoMode.Password)


def write() -> None:
    text = field.text() if kind else field.toPlainText()
    new = path.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


field.textChanged.connect(write)
write()
field.setWindowTitle(path.stem)
field.resize(600, 300)
field.show()
field.activateWindow()
field.setFocus()
application.focusWindowChanged.connect(lambda window: window and print("ready", flush=True))
sys.exit(application.exec())

"""Another program with an interest in the clipboard.

usage: clipboard_program.py text WORDS | image | watch FILE | read
    text, image   copy something and keep it; prints "ready"
    watch         keep a history in FILE, a line for each text, but for what is marked as not for histories
    read          print what the clipboard holds as JSON: its text, and the size and checksum of its image
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication, QImage

SIZE = 700  # as a PNG of noise more than a request of the X server holds

application = QGuiApplication(sys.argv[:1])
clipboard = application.clipboard()
mode = sys.argv[1]


def noise() -> QImage:
    return QImage(random.Random(0).randbytes(SIZE * SIZE * 4), SIZE, SIZE, QImage.Format.Format_RGB32).copy()


def read() -> None:
    data, image = clipboard.mimeData(), clipboard.image()
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    bits = b"" if image.isNull() else bytes(image.constBits())
    found = {"text": data.text(), "size": image.width(), "sum": hashlib.sha256(bits).hexdigest() if bits else ""}
    print(json.dumps(found), flush=True)
    application.quit()


def note() -> None:
    data = clipboard.mimeData()
    if bytes(data.data("x-kde-passwordManagerHint")) != b"secret":
        with Path(sys.argv[2]).open("a", encoding="utf-8") as history:
            history.write(data.text() + "\n")
    else:
        data.text()  # as managers do that look at everything


if mode == "text":
    clipboard.setText(sys.argv[2])
elif mode == "image":
    clipboard.setImage(noise())
elif mode == "watch":
    clipboard.dataChanged.connect(note)
if mode == "read":
    QTimer.singleShot(50, read)
else:
    QTimer.singleShot(50, lambda: print("ready", flush=True))
sys.exit(application.exec())

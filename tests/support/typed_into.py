"""A window with one field, in a process of its own; what is written in it goes to a file as it changes."""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtWidgets import QApplication, QPlainTextEdit


def main(file: Path) -> int:
    application = QApplication([])
    application.setDesktopFileName("target")
    field = QPlainTextEdit()
    field.textChanged.connect(lambda: file.write_text(field.toPlainText(), encoding="utf-8"))
    field.show()
    return application.exec()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

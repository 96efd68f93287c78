"""The export dialog joined with the exporters and the disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import shiboken6
from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from app.desk.background import Background
from app.errors import sentence
from app.export import EXPORTERS, Transcript, free_path, preview, write_bytes
from app.export.options import FORMATS, ExportChoice, ExportOptions
from app.ui.export_dialog import ExportDialog


class ExportDesk(QObject):
    """One export at a time; the last choice is remembered by the owner."""

    def __init__(self, parent: QWidget, said: Callable[[str], None], remember: Callable[[ExportChoice], None]) -> None:
        """said: told what was written; remember: the choice that was made."""
        super().__init__(parent)
        self._parent = parent
        self._said = said
        self._remember = remember
        self._background = Background(self)

    def open(self, transcripts: Sequence[Transcript], choice: ExportChoice) -> ExportDialog:
        """Ask how and where, and write."""
        dialog = ExportDialog(choice, [one.heading for one in transcripts], self._parent)

        def show(form: str, options: ExportOptions) -> None:
            dialog.show_preview(preview(transcripts[0], form, options))

        def copy(form: str, options: ExportOptions) -> None:
            text = EXPORTERS[form](transcripts[0], options).decode("utf-8-sig")
            QGuiApplication.clipboard().setText(text)
            dialog.say("Copied.")

        def save(form: str, options: ExportOptions, path: str) -> None:
            dialog.setEnabled(False)
            dialog.say("Writing…")
            work = lambda: _write(transcripts, form, options, Path(path))  # noqa: E731
            self._background.run(work, lambda result: self._written(dialog, result))

        dialog.preview_wanted.connect(show)
        dialog.copy_wanted.connect(copy)
        dialog.save_wanted.connect(save)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def _written(self, dialog: ExportDialog, result: Any) -> None:
        if not shiboken6.isValid(dialog):  # closed meanwhile
            self._said(sentence(result) if isinstance(result, Exception) else result)
            return
        dialog.setEnabled(True)
        if isinstance(result, Exception):
            dialog.say("")
            dialog.notice.show_notice(sentence(result))
            return
        self._remember(dialog.choice)
        dialog.accept()
        self._said(result)


def _write(transcripts: Sequence[Transcript], form: str, options: ExportOptions, path: Path) -> str:
    """Write one file, or several into a folder; returns what was done. Raises AppError."""
    if len(transcripts) == 1:
        write_bytes(path, EXPORTERS[form](transcripts[0], options), overwrite=True)  # the dialog has asked
        return f"Saved as {path}."
    for one in transcripts:
        write_bytes(free_path(path, one.heading, FORMATS[form].suffix), EXPORTERS[form](one, options))
    return f"Saved {len(transcripts)} transcripts in {path}."

"""Choose the format of a transcript's file, see how it will look, copy it or say where it goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFontDatabase, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from app.export.options import (
    FORMATS,
    LINE_COUNTS,
    LINE_LENGTHS,
    READING_SPEEDS,
    ExportChoice,
    ExportOptions,
    Format,
    file_stem,
)
from app.ui.notice_bar import NoticeBar

_PREVIEW_MS = 150  # a held arrow key asks for one preview, not for twenty
_WIDE, _HIGH = 130, 36  # letters and lines


class ExportDialog(QDialog):
    """Knows formats and options, not transcripts: it asks for previews, copies and files, and shows what it is told.

    The preview is asked for when the dialog opens and after every change. Several transcripts go into a folder, and
    only the first of them is previewed. It stays open until somebody closes it: `accept` it when the file is written.
    """

    preview_wanted = Signal(str, object)  # name of the format, ExportOptions
    copy_wanted = Signal(str, object)
    save_wanted = Signal(str, object, str)  # and the path of the file, of the folder where there are several

    def __init__(self, choice: ExportChoice, names: Sequence[str], parent: QWidget | None = None) -> None:
        """names: of the transcripts, for people; the first is offered as the file's."""
        super().__init__(parent)
        self._names = tuple(names)
        self._folder = choice.folder
        self._first_options = choice.options  # those that have no control stay as they are
        self.setWindowTitle("Export the transcript" if len(names) == 1 else f"Export {len(names)} transcripts")
        self.formats = QListWidget()
        self.timestamps = QCheckBox("&Times of paragraphs")
        self.speakers = QCheckBox("&Names of speakers")
        self.line_length = _number_box(LINE_LENGTHS, "Letters in a line of a subtitle, spaces included")
        self.max_lines = _number_box(LINE_COUNTS, "Lines of a subtitle")
        self.reading_speed = _number_box(READING_SPEEDS, "Letters that somebody can read in a second")
        self.text = QTextEdit()
        self.notice = NoticeBar()
        self.copy = QPushButton("&Copy")
        self.save = QPushButton("&Save…" if len(names) == 1 else "&Save to a folder…")
        self._said = QLabel()
        self._said.setTextFormat(Qt.TextFormat.PlainText)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_PREVIEW_MS)
        self._soon.timeout.connect(self._ask_for_preview)
        self._options_form = QFormLayout()
        self._build()
        self._show_choice(choice)
        self._connect()
        QTimer.singleShot(0, self._ask_for_preview)

    @property
    def choice(self) -> ExportChoice:
        """What is chosen now, to be remembered."""
        return ExportChoice(self._form.name, self._options, self._folder)

    def show_preview(self, text: str) -> None:
        """How the file begins; what is no text comes as Markdown and is shown as it will look."""
        if self._form.is_text:
            self.text.setPlainText(text)
        else:
            self.text.setMarkdown(text)

    def say(self, text: str) -> None:
        """Tell that something has been done."""
        self.notice.show_notice("")
        self._said.setText(text)

    @property
    def _form(self) -> Format:
        return list(FORMATS.values())[self.formats.currentRow()]

    @property
    def _options(self) -> ExportOptions:
        return replace(
            self._first_options,
            timestamps=self.timestamps.isChecked(),
            speakers=self.speakers.isChecked(),
            line_length=self.line_length.value(),
            max_lines=self.max_lines.value(),
            chars_per_second=float(self.reading_speed.value()),
        )

    def _build(self) -> None:
        self.formats.addItems([form.label for form in FORMATS.values()])
        self.formats.setAccessibleName("Format")
        self.formats.setSizeAdjustPolicy(QListWidget.SizeAdjustPolicy.AdjustToContents)
        self.formats.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.timestamps.setToolTip("When each paragraph begins, such as 0:01:23")
        self.speakers.setToolTip("Who speaks, where it is known")
        for label, control in (
            ("", self.timestamps),
            ("", self.speakers),
            ("&Letters in a line", self.line_length),
            ("Li&nes", self.max_lines),
            ("&Reading speed", self.reading_speed),
        ):
            if label:
                self._options_form.addRow(label, control)
            else:
                self._options_form.addRow(control)
        self.reading_speed.setSuffix(" letters a second")
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName("Preview")
        self.save.setDefault(True)
        self.save.setToolTip(f"Choose where it goes ({_native('Ctrl+S')})")
        self.copy.setVisible(len(self._names) == 1)
        columns = QHBoxLayout()
        columns.addLayout(self._left_column())
        columns.addLayout(self._right_column(), 1)
        column = QVBoxLayout(self)
        column.addWidget(self.notice)
        column.addLayout(columns, 1)
        column.addLayout(self._buttons())
        letter = self.fontMetrics()
        wanted = QSize(letter.averageCharWidth() * _WIDE, letter.lineSpacing() * _HIGH)
        self.resize(wanted.boundedTo(self.screen().availableSize() * 0.9))

    def _left_column(self) -> QVBoxLayout:
        heading = QLabel("&Format")
        heading.setBuddy(self.formats)
        column = QVBoxLayout()
        column.addWidget(heading)
        column.addWidget(self.formats)
        column.addLayout(self._options_form)
        column.addStretch(1)
        return column

    def _right_column(self) -> QVBoxLayout:
        heading = QLabel("&Preview" if len(self._names) == 1 else "&Preview of the first one")
        heading.setBuddy(self.text)
        column = QVBoxLayout()
        column.addWidget(heading)
        column.addWidget(self.text, 1)
        return column

    def _buttons(self) -> QHBoxLayout:
        close = QPushButton("Close")
        close.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.addWidget(self._said, 1)
        for button in (self.copy, self.save, close):
            button.setAutoDefault(button is self.save)
            row.addWidget(button)
        return row

    def _show_choice(self, choice: ExportChoice) -> None:
        self.formats.setCurrentRow(list(FORMATS).index(choice.form) if choice.form in FORMATS else 0)
        self.timestamps.setChecked(choice.options.timestamps)
        self.speakers.setChecked(choice.options.speakers)
        self.line_length.setValue(choice.options.line_length)
        self.max_lines.setValue(choice.options.max_lines)
        self.reading_speed.setValue(round(choice.options.chars_per_second))
        self._show_form()

    def _connect(self) -> None:
        self.formats.currentRowChanged.connect(self._show_form)
        self.formats.currentRowChanged.connect(lambda _: self._soon.start())
        for box in (self.timestamps, self.speakers):
            box.toggled.connect(lambda _: self._soon.start())
        for number in (self.line_length, self.max_lines, self.reading_speed):
            number.valueChanged.connect(lambda _: self._soon.start())
        self.copy.clicked.connect(lambda: self.copy_wanted.emit(self._form.name, self._options))
        self.save.clicked.connect(self._ask_where)
        QShortcut(QKeySequence("Ctrl+Shift+C"), self, self.copy.click)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Save), self, self.save.click)

    def _show_form(self) -> None:
        """Offer the options of the format, and a preview in letters that suit it."""
        form = self._form
        for name, control in (
            ("timestamps", self.timestamps),
            ("speakers", self.speakers),
            ("line_length", self.line_length),
            ("max_lines", self.max_lines),
            ("chars_per_second", self.reading_speed),
        ):
            self._options_form.setRowVisible(control, name in form.options)
        self.copy.setEnabled(form.is_text)
        keys = _native("Ctrl+Shift+C")
        self.copy.setToolTip(f"Copy all of it ({keys})" if form.is_text else "A Word document can only be saved")
        prose = "timestamps" in form.options
        fixed = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        fixed.setPointSizeF(self.font().pointSizeF())
        self.text.setFont(self.font() if prose else fixed)
        wrap = QTextEdit.LineWrapMode.WidgetWidth if prose else QTextEdit.LineWrapMode.NoWrap
        self.text.setLineWrapMode(wrap)

    def _ask_for_preview(self) -> None:
        self.preview_wanted.emit(self._form.name, self._options)

    def _ask_where(self) -> None:
        form = self._form
        where = QFileDialog(self, "Save the transcript", self._folder)
        if len(self._names) > 1:
            where.setWindowTitle("Choose a folder")
            where.setFileMode(QFileDialog.FileMode.Directory)
        else:
            where.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
            where.setNameFilter(f"{form.label.split(' (')[0]} (*{form.suffix})")
            where.setDefaultSuffix(form.suffix[1:])  # so that it asks before another file is written over
            where.selectFile(file_stem(self._names[0]) + form.suffix)
        where.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        where.fileSelected.connect(self._save_to)
        where.open()

    def _save_to(self, path: str) -> None:
        self._folder = path if len(self._names) > 1 else str(Path(path).parent)
        self.save_wanted.emit(self._form.name, self._options, path)


def _number_box(bounds: tuple[int, int], tip: str) -> QSpinBox:
    box = QSpinBox()
    box.setRange(*bounds)
    box.setToolTip(tip)
    box.setAccessibleDescription(tip)
    return box


def _native(keys: str) -> str:
    return QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)

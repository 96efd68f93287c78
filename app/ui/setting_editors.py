"""A control for each kind of setting: it shows a value and tells what the user makes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from app.setting_paths import LIMITS, Range
from app.ui.colour_editor import ColourEditor
from app.ui.key_field import KeyField
from app.ui.list_editors import LinesEditor, PairsEditor
from app.ui.settings_rows import Row

Tell = Callable[[Any], None]
_FIRST_DIGITS = 10  # smaller numbers are words in most house styles


@dataclass(frozen=True, slots=True)
class Editor:
    """A control in a row.

    widget    what stands there
    keyboard  the part of it that a shortcut of the row goes to
    show      puts a value in, which is told to nobody
    offer     fills a choice with (label, value) pairs; what is chosen stays chosen
    settle    takes what is typed, but not entered yet
    """

    widget: QWidget
    keyboard: QWidget
    show: Callable[[Any], None]
    offer: Callable[[Sequence[tuple[str, str]]], None] | None = None
    settle: Callable[[], None] | None = None


def make_editor(row: Row, tell: Tell) -> Editor:
    """The control of a row; `tell` gets every value that the user chooses, also one that the setting may not hold."""
    return _MAKERS[row.kind](row, tell)


def _switch(row: Row, tell: Tell) -> Editor:
    box = QCheckBox()
    box.toggled.connect(tell)
    return Editor(box, box, _quiet(box, box.setChecked))


def _number(row: Row, tell: Tell) -> Editor:
    box = _spin_box(row)
    box.setSuffix(row.unit)
    box.valueChanged.connect(tell)
    return Editor(box, box, _quiet(box, box.setValue), settle=box.interpretText)


def _percent(row: Row, tell: Tell) -> Editor:
    box = _spin_box(row, 100)
    box.setSuffix(" %")
    box.setSingleStep(5)
    box.valueChanged.connect(lambda value: tell(value / 100))
    return Editor(box, box, _quiet(box, lambda value: box.setValue(round(100 * value))), settle=box.interpretText)


def _decimal(row: Row, tell: Tell) -> Editor:
    box, limit = QDoubleSpinBox(), _range(row)
    box.setKeyboardTracking(False)
    box.setDecimals(1)
    box.setSingleStep(0.5)
    box.setRange(limit.low, limit.high)
    box.valueChanged.connect(tell)
    return Editor(box, box, _quiet(box, box.setValue), settle=box.interpretText)


def _optional(row: Row, tell: Tell) -> Editor:
    switch, box, widget = QCheckBox(row.unit), _spin_box(row), QWidget()
    box.setValue(_FIRST_DIGITS)
    box.setEnabled(False)
    box.setAccessibleName(f"{row.label}: {row.unit.lower()}")
    beside = QHBoxLayout(widget)
    beside.setContentsMargins(0, 0, 0, 0)
    beside.addWidget(switch)
    beside.addWidget(box)

    def show(value: int | None) -> None:
        with QSignalBlocker(switch), QSignalBlocker(box):
            switch.setChecked(value is not None)
            box.setEnabled(value is not None)
            if value is not None:
                box.setValue(value)

    def changed() -> None:
        box.setEnabled(switch.isChecked())
        tell(box.value() if switch.isChecked() else None)

    switch.toggled.connect(changed)
    box.valueChanged.connect(changed)
    return Editor(widget, switch, show, settle=box.interpretText)


def _choice(row: Row, tell: Tell) -> Editor:
    box = QComboBox()
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(14)

    def show(value: str) -> None:
        with QSignalBlocker(box):
            if box.findData(value) < 0:
                box.addItem(f"{value} (not found)" if value else "The system's choice", value)
            box.setCurrentIndex(box.findData(value))

    def offer(options: Sequence[tuple[str, str]]) -> None:
        chosen = box.currentData()
        with QSignalBlocker(box):
            box.clear()
            for label, value in options:
                box.addItem(label, value)
        if chosen is not None:
            show(chosen)

    offer(row.options)
    box.currentIndexChanged.connect(lambda index: tell(box.itemData(index)))
    return Editor(box, box, show, offer)


def _font(row: Row, tell: Tell) -> Editor:
    editor = _choice(row, tell)
    assert editor.offer is not None
    families = [family for family in QFontDatabase.families() if not QFontDatabase.isPrivateFamily(family)]
    editor.offer([("Like the program's", ""), *((family, family) for family in families)])
    return editor


def _text(row: Row, tell: Tell) -> Editor:
    line = QLineEdit()
    line.textEdited.connect(tell)
    return Editor(line, line, line.setText)


def _colour(row: Row, tell: Tell) -> Editor:
    editor = ColourEditor(row.label)
    editor.edited.connect(tell)
    return Editor(editor, editor.button, editor.show_colour)


def _lines(row: Row, tell: Tell) -> Editor:
    editor = LinesEditor(row.path)
    editor.edited.connect(tell)
    return Editor(editor, editor.text, editor.show_lines)


def _pairs(row: Row, tell: Tell) -> Editor:
    left, _, right = row.unit.partition("\t")
    editor = PairsEditor(row.path, left, right)
    editor.edited.connect(tell)
    return Editor(editor, editor.table, editor.show_pairs)


def _keys(row: Row, tell: Tell) -> Editor:
    field = KeyField()
    field.chosen.connect(tell)
    return Editor(field, field, field.show_keys)


def _shown(row: Row, tell: Tell) -> Editor:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    by_mouse, by_keyboard = (
        Qt.TextInteractionFlag.TextSelectableByMouse,
        Qt.TextInteractionFlag.TextSelectableByKeyboard,
    )
    label.setTextInteractionFlags(by_mouse | by_keyboard)
    return Editor(label, label, label.setText)


_MAKERS: dict[str, Callable[[Row, Tell], Editor]] = {
    "switch": _switch,
    "number": _number,
    "decimal": _decimal,
    "percent": _percent,
    "optional": _optional,
    "choice": _choice,
    "font": _font,
    "text": _text,
    "colour": _colour,
    "lines": _lines,
    "pairs": _pairs,
    "keys": _keys,
    "shown": _shown,
}


def _range(row: Row) -> Range:
    limit = LIMITS[row.path]
    assert isinstance(limit, Range)
    return limit


def _spin_box(row: Row, times: int = 1) -> QSpinBox:
    box, limit = QSpinBox(), _range(row)
    box.setKeyboardTracking(False)  # a "2" on the way to "24" is no choice
    box.setRange(round(times * limit.low), round(times * limit.high))
    box.setSpecialValueText(row.least)
    box.setCorrectionMode(QAbstractSpinBox.CorrectionMode.CorrectToNearestValue)
    return box


def _quiet(widget: QWidget, show: Callable[[Any], None]) -> Callable[[Any], None]:
    """Show a value without telling of it."""

    def quietly(value: Any) -> None:
        with QSignalBlocker(widget):
            show(value)

    return quietly

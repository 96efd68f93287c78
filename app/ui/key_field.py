"""A field that takes a combination of keys by having it pressed."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QLineEdit, QWidget

from app.hotkey.keys import normal

_MODIFIERS = {
    Qt.Key.Key_Control: ("Ctrl", Qt.KeyboardModifier.ControlModifier),
    Qt.Key.Key_Alt: ("Alt", Qt.KeyboardModifier.AltModifier),
    Qt.Key.Key_Shift: ("Shift", Qt.KeyboardModifier.ShiftModifier),
    Qt.Key.Key_Meta: ("Super", Qt.KeyboardModifier.MetaModifier),
}
_LEAVE = (Qt.Key.Key_Tab, Qt.Key.Key_Backtab, Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter)
_REMOVE = (Qt.Key.Key_Backspace, Qt.Key.Key_Delete)


class KeyField(QLineEdit):
    """Tells of the combination that is pressed in it; Backspace alone is none, and Tab goes on as everywhere."""

    chosen = Signal(str)  # as settings write it, also one that is no good there; empty: no key
    listening = Signal(bool)  # it has the keyboard: what is pressed now is meant for it

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.setPlaceholderText("No key")
        self.setToolTip("Press the keys. Backspace leaves none.")
        self._keys = ""

    def show_keys(self, keys: str) -> None:
        """Hold these; tells nobody."""
        self._keys = normal(keys)
        self.setText(self._keys)

    def event(self, event: QEvent) -> bool:
        """Keys that are shortcuts of the window are not that here."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and not _leaves(event):
            event.accept()
            return True
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and not _leaves(event):
            self._press(event)
            return True
        return super().event(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        self.setText(self._keys)  # modifiers that were let go without a key

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.setPlaceholderText("Press the keys")
        self.listening.emit(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.setPlaceholderText("No key")
        self.setText(self._keys)
        self.listening.emit(False)

    def _press(self, event: QKeyEvent) -> None:
        event.accept()
        if event.key() in _MODIFIERS:
            held = [name for key, (name, flag) in _MODIFIERS.items() if event.modifiers() & flag or event.key() == key]
            self.setText("+".join((*held, "…")))
            return
        alone = not event.modifiers()
        pressed = QKeySequence(_combined(event)).toString(QKeySequence.SequenceFormat.PortableText)
        self._keys = "" if alone and event.key() in _REMOVE else normal(pressed)
        self.setText(self._keys)
        self.chosen.emit(self._keys)


def _leaves(event: QKeyEvent) -> bool:
    """Whether a key goes on to the next control, closes the window or presses its button, as in every other field."""
    return event.key() in _LEAVE and not event.modifiers() & ~Qt.KeyboardModifier.ShiftModifier


def _combined(event: QKeyEvent) -> int:
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    return int(modifiers.value) | event.key()

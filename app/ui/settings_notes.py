"""What is said below settings about values that may be chosen, but call for a word."""

from __future__ import annotations

from PySide6.QtGui import QColor

from app.hotkey.keys import conflicts, fault_of
from app.setting_paths import expected, fits, value_at
from app.settings import Settings
from app.ui.commands import window_keys
from app.ui.contrast import contrast_note
from app.ui.settings_rows import ROWS, Row

_KEYS = tuple(row.path for row in ROWS if row.kind == "keys")


def notes(settings: Settings, look: tuple[str, str]) -> dict[str, str]:
    """By path, "" where there is nothing to say: colours that cannot be read, keys that clash.

    look: the captions' own letters and background, "#rrggbb"
    """
    captions, (ink, paper) = settings.captions, look
    clashes = conflicts({path: value_at(settings, path) for path in _KEYS}, window_keys())
    return {
        "captions.paper": contrast_note(QColor(captions.ink or ink), QColor(captions.paper or paper), captions.opacity),
        **{path: clashes.get(path, "") for path in _KEYS},
    }


def refusal(row: Row, value: object) -> str:
    """Why a value is not used; empty where it is."""
    if row.kind == "keys" and isinstance(value, str) and (fault := fault_of(value)):
        return f"Not used: {fault}"
    return "" if fits(row.path, value) else f"Not used: it must be {expected(row.path)}."

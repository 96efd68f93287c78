"""Buttons as the windows have them: a word to read, a tip that says more, and what they do."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QPushButton


def push_button(text: str, tip: str, run: Callable[[], None]) -> QPushButton:
    """text: with its mnemonic; tip: with its key, where it has one."""
    button = QPushButton(text)
    button.setToolTip(tip)
    button.clicked.connect(run)
    return button

"""A window comes before the user, whatever hid it."""

from __future__ import annotations

import os

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget


def come_forward(window: QWidget, token: str = "") -> None:
    """Show `window` and give it the keyboard.

    token: what the desktop gave to the program that asks (XDG_ACTIVATION_TOKEN); without it Wayland shows only a hint.
    """
    if token:
        os.environ["XDG_ACTIVATION_TOKEN"] = token  # Qt takes it from here, once
    window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
    window.show()
    window.raise_()
    window.activateWindow()

"""The icons that ship with the program: one middle grey, which stands out on light and on dark."""

from __future__ import annotations

from PySide6.QtGui import QIcon

from app.paths import resources


def icon(name: str) -> QIcon:
    """The icon in `resources/icons` of that name."""
    return QIcon(str(resources() / "icons" / f"{name}.svg"))

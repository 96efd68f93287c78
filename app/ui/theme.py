"""Light, dark or as the system has it: Qt's own themes where the platform has them, a palette where it has not."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from app.paths import resources
from app.settings import Theme

_SCHEMES = {
    "system": Qt.ColorScheme.Unknown,
    "light": Qt.ColorScheme.Light,
    "dark": Qt.ColorScheme.Dark,
}
# For platforms without themes: button, window, base, highlight, link. Qt derives the rest.
_COLOURS = {
    "light": ("#efefef", "#efefef", "#ffffff", "#1a5fb4", "#1a5fb4"),
    "dark": ("#484848", "#353535", "#161616", "#2470cc", "#8ab8ff"),
}


def apply_theme(application: QApplication, theme: Theme) -> None:
    """Look like `theme` from now on; a desktop of high contrast keeps its own colours, whatever is chosen."""
    chosen: Theme = "system" if high_contrast(application) else theme
    hints = application.styleHints()
    if hasattr(hints, "setColorScheme"):  # Qt 6.8
        hints.setColorScheme(_SCHEMES[chosen])
    application.setPalette(QPalette())  # the platform's, which is now the chosen one where it knows themes
    if chosen != "system" and is_dark(application.palette()) != (chosen == "dark"):
        application.setPalette(_palette(*_COLOURS[chosen]))


def apply_style(application: QApplication) -> None:
    """The one style sheet; its lengths follow the font."""
    application.setStyleSheet((resources() / "style.qss").read_text(encoding="utf-8"))


def is_dark(palette: QPalette) -> bool:
    """Whether its letters are lighter than what they stand on."""
    ink, paper = palette.color(QPalette.ColorRole.WindowText), palette.color(QPalette.ColorRole.Window)
    return ink.lightness() > paper.lightness()


def high_contrast(application: QApplication) -> bool:
    """Whether the desktop asks for high contrast; older versions of Qt than 6.10 cannot tell."""
    hints = application.styleHints()
    if not hasattr(hints, "accessibility"):
        return False
    accessibility = hints.accessibility()
    return bool(accessibility.contrastPreference() == Qt.ContrastPreference.HighContrast)


def _palette(button: str, window: str, base: str, highlight: str, link: str) -> QPalette:
    palette = QPalette(QColor(button), QColor(window))
    for role, colour in (
        (QPalette.ColorRole.Base, base),
        (QPalette.ColorRole.AlternateBase, window),
        (QPalette.ColorRole.ToolTipBase, base),
        (QPalette.ColorRole.ToolTipText, palette.color(QPalette.ColorRole.Text)),
        (QPalette.ColorRole.Highlight, highlight),
        (QPalette.ColorRole.HighlightedText, "white"),
        (QPalette.ColorRole.Accent, highlight),
        (QPalette.ColorRole.Link, link),
        (QPalette.ColorRole.LinkVisited, link),
    ):
        palette.setColor(role, QColor(colour))
    return palette

"""Light and dark on platforms with and without themes of their own; colours that can be read; lengths that scale."""

from __future__ import annotations

import os
import re

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QPushButton, QWidget

from app.paths import resources
from app.ui.come_forward import come_forward
from app.ui.contrast import ENOUGH, contrast, worst_contrast
from app.ui.theme import apply_style, apply_theme, is_dark

ROLES = QPalette.ColorRole
READ_ON = [
    (ROLES.WindowText, ROLES.Window),
    (ROLES.Text, ROLES.Base),
    (ROLES.Text, ROLES.AlternateBase),
    (ROLES.ButtonText, ROLES.Button),
    (ROLES.HighlightedText, ROLES.Highlight),
    (ROLES.Link, ROLES.Base),
    (ROLES.ToolTipText, ROLES.ToolTipBase),
]


@pytest.fixture(autouse=True)
def own_look(qapp):
    yield
    qapp.setStyleSheet("")
    qapp.setPalette(QPalette())


class Hints:
    """A platform with themes: what Qt's own hints do there."""

    def __init__(self, application, contrast=Qt.ContrastPreference.NoPreference):
        self.application = application
        self.asked = []
        self.contrast = contrast

    def setColorScheme(self, scheme):
        self.asked.append(scheme)

    def accessibility(self):
        return self

    def contrastPreference(self):
        return self.contrast


class Application:
    """A QApplication whose platform has `own` as its palette."""

    def __init__(self, own, **hints):
        self.own = self.shown = own
        self.hints = Hints(self, **hints)

    def styleHints(self):
        return self.hints

    def palette(self):
        return self.shown

    def setPalette(self, palette):
        self.shown = self.own if palette == QPalette() else palette


def test_each_theme_is_as_dark_as_it_says_in_any_order(qapp):
    for theme, dark in [("dark", True), ("dark", True), ("light", False), ("dark", True), ("system", False)] * 2:
        apply_theme(qapp, theme)
        assert is_dark(qapp.palette()) is dark, theme


def test_the_colours_of_the_fallback_can_be_read(qapp):
    apply_theme(qapp, "dark")
    palettes = [QPalette(qapp.palette())]
    dark_system = Application(palettes[0])
    apply_theme(dark_system, "light")
    palettes.append(dark_system.palette())
    assert not is_dark(palettes[1])
    for palette in palettes:
        for ink, paper in READ_ON:
            assert contrast(palette.color(ink), palette.color(paper)) >= ENOUGH, (ink, paper)


def test_a_platform_with_themes_is_asked_and_its_palette_is_left_alone():
    dark = QPalette(QColor("#333333"), QColor("#222222"))
    platform = Application(dark)
    apply_theme(platform, "dark")
    assert platform.hints.asked == [Qt.ColorScheme.Dark]
    assert platform.palette() is dark
    apply_theme(platform, "system")
    assert platform.hints.asked[-1] == Qt.ColorScheme.Unknown


def test_high_contrast_keeps_the_desktops_colours_whatever_is_chosen():
    own = QPalette(QColor("#000000"), QColor("#000000"))
    platform = Application(own, contrast=Qt.ContrastPreference.HighContrast)
    apply_theme(platform, "light")
    assert platform.palette() is own and platform.hints.asked == [Qt.ColorScheme.Unknown]


def test_the_style_sheets_own_colours_can_be_read():
    style = (resources() / "style.qss").read_text(encoding="utf-8")
    papers = re.findall(r"background: (#\w+)", style)
    inks = re.findall(r"(?<!-)color: (#?\w+)", style)
    assert papers and inks
    for paper in papers:
        for ink in inks:
            assert contrast(QColor(ink), QColor(paper)) >= ENOUGH


def test_the_style_sheets_lengths_follow_the_font(qtbot, qapp):
    def frame_height():
        apply_style(qapp)
        button = QPushButton("Start")
        qtbot.addWidget(button)
        return button.sizeHint().height() - button.fontMetrics().height()

    ordinary, before = qapp.font(), frame_height()
    large = QFont(ordinary)
    large.setPointSizeF(ordinary.pointSizeF() * 3)
    qapp.setFont(large)
    try:
        assert frame_height() > 2 * before
    finally:
        qapp.setFont(ordinary)


def test_contrast_is_that_of_the_standard():
    assert contrast(QColor("white"), QColor("black")) == pytest.approx(21)
    assert contrast(QColor("black"), QColor("white")) == pytest.approx(21)
    assert contrast(QColor("#767676"), QColor("white")) == pytest.approx(4.54, abs=0.01)
    assert contrast(QColor("red"), QColor("red")) == 1


def test_what_shines_through_counts_at_its_worst():
    white, black, grey = QColor("white"), QColor("black"), QColor("#808080")
    assert worst_contrast(white, black, 1.0) == pytest.approx(21)
    assert worst_contrast(white, black, 0.85) == pytest.approx(contrast(white, QColor(38, 38, 38)), rel=0.01)
    assert worst_contrast(grey, black, 0.2) == pytest.approx(1, abs=0.05)


@pytest.mark.qt_log_ignore("This plugin does not support raise")
def test_a_window_comes_forward_from_the_dock_with_the_desktops_leave(qtbot, monkeypatch):
    monkeypatch.setenv("XDG_ACTIVATION_TOKEN", "before")
    window = QWidget()
    qtbot.addWidget(window)
    window.showMinimized()
    come_forward(window, "token-1")
    assert window.isVisible() and not window.isMinimized()
    assert os.environ["XDG_ACTIVATION_TOKEN"] == "token-1"
    window.hide()
    come_forward(window)
    qtbot.waitUntil(window.isActiveWindow)

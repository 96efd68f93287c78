"""What can be changed about the captions in their own menu."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

from PySide6.QtGui import QAction, QActionGroup, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from app.settings import CaptionSettings, Edge
from app.ui.caption_lines import MOST_LINES
from app.ui.caption_place import find_screen
from app.ui.caption_platform import CLICK_THROUGH_HINT, click_through_fault

_SIZES_PT = (12, 16, 20, 24, 32, 40, 48, 60, 72)
_EDGES: dict[Edge, str] = {"bottom": "&Bottom", "top": "&Top", "floating": "&Floating"}


def caption_menu(
    settings: CaptionSettings, change: Callable[[CaptionSettings], None], close: Callable[[], object], parent: QWidget
) -> QMenu:
    """A menu for these settings; `change` is called with what was chosen instead."""
    menu = QMenu(parent)
    menu.setToolTipsVisible(True)

    def choice(title: str, name: str, options: dict[Any, str], chosen: object) -> None:
        group = QActionGroup(menu)
        submenu = menu.addMenu(title)
        for value, text in options.items():
            action = submenu.addAction(text)
            action.setCheckable(True)
            action.setChecked(value == chosen)
            group.addAction(action)
            action.triggered.connect(lambda _, value=value: change(replace(settings, **{name: value})))

    def switch(text: str, name: str, tip: str) -> QAction:
        action = menu.addAction(text)
        action.setCheckable(True)
        action.setChecked(getattr(settings, name))
        action.setToolTip(tip)
        action.triggered.connect(lambda on: change(replace(settings, **{name: on})))
        return action

    choice("&Lines", "lines", {count: f"&{count}" for count in range(1, MOST_LINES + 1)}, settings.lines)
    choice(
        "&Size (Ctrl+wheel, Ctrl++, Ctrl+-)", "size_pt", {size: f"{size} pt" for size in _SIZES_PT}, settings.size_pt
    )
    choice("&Position", "edge", {edge: _EDGES[edge] for edge in get_args(Edge)}, settings.edge)
    monitors = {screen.name(): _described(screen.name()) for screen in QGuiApplication.screens()}
    choice("&Monitor", "screen", monitors, find_screen(settings.screen).name())
    menu.addSeparator()
    switch("&Reading mode", "reading", "Only words that never change again are shown, a little later")
    through = switch("&Click through", "click_through", click_through_fault() or CLICK_THROUGH_HINT)
    through.setEnabled(not click_through_fault())
    menu.addSeparator()
    closing = menu.addAction("&Close captions")
    closing.setShortcut(QKeySequence("Esc"))
    closing.triggered.connect(lambda _: close())
    return menu


def _described(name: str) -> str:
    size = find_screen(name).size()
    return f"{name} ({size.width()} by {size.height()})"

"""The tray icon: it looks like the state of the program and asks through signals."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QSystemTrayIcon

from app.state import State
from app.ui.tray import TrayIcon


@pytest.fixture
def tray(qtbot):
    return TrayIcon()


def picture(tray):
    return tray._icon.icon().pixmap(64, 64).toImage()


def test_each_state_has_its_own_look(tray):
    looks = {}
    for state in State:
        tray.show_state(state)
        assert tray.tooltip.startswith("Dictate: ")
        looks[state] = picture(tray)
        assert not looks[state].isNull()
    alike = {State.PAUSING: State.DRAINING}
    seen = [looks[state] for state in State if state not in alike]
    assert all(one != other for index, one in enumerate(seen) for other in seen[:index])


@pytest.mark.parametrize(
    "state, toggle, pause",
    [
        (State.IDLE, ("&Start", True), ("&Pause", False)),
        (State.ARMING, ("&Stop", True), ("&Pause", True)),
        (State.LISTENING, ("&Stop", True), ("&Pause", True)),
        (State.PAUSING, ("&Stop", True), ("&Resume", False)),
        (State.PAUSED, ("&Stop", True), ("&Resume", True)),
        (State.DRAINING, ("&Start", False), ("&Pause", False)),
        (State.FAILED, ("&Start", False), ("&Pause", False)),
    ],
)
def test_the_menu_offers_what_the_state_allows(tray, state, toggle, pause):
    tray.show_state(state)
    assert (tray.toggle.text(), tray.toggle.isEnabled()) == toggle
    assert (tray.pause.text(), tray.pause.isEnabled()) == pause


def test_it_asks_and_does_nothing_itself(tray, qtbot):
    tray.show_state(State.LISTENING)
    for action, signal in ((tray.toggle, tray.toggle_requested), (tray.pause, tray.pause_requested)):
        with qtbot.waitSignal(signal):
            action.trigger()
    for text, signal in (("Show &window", tray.window_requested), ("&Quit", tray.quit_requested)):
        with qtbot.waitSignal(signal):
            next(action for action in tray.menu.actions() if action.text() == text).trigger()
    with qtbot.waitSignal(tray.window_requested):
        tray._icon.activated.emit(QSystemTrayIcon.ActivationReason.Trigger)
    with qtbot.waitSignal(tray.toggle_requested):
        tray._icon.activated.emit(QSystemTrayIcon.ActivationReason.MiddleClick)


def test_captions_are_ticked_as_they_are_and_asked_for(tray, qtbot):
    assert not tray.click_through.isEnabled()
    with qtbot.assertNotEmitted(tray.captions_toggled), qtbot.assertNotEmitted(tray.click_through_toggled):
        tray.show_captions(shown=True, click_through=True)
    assert tray.captions.isChecked() and tray.click_through.isEnabled()
    with qtbot.waitSignal(tray.click_through_toggled, check_params_cb=lambda on: on is False):
        tray.click_through.trigger()
    with qtbot.waitSignal(tray.captions_toggled, check_params_cb=lambda on: on is False):
        tray.captions.trigger()


def test_without_a_tray_that_is_known(qtbot):
    assert TrayIcon.available() is False  # the offscreen platform has none

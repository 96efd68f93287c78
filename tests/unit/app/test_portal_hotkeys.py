"""Global keys from a portal, against one on a bus of the test's own."""

from __future__ import annotations

import queue
import shutil
import sys
import time

import pytest

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="portals are Linux's"),
    pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="not installed: dbus-daemon"),
]
pytest.importorskip("jeepney")

from support.desktop import wait_for  # noqa: E402
from support.portals import FakePortals, session_bus  # noqa: E402

from app.hotkey import portal  # noqa: E402
from app.hotkey.portal import PortalHotkeys, trigger  # noqa: E402

KEYS = {"dictate": "Ctrl+Alt+Space", "insert": "Meta+I"}


@pytest.fixture
def bus(monkeypatch):
    with session_bus(monkeypatch):
        yield


@pytest.fixture
def hotkeys():
    hotkeys = PortalHotkeys()
    yield hotkeys
    hotkeys.close()


def test_a_key_is_heard_going_down_and_up(bus, hotkeys):
    heard = queue.SimpleQueue()
    with FakePortals() as portals:
        assert hotkeys.fault() == ""
        assert hotkeys.bind(KEYS, heard.put) == {}
        for kind in ("Activated", "Activated", "Deactivated"):
            portals.press("dictate", kind)
        changes = [heard.get(timeout=5) for _ in range(2)]
        assert [(change.name, change.change) for change in changes] == [("dictate", "down"), ("dictate", "up")]
        bound = next(body for name, body in portals.calls if name == "BindShortcuts")
        assert bound[1][0][1]["preferred_trigger"] == ("s", "CTRL+ALT+space")
        hotkeys.close()
        assert heard.empty()
        assert portals.names()[-1] == "Close"


def test_the_same_keys_stay_bound_whatever_the_portal_cannot_give_beside_them(bus, hotkeys):
    with FakePortals() as portals:
        assert hotkeys.bind(KEYS, print) == {}
        assert list(hotkeys.bind({**KEYS, "cancel": "Esc"}, print)) == (["cancel"] if "cancel" not in KEYS else [])
        assert hotkeys.bind(KEYS, print) == {}
        assert portals.names().count("BindShortcuts") == 1


def test_keys_are_bound_anew_in_a_new_session(bus, hotkeys):
    heard = queue.SimpleQueue()
    with FakePortals() as portals:
        hotkeys.bind(KEYS, heard.put)
        first = portals.session
        hotkeys.bind({"dictate": "F9"}, heard.put)
        assert portals.session != first
        portals.press("insert")
        portals.press("dictate")
        assert heard.get(timeout=5).name == "dictate"
        hotkeys.close()


def test_a_portal_that_breaks_down_lets_go_of_the_key_and_gives_it_again_once_it_is_back(bus, hotkeys, monkeypatch):
    monkeypatch.setattr(portal, "_AGAIN_S", 0.1)
    heard = queue.SimpleQueue()
    with FakePortals() as portals:
        hotkeys.bind(KEYS, heard.put)
        portals.press("dictate")
        assert heard.get(timeout=5).change == "down"
    assert heard.get(timeout=5).change == "up", "nobody would tell of it any more"
    time.sleep(0.3)  # without portals it tries again in vain
    with FakePortals() as portals:
        wait_for(lambda: "BindShortcuts" in portals.names(), 5, "keys that are bound again")
        portals.press("dictate")
        assert heard.get(timeout=5).change == "down"
        hotkeys.close()
        assert heard.get(timeout=5).change == "up"


def test_what_the_desktop_does_not_give_is_said_key_by_key(bus, hotkeys):
    with FakePortals(refuses=("insert",)):
        unbound = hotkeys.bind({**KEYS, "cancel": "Escape"}, print)
        assert set(unbound) == {"insert", "cancel"}
        assert "Meta+I" in unbound["insert"] and "dictate ctl toggle" in unbound["insert"]
        assert "dictate ctl cancel" in unbound["cancel"]
        hotkeys.close()


def test_a_user_who_says_no_is_taken_at_their_word(bus, hotkeys):
    with FakePortals(code=1):
        unbound = hotkeys.bind(KEYS, print)
        assert set(unbound) == set(KEYS) and "not allowed" in unbound["dictate"]


@pytest.mark.parametrize("has", [("RemoteDesktop",), ()])
def test_a_desktop_without_the_portal_says_what_to_do(bus, hotkeys, has):
    with FakePortals(has=has):
        assert "dictate ctl toggle" in hotkeys.fault()
        assert "dictate ctl toggle" in hotkeys.bind(KEYS, print)["dictate"]


def test_a_bus_without_portals_says_what_to_do(bus, hotkeys):
    assert "dictate ctl toggle" in hotkeys.fault()


def test_a_machine_without_a_bus_says_what_to_do(monkeypatch, hotkeys, tmp_path):
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    assert "dictate ctl toggle" in hotkeys.fault()
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    assert "dictate ctl toggle" in hotkeys.fault()
    assert "dictate ctl toggle" in hotkeys.bind(KEYS, print)["dictate"]


def test_combinations_are_written_as_the_specification_has_them():
    assert [trigger(one) for one in ("Ctrl+Shift+D", "F9", "Meta+PgUp", "Pause")] == [
        "CTRL+SHIFT+d", "F9", "LOGO+Page_Up", "Pause",
    ]  # fmt: skip

"""Typing by a portal, against one on a bus of the test's own."""

from __future__ import annotations

import shutil
import sys

import pytest

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="portals are Linux's"),
    pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="not installed: dbus-daemon"),
]
pytest.importorskip("jeepney")

from support.portals import FakePortals, session_bus  # noqa: E402

from app.output.compositor import UntoldFocus  # noqa: E402
from app.output.contract import NotInserted, Target  # noqa: E402
from app.output.remote_desktop import PortalTyping  # noqa: E402
from app.paths import portal_token_file  # noqa: E402


@pytest.fixture
def bus(monkeypatch):
    with session_bus(monkeypatch):
        yield


@pytest.fixture
def typing():
    typing = PortalTyping(UntoldFocus())
    yield typing
    typing.close()


def options_of(portals, name):
    return next(body[-1] for called, body in portals.calls if called == name)


def test_every_letter_goes_down_and_up_in_order(bus, typing):
    with FakePortals() as portals:
        portals.version = 2
        typing.insert("Hi,\n\x1b you", None)
        letters = [*map(ord, "Hi,"), 0xFF0D, *map(ord, " you")]
        assert portals.typed == [(symbol, state) for symbol in letters for state in (1, 0)]
        assert not typing.take_back("Hi", None)
        typing.close()
        assert portals.names()[-1] == "Close"


def test_the_user_is_asked_once_and_never_by_the_self_test(bus, typing):
    with FakePortals() as portals:
        portals.version = 2
        assert typing.fault() == ""
        assert "CreateSession" not in portals.names()
        typing.insert("one", None)
        typing.insert("two", None)
        assert portals.names().count("Start") == 1
        assert options_of(portals, "SelectDevices")["persist_mode"] == ("u", 2)
        assert portal_token_file().stat().st_mode & 0o077 == 0
        again = PortalTyping(UntoldFocus())
        portals.calls.clear()
        again.insert("three", None)
        assert options_of(portals, "SelectDevices")["restore_token"] == ("s", "token-1")
        again.close()
        typing.close()


def test_a_letter_that_may_have_no_key_is_refused_before_anything_is_typed(bus, typing):
    with FakePortals() as portals:
        with pytest.raises(NotInserted) as error:
            typing.insert("na\u00efve", None)
        assert error.value.left == "na\u00efve"
        assert portals.calls == []


def test_a_user_who_says_no_gets_the_whole_text_back(bus, typing):
    with FakePortals(code=1) as portals:
        with pytest.raises(NotInserted, match="not allowed") as error:
            typing.insert("hello", None)
        assert error.value.left == "hello" and portals.typed == []


def test_a_session_that_ends_tells_what_is_missing_and_the_next_text_begins_another(bus, typing):
    with FakePortals() as portals:
        portals.most_keys = 5  # h, e, and l going down
        with pytest.raises(NotInserted) as error:
            typing.insert("hello", None)
        assert error.value.left == "llo"
        portals.most_keys = 1000
        typing.insert("again", None)
        assert portals.names().count("CreateSession") == 2
        typing.close()


def test_nothing_is_typed_where_another_window_has_the_keyboard(bus):
    with FakePortals() as portals:
        typing = PortalTyping(UntoldFocus())
        with pytest.raises(NotInserted):
            typing.insert("hello", Target("7"))
        assert portals.typed == []
        typing.close()


@pytest.mark.parametrize("has", [("GlobalShortcuts",), None])
def test_a_desktop_without_the_portal_says_what_to_do(bus, typing, has):
    if has is None:
        assert "Use another way" in typing.fault()
        return
    with FakePortals(has=has):
        assert "no portal for typing" in typing.fault()
        with pytest.raises(NotInserted):
            typing.insert("hello", None)

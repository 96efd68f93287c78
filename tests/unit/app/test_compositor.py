"""Who has the keyboard on Wayland: whatever a socket answers, and in time."""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.output.care import harmless, parts, wait_released
from app.output.compositor import HyprlandFocus, SwayFocus, UntoldFocus, focus, hyprland_target, sway_target
from app.output.contract import NotInserted, Target
from app.output.wayland_globals import interfaces, offered

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Wayland is Linux's")

WINDOW = {
    "id": 9, "focused": True, "pid": 5, "app_id": "Firefox", "nodes": [], "floating_nodes": [],
    "rect": {"x": 10, "y": 20, "width": 300, "height": 200},
    "window_rect": {"x": 2, "y": 22, "width": 296, "height": 176},
}  # fmt: skip


@pytest.fixture
def serve(tmp_path):
    """A server that answers every client with the same bytes, and then says nothing more."""
    threads, servers = [], []

    def start(answer: bytes, name="socket", ends=True) -> str:
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(tmp_path / name))
        server.listen()
        servers.append(server)

        def run():
            client, _ = server.accept()
            with client:
                client.recv(100)
                client.sendall(answer)
                if not ends:
                    client.recv(100)

        threads.append(threading.Thread(target=run))
        threads[-1].start()
        return str(tmp_path / name)

    yield start
    for thread in threads:
        thread.join(5)
    for server in servers:
        server.close()


def ipc(body: bytes) -> bytes:
    return b"i3-ipc" + struct.pack("=II", len(body), 4) + body


def test_sways_focused_window_is_the_target_without_its_frame(serve):
    tree = {"nodes": [{"nodes": [{"focused": False, "pid": 1, "id": 2}], "floating_nodes": [WINDOW]}]}
    target = SwayFocus(serve(ipc(json.dumps(tree).encode()), ends=False)).target()
    assert target == Target("9", "firefox", area=(12, 42, 296, 176))


def test_a_window_of_x11_a_terminal_and_an_own_one_are_told():
    old = WINDOW | {"app_id": None, "window_properties": {"class": "XTerm"}, "pid": os.getpid()}
    target = sway_target({"nodes": [old]})
    assert target.program == "xterm" and target.is_terminal and target.is_own


@pytest.mark.parametrize(
    "tree",
    [None, [], "x", {}, {"nodes": 3}, {"nodes": [None, 3, []]}, {"focused": True, "id": 1, "type": "workspace"}],
)
def test_a_tree_without_a_focused_window_has_no_target(tree):
    assert sway_target(tree) is None


@pytest.mark.parametrize("rect", [None, 3, {}, {"x": "1", "y": 2, "width": 3, "height": 4}])
def test_a_place_that_is_not_told_is_none(rect):
    assert sway_target(WINDOW | {"rect": rect}).area is None


def test_hyprlands_active_window_is_the_target(serve):
    window = {"address": "0x5a", "class": "kitty", "pid": 5, "at": [1, 2], "size": [3, 4]}
    target = HyprlandFocus(serve(json.dumps(window).encode())).target()
    assert target == Target("0x5a", "kitty", is_terminal=True, area=(1, 2, 3, 4))
    assert hyprland_target({}) is None
    assert hyprland_target({"address": "0x1", "at": "x"}).area is None


@pytest.mark.parametrize("answer", [b"", b"i3-ipc", ipc(b"{"), ipc(b"[" * 100000), b"\xff" * 50])
def test_an_answer_that_is_none_is_no_target_and_takes_no_time(serve, answer):
    before = time.monotonic()
    assert SwayFocus(serve(answer, ends=False)).target() is None
    assert time.monotonic() - before < 0.5


def test_the_desktop_is_known_by_its_environment(tmp_path):
    assert isinstance(focus({"SWAYSOCK": "/x"}), SwayFocus)
    assert isinstance(focus({"HYPRLAND_INSTANCE_SIGNATURE": "abc"}), HyprlandFocus)
    assert isinstance(focus({"HYPRLAND_INSTANCE_SIGNATURE": "../abc"}), UntoldFocus)
    assert isinstance(focus({}), UntoldFocus)
    assert SwayFocus(str(tmp_path / "none")).target() is None


def announced(name: bytes) -> bytes:
    padded = name + b"\0" * (4 - len(name) % 4)
    body = struct.pack("=II", 1, len(name) + 1) + padded + struct.pack("=I", 1)
    return struct.pack("=II", 2, (8 + len(body)) << 16) + body


def test_what_a_compositor_offers_is_read_however_it_comes_in_parts(serve, tmp_path):
    done = struct.pack("=III", 3, 12 << 16, 0)
    whole = announced(b"wl_seat") + announced(b"zwp_virtual_keyboard_manager_v1") + done
    assert interfaces(whole) == {"wl_seat", "zwp_virtual_keyboard_manager_v1"}
    assert [interfaces(whole[:end]) for end in range(0, len(whole) - 12)] == [None] * (len(whole) - 12)
    serve(whole, "wayland-7", ends=False)
    env = {"WAYLAND_DISPLAY": "wayland-7", "XDG_RUNTIME_DIR": str(tmp_path)}
    assert "wl_seat" in offered(env)
    assert interfaces(struct.pack("=II", 2, 0) * 3) is None
    assert offered({}) is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*WINDOW, "x", "y", "width", "height", "address", "at", "class"]), inner)
    ),
    max_leaves=20,
)


@given(_JSON)
def test_whatever_a_compositor_tells_is_a_target_or_none(told):
    for target in (sway_target(told), sway_target(WINDOW | {"rect": told, "app_id": told}), hyprland_target(told)):
        assert target is None or isinstance(target.program, str)


@given(st.binary(max_size=200))
def test_whatever_bytes_come_are_names_or_not_whole_yet(came):
    found = interfaces(came)
    assert found is None or all(isinstance(name, str) for name in found)


def test_nothing_harmful_is_left_of_a_text():
    terminal = Target("1", is_terminal=True)
    assert harmless("a\x1b[2J\x00b\x7f\x9b\r\nc\u2028", None) == "a[2Jb\nc"
    assert harmless("rm\n\tx\r\n", terminal) == "rm  x "


def test_a_text_is_cut_into_parts_that_make_it_up_again():
    text = "one two " + "x" * 30 + " end"
    cut = list(parts(text, 10))
    assert "".join(part for part, _ in cut) == text
    assert cut[0] == ("one two ", text)
    assert all(left.startswith(part) and 0 < len(part) <= 10 for part, left in cut)


def test_a_modifier_that_stays_down_keeps_the_text():
    with pytest.raises(NotInserted, match="Let go") as error:
        wait_released(lambda: True, "hello", 0.05)
    assert error.value.left == "hello"

"""Text into real windows of a real Wayland desktop."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.desktop import running, wait_for
from support.sway import missing_tools, sway

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="Wayland is Linux's"),
    pytest.mark.skipif(bool(missing_tools()) and "CI" not in os.environ, reason=f"not installed: {missing_tools()}"),
]
pytest.importorskip("jeepney")

from app.output.contract import NotInserted  # noqa: E402
from app.output.wayland import focus, ways  # noqa: E402

TEXT = 'Hello, wORLD! "q" Grüße naïve café — Привет 你好 €5 😀 x'
FIELD = Path(__file__).parent.parent / "support" / "typed_into.py"


@pytest.fixture(scope="module")
def compositor():
    with sway() as env:
        yield env


@pytest.fixture
def desktop(compositor, monkeypatch):
    for name, value in compositor.items():
        monkeypatch.setenv(name, value)
    return focus()


@pytest.fixture
def field(desktop, tmp_path):
    file = tmp_path / "field.txt"
    file.write_text("")
    env = os.environ | {"QT_QPA_PLATFORM": "wayland"}
    with running([sys.executable, str(FIELD), str(file)], env, tmp_path / "field.log"):
        wait_for(desktop.target, 15, "window with the keyboard")
        yield file
    wait_for(lambda: desktop.target() is None, 5, "end of the window")


def has(file: Path, text: str) -> bool:
    return bool(wait_for(lambda: file.read_text(encoding="utf-8") == text, 5, repr(text)))


def clipboard() -> str:
    return subprocess.run(["wl-paste", "-n"], capture_output=True, text=True).stdout


def test_every_letter_arrives_in_a_window_by_keys_and_by_paste(desktop, field):
    keys, paste, _, copy = ways()
    assert [keys.fault(), paste.fault(), copy.fault()] == ["", "", ""]
    target = desktop.target()
    assert target.program == "target" and not target.is_terminal and not target.is_own and not target.is_secret
    assert target.area == (0, 0, 1280, 800) or target.area[2] > 1200
    keys.insert(TEXT, target)
    assert has(field, TEXT)
    subprocess.run(["wl-copy", "before"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    paste.insert(" " + TEXT + "\nend", target)
    assert has(field, f"{TEXT} {TEXT}\nend")
    assert clipboard() == "before"
    long = " A long sentence of many words." * 8
    keys.insert(long, target)
    assert has(field, f"{TEXT} {TEXT}\nend{long}")
    copy.insert(TEXT, None)
    assert clipboard() == TEXT


def test_a_modifier_that_is_held_on_another_keyboard_changes_no_letter(desktop, field):
    keys = ways()[0]
    target = desktop.target()
    held = subprocess.Popen(["wtype", "-M", "ctrl", "-s", "1500", "-m", "ctrl"])
    time.sleep(0.3)
    keys.insert("aqua", target)
    assert held.poll() is None, "it is still held"
    held.wait()
    assert has(field, "aqua")


def test_what_was_inserted_is_taken_back_only_while_it_stands_before_the_cursor(desktop, field):
    keys = ways()[0]
    target = desktop.target()
    keys.insert("It stays.", target)
    keys.insert(" It g\u00f6es.", target)
    assert keys.take_back(" It g\u00f6es.", target)
    assert has(field, "It stays.")
    assert not keys.take_back("It stays.", target), "it was not the last"
    keys.insert(" More.", target)
    subprocess.run(["wtype", "-s", "150", "by the user"], check=True)
    assert not keys.take_back(" More.", target)
    keys.insert("!", target)
    assert has(field, "It stays. More.by the user!")


def test_nothing_is_typed_once_another_window_has_the_keyboard(desktop, field, tmp_path):
    first = desktop.target()
    got = tmp_path / "got.txt"
    with running(["foot", "sh", "-c", f"cat > {got}"], dict(os.environ), tmp_path / "foot.log"):
        terminal = wait_for(lambda: (now := desktop.target()) and now.id != first.id and now, 10, "terminal")
        assert terminal.program == "foot" and terminal.is_terminal
        wait_for(got.exists, 5, "the terminal's program")
        keys, paste, *_ = ways()
        for way in (keys, paste):
            with pytest.raises(NotInserted) as error:
                way.insert("not here", first)
            assert error.value.left == "not here"
        keys.insert(TEXT + "\n", terminal)
        paste.insert("pasted", terminal)
        assert not keys.take_back(TEXT, terminal)
        assert got.read_text() == "", "no line was ended in the terminal"
        subprocess.run(["wtype", "-s", "150", "-k", "Return"], check=True)
        assert has(got, f"{TEXT} pasted\n")
    assert field.read_text() == ""


def test_a_text_stops_as_soon_as_a_window_comes_up_under_it(desktop, field, tmp_path):
    first = desktop.target()
    got = tmp_path / "got.txt"
    command = ["foot", "sh", "-c", f"stty raw; cat > {got}"]
    long = "words and " * 60
    with running(command, dict(os.environ), tmp_path / "foot.log"), pytest.raises(NotInserted) as error:
        ways()[0].insert(long, first)
    written = field.read_text()
    left = error.value.left
    assert long.startswith(written) and long.endswith(left), "nothing is missing"
    assert 0 <= len(written) + len(left) - len(long) <= 80
    assert len(got.read_bytes()) < 30, "the other window got a few letters at most"


def test_a_desktop_that_is_not_there_says_so(monkeypatch, tmp_path):
    for name in ("SWAYSOCK", "WAYLAND_DISPLAY", "I3SOCK", "HYPRLAND_INSTANCE_SIGNATURE"):
        monkeypatch.delenv(name, raising=False)
    assert focus().target() is None
    keys, paste, _, copy = ways()
    for way in (keys, paste, copy):
        assert "No Wayland compositor answers" in way.fault()
    with pytest.raises(NotInserted):
        keys.insert("hello", None)

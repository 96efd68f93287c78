"""Fields of real programs to insert text into: a Qt window, a terminal, a page in a browser. Each says what arrived."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from support.desktop import running, wait_for

SUPPORT = Path(__file__).parent
TEXT = 'Hello, wORLD! "q" Grüße naïve café — Привет 你好 €5 😀 x'
MARKS = "e\u0301a\u0308 cafe\u0301 👍🏽 👨‍👩‍👧 🇩🇪 x"


def checksum(text: str) -> str:
    """What the page says of its field: length and checksum in halves of UTF-16."""
    halves = memoryview(text.encode("utf-16-le")).cast("H")
    total = 0
    for half in halves:
        total = (total * 31 + half) % 1000003
    return f"{len(halves)} {total}"


class Field:
    """A field with the keyboard on the screen `env`."""

    def __init__(self, env: dict[str, str]) -> None:
        self.env = os.environ | env

    def keys(self, *names: str) -> None:
        """What a user presses."""
        subprocess.run(["xdotool", "key", *names], env=self.env, check=True)

    def clear(self) -> None:
        self.keys("ctrl+a", "BackSpace")
        self.expect("")

    def holds(self, text: str) -> bool:
        raise NotImplementedError

    def seen(self) -> str:
        """For the message of a test that fails."""
        raise NotImplementedError

    def expect(self, text: str, timeout_s: float = 10.0) -> None:
        """The field holds this, and goes on to."""
        with contextlib.suppress(AssertionError):
            wait_for(lambda: self.holds(text), timeout_s, "text")
        time.sleep(0.15)
        assert self.holds(text), f"expected {text[-150:]!r}, but there is {self.seen()[-300:]!r}"


class FileField(Field):
    """A program that writes what it holds to a file."""

    def __init__(self, env: dict[str, str], path: Path) -> None:
        super().__init__(env)
        self.path = path

    def seen(self) -> str:
        return self.path.read_text(encoding="utf-8", errors="replace").replace("\r", "\n")

    def holds(self, text: str) -> bool:
        return self.seen() == text


class Terminal(FileField):
    """Nothing can be selected there."""

    def clear(self) -> None:
        while held := self.seen():
            self.keys(*["BackSpace"] * len(held))
            time.sleep(0.1)


class Page(Field):
    """The browser shows in its title what the field holds."""

    def _title(self) -> str:
        done = subprocess.run(
            ["xdotool", "search", "--onlyvisible", "--class", "chromium", "getwindowname"],
            env=self.env,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def seen(self) -> str:
        return self._title()

    def holds(self, text: str) -> bool:
        return self._title().split()[1:3] == checksum(text).split()

    def go_to(self, name: str) -> None:
        """Move the keyboard to another field of the page."""
        for _ in range(6):
            if self._title().split()[:1] == [name]:
                return
            self.keys("Tab")
            time.sleep(0.3)
        raise AssertionError(f"no field {name}: {self._title()}")


@contextlib.contextmanager
def qt_window(env: dict[str, str], folder: Path, name: str = "qt", kind: str = "") -> Iterator[FileField]:
    """A text edit; `kind` --line or --password makes it a line."""
    path, log = folder / f"{name}.txt", folder / f"{name}.log"
    command = [sys.executable, str(SUPPORT / "text_window.py"), str(path), *filter(None, [kind])]
    with running(command, os.environ | env, log):
        wait_for(lambda: log.exists() and "ready" in log.read_text(), what="Qt window")
        give_keyboard(env, "--name", f"^{name}$")
        yield FileField(env, path)


@contextlib.contextmanager
def clipboard_program(env: dict[str, str], folder: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """See tests/support/clipboard_program.py."""
    log = folder / f"clipboard_{time.monotonic_ns()}.log"
    with running([sys.executable, str(SUPPORT / "clipboard_program.py"), *words], os.environ | env, log) as process:
        wait_for(lambda: "ready" in log.read_text(), what="program with the clipboard")
        yield process


def clipboard_holds(env: dict[str, str]) -> dict[str, object]:
    """What another program gets from the clipboard."""
    command = [sys.executable, str(SUPPORT / "clipboard_program.py"), "read"]
    done = subprocess.run(command, env=os.environ | env, capture_output=True, text=True, timeout=30)
    return dict(json.loads(done.stdout))


@contextlib.contextmanager
def xterm(env: dict[str, str], folder: Path) -> Iterator[Terminal]:
    path = folder / "xterm.txt"
    reader = [sys.executable, str(SUPPORT / "text_terminal.py"), str(path)]
    locale = {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
    with running(["xterm", "-u8", "-e", *reader], os.environ | env | locale, folder / "xterm.log"):
        wait_for(path.with_suffix(".ready").exists, what="xterm")
        give_keyboard(env, "--class", "xterm")
        yield Terminal(env, path)


@contextlib.contextmanager
def chromium(env: dict[str, str], folder: Path, *options: str) -> Iterator[Page]:
    """Debian's Chromium; as root it runs without its sandbox only."""
    command = [
        shutil.which("chromium") or "chromium", "--no-sandbox", f"--user-data-dir={folder}/chromium", "--no-first-run",
        "--disable-gpu", "--password-store=basic", "--disable-background-networking", "--disable-component-update",
        "--disable-dev-shm-usage", *options, f"--app=file://{SUPPORT}/text_page.html",
    ]  # fmt: skip
    with running(command, os.environ | env, folder / "chromium.log"):
        page = Page(env)
        wait_for(lambda: page.seen().startswith("area"), 60, "page")
        give_keyboard(env, "--class", "chromium")
        yield page


def give_keyboard(env: dict[str, str], *which: str) -> None:
    """Make the window that xdotool finds the active one, as a click on it does."""

    def ask(*words: str) -> set[str]:
        done = subprocess.run(["xdotool", *words], env=os.environ | env, capture_output=True, text=True)
        return set(done.stdout.split())

    def has() -> bool:
        found = ask("search", "--onlyvisible", *which)
        if found & ask("getwindowfocus"):
            return True
        for window in found:
            ask("windowactivate", window)
        return False

    wait_for(has, 20, f"{which} with the keyboard")

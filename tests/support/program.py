"""The real program in its real window, driven over pipes, with a screen and a microphone of its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from support.desktop import VirtualMicrophone, at_most, screen, wait_for

ROOT = Path(__file__).parent.parent.parent
DRIVER = ROOT / "tests" / "support" / "drive_window.py"


class Program:
    """The program in its window, driven over pipes."""

    def __init__(self, process):
        self._process = process

    def do(self, command):
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def look(self):
        return self.do("text")

    def wait(self, condition, timeout_s=90.0, what="change in the window"):
        return wait_for(lambda: (seen := self.look()) and condition(seen) and seen, timeout_s, what)

    def state(self, name):
        return self.wait(lambda seen: seen["state"] == name, what=f"state {name}")


@contextlib.contextmanager
def opened(env, folder):
    with (folder / "stderr.log").open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, str(DRIVER), str(folder)],
            cwd=ROOT, env=env | {"PYTHONPATH": str(ROOT)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=errors, text=True,
        )  # fmt: skip
        try:
            with at_most(400, process):
                assert json.loads(process.stdout.readline())["open"], (folder / "stderr.log").read_text()
                yield Program(process), process
        finally:
            process.kill()
            process.wait()
            process.stdin.close()
            process.stdout.close()


@contextlib.contextmanager
def desktop(folder: Path) -> Iterator[tuple[VirtualMicrophone, dict[str, str]]]:
    """A screen and a microphone; the environment that finds them."""
    with screen(folder) as display, VirtualMicrophone(folder / "sound").serve() as microphone:
        yield microphone, os.environ | display | microphone.env

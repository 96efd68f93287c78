"""A process that hears the microphone as the program does (`hear.py`), and what is known of it from outside."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
RATE = 16000


class Listener:
    """Knows which time was heard, by position in the recording and by the clock of this test."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.news: list[str] = []
        self.gaps: list[float] = []  # seconds
        self.end_s = 0.0  # of the recording
        self.heard_s = 0.0
        self._arrived: list[tuple[float, float, float]] = []  # (clock, end_s, heard_s)
        threading.Thread(target=self._read, daemon=True).start()

    def wait(self, more_s: float = 1.0, timeout_s: float = 30.0) -> None:
        """Until so much more sound has been heard, and time has gone by: what is late comes at once."""
        heard_s, began = self.heard_s, time.monotonic()
        while self.heard_s < heard_s + more_s or time.monotonic() < began + more_s:
            assert time.monotonic() < began + timeout_s, f"no sound within {timeout_s} s; {self.news[-1:]}"
            time.sleep(0.05)

    def forget(self) -> None:
        """What is told and missing from now on counts."""
        self.news.clear()
        self.gaps.clear()

    def behind_s(self, last_s: float = 0.7) -> float:
        """How far the recording is behind the clock, at least, of late: the same however much was lost or came late."""
        arrived = list(self._arrived)
        return min(clock - end_s for clock, end_s, _ in arrived if clock > arrived[-1][0] - last_s)

    def unheard_s(self, last_s: float = 0.7) -> float:
        """The time of the clock in which nothing was heard, since some moment, whatever the recording says of it."""
        arrived = list(self._arrived)
        return min(clock - heard_s for clock, _, heard_s in arrived if clock > arrived[-1][0] - last_s)

    def stand_still(self, seconds: float) -> None:
        """The program is stopped, as by a debugger or a machine without memory."""
        self.process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.process.send_signal(signal.SIGCONT)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            told = json.loads(line)
            if "news" in told:
                self.news.append(told["news"])
                continue
            start_s, length_s = told["start"] / RATE, told["length"] / RATE
            if start_s > self.end_s:
                self.gaps.append(round(start_s - self.end_s, 2))
            self.end_s = start_s + length_s
            self.heard_s += length_s
            self._arrived.append((told["at"], self.end_s, self.heard_s))


@contextlib.contextmanager
def listening(env: dict[str, str], folder: Path) -> Iterator[Listener]:
    """A listener that has heard something."""
    command = [sys.executable, str(ROOT / "tests" / "support" / "hear.py")]
    with (folder / "hear.log").open("wb") as errors:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | env | {"PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
        )  # fmt: skip
    try:
        listener = Listener(process)
        listener.wait(1.5)
        yield listener
    finally:
        process.kill()
        process.wait()
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        process.stdout.close()

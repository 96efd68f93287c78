"""Starts the real program again and again, kills it at random moments, and says what was lost by it."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from support.desktop import VirtualMicrophone

from app.history import History
from app.journal.reader import left_behind
from s2t_core.types import SAMPLE_RATE_HZ

DRIVER = Path(__file__).parent / "drive_killed.py"
_SETTLE_S = 120.0
# While it starts, so long after it has begun to bring back, or to record.
_MOMENTS = (("", 6.0), ("draining", 5.0), ("listening", 6.0), ("listening", 6.0))


@dataclass
class Kills:
    """What was seen of all runs so far.

    settled   every text that a user had seen settled when the program was killed
    short_s   of each kill under a recording how much sound had come and was not on disk
    moments   what the program was doing when it was killed, and how often
    """

    settled: list[str] = field(default_factory=list)
    short_s: list[float] = field(default_factory=list)
    moments: dict[str, int] = field(default_factory=dict)
    recovered: int = 0


@contextlib.contextmanager
def speech(microphone: VirtualMicrophone, path: Path) -> Iterator[None]:
    """Somebody who reads a file aloud, over and over."""
    stopping = threading.Event()

    def read_aloud() -> None:
        while not stopping.is_set():
            microphone.play(path)

    thread = threading.Thread(target=read_aloud, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join(30)


def home_of(env: dict[str, str]) -> Path:
    """Where the program keeps what is the user's."""
    return Path(env["XDG_DATA_HOME"]) / "dictate"


def kill_once(env: dict[str, str], dice: random.Random, kills: Kills, moment: tuple[str, float] | None = None) -> None:
    """Start it, let it recover and record for a while, and kill it.

    moment: the state that is waited for, or "settled": words that change no more; and the seconds within which the kill
    comes then; None: any
    """
    arguments = ["new"] if dice.random() < 0.3 else []
    awaited, then_s = moment or dice.choice(_MOMENTS)
    then_s = dice.uniform(0.0, then_s)
    process = subprocess.Popen(
        [sys.executable, str(DRIVER), *arguments], env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    told: queue.SimpleQueue[dict] = queue.SimpleQueue()
    reader = threading.Thread(target=lambda: [told.put(json.loads(line)) for line in process.stdout], daemon=True)
    reader.start()
    began, state, settled, heard_s = time.monotonic(), "starting", "", None
    since = began if not awaited else None
    while True:
        with contextlib.suppress(queue.Empty):
            one = told.get(timeout=0.01)
            state = one.get("state", state)
            settled, heard_s = one.get("settled", settled), one.get("heard_s", heard_s)
            # Where nothing is to be brought back, it records.
            if since is None and (settled if awaited == "settled" else state in (awaited, "listening")):
                since = time.monotonic()
        now = time.monotonic()
        if (since is not None and now - since > then_s) or now - began > _SETTLE_S:
            break
    process.kill()
    process.wait()
    reader.join()
    process.stdout.close()
    while not told.empty():  # what it still said before it died
        one = told.get()
        settled, heard_s = one.get("settled", settled), one.get("heard_s", heard_s)
    if settled:
        kills.settled.append(settled)
    kills.moments[state] = kills.moments.get(state, 0) + 1
    if heard_s is not None and state in ("arming", "listening"):
        kills.short_s.append(heard_s - _sound_on_disk_s(home_of(env)))


def recover_all(env: dict[str, str]) -> None:
    """A last start, in which everything is brought back."""
    subprocess.run([sys.executable, str(DRIVER), "only"], env=env, stdout=subprocess.DEVNULL, timeout=600, check=True)


def lost(env: dict[str, str], kills: Kills) -> list[str]:
    """Settled texts that no transcript begins with, and recordings that say something twice."""
    home = home_of(env)
    history = History(home / "history.sqlite", home / "recordings")
    documents = [history.document(row.id) for row in history.transcripts(limit=-1)]
    history.close()
    missing = [text for text in kills.settled if not any(document.text.startswith(text) for document in documents)]
    for document in documents:
        starts = {*document.session_starts, 0}
        for place in range(1, len(document.closed)):
            before, after = document.closed[place - 1], document.closed[place]
            if place not in starts and after.start_sample < before.end_sample - SAMPLE_RATE_HZ // 2:
                missing.append(f"twice: {before} {after}")
    return missing


def _sound_on_disk_s(home: Path) -> float:
    """Where the sound of the latest journal ends, in seconds of its recording."""
    left = left_behind(home / "journals")
    if not left:
        return 0.0
    return max(((chunk.start + len(chunk.samples)) / chunk.rate for chunk in left[0].sound()), default=0.0)


def environment(microphone: VirtualMicrophone, home: Path) -> dict[str, str]:
    """Of a user with a home of their own."""
    folders = {name: str(home / name.lower()) for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME")}
    tests = str(Path(__file__).parent.parent)
    return {
        **os.environ, **microphone.env, **folders, "HOME": str(home), "QT_QPA_PLATFORM": "offscreen",
        "PYTHONPATH": f"{Path(tests).parent}:{tests}",
    }  # fmt: skip

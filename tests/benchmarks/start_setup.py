"""The real program, launched and watched from outside for `start.py`: window, model, memory, idling."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import Xlib.display
from Xlib import X
from Xlib.error import XError

from app.errors import AppError
from app.running import say

ROOT = Path(__file__).parents[2]
PROC = Path("/proc")
_PATIENCE_S = 60.0
_LOOK_S = 0.01
_ASK_S = 0.1  # to be asked is work for the program as well
_SIDE = 200  # pixels of a window that are looked at


@dataclass(frozen=True, slots=True)
class Idle:
    """What a process did in a while: ms of processor time, and how often its threads woke up, a second."""

    cpu_ms: float
    wakeups: float
    by_thread: dict[str, float]  # wakeups a second


@dataclass(frozen=True, slots=True)
class Launched:
    """A program that was started at `began_s` of the monotonic clock."""

    process: subprocess.Popen[bytes]
    began_s: float
    folder: Path  # where it can be asked

    @property
    def pid(self) -> int:
        return self.process.pid

    def until_shown(self) -> float:
        """Seconds from the launch until its window is on the screen and painted."""
        screen = Xlib.display.Display()
        try:
            return self._until(lambda: is_painted(screen, self.pid), _LOOK_S)
        finally:
            screen.close()

    def until_ready(self) -> float:
        """Seconds from the launch until the model is loaded and warm."""
        return self._until(lambda: self.status().get("model") == "ready", _ASK_S)

    def status(self) -> dict[str, Any]:
        """What `dictate ctl status` says; nothing while nobody answers."""
        with contextlib.suppress(AppError, OSError, ValueError):
            return dict(json.loads(say(self.folder, "status").partition(" ")[2]))
        return {}

    def wait(self, condition: Callable[[dict[str, Any]], bool], patience_s: float = _PATIENCE_S) -> None:
        """Until the status is so."""
        self._until(lambda: condition(self.status()), _ASK_S, patience_s)

    def _until(self, condition: Callable[[], bool], look_s: float, patience_s: float = _PATIENCE_S) -> float:
        deadline = time.monotonic() + patience_s
        while not condition():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise TimeoutError(f"it did not come to that in {patience_s:.0f} s")
            time.sleep(look_s)
        return time.monotonic() - self.began_s


@contextlib.contextmanager
def launched(env: dict[str, str]) -> Iterator[Launched]:
    """The window of this tree's program, ended as a session ends programs."""
    began_s = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "app"], cwd=ROOT, env=env)
    try:
        yield Launched(process, began_s, Path(env["XDG_RUNTIME_DIR"]) / "dictate")
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def at_home(env: dict[str, str], home: Path, rest_min: int) -> dict[str, str]:
    """An environment of its own: nothing of the user's is read or written. rest_min: as in the settings."""
    (home / "config" / "dictate").mkdir(parents=True)
    settings = {"version": 1, "model": {"rest_min": rest_min}}
    (home / "config" / "dictate" / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    names = {"XDG_CONFIG_HOME": "config", "XDG_DATA_HOME": "data", "XDG_STATE_HOME": "state", "XDG_CACHE_HOME": "cache"}
    own = {name: str(home / folder) for name, folder in names.items()}
    return env | own | {"HOME": str(home), "PYTHONPATH": str(ROOT)}


def is_painted(screen: Xlib.display.Display, pid: int) -> bool:
    """Whether a window of the process is on the screen, with more than one colour in its corner."""
    root = screen.screen().root
    try:
        found = root.get_full_property(screen.intern_atom("_NET_CLIENT_LIST"), X.AnyPropertyType)
        for number in () if found is None else found.value:
            window = screen.create_resource_object("window", number)
            owner = window.get_full_property(screen.intern_atom("_NET_WM_PID"), X.AnyPropertyType)
            if owner is None or owner.value[0] != pid or window.get_attributes().map_state != X.IsViewable:
                continue
            size = window.get_geometry()
            sides = min(_SIDE, size.width), min(_SIDE, size.height)
            seen = window.get_image(0, 0, *sides, X.ZPixmap, 0xFFFFFFFF).data
            if len({seen[at : at + 4] for at in range(0, len(seen), 4)}) > 1:
                return True
    except XError:  # the window came or went in the meantime
        pass
    return False


def resident_mb(pid: int, name: str = "VmRSS") -> float:
    """MiB of a process now; "VmHWM": at most since `forget_peak`."""
    for line in (PROC / str(pid) / "status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    raise ValueError(name)


def forget_peak(pid: int) -> None:
    (PROC / str(pid) / "clear_refs").write_text("5")


def processor_s(pid: int) -> float:
    """Seconds of processors that it has used so far, which other programs lengthen little."""
    return sum(used for _, used, _ in _threads(pid).values()) / 1e9


def idle(pid: int, seconds: float) -> Idle:
    """What the process does while it is left alone for so long."""
    before, began_s = _threads(pid), time.monotonic()
    time.sleep(seconds)
    after, lasted_s = _threads(pid), time.monotonic() - began_s
    woken, names, used_ns = 0, dict[str, float](), 0
    for thread, (name, used, switches) in after.items():
        _, used_before, switches_before = before.get(thread, ("", 0, 0))
        used_ns += used - used_before
        count = switches - switches_before
        woken += count
        if count:
            names[name] = round(names.get(name, 0.0) + count / lasted_s, 2)
    return Idle(used_ns / 1e6 / lasted_s, woken / lasted_s, names)


def _threads(pid: int) -> dict[str, tuple[str, int, int]]:
    """Of every thread its name, ns on processors, and how often it has gone to sleep by itself."""
    found = {}
    for folder in (PROC / str(pid) / "task").iterdir():
        with contextlib.suppress(OSError):
            switches = 0
            for line in (folder / "status").read_text().splitlines():
                if line.startswith("voluntary_ctxt_switches:"):
                    switches = int(line.split()[1])
            used = int((folder / "schedstat").read_text().split()[0])
            found[folder.name] = ((folder / "comm").read_text().strip(), used, switches)
    return found

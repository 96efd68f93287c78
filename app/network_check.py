"""`dictate doctor --network`: whether any part of the program tries to reach a network, shown by running all of it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from app.finding import Finding
from app.network_tour import TRACE

_LONGEST_S = 600.0
_REPORT = "Please report it: this must not happen."


def examine_network(model: Path, device: str, begun: Callable[[str], None]) -> Iterator[Finding]:
    """Run the program's work in a process without a network; a finding for each step, the last one for all of it.

    begun: told of each step when it begins. Nothing of the user's is read or written but the model.
    """
    with tempfile.TemporaryDirectory(prefix="dictate-network-", ignore_cleanup_errors=True) as folder:
        command = [sys.executable, "-m", "app.network_tour", str(model.resolve()), device]
        yield from follow(command, Path(folder), begun)


def follow(command: list[str], folder: Path, begun: Callable[[str], None]) -> Iterator[Finding]:
    """Run a tour in this folder and tell what it finds."""
    errors = folder / "stderr.txt"
    with errors.open("wb") as written:
        tour = subprocess.Popen(
            command, cwd=folder, env=_environment(folder), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=written, encoding="utf-8",
        )  # fmt: skip
    watchdog = threading.Timer(_LONGEST_S, tour.kill)
    watchdog.start()
    steps, well, at, attempts = 0, True, "", list[str]()
    try:
        assert tour.stdout is not None
        for line in tour.stdout:
            told = json.loads(line)
            if "begin" in told:
                at = told["begin"]
                begun(at)
            elif "attempt" in told:
                attempts.append(told["attempt"])
            else:
                finding = _finding(told, attempts)
                steps, well, at, attempts = steps + 1, well and finding.ok, "", []
                yield finding
        code = tour.wait()
    finally:
        watchdog.cancel()
        tour.kill()
        tour.wait()
        if tour.stdout is not None:
            tour.stdout.close()
    if at or attempts or (well and code):
        well = False
        yield Finding(at or "the end", False, _why(code, attempts, folder, errors))
    yield Finding("network", well, _verdict(well, steps))


def _finding(told: Mapping[str, str], attempts: list[str]) -> Finding:
    if "closed" in told:
        return Finding("closed network", True, told["closed"])
    name = told.get("end") or told["failed"]
    if attempts:
        return Finding(name, False, _caught(attempts))
    return Finding(name, "end" in told, told["detail"])


def _caught(attempts: list[str]) -> str:
    more = f", and {len(attempts) - 1} more" if len(attempts) > 1 else ""
    return f"It tried to reach a network and was refused: {attempts[0]}{more}. {_REPORT}"


def _why(code: int, attempts: list[str], folder: Path, errors: Path) -> str:
    if attempts:
        return _caught(attempts)
    if code == -getattr(signal, "SIGSYS", 0):
        with contextlib.suppress(OSError):
            frames = [line.strip() for line in (folder / TRACE).read_text().splitlines() if line.startswith("  File")]
        way = " < ".join(frames[:3]) or "a thread of a library"
        return f"Native code asked for a network socket and was stopped, called from: {way}. {_REPORT}"
    said = errors.read_text(errors="replace").strip().splitlines()
    reason = said[-1] if said else f"exit code {code}"
    return f"The check broke off ({reason}). Run it again; if it does so again, report it."


def _verdict(well: bool, steps: int) -> str:
    if well:
        return f"nothing tried to reach one in {steps - 1} steps"
    return "not everything is in order: see above. No data left this computer during this check."


def _environment(folder: Path) -> dict[str, str]:
    """The user's, with folders of its own, without a screen, and with the sound server where it is."""
    env = dict(os.environ)
    session = Path(env.get("XDG_RUNTIME_DIR", "/nowhere"))
    if (session / "pulse" / "native").exists():
        env.setdefault("PULSE_SERVER", f"unix:{session / 'pulse' / 'native'}")
    env.setdefault("PIPEWIRE_RUNTIME_DIR", str(session))
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"):
        env[name] = str(folder)
    package = str(Path(__file__).resolve().parent.parent)
    paths = [package, *filter(None, [env.get("PYTHONPATH")])]
    return env | {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": os.pathsep.join(paths)}

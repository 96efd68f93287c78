"""How the program starts and what it costs while nobody speaks: the real one, under an X server of its own.

usage: start.py [--launches N] [--idle SECONDS] [--asleep] [--json FILE] [--quick]

Each launch is a new process with an empty home; files are in the system's cache from the launch before, which is not
counted. Medians, in brackets the worst. Window: until it is on the screen and painted, as another program sees it.
Ready: until `dictate ctl status` says that the model is loaded and warm, so that the first words can be shown. Memory
is what is resident: of the window with its model, at most while the sample is dictated, and with `--asleep` once the
model's memory was given back, for which one waits over a minute. Idle: with window and model, nothing recorded.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import soundfile  # noqa: E402
from start_setup import Launched, at_home, forget_peak, idle, launched, processor_s, resident_mb  # noqa: E402
from support.desktop import VirtualMicrophone, missing_tools  # noqa: E402
from support.program import desktop  # noqa: E402

from app.figures import markdown  # noqa: E402
from app.paths import sample_audio  # noqa: E402

_SETTLE_S = 5.0  # after the model has loaded, until only what goes on for ever goes on
NAMES = ("help s", "window s", "ready s", "ready processor s")
_TARGETS = {
    "help s": 0.3,
    "window s": 1.5,
    "ready s": 3.0,
    "dictating MiB": 600.0,
}


def helps(env: dict[str, str]) -> float:
    """Seconds that `dictate --help` takes."""
    began_s = time.monotonic()
    subprocess.run([sys.executable, "-m", "app", "--help"], cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began_s


def dictate_sample(program: Launched, env: dict[str, str], microphone: VirtualMicrophone, speech: Path) -> float:
    """MiB at most while the sample is spoken into the microphone."""
    forget_peak(program.pid)
    _press(env)
    program.wait(lambda status: status.get("state") == "listening")
    microphone.play(speech)
    _press(env)
    program.wait(lambda status: status.get("state") == "idle")
    return resident_mb(program.pid, "VmHWM")


def _press(env: dict[str, str]) -> None:
    subprocess.run(["xdotool", "search", "--sync", "--onlyvisible", "--class", "dictate", "windowfocus", "--sync",
                    "key", "ctrl+r"], env=env, check=True, stdout=subprocess.DEVNULL)  # fmt: skip


def asleep(env: dict[str, str]) -> float:
    """MiB once the model's memory was given back."""
    with launched(env) as program:
        program.until_ready()
        program.wait(lambda status: status.get("model") == "asleep", 120.0)
        time.sleep(1.0)
        return resident_mb(program.pid)


def measure(options: argparse.Namespace, folder: Path) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Every figure of every launch by its name, and wakeups a second by thread of the last idle program."""
    found: dict[str, list[float]] = {}
    threads: dict[str, float] = {}
    samples, rate = soundfile.read(sample_audio(), dtype="float32")
    speech = folder / "speech.wav"
    soundfile.write(speech, samples, rate)

    def note(name: str, value: float) -> None:
        found.setdefault(name, []).append(round(value, 3))

    with desktop(folder) as (microphone, env):
        os.environ["DISPLAY"] = env["DISPLAY"]  # for looking at the window
        for number in range(options.launches + 1):
            own = at_home(env, folder / f"home{number}", rest_min=0)
            counts = number > 0  # the first fills the caches
            help_s = helps(own)
            with launched(own) as program:
                shown_s, ready_s = program.until_shown(), program.until_ready()
                if not counts:
                    continue
                used_s = processor_s(program.pid)
                for name, value in zip(NAMES, (help_s, shown_s, ready_s, used_s), strict=True):
                    note(name, value)
                time.sleep(1.0 if number < options.launches else _SETTLE_S)
                note("window and model MiB", resident_mb(program.pid))
                if number == options.launches:
                    still = idle(program.pid, options.idle)
                    note("idle processor ms / s", still.cpu_ms)
                    note("idle wakeups / s", still.wakeups)
                    threads = still.by_thread
                    note("dictating MiB", dictate_sample(program, own, microphone, speech))
            print(json.dumps({name: values[-1] for name, values in found.items()}), flush=True)
        if options.asleep:
            note("asleep MiB", asleep(at_home(env, folder / "asleep", rest_min=1)))
    return found, threads


def table(found: dict[str, list[float]]) -> str:
    rows: list[Sequence[str]] = []
    for name, values in found.items():
        target = _TARGETS.get(name)
        worst = f" ({max(values):.2f})" if len(values) > 1 else ""
        rows.append((name, f"{median(values):.2f}{worst}", "" if target is None else f"{target:g}"))
    return markdown(("what", "median (worst)", "target"), rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--launches", type=int, default=7)
    parser.add_argument("--idle", type=float, default=20.0, help="seconds to watch it do nothing")
    parser.add_argument("--asleep", action="store_true", help="wait a minute for the model to give memory back")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--quick", action="store_true", help="one launch, a short look")
    options = parser.parse_args()
    if options.quick:
        options.launches, options.idle = 1, 3.0
    if missing := missing_tools():
        print(f"These are not installed: {', '.join(missing)}.", file=sys.stderr)
        return 1
    busy = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        found, threads = measure(options, Path(folder))
    print(table(found))
    print("wakeups a second by thread:", json.dumps(threads))
    if options.json:
        medians = {name: median(values) for name, values in found.items()}
        content: dict[str, Any] = {"load before": round(busy, 2), "medians": medians, "all": found, "threads": threads}
        options.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What a second of speech costs: by the length of the recording, of the live window, by beams and by threads.

usage: lengths.py [--lengths S...] [--minutes N] [--beams N...] [--look-aheads MS...] [--hops MS...] [--threads N...]
                  [--repeats N] [--model DIR] [--parts NAME...] [--json FILE] [--plot FILE] [--quick]

The bundled recordings, over and over, in sessions: `length` and `hour` without drafts, as `dictate transcribe`, `live`
as somebody speaks. Seconds for a second of audio: of the processor on one thread, but in `threads` by the clock, which
other programs lengthen. Medians of repeats in turn. `hour` is one session of `--minutes`, each quarter of which hears
the same; its last quarter may cost a twentieth more than the first. At 0.1 s a second an hour takes six minutes. The
live window is what is encoded anew at every draft: the look-ahead and what has come since the draft before.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))  # the program that is measured is the one beside this file
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the program itself has it; read when torch is imported

import cpu_setup as setup
import torch

from app.figures import markdown
from app.plot import check_plot, draw_lines
from app.speed import ours
from app.speed.peaks import machine
from app.speed.rows import Work, interleaved
from s2t_core.recognizer import Recognizer, load
from s2t_core.streaming.config import SessionConfig
from s2t_core.types import SAMPLE_RATE_HZ, AudioChunk, Samples

_PIECE = SAMPLE_RATE_HZ // 10  # of audio, as a microphone hands it over
_LONG_S = 60.0  # longer recordings are heard once: they are a mean by themselves
Point = dict[str, Any]


def hear(recognizer: Recognizer, config: SessionConfig, samples: Samples) -> None:
    """All of it through a session."""
    session = recognizer.open_session(config)
    for at in range(0, len(samples), _PIECE):
        session.push(AudioChunk(samples[at : at + _PIECE], SAMPLE_RATE_HZ, at))
    session.finish()


def costs(works: dict[str, Work], audio_s: float, repeats: int, clock: Callable[[], float]) -> dict[str, float]:
    """Of every work the seconds for a second of audio."""
    if audio_s > _LONG_S:
        repeats = 1
    return {name: median(times) / audio_s for name, times in interleaved(works, repeats, clock).items()}


def by_length(options: argparse.Namespace) -> list[Point]:
    """Final text alone, for every length and number of beams."""
    recognizers = {_count(beams, "beam"): load(options.model, "cpu", beams) for beams in options.beams}
    found = []
    for seconds in options.lengths:
        samples, config = ours.speech(seconds), SessionConfig(partials=False)
        works = {name: partial(hear, one, config, samples) for name, one in recognizers.items()}
        found += points("length", seconds, costs(works, seconds, options.repeats, time.process_time))
    return found


def by_quarter(options: argparse.Namespace) -> list[Point]:
    """One long session, quarter by quarter."""
    quarters = setup.quarters(options.model, options.minutes)
    found = points("hour", options.minutes * 60, {f"quarter {at}": value for at, value in enumerate(quarters, 1)})
    print(f"The last quarter costs {quarters[-1] / quarters[0]:.3f} times what the first does.", flush=True)
    return found


def by_window(options: argparse.Namespace) -> list[Point]:
    """Live text, for every look-ahead and every pause between drafts."""
    recognizer, samples, found = load(options.model, "cpu"), ours.speech(options.live), []
    for hop_ms in options.hops:
        for look_ahead_ms in options.look_aheads:
            config = SessionConfig(hop_ms=hop_ms, look_ahead_ms=look_ahead_ms)
            name = f"a draft every {hop_ms} ms"
            works: dict[str, Work] = {name: partial(hear, recognizer, config, samples)}
            window_s = (hop_ms + look_ahead_ms) / 1000
            found += points("live", window_s, costs(works, options.live, options.repeats, time.process_time))
    return found


def by_threads(options: argparse.Namespace) -> list[Point]:
    """Final text alone by the clock."""
    recognizer, found = load(options.model, "cpu"), []
    for seconds in [one for one in options.lengths if one <= _LONG_S]:
        run = partial(hear, recognizer, SessionConfig(partials=False), ours.speech(seconds))
        works = {_count(count, "thread"): partial(setup.with_threads, count, run) for count in options.threads}
        found += points("threads", seconds, costs(works, seconds, options.repeats, time.perf_counter))
    return found


PARTS = {"length": by_length, "live": by_window, "threads": by_threads, "hour": by_quarter}
TITLES = {"length": "final text alone, by length", "live": "live, by window", "threads": "by the clock, by length"}


def points(part: str, x_s: float, values: dict[str, float]) -> list[Point]:
    """Values at one place, printed as soon as they are there. x_s: length or window."""
    found = [{"part": part, "s": x_s, "name": name, "s / s": round(value, 4)} for name, value in values.items()]
    for one in found:
        print(json.dumps(one), flush=True)
    return found


def _count(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count > 1)}"


def lines(found: list[Point]) -> dict[str, dict[str, dict[float, float]]]:
    """For the picture; the long session is one more length, and its quarters are told beside it."""
    panels: dict[str, dict[str, dict[float, float]]] = {}
    for one in found:
        if one["part"] in TITLES:
            panels.setdefault(TITLES[one["part"]], {}).setdefault(one["name"], {})[one["s"]] = one["s / s"]
    quarters = [one for one in found if one["part"] == "hour"]
    if quarters:
        mean = sum(one["s / s"] for one in quarters) / len(quarters)
        panels.setdefault(TITLES["length"], {}).setdefault("one session", {})[quarters[0]["s"]] = mean
    return panels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lengths", type=float, nargs="+", default=[1, 2, 5, 10, 30, 60, 300], help="seconds")
    parser.add_argument("--minutes", type=float, default=60.0, help="of the long session")
    parser.add_argument("--beams", type=int, nargs="+", default=[1, 5])
    parser.add_argument("--look-aheads", type=int, nargs="+", default=[0, 500, 1000, 2000, 4000], help="ms")
    parser.add_argument("--hops", type=int, nargs="+", default=[160, 320, 640], help="ms between two drafts")
    parser.add_argument("--live", type=float, default=30.0, help="seconds of speech for every live window")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeats", type=int, default=5, help="of lengths up to a minute")
    parser.add_argument("--model", type=Path, default=setup.MODEL)
    parser.add_argument("--parts", nargs="+", choices=tuple(PARTS), default=list(PARTS))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path, help=".png, .svg or .pdf")
    parser.add_argument("--quick", action="store_true", help="little of all")
    options = parser.parse_args()
    if options.plot:
        check_plot(options.plot)
    if options.quick:
        options.lengths, options.minutes, options.live, options.repeats = [1, 5], 1.0, 5.0, 1
        options.look_aheads, options.hops = [0, 1000], [320]
    torch.set_num_threads(1)
    before = machine()
    found = [point for name in options.parts for point in PARTS[name](options)]
    print(markdown(("part", "seconds", "of", "s / s"), [[*map(str, one.values())] for one in found]))
    if options.json:
        content = {"machine": before, "load after": machine()["load"], "points": found}
        options.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    if options.plot:
        draw_lines(lines(found), ("seconds", "seconds of work for a second of audio"), options.plot)


if __name__ == "__main__":
    main()

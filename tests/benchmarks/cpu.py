"""The recogniser on one thread of a CPU, beside transformers and, where its weights are at hand, faster-whisper.

usage: cpu.py [--repeats N] [--seconds N...] [--tokens N] [--model DIR] [--whisper-base DIR] [--parts NAME...]
              [--minutes N] [--json FILE] [--quick]

Times are processor time of this process with one thread, in ms: medians of interleaved repeats of one run, which other
programs on the machine disturb least. Ratios are between medians of a row. The small shape is that of
facebook/s2t-small-librispeech-asr with random weights. A bound is what the multiplications of a row, or the weights it
reads, take at the peaks that were measured in the same run. In an encoder's bound attention and the convolutions count
as float32.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))  # the program that is measured is the one beside this file

import cpu_setup as setup
import torch
from cpu_setup import Peaks, Work, interleaved

from app.figures import markdown
from s2t_core.model.int8 import is_int8

PEER, FLOAT, INT8 = "transformers", "ours float32", "ours int8"


def shape_small(options: argparse.Namespace, peaks: Peaks) -> list[dict[str, Any]]:
    """Encoder, decoder step and whole searches of the public small shape."""
    with tempfile.TemporaryDirectory() as place:
        engines = setup.engines(Path(place))
    rows = []
    for seconds in options.seconds:
        features = setup.noise(seconds)
        works = {name: partial(engine.encode, features) for name, engine in engines.items()}
        rows.append(row(f"encoder, {seconds} s", works, options.repeats, setup.encoder_bounds(peaks, seconds)))
    features = setup.noise(options.decoded)
    steps = {name: engine.steps(features, options.tokens) for name, engine in engines.items()}
    share = 1 / options.tokens
    rows.append(row(f"decoder step, {options.decoded} s", steps, options.repeats, setup.step_bounds(peaks), share))
    for beams in (1, 5):
        works = {name: partial(engine.search, features, beams, options.tokens) for name, engine in engines.items()}
        what = "greedy" if beams == 1 else f"beam {beams}"
        rows.append(
            row(f"features to ids, {options.decoded} s, {what}, {options.tokens} tokens", works, options.repeats)
        )
    return rows


def embedded(options: argparse.Namespace, peaks: Peaks) -> list[dict[str, Any]]:
    """The embedded model on speech, samples to text; and faster-whisper if `--whisper-base` names a folder."""
    rows = []
    samples = setup.samples(options.decoded)
    for beams in (1, 5):
        works = setup.recognisers(options.model, samples, beams, options.whisper_base)
        what = "greedy" if beams == 1 else f"beam {beams}"
        rows.append(row(f"embedded, {options.decoded} s of speech to text, {what}", works, options.repeats))
    decoder = setup.recogniser(options.model, "auto")
    features = setup.features_of(samples, decoder.features)
    steps = setup.ours_steps(decoder.model, features, options.tokens)
    bounds = setup.step_bounds(peaks, decoder.model.config)
    name = INT8 if is_int8(decoder.model) else FLOAT
    rows.append(
        row(f"embedded, decoder step, {options.decoded} s", {name: steps}, options.repeats, bounds, 1 / options.tokens)
    )
    works = {name: partial(decoder.model.encode, features)}
    bounds = setup.encoder_bounds(peaks, options.decoded, decoder.model.config)
    rows.append(row(f"embedded, encoder, {options.decoded} s", works, options.repeats, bounds))
    return rows


def threads(options: argparse.Namespace, peaks: Peaks) -> list[dict[str, Any]]:
    """Time by the clock, not of the processor, with one thread and with more."""
    decoder = setup.recogniser(options.model, "auto")
    samples = setup.samples(options.decoded)
    works = {}
    for count in setup.thread_counts():
        works[f"{count} threads"] = partial(setup.with_threads, count, partial(decoder.hear, samples))
    return [row("embedded, by the clock", works, options.repeats, clock=time.perf_counter)]


def long(options: argparse.Namespace, peaks: Peaks) -> list[dict[str, Any]]:
    """One session without drafts over minutes of speech: processor time for a second of audio, quarter by quarter."""
    quarters = setup.quarters(options.model, options.minutes)
    found = {f"quarter {number}": round(1000 * value, 2) for number, value in enumerate(quarters, 1)}
    ratio = {f"quarter {number}": round(quarters[0] / value, 3) for number, value in enumerate(quarters, 1)}
    result = {"row": f"embedded, {options.minutes} minutes, a second", "ms": found, "bound ms": {}, "ratio": ratio}
    print(json.dumps(result), flush=True)
    return [result]


PARTS = {"small": shape_small, "embedded": embedded, "threads": threads, "long": long}


def row(
    name: str,
    works: Mapping[str, Work],
    repeats: int,
    bounds: Mapping[str, float] | None = None,
    share: float = 1.0,
    clock: Callable[[], float] = time.process_time,
) -> dict[str, Any]:
    """One line: medians and bounds in ms, of a `share` of each work, and how many times as fast as the first."""
    times = {name: 1000 * share * median(each) for name, each in interleaved(works, repeats, clock).items()}
    first = next(iter(times.values()))
    found = {
        "row": name,
        "ms": {name: round(value, 3) for name, value in times.items()},
        "bound ms": {name: round(1000 * value, 3) for name, value in (bounds or {}).items()},
        "ratio": {name: round(first / value, 2) for name, value in times.items()},
    }
    print(json.dumps(found), flush=True)
    return found


def table(rows: list[dict[str, Any]]) -> str:
    cells = []
    for found in rows:
        for name, value in found["ms"].items():
            bound = found["bound ms"].get(name)
            ratio = found["ratio"][name]
            cells.append([found["row"], name, f"{value:.2f}", "" if bound is None else f"{bound:.2f}", f"{ratio:.2f}"])
    return markdown(("row", "engine", "ms", "bound ms", "times as fast as the row's first"), cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--seconds", type=int, nargs="+", default=(1, 5, 10, 30), help="lengths for the encoder")
    parser.add_argument("--decoded", type=int, default=10, help="seconds of audio for steps and searches")
    parser.add_argument("--tokens", type=int, default=40)
    parser.add_argument("--minutes", type=float, default=12.0, help="of audio for the long session")
    parser.add_argument("--model", type=Path, default=setup.MODEL)
    parser.add_argument("--whisper-base", type=Path, help="folder of Whisper base for faster-whisper")
    parser.add_argument("--parts", nargs="+", choices=tuple(PARTS), default=list(PARTS))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--quick", action="store_true", help="few repeats of little")
    options = parser.parse_args()
    if options.quick:
        options.repeats, options.seconds, options.decoded, options.tokens, options.minutes = 2, (1,), 2, 4, 0.5
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    peaks = setup.measured_peaks(options.quick)
    print(json.dumps(setup.machine() | peaks.to_json()), flush=True)
    rows = [found for name in options.parts for found in PARTS[name](options, peaks)]
    print(table(rows))
    if options.json:
        content = {"machine": setup.machine(), "peaks": peaks.to_json(), "rows": rows}
        options.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

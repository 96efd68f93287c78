"""`dictate bench speed`: its options, the rows that it measures, and where they go."""

from __future__ import annotations

import argparse
import importlib.util
import json
import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import torch

from app.errors import WrongUse
from app.evaluate import check_folder
from app.export import write_text
from app.plot import check_plot, draw_bars
from app.speed import ours, peers
from app.speed.peaks import Peaks, encoder_bounds, machine, measured_peaks, read_s, step_bounds, text_bounds
from app.speed.rows import Clock, Work, row, table
from app.terminal import note, out

PEER = "transformers"
_TOKENS = 40  # of the row of decoder steps
_MOST = 200  # tokens of a text


def run_speed(options: argparse.Namespace) -> int:
    """Measure, print, write and draw; returns 0. Raises AppError for what cannot be done, before any work."""
    _check(options)
    if options.quick:
        options.seconds, options.repeats = min(options.seconds, 3.0), 1
    clock: Clock = time.process_time if options.threads == 1 else time.perf_counter
    before = torch.get_num_threads()
    torch.set_num_threads(options.threads)
    try:
        peaks, rows = measured_peaks(clock), []
        note(told(machine(), peaks.to_json()))
        for found in _rows(options, peaks, clock):
            note(found["row"])
            rows.append(found)
    finally:
        torch.set_num_threads(before)
    out(table(rows))
    if options.json is not None:
        content = {"machine": machine(), "peaks": peaks.to_json(), "threads": options.threads, "rows": rows}
        write_text(options.json, json.dumps(content, indent=1) + "\n", overwrite=True)
        note(f"figures -> {options.json}")
    if options.plot is not None:
        draw_bars({one["row"]: one["ms"] for one in rows}, {one["row"]: one["bound ms"] for one in rows}, options.plot)
        note(f"bars -> {options.plot}")
    return 0


def told(computer: Mapping[str, Any], peaks: Mapping[str, float]) -> str:
    """What it is measured on, in a line for a person."""
    processor, load = computer["processor"], computer["load"]
    parts = [f"{name} {value}" for name, value in computer.items() if name not in ("processor", "load")]
    if load is not None:
        parts.append(f"load {' '.join(map(str, load))}")
    each = [f"{name.removesuffix(' G/s')} {value}" for name, value in peaks.items()]
    return f"{', '.join(filter(None, [processor, *parts]))}. Peaks in G/s: {', '.join(each)}."


def _check(options: argparse.Namespace) -> None:
    if options.device == "cuda":
        raise WrongUse("This measures the processor.", "Leave out --device.")
    check_folder(options.json)
    if options.plot is not None:
        check_folder(options.plot, "--plot")
        check_plot(options.plot)
    if options.whisper is not None:
        peers.check_whisper(options.whisper)
    if importlib.util.find_spec("transformers") is None:
        note("transformers is not installed and is left out. Install the extra: pip install 'dictate[eval]'.")


def _rows(options: argparse.Namespace, peaks: Peaks, clock: Clock) -> Iterator[dict[str, Any]]:
    seconds, repeats = options.seconds, options.repeats
    samples = ours.speech(seconds)
    found = ours.recognisers(options.model)
    first = next(iter(found.values()))
    config, features = first.model.config, ours.features_of(samples, first.features)
    with peers.transformers_network(options.model) as network:
        works: dict[str, Work] = {} if network is None else {PEER: _inferred(network.model.encoder, features)}
        works |= {name: _inferred(one.model.encode, features) for name, one in found.items()}
        encoder, step = encoder_bounds(peaks, seconds, config), step_bounds(config, partial(read_s, clock=clock))
        yield row(f"encoder, {seconds:g} s", works, repeats, encoder, clock=clock)
        works = {} if network is None else {PEER: peers.transformers_steps(network, features, _TOKENS)}
        works |= {name: ours.steps(one.model, features, _TOKENS) for name, one in found.items()}
        yield row("decoder step", works, repeats, step, 1 / _TOKENS, clock)
        tokens = len(first.tokenizer.encode(first.hear(samples).text))
        bounds = text_bounds(encoder, step, tokens)
        for beams in options.beams:
            works = {}
            if network is not None:
                works[PEER] = partial(peers.transformers_search, network, features, beams, _MOST)
            if options.whisper is not None:
                works |= peers.whisper(options.whisper, samples, beams, options.threads)
            if beams == 1:
                works |= peers.sphinx(samples)
            works |= {name: partial(ours.wide(one, beams).hear, samples) for name, one in found.items()}
            what = "greedy" if beams == 1 else f"{beams} beams"
            yield row(f"text of {seconds:g} s, {what}", works, repeats, bounds, clock=clock)


def _inferred(encode: Any, features: torch.Tensor) -> Work:
    return torch.inference_mode()(partial(encode, features))

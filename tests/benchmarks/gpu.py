"""The recogniser on a GPU: the texts of the CPU, the delay of one live stream beside transformers, and throughput.

usage: gpu.py OUT [--model DIR] [--clips N] [--hours H] [--minutes M] [--repeats N] [--seconds N...] [--budget S]
              [--device cuda] [--parts NAME...]

Everything is measured on the same weights in one process; times that are compared are medians of interleaved repeats.
Writes OUT/gpu.json after every part, the traceback of a part that fails to OUT/errors.txt, and tables of kernels to
OUT/profile.txt. The clips are cut from the bundled recordings, at several speeds.
"""

from __future__ import annotations

import argparse
import json
import time
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import gpu_setup as setup
import torch
from gpu_paths import files, profiled, session, table_of
from gpu_setup import Bench, clock, interleaved, ours

from s2t_core.decoding.guards import token_limit
from s2t_core.decoding.lanes import Lanes
from s2t_core.decoding.many import batch_frames, hear_many
from s2t_core.decoding.reading import DecodedText
from s2t_core.decoding.search import SearchOptions
from s2t_core.features.bank import features_batch
from s2t_core.model.checkpoint import load_model

PRECISIONS = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


def bounds(bench: Bench) -> dict[str, Any]:
    """What the machine can do at most, and what that means for a decoder step and an encoder second."""
    device, size = bench.device, 4096 if bench.device.type == "cuda" else 512
    one, two = (torch.randn(size, size, device=device, dtype=torch.float16) for _ in range(2))
    product_s = median(clock(lambda: one @ two, device) for _ in range(7))
    source = torch.empty(1 << (30 if device.type == "cuda" else 24), dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    copy_s = median(clock(lambda: target.copy_(source), device) for _ in range(7))
    model = bench.decoders["float32"].model
    decoder = sum(p.numel() for p in model.model.decoder.parameters())  # the head is the embeddings
    bandwidth = 2 * len(source) / copy_s
    return {
        "gemm_tflops": 2 * size**3 / product_s / 1e12,
        "copy_gb_s": bandwidth / 1e9,
        "decoder_step_bound_us": 2 * decoder / bandwidth * 1e6,
    }


def same_text(bench: Bench) -> dict[str, Any]:
    """Texts and word times of the GPU beside those of the CPU in float32, in batches and one by one."""
    found: dict[str, Any] = {}
    clips = bench.clips[: bench.options.clips]
    few = clips[: max(2, len(clips) // 3)]
    reference, reference5 = setup.reference(clips, bench, beams=1), setup.reference(few, bench, beams=5)
    found["clips"], found["texts"] = len(clips), [one.text for one in reference[:3]]
    for name, decoder in bench.decoders.items():
        batch = setup.in_order(decoder, clips, 16_000)
        found[name] = {
            "batch": _same(reference, batch),
            "single": _same(reference[: len(few)], [decoder.hear(clip) for clip in few]),
            "beam 5": _same(reference5, setup.in_order(setup.with_beams(decoder, 5), few, 16_000)),
            "words that lie elsewhere, frames": _apart(reference, batch),
        }
        one = torch.from_numpy(clips[0]).unsqueeze(0)
        here = features_batch(one.to(bench.device), torch.tensor([one.shape[1]], device=bench.device), decoder.features)
        there = features_batch(one, torch.tensor([one.shape[1]]), decoder.features)
        found["features_difference"] = float((here[0].cpu() - there[0]).abs().max())
    return found


def _apart(wanted: list[DecodedText], got: list[DecodedText]) -> dict[str, Any]:
    """Of the words of equal texts, how many begin or end in another frame, how far at most, and how much the confidence
    differs at most."""
    pairs = [
        pair
        for one, other in zip(wanted, got, strict=True)
        if one.text == other.text
        for pair in zip(one.words, other.words, strict=True)
    ]
    moved = [max(abs(a.first_frame - b.first_frame), abs(a.end_frame - b.end_frame)) for a, b in pairs]
    sure = max((abs(a.confidence - b.confidence) for a, b in pairs), default=0.0)
    count = sum(1 for one in moved if one)
    return {"moved": count, "of": len(pairs), "most": max(moved, default=0), "confidence": round(sure, 4)}


def _same(wanted: list[DecodedText], got: list[DecodedText]) -> dict[str, Any]:
    different = [(a.text, b.text) for a, b in zip(wanted, got, strict=True) if a.text != b.text]
    return {"same": len(wanted) - len(different), "of": len(wanted), "different": different[:4]}


def live(bench: Bench) -> dict[str, Any]:
    """From features on the device to ids of one utterance: ours and transformers' `generate`, greedy and 5 beams."""
    return {
        "embedded": _live(bench, setup.folder_in_plain_form(bench), None, bench.options.seconds),
        "s2t-small, random weights, 40 tokens": _live(bench, setup.random_small(bench), 40, bench.options.seconds[1:2]),
    }


def _live(bench: Bench, folder: Path, tokens: int | None, lengths: Sequence[int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    names = ("float16",) if bench.device.type == "cuda" else ("float32",)
    model = ours(load_model(folder), bench.device, PRECISIONS[names[0]])
    lanes = Lanes(model)
    peers = {name: setup.peer(folder, bench.device, PRECISIONS[name]) for name in ("float32", *names)}
    for seconds in lengths:
        features = setup.features_of(bench, seconds)
        limit = tokens or token_limit(seconds)
        for beams in (1, 5):
            runs: dict[str, Callable[[], Any]] = {"ours": partial(setup.ids, lanes, features, limit, beams)}
            for name, network in peers.items():
                runs[f"transformers {name}"] = setup.generate(network, features, beams, limit)
            times, ids = interleaved(runs, bench.device, bench.options.repeats)
            row: dict[str, Any] = {f"{name} ms": round(1000 * median(each), 3) for name, each in times.items()}
            row["tokens"] = len(ids["ours"])
            row["same ids"] = {name: list(ids["ours"]) == list(theirs) for name, theirs in ids.items()}
            for name in peers:
                row[f"ratio to {name}"] = round(row[f"transformers {name} ms"] / row["ours ms"], 2)
            found[f"{seconds} s, beam {beams}"] = row
    return found


def throughput(bench: Bench) -> dict[str, Any]:
    """Samples to text, without and with word times, of many recordings, in times real time; the first round records."""
    found: dict[str, Any] = {}
    clips = setup.many_clips(bench.options.hours)
    audio_s = sum(map(len, clips)) / 16_000
    found["clips"], found["audio_s"] = len(clips), audio_s
    frames = batch_frames(bench.device)
    for beams in (1, 5):
        decoder = setup.with_beams(bench.half, beams)
        for read in (False, True):
            rounds = []
            for _ in range(2 if read else 3):
                start = time.perf_counter()
                texts = [text for _, text in hear_many(decoder, clips, frames, read)]
                rounds.append(audio_s / (time.perf_counter() - start))
            key = f"beam {beams}, {frames // 100} s a batch, {'with word times' if read else 'text only'}"
            words = sum(len(one.words) if read else len(one.text.split()) for one in texts)
            found[key] = {"times real time": [round(value) for value in rounds], "words": words}
            if bench.device.type == "cuda":
                found[key]["memory GB"] = round(torch.cuda.max_memory_allocated() / 1e9, 2)
    return found


def parts_of_the_time(bench: Bench) -> dict[str, Any]:
    """Encoding and one decoder step, replayed by themselves."""
    found: dict[str, Any] = {}
    sizes = ((1, 1), (1, 5), (64, 1), (256, 1), (64, 5)) if bench.device.type == "cuda" else ((1, 1), (2, 5))
    for name in ("float16",):
        model = bench.decoders[name].model
        for utterances, beams in sizes:
            lane = Lanes(model).lane(utterances, 1000, SearchOptions(beams, scored=beams > 1))
            encode = median(clock(lane.encode, bench.device) for _ in range(5))
            lane.search([20] * utterances)
            steps = 20 if bench.device.type == "cuda" else 2

            first = median(clock(partial(setup.steps, lane, 0), bench.device) for _ in range(5))
            step = (median(clock(partial(setup.steps, lane, steps), bench.device) for _ in range(5)) - first) / steps
            found[f"{name}, {utterances} x {lane.size.frames / 100} s, beam {beams}"] = {
                "encode ms": round(encode * 1000, 3),
                "step us": round(step * 1e6, 1),
                "search of one token ms": round(first * 1000, 3),
            }
    return found


def profiles(bench: Bench) -> dict[str, Any]:
    """Tables of kernels for one live utterance and for one batch with word times."""
    features, limit = setup.features_of(bench, 10), token_limit(10)
    many = setup.many_clips(0.2 if bench.device.type == "cuda" else 0.005)
    with (bench.out / "profile.txt").open("w") as file:
        for beams in (1, 5):
            decoder = setup.with_beams(bench.half, beams)
            assert decoder.lanes is not None
            works: dict[str, Callable[[], Any]] = {
                "one utterance of 10 s": partial(setup.ids, decoder.lanes, features, limit, beams),
                "a batch": partial(setup.in_order, decoder, many, 64_000),
            }
            for name, work in works.items():
                work()
                file.write(f"\n{name}, beam {beams}\n{table_of(profiled(work, bench.device), bench.device)}\n")
    return {"written": "profile.txt"}


PARTS = {
    "bounds": bounds,
    "live": live,
    "session": session,
    "files": files,
    "throughput": throughput,
    "same_text": same_text,
    "parts_of_the_time": parts_of_the_time,
    "profiles": profiles,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", type=Path, default=setup.MODEL)
    parser.add_argument("--clips", type=int, default=24, help="for the comparison of texts")
    parser.add_argument("--hours", type=float, default=2.0, help="of audio for throughput")
    parser.add_argument("--repeats", type=int, default=4)
    parser.add_argument("--seconds", type=int, nargs="+", default=(2, 5, 10, 15), help="lengths of a live utterance")
    parser.add_argument("--budget", type=float, default=180.0, help="seconds after which no part is begun")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--parts", nargs="+", choices=tuple(PARTS), default=list(PARTS))
    parser.add_argument("--minutes", type=float, default=30.0, help="of audio in files")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    begun = time.perf_counter()
    bench = setup.make_bench(options, PRECISIONS)
    results: dict[str, Any] = {"machine": setup.machine(bench.device)}
    for name in options.parts:
        start = time.perf_counter()
        if start - begun > options.budget:
            results[name] = {"left out": "the time is over"}
            continue
        try:
            results[name] = PARTS[name](bench)
        except Exception:
            results[name] = {"failed": traceback.format_exc().strip().splitlines()[-1]}
            with (options.out / "errors.txt").open("a") as file:
                file.write(f"{name}\n{traceback.format_exc()}\n")
        results[name] |= {"took_s": round(time.perf_counter() - start, 1)}
        print(name, json.dumps(results[name], indent=1), flush=True)
        (options.out / "gpu.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

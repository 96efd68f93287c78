"""The program's own ways through a GPU, for `gpu.py`: a live session, and files."""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gpu_setup as setup
import numpy as np
import soundfile
from gpu_setup import Bench, clock, wait
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from s2t_core.events import SegmentClosed
from s2t_core.recognizer import Recognizer, load
from s2t_core.session import cutting_session
from s2t_core.types import AudioChunk, Samples

_PUSH = 1600  # samples


def session(bench: Bench) -> dict[str, Any]:
    """A live session with drafts as the program opens it, as fast as it goes: seconds of work a second of audio, how
    long final text takes, and how much of a second of audio the GPU is busy."""
    start = time.perf_counter()
    recognizer = load(bench.options.model, bench.device.type)
    loaded = time.perf_counter()
    recognizer.warm_up()
    wait(bench.device)
    warm = time.perf_counter()
    samples = setup.recordings()[0]
    audio_s = len(samples) / 16_000
    _said(recognizer, samples)
    pushes, closes, text = _said(recognizer, samples)
    found: dict[str, Any] = {
        "device, precision, lanes": [recognizer.device, recognizer.precision, recognizer.hears_in_batches],
        "load s, warm-up s": [round(loaded - start, 2), round(warm - loaded, 2)],
        "work a second": round(sum(pushes) / audio_s, 4),
        "push ms: 50, 99 %, most": [round(float(value), 1) for value in 1000 * np.quantile(pushes, (0.5, 0.99, 1.0))],
        "pushes with final text ms": [round(1000 * value, 1) for value in closes],
        "text": text,
    }
    few = samples[:96_000]  # the profiler takes its time
    found["device busy, of a second of live audio"] = round(_busy_s(lambda: _said(recognizer, few), bench) / 6, 4)
    busy_s = _busy_s(lambda: recognizer.decoder.hear(samples[:160_000]), bench)
    found["device busy for the final text of 10 s, ms"] = round(1000 * busy_s, 2)
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        recognizer.decoder.hear(samples[:160_000])
        times.append(time.perf_counter() - begun)
    found["final text of 10 s with word times, ms"] = round(1000 * sorted(times)[2], 1)
    return found


def _busy_s(work: Callable[[], Any], bench: Bench) -> float:
    """Seconds in which the device was busy with `work`."""
    if bench.device.type != "cuda":
        return clock(work, bench.device)
    seen = profiled(work, bench.device).key_averages()
    return sum(one.self_device_time_total for one in seen if one.device_type == DeviceType.CUDA) / 1e6


def _said(recognizer: Recognizer, samples: Samples) -> tuple[list[float], list[float], str]:
    """Seconds of every push, of those that closed a segment, and the text."""
    live, pushes, closes, closed = recognizer.open_session(), [], [], []
    for at in range(0, len(samples) + _PUSH, _PUSH):
        start = time.perf_counter()
        piece = samples[at : at + _PUSH]
        events = live.push(AudioChunk(piece, 16_000, at)) if len(piece) else live.finish()
        pushes.append(time.perf_counter() - start)
        ends = [event for event in events if isinstance(event, SegmentClosed)]
        closes += [pushes[-1]] if ends else []
        closed += ends
    return pushes, closes, " ".join(event.segment.committed for event in closed)


def files(bench: Bench) -> dict[str, Any]:
    """What `dictate transcribe` makes of files of a minute, JSON with word times, in times real time: the whole way,
    and the two halves of it by themselves. The first round records."""
    from app.transcribe import transcribe_files  # of packages that the other parts do without

    found: dict[str, Any] = {}
    vars(sys.modules["__main__"]).pop("__file__", None)  # else each process that cuts imports it, and torch with it
    recognizer = Recognizer("bench", bench.half)
    with tempfile.TemporaryDirectory() as folder:
        paths = _minutes(bench.options.minutes, Path(folder))
        audio_s = 60.0 * len(paths)
        rounds = []
        for number in range(2):
            out = Path(folder) / f"out{number}"
            out.mkdir()
            start = time.perf_counter()
            with contextlib.redirect_stderr(io.StringIO()):
                well = transcribe_files(lambda: recognizer, paths, "json", out)
            rounds.append(round(audio_s / (time.perf_counter() - start)))
        found["files, all well"] = [len(paths), well]
        found["whole way, times real time"] = rounds
        sounds: list[Samples] = []
        start = time.perf_counter()
        for path in paths:
            cut = cutting_session(lambda _, sound: sounds.append(sound))
            samples, rate = soundfile.read(path, dtype="float32")
            cut.push(AudioChunk(samples, rate, 0))
            cut.finish()
        found["speech is cut out by one thread, times real time"] = round(audio_s / (time.perf_counter() - start))
        start = time.perf_counter()
        texts = list(recognizer.hear_later(sounds))
        found["its text with word times, times real time"] = round(audio_s / (time.perf_counter() - start))
        found["segments, words"] = [len(texts), sum(len(text.words) for _, text in texts)]
    return found


def _minutes(count: float, folder: Path) -> list[Path]:
    """Files of a minute each, of clips with pauses between them."""
    pause = np.zeros(16_000, np.float32)
    clips = setup.many_clips(count / 60 * 1.1)
    whole = np.concatenate([part for clip in clips for part in (clip, pause)])
    paths = []
    for at in range(0, int(max(1.0, count)) * 960_000, 960_000):
        paths.append(folder / f"{len(paths):04}.wav")
        soundfile.write(paths[-1], np.resize(whole[at : at + 960_000], 960_000), 16_000)
    return paths


def profiled(work: Callable[[], Any], device: Any) -> Any:
    """What the device did for `work`."""
    on_gpu = device.type == "cuda"
    with profile(activities=[ProfilerActivity.CUDA if on_gpu else ProfilerActivity.CPU]) as seen:
        work()
        wait(device)
    return seen


def table_of(seen: Any, device: Any) -> str:
    order = "self_device_time_total" if device.type == "cuda" else "self_cpu_time_total"
    table: str = seen.key_averages().table(sort_by=order, row_limit=45, max_name_column_width=90)
    return table

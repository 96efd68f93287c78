"""`dictate bench soak`: one session for an hour, and whether its cost or its memory grows."""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from app.evaluate import check_folder, check_recordings, read_utterances
from app.export import write_text
from app.feed import PIECE, Clock, Turn, endless, turns
from app.figures import markdown
from app.memory import peak_mb, resident_mb
from app.terminal import note, out
from s2t_core.events import SegmentClosed
from s2t_core.recognizer import load
from s2t_core.types import SAMPLE_RATE_HZ

ROW_S = 60.0
HEADINGS = ("minute", "CPU s / s", "work s / s", "memory MiB", "events", "words", "lag s")


@dataclass(frozen=True, slots=True)
class Row:
    """A minute of the session: until where the audio had been taken, how much of it, and what that minute was like.

    cpu, work  seconds of all processors and by the clock, for a second of audio
    memory_mb  of the process at its end
    events     that came in it, and words of the segments that were closed
    lag_s      the longest time between the coming of audio and the end of the work on it
    """

    end_s: float
    length_s: float
    cpu: float
    work: float
    memory_mb: float | None
    events: int
    words: int
    lag_s: float


@dataclass(frozen=True, slots=True)
class Trend:
    """Of a figure over the rows its mean, how much it changes an hour (least squares) and the doubt of that (standard
    error); None with too few rows for it."""

    mean: float | None
    per_hour: float | None
    doubt: float | None


def run_soak(options: argparse.Namespace) -> int:
    """Feed one session for as long as is wanted, with a line a minute, and print the trends; Ctrl+C ends it early.

    Returns 0.
    """
    check_folder(options.json)
    utterances = read_utterances(options.manifests, options.audio, options.limit)
    check_recordings(utterances)
    recognizer = load(options.model, options.device)
    pieces = itertools.islice(endless(utterances), math.ceil(options.minutes * 60 * SAMPLE_RATE_HZ / PIECE))
    clock: Clock = "real" if options.pace == 1 else options.clock
    rows: list[Row] = []
    out(_line(HEADINGS))
    with contextlib.suppress(KeyboardInterrupt):
        for row in minutes(turns(recognizer.open_session(), pieces, clock), resident_mb):
            rows.append(row)
            out(_line(_cells(row)))
    left_out = warm_up(len(rows))
    whole = [row for row in rows[left_out:] if row.length_s >= ROW_S]
    trends = {name: trend(whole, name) for name in ("cpu", "work", "memory_mb", "lag_s")}
    out("")
    note(f"Without the first {left_out} of {len(rows)} minutes; the process held {peak_mb() or 0.0:.0f} MiB at most.")
    out(markdown(("figure", "mean", "change an hour", "standard error"), [_trend(*item) for item in trends.items()]))
    if options.json is not None:
        content = {
            "model": recognizer.name,
            "device": recognizer.device,
            "clock": clock,
            "warm_up_rows": left_out,
            "rows": [asdict(row) for row in rows],
            "trends": {name: asdict(value) for name, value in trends.items()},
        }
        write_text(options.json, json.dumps(content, indent=1) + "\n", overwrite=True)
        note(f"figures -> {options.json}")
    return 0


def minutes(made: Iterable[Turn], memory: Callable[[], float | None]) -> Iterator[Row]:
    """The turns of a session, minute by minute, the last one perhaps shorter; nothing of them is kept.

    A turn that brings no more audio, as at the end, belongs to the minute before it.
    """
    begun_s = cpu_s = work_s = lag_s = heard_s = 0.0
    events = words = 0

    def row() -> Row:
        length_s = heard_s - begun_s
        return Row(heard_s, length_s, cpu_s / length_s, work_s / length_s, memory(), events, words, lag_s)

    for turn in made:
        if heard_s - begun_s >= ROW_S and turn.heard_s > heard_s:
            yield row()
            begun_s, cpu_s, work_s, lag_s, events, words = heard_s, 0.0, 0.0, 0.0, 0, 0
        heard_s, cpu_s, work_s = turn.heard_s, cpu_s + turn.cpu_s, work_s + turn.work_s
        lag_s = max(lag_s, turn.time_s - turn.heard_s)
        events += len(turn.events)
        closed = (event for event in turn.events if isinstance(event, SegmentClosed))
        words += sum(len(event.segment.committed.split()) for event in closed)
    if heard_s > begun_s:
        yield row()


def warm_up(count: int) -> int:
    """How many of the first rows are left out: a tenth, at least one, at most five."""
    return min(5, max(1, count // 10))


def trend(rows: Sequence[Row], name: str) -> Trend:
    """A figure over the hours: the line of least squares and the standard error of its slope."""
    known = [(row.end_s / 3600, value) for row in rows if (value := getattr(row, name)) is not None]
    if not known:
        return Trend(None, None, None)
    hours, values = np.array(known).T
    mean = float(values.mean())
    spread = float(((hours - hours.mean()) ** 2).sum())
    if spread == 0:
        return Trend(mean, None, None)
    slope = float(((hours - hours.mean()) * values).sum() / spread)
    if len(known) == 2:  # every line through two points fits
        return Trend(mean, slope, None)
    rest = values - mean - slope * (hours - hours.mean())
    return Trend(mean, slope, math.sqrt(float((rest**2).sum()) / (len(known) - 2) / spread))


def _cells(row: Row) -> list[str]:
    return [
        f"{row.end_s / 60:.1f}",
        f"{row.cpu:.3f}",
        f"{row.work:.3f}",
        "-" if row.memory_mb is None else f"{row.memory_mb:.1f}",
        str(row.events),
        str(row.words),
        f"{row.lag_s:.2f}",
    ]


def _trend(name: str, value: Trend) -> list[str]:
    return [name, *("-" if one is None else f"{one:.4g}" for one in (value.mean, value.per_hour, value.doubt))]


def _line(cells: Sequence[str]) -> str:
    """Rows come one at a time, so their columns are as wide as the headings."""
    return "| " + " | ".join(cell.rjust(len(head)) for cell, head in zip(cells, HEADINGS, strict=True)) + " |"

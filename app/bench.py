"""`dictate bench live`: recorded speech, strung together, through live sessions at the pace of speech."""

from __future__ import annotations

import argparse
import functools
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import AppError
from app.evaluate import add_recordings, check_folder, check_recordings, read_utterances
from app.terminal import note, out
from s2t_core.streaming.policy import POLICIES

if TYPE_CHECKING:
    from app.feed import Recording
    from s2t_core.live_metrics import LiveFigures
    from s2t_core.manifest import Utterance
    from s2t_core.session import StreamSession

HEADINGS = (
    "policy", "WER %", "of committed %", "seen s: mean, 50, 90, 99 %", "committed s: mean, 50, 90, 99 %",
    "closed s: 50, 90 %", "endpoint s: 50, 90 %", "erased a word", "revised", "work / audio",
)  # fmt: skip
_OFFLINE = "no drafts"


def add_bench(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    common: argparse.ArgumentParser,
    parents: list[argparse.ArgumentParser],
) -> None:
    """Declare the commands; `common` brings --debug, `parents` bring that, --model and --device."""
    bench = commands.add_parser("bench", help="how live text is: delay, changes, errors", parents=[common])
    actions = bench.add_subparsers(metavar="ACTION", required=True)
    command = actions.add_parser("live", help="recordings, fed at the pace of speech", parents=parents)
    add_recordings(command)
    command.add_argument("--policy", nargs="+", choices=tuple(POLICIES), default=list(POLICIES)[:1], metavar="NAME",
                         help=f"when words are committed: {', '.join(POLICIES)}")  # fmt: skip
    command.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    command.set_defaults(run=run_bench)


def run_bench(options: argparse.Namespace) -> int:
    """Measure every policy on the same recordings and print a table; returns 0."""
    from app.export import write_text
    from app.feed import strung_together
    from app.figures import markdown
    from s2t_core.recognizer import load
    from s2t_core.session import SessionConfig
    from s2t_core.types import SAMPLE_RATE_HZ

    check_folder(options.json)
    utterances = [one for one in read_utterances(options.manifests, options.audio, options.limit) if one.transcript]
    if not utterances:
        raise AppError("Nothing is spoken in these recordings.", "Name a manifest with transcripts.")
    check_recordings(utterances)
    recognizer = load(options.model, options.device)
    recordings = [strung_together(rows, recognizer.decoder) for rows in by_corpus(utterances)]
    seconds = sum(len(one.samples) for one in recordings) / SAMPLE_RATE_HZ
    note(f"{len(utterances)} utterances in {len(recordings)} recordings of {seconds / 60:.1f} minutes together.")
    configs = {name: SessionConfig(commit=POLICIES[name]) for name in options.policy}
    configs[_OFFLINE] = SessionConfig(partials=False)
    rows, content = [], {}
    for name, config in configs.items():
        figures, work_s = measured(recordings, functools.partial(recognizer.open_session, config), name)
        rows.append(cells(name, figures, work_s / seconds))
        content[name] = {**asdict(figures), "work_per_audio": work_s / seconds}
    out(markdown(HEADINGS, rows))
    if options.json is not None:
        write_text(options.json, json.dumps(content, indent=1) + "\n")
        note(f"figures -> {options.json}")
    return 0


def by_corpus(utterances: Sequence[Utterance]) -> Iterator[list[Utterance]]:
    """Neighbours of one corpus together."""
    for _, rows in groupby(utterances, key=lambda one: one.corpus):
        yield list(rows)


def measured(
    recordings: Sequence[Recording], open_session: Callable[[], StreamSession], name: str
) -> tuple[LiveFigures, float]:
    """The figures of all recordings together, each in a session of its own, and the seconds of work."""
    from tqdm import tqdm

    from app.feed import feed
    from s2t_core.live_metrics import LiveFigures, histories, live_figures

    total, work_s = LiveFigures(), 0.0
    for recording in tqdm(recordings, desc=name, disable=not sys.stderr.isatty(), leave=False):
        events, took_s = feed(open_session(), recording.samples)
        total, work_s = total + live_figures(recording.words, histories(events)), work_s + took_s
    return total, work_s


def cells(name: str, figures: LiveFigures, work: float) -> list[str]:
    """One row of the table."""
    from app.figures import percent

    drafted = name != _OFFLINE
    return [
        name,
        percent(figures.final.rate),
        percent(figures.committed.rate) if drafted else "-",
        _spread(figures.seen_s, 50, 90, 99, mean=True) if drafted else "-",
        _spread(figures.committed_s, 50, 90, 99, mean=True) if drafted else "-",
        _spread(figures.closed_s, 50, 90),
        _spread(figures.endpoint_s, 50, 90),
        f"{figures.normalised_erasure or 0.0:.2f}",
        str(figures.revised),
        f"{work:.2f}",
    ]


def _spread(values: Sequence[float], *shares: int, mean: bool = False) -> str:
    """Percentiles, after the mean if it is wanted."""
    import numpy as np

    if not values:
        return "-"
    found = [float(np.mean(values))] * mean + [float(one) for one in np.percentile(values, shares)]
    return ", ".join(f"{value:.2f}" for value in found)

"""`dictate bench`: recorded speech through live sessions at the pace of speech, and how fast the model's parts are."""

from __future__ import annotations

import argparse
import functools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import AppError
from app.evaluate import add_recordings, check_folder, check_recordings, read_utterances
from app.terminal import counted, lasting, note, out
from s2t_core.streaming.policy import POLICIES

if TYPE_CHECKING:
    from app.bench_figures import Measured
    from app.sweep import Point
    from s2t_core.manifest import Utterance

_OFFLINE = "no drafts"


def add_bench(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    common: argparse.ArgumentParser,
    parents: list[argparse.ArgumentParser],
) -> None:
    """Declare the commands; `common` brings --debug, `parents` bring that, --model and --device."""
    bench = commands.add_parser(
        "bench", help="delays, changes, errors and cost of live text; how fast the model's parts are", parents=[common]
    )
    actions = bench.add_subparsers(metavar="ACTION", required=True)
    live = actions.add_parser("live", help="recordings, fed at the pace of speech", parents=parents)
    add_recordings(live)
    live.add_argument("--policy", nargs="+", choices=tuple(POLICIES), metavar="NAME",
                      help=f"when words are committed: {', '.join(POLICIES)}")  # fmt: skip
    live.add_argument("--sweep", action="store_true", help="every policy, or those named, at several settings")
    live.add_argument("--plot", type=Path, metavar="FILE", help="draw delays against errors there (.png)")
    _add_clock(live)
    live.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    live.set_defaults(run=run_live)
    soak = actions.add_parser("soak", help="one long session: does its cost or memory grow?", parents=parents)
    add_recordings(soak)
    soak.add_argument("--minutes", type=_positive, default=60.0, metavar="N", help="of audio; default: 60")
    soak.add_argument(
        "--pace", type=int, choices=(0, 1), default=0, help="1: wait as in real time, 0: do not; default: 0"
    )
    _add_clock(soak)
    soak.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    soak.set_defaults(run=_run_soak)
    _add_speed(actions, parents)


def _add_speed(
    actions: argparse._SubParsersAction[argparse.ArgumentParser], parents: list[argparse.ArgumentParser]
) -> None:
    speed = actions.add_parser(
        "speed", help="the model's parts beside other recognisers and the processor's peaks", parents=parents
    )
    speed.add_argument("--seconds", type=_positive, default=10.0, metavar="N", help="of speech; default: 10")
    speed.add_argument("--beams", type=_count, nargs="+", default=[1, 5], metavar="N", help="default: 1 5")
    speed.add_argument("--threads", type=_count, default=1, metavar="N",
                       help="default: 1, by processor time; more are measured by the clock")  # fmt: skip
    speed.add_argument("--repeats", type=_count, default=5, metavar="N", help="in turn; medians count; default: 5")
    speed.add_argument(
        "--whisper", type=Path, metavar="DIR", help="a Whisper in CTranslate2's form, for faster-whisper"
    )
    speed.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    speed.add_argument("--plot", type=Path, metavar="FILE", help="draw them there (.png)")
    speed.add_argument("--quick", action="store_true", help="three seconds of speech at most, once")
    speed.set_defaults(run=_run_speed)


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 100")
    return int(text)


def _run_speed(options: argparse.Namespace) -> int:
    from app.speed.command import run_speed

    return run_speed(options)


def _add_clock(command: argparse.ArgumentParser) -> None:
    command.add_argument("--clock", choices=("work", "cpu"), default="work",
                         help="work: it lasts as long as it took; cpu: as long as it kept processors busy, on one "
                         "thread what it takes on an idle machine; default: work")  # fmt: skip


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return value


def _run_soak(options: argparse.Namespace) -> int:
    from app.soak import run_soak

    return run_soak(options)


def run_live(options: argparse.Namespace) -> int:
    """Measure every policy on the same recordings, print a table, draw the curves; returns 0."""
    from app.plot import check_plot
    from app.sweep import points

    check_folder(options.json)
    if options.plot is not None:
        check_folder(options.plot, "--plot")
        check_plot(options.plot)
    utterances = read_utterances(options.manifests, options.audio, options.limit)
    if not any(one.transcript for one in utterances):
        raise AppError("Nothing is spoken in these recordings.", "Name a manifest with transcripts.")
    check_recordings(utterances)
    names = options.policy or (list(POLICIES) if options.sweep else list(POLICIES)[:1])
    wanted = points(names, sweep=options.sweep)
    found = _measure(options, utterances, wanted)
    if options.json is not None:
        from app.export import write_text

        content = {name: one.content for name, one in found.items()}
        write_text(options.json, json.dumps(content, indent=1) + "\n", overwrite=True)
        note(f"figures -> {options.json}")
    if options.plot is not None:
        _draw(found, wanted, options.plot)
        note(f"curves -> {options.plot}")
    return 0


def _measure(
    options: argparse.Namespace, utterances: Sequence[Utterance], wanted: Sequence[Point]
) -> dict[str, Measured]:
    """Every point and the session without drafts, by name; prints their table."""
    from app.bench_figures import HEADINGS, cells, confidence_table, measured
    from app.feed import strung_together
    from app.figures import markdown
    from app.memory import resident_mb
    from s2t_core.recognizer import load
    from s2t_core.streaming.config import SessionConfig

    recognizer = load(options.model, options.device)
    recordings = [strung_together(rows, recognizer.decoder) for rows in by_corpus(utterances)]
    heard, corpora = counted(len(utterances), "recording"), counted(len(recordings), "corpus", "corpora")
    total_s = sum(one.length_s for one in recordings)
    note(f"{heard} of {corpora}, strung together corpus by corpus: {lasting(total_s)} in all.")
    configs = {point.name: SessionConfig(commit=point.rule) for point in wanted}
    configs[_OFFLINE] = SessionConfig(partials=False)
    before_mb, found = resident_mb(), {}
    for name, config in configs.items():
        found[name] = measured(
            recordings, functools.partial(recognizer.open_session, config), name, options.clock, before_mb
        )
    rows = [cells(name, one, drafted=name != _OFFLINE) for name, one in found.items()]
    out(markdown(HEADINGS, rows))
    out("\n" + confidence_table(found[_OFFLINE].figures.judged))
    return found


def _draw(found: Mapping[str, Measured], wanted: Sequence[Point], file: Path) -> None:
    from app.plot import Mark, draw

    curves: dict[str, list[Mark]] = {}
    for point in wanted:
        figures = found[point.name].figures
        delays = figures.committed_s
        delay_s = sum(delays) / len(delays) if delays else None
        mark = Mark(point.value, delay_s, figures.final.rate, figures.committed.rate)
        curves.setdefault(point.curve, []).append(mark)
    draw(curves, found[_OFFLINE].figures.final.rate, file)


def by_corpus(utterances: Sequence[Utterance]) -> Iterator[list[Utterance]]:
    """Neighbours of one corpus together."""
    for _, rows in groupby(utterances, key=lambda one: one.corpus):
        yield list(rows)

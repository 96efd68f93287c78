"""What a recogniser was like on recordings fed to it live, and what that cost, as rows of one table."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from app.feed import Clock, Live, Recording, feed
from app.figures import markdown, percent
from app.memory import forget_peak, peak_mb, resident_mb
from s2t_core.calibration import Judged, reliability
from s2t_core.live_history import histories
from s2t_core.live_metrics import LiveFigures, live_figures

HEADINGS = (
    "policy", "WER %", "of committed %", "shown 1 s later %", "seen s: mean, 50, 90, 99 %",
    "committed s: mean, 50, 90, 99 %", "committed live %", "first s: 50, 90 %", "closed s: 50, 90 %",
    "endpoint s: 50, 90 %", "early ends %", "erased a word", "unstable a word", "revised", "words in silence",
    "work (CPU) / audio", "peak MiB (of sessions)", "confidence error %",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures, and cost where something is spoken: `audio_s` of it took `work_s` by the clock and `cpu_s` on all
    processors together.

    peak_mb, sessions_mb  the process's memory at its highest, and how much more that was than before the sessions
    """

    figures: LiveFigures
    audio_s: float
    work_s: float
    cpu_s: float
    peak_mb: float | None
    sessions_mb: float | None

    @property
    def content(self) -> dict[str, Any]:
        """For a JSON file."""
        cost = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "figures"}
        return {**asdict(self.figures), **cost}


def measured(
    recordings: Sequence[Recording],
    open_session: Callable[[], Live],
    name: str,
    clock: Clock = "work",
    before_mb: float | None = None,
) -> Measured:
    """All recordings together, each in a session of its own, by the `clock` of `app.feed.turns`.

    before_mb  memory before the first session of the program; None: what it is now
    """
    from tqdm import tqdm

    before_mb = resident_mb() if before_mb is None else before_mb
    forget_peak()
    total, audio_s, work_s, cpu_s = LiveFigures(), 0.0, 0.0, 0.0
    for recording in tqdm(recordings, desc=name, disable=not sys.stderr.isatty(), leave=False):
        events, clock_s, busy_s = feed(open_session(), recording.samples, clock)
        total += live_figures(recording.words, histories(events), recording.length_s)
        if recording.words:  # waiting for speech costs next to nothing and would flatter the rest
            audio_s, work_s, cpu_s = audio_s + recording.length_s, work_s + clock_s, cpu_s + busy_s
    peak = peak_mb()
    more = None if peak is None or before_mb is None else peak - before_mb
    return Measured(total, audio_s, work_s, cpu_s, peak, more)


def cells(name: str, found: Measured, *, drafted: bool = True) -> list[str]:
    """One row of the table; without drafts what only they have is a dash."""
    figures = found.figures
    live = [
        percent(figures.committed.rate),
        percent(figures.shown.rate),
        _spread(figures.seen_s, 50, 90, 99, mean=True),
        _spread(figures.committed_s, 50, 90, 99, mean=True),
        percent(figures.live_share),
        _spread(figures.first_s, 50, 90),
    ]
    return [
        name,
        percent(figures.final.rate),
        *(live if drafted else ["-"] * len(live)),
        _spread(figures.closed_s, 50, 90),
        _spread(figures.endpoint_s, 50, 90),
        percent(figures.early_share),
        f"{figures.normalised_erasure or 0.0:.2f}",
        f"{figures.upwr or 0.0:.2f}",
        str(figures.revised),
        f"{figures.silent_words} in {figures.silence_s / 60:.1f} min",
        f"{found.work_s / found.audio_s:.2f} ({found.cpu_s / found.audio_s:.2f})",
        "-" if found.peak_mb is None else f"{found.peak_mb:.0f} ({found.sessions_mb or 0.0:.0f})",
        percent(figures.confidence_error),
    ]


def confidence_table(judged: Sequence[Judged]) -> str:
    """How many words there are of each confidence, and how many of them are right: equal columns are the aim."""
    rows = [[str(one.count), percent(one.stated), percent(one.right)] for one in reliability(judged)]
    return markdown(("words", "confidence %", "right %"), rows)


def _spread(values: Sequence[float], *shares: int, mean: bool = False) -> str:
    """Percentiles, after the mean if it is wanted."""
    if not values:
        return "-"
    found = [float(np.mean(values))] * mean + [float(one) for one in np.percentile(values, shares)]
    return ", ".join(f"{value:.2f}" for value in found)

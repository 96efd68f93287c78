"""The picture of a sweep: how late words are committed against how many are wrong, a curve for each policy."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.errors import AppError

KINDS = (".png", ".svg", ".pdf")


@dataclass(frozen=True, slots=True)
class Mark:
    """A point of a curve: its label, the mean delay of committing (s) and the rates of errors; None: not known."""

    label: str
    delay_s: float | None
    final: float | None
    committed: float | None


def check_plot(file: Path) -> None:
    """Raises AppError where the picture could not be drawn, before the work for it."""
    if importlib.util.find_spec("matplotlib") is None:
        raise AppError("Drawing needs the package matplotlib.", "Install the extra: pip install 'dictate[eval]'.")
    if file.suffix.lower() not in KINDS:
        raise AppError(f"{file} is no name of a picture.", f"End it with one of {', '.join(KINDS)}.")


def draw(curves: Mapping[str, Sequence[Mark]], offline: float | None, file: Path) -> None:
    """Two panels, final and committed text, with the error rate of final text without drafts as a line.

    Raises AppError for a file that cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 6), layout="constrained")
    FigureCanvasAgg(figure)  # draws without a screen
    for panel, title in zip(figure.subplots(1, 2), ("final text", "committed text"), strict=True):
        final = title == "final text"
        for number, (name, marks) in enumerate(curves.items()):
            colour = f"C{number % 10}"
            known = [
                (one.delay_s, 100 * rate, one.label)
                for one in marks
                if one.delay_s is not None and (rate := one.final if final else one.committed) is not None
            ]
            if known:
                panel.plot([x for x, _, _ in known], [y for _, y, _ in known], marker="o", color=colour, label=name)
            for x, y, label in known:
                # Curves meet: each has its own distance above or below its points.
                place = (3, (5, -11, 14, -20, 23)[number % 5])
                panel.annotate(label, (x, y), xytext=place, textcoords="offset points", fontsize=8, color=colour)
        if final and offline is not None:
            panel.axhline(100 * offline, linestyle="--", color="grey", label="no drafts")
        panel.set_title(title)
        panel.set_xlabel("committed after the end of the word, mean (s)")
        panel.set_ylabel("word error rate (%)")
        panel.grid(alpha=0.3)
        if panel.get_legend_handles_labels()[0]:
            panel.legend()
    try:
        figure.savefig(file, dpi=120)
    except OSError as error:
        raise AppError(f"{file} cannot be written ({error.strerror}).", "Save it somewhere else.") from None

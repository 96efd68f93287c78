"""Pictures of figures: the curves of a sweep, bars of engines side by side, lines over lengths."""

from __future__ import annotations

import importlib.util
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.errors import AppError

KINDS = (".png", ".svg", ".pdf")
_LABEL_STEP = 1.3


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
    figure = _sheet(13, 6)
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
    _save(figure, file)


def draw_bars(rows: Mapping[str, Mapping[str, float]], bounds: Mapping[str, Mapping[str, float]], file: Path) -> None:
    """A panel for every row, a bar for every engine (ms), and across it the bound where it has one.

    Raises AppError for a file that cannot be written.
    """
    figure = _sheet(11, 1 + 0.4 * sum(len(row) + 1 for row in rows.values()))
    heights = [len(row) + 1 for row in rows.values()]
    engines = list(dict.fromkeys(engine for row in rows.values() for engine in row))
    panels = figure.subplots(len(rows), 1, squeeze=False, gridspec_kw={"height_ratios": heights})
    for panel, (name, row) in zip(panels[:, 0], rows.items(), strict=True):
        for place, (engine, value) in enumerate(row.items()):
            panel.barh(place, value, color=f"C{engines.index(engine) % 10}")
            panel.annotate(
                f" {value:.0f} ms" if value >= 100 else f" {value:.3g} ms", (value, place), va="center", fontsize=8
            )
            if (bound := bounds[name].get(engine)) is not None:
                panel.plot([bound, bound], [place - 0.4, place + 0.4], color="black", linewidth=2)
        panel.set_yticks(range(len(row)), list(row))
        panel.set_title(f"{name} (black: the least that the processor allows)", fontsize=9)
        panel.invert_yaxis()
        panel.margins(x=0.15)
    _save(figure, file)


def draw_lines(panels: Mapping[str, Mapping[str, Mapping[float, float]]], axes: tuple[str, str], file: Path) -> None:
    """A panel for every title, in it a line for every name: values over a logarithmic axis. axes: their names.

    Raises AppError for a file that cannot be written.
    """
    figure = _sheet(6 * len(panels), 5)
    for panel, (title, lines) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True):
        for name, points in lines.items():
            panel.plot(list(points), list(points.values()), marker="o", label=name)
        panel.set_xscale("log")
        places = _apart({x for points in lines.values() for x in points})
        panel.set_xticks(places, [f"{x:g}" for x in places], rotation=60, fontsize=8)
        panel.minorticks_off()
        panel.set_ylim(bottom=0)
        panel.set_title(title)
        panel.set_xlabel(axes[0])
        panel.set_ylabel(axes[1])
        panel.grid(alpha=0.3)
        panel.legend()
    _save(figure, file)


def _apart(places: Collection[float]) -> list[float]:
    """Those, in their order, whose labels do not meet on a logarithmic axis."""
    kept: list[float] = []
    for place in sorted(places):
        if not kept or place >= _LABEL_STEP * kept[-1]:
            kept.append(place)
    return kept


def _sheet(width: float, height: float) -> Any:
    """An empty figure, in inches, that is drawn without a screen."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _save(figure: Any, file: Path) -> None:
    try:
        figure.savefig(file, dpi=120)
    except OSError as error:
        raise AppError(f"{file} cannot be written ({error.strerror}).", "Save it somewhere else.") from None

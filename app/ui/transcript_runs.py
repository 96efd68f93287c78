"""How the items of a transcript look: stretches of text, each with its format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtGui import QColor, QPalette, QTextCharFormat

from app.ui.transcript_layout import qt_length, word_places
from s2t_core.transcript import TranscriptDocument, text_of
from s2t_core.types import Segment

# Share of the text's own colour in the tentative text; the rest is the background. 0.55 is a contrast of over 3:1
# on white and on dark grey, and still clearly lighter.
_TENTATIVE_INK = 0.55

Run = tuple[str, QTextCharFormat]


def closed_runs(document: TranscriptDocument, index: int, palette: QPalette, doubt: float) -> Iterator[Run]:
    """A closed item: names and marks of lost sound are lighter, words of less confidence than `doubt` underlined."""
    item = document.closed[index]
    yield document.lead(index), lighter(palette)
    if not isinstance(item, Segment):
        yield text_of(item), lighter(palette)
        return
    at = 0
    for word, (begin, end) in zip(item.words, word_places(item.committed), strict=False):
        if word.confidence < doubt:
            yield item.committed[at:begin], QTextCharFormat()
            yield item.committed[begin:end], _underlined(palette)
            at = end
    yield item.committed[at:], QTextCharFormat()


def open_runs(document: TranscriptDocument, index: int, palette: QPalette) -> Iterator[Run]:
    """An open segment: what may still change is lighter."""
    segment = document.open[index]
    text = text_of(segment)
    if text:
        yield document.lead(len(document.closed) + index), lighter(palette)
        yield segment.committed, QTextCharFormat()
        yield text[len(segment.committed) :], lighter(palette)


def new_runs(old: Sequence[Run], new: Sequence[Run]) -> tuple[int, list[Run]]:
    """How much of the old text may stay at the beginning, in Qt's counting, and the runs to write behind it."""
    kept = 0
    for index, ((before, old_look), (text, look)) in enumerate(zip(old, new, strict=False)):
        if look != old_look:
            return kept, list(new[index:])
        pairs = enumerate(zip(before, text, strict=False))
        same = next((at for at, (a, b) in pairs if a != b), min(len(before), len(text)))
        kept += qt_length(text[:same])
        if same < max(len(before), len(text)):
            return kept, [(text[same:], look), *new[index + 1 :]]
    return kept, list(new[len(old) :])


def tentative_colour(palette: QPalette) -> QColor:
    """Between the text's colour and the background's."""
    ink, paper = palette.color(QPalette.ColorRole.Text), palette.color(QPalette.ColorRole.Base)

    def mixed(a: int, b: int) -> int:
        return round(_TENTATIVE_INK * a + (1 - _TENTATIVE_INK) * b)

    return QColor(mixed(ink.red(), paper.red()), mixed(ink.green(), paper.green()), mixed(ink.blue(), paper.blue()))


def lighter(palette: QPalette) -> QTextCharFormat:
    """The look of what is not settled, or no text of the speaker's."""
    look = QTextCharFormat()
    look.setForeground(tentative_colour(palette))
    return look


def _underlined(palette: QPalette) -> QTextCharFormat:
    look = QTextCharFormat()
    look.setUnderlineStyle(QTextCharFormat.UnderlineStyle.DashUnderline)
    look.setUnderlineColor(tentative_colour(palette))
    return look

"""Which whole lines stand in the captions: settled words are laid once and never move to another line."""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from app.ui.caption_words import Stretch
from s2t_core.types import MARKS

MOST_LINES = 5
_ROOM_FOR = "?!"  # marks that may come behind a word that already stands at the end of its line

WidthOf = Callable[[str], int]  # pixels


@dataclass(frozen=True, slots=True)
class CaptionLine:
    """One line: settled text, and behind it what may still change.

    speaker  of its words; the name is part of the text where the line begins with it
    name     the part of the text that is the name
    broken   its first word began in the line before
    """

    speaker: str
    settled: str = ""
    tentative: str = ""
    name: str = ""
    broken: bool = False

    @property
    def text(self) -> str:
        return self.settled + self.tentative


class CaptionLines:
    """The last lines of what is said. Only the last settled line grows; lines above it are as they are."""

    def __init__(self, width: int, width_of: WidthOf) -> None:
        """width: of a line, in pixels."""
        self._width = width
        self._width_of = width_of
        self._room = width_of(_ROOM_FOR)
        self._lines: list[CaptionLine] = []
        self._tentative: list[CaptionLine] = []  # instead of the last settled line, and behind it
        self.rolled_away = 0  # lines, since the window was empty
        self._top = 0  # number of the first line that is still to be seen

    @property
    def settled(self) -> tuple[CaptionLine, ...]:
        """The last settled lines."""
        return tuple(self._lines)

    def add(self, stretches: Iterable[Stretch]) -> None:
        """Lay settled words for good. What was tentative is gone."""
        self._tentative = []
        for stretch in stretches:
            self._lay(self._lines, stretch, tentative=False)
        gone = max(0, len(self._lines) - MOST_LINES)
        del self._lines[:gone]
        self.rolled_away += gone

    def show_tentative(self, stretches: Iterable[Stretch]) -> None:
        """Lay words that may change behind the settled ones, those of the last line's speaker first."""
        lines = self._lines[-1:]
        speaker = lines[-1].speaker if lines else ""
        for stretch in sorted(stretches, key=lambda one: one.speaker != speaker):
            self._lay(lines, stretch, tentative=True)
        self._tentative = lines

    def clear(self) -> None:
        """Begin with an empty window."""
        self._lines, self._tentative = [], []
        self.rolled_away = self._top = 0

    def visible(self, count: int) -> tuple[CaptionLine, ...]:
        """The last `count` lines, at most; fewer where tentative words have made lines roll up that are empty again."""
        lines = [*self._lines[:-1], *self._tentative] if self._tentative else self._lines
        end = self.rolled_away + len(lines)
        self._top = max(min(self._top, end - 1), end - count, self.rolled_away)
        return tuple(lines[self._top - self.rolled_away :])

    def laid_anew(self, width: int, width_of: WidthOf) -> CaptionLines:
        """The settled words of these lines in lines of another width or look."""
        made = CaptionLines(width, width_of)
        space = ["" if line.broken else " " for line in self._lines]
        texts = [line.settled.removeprefix(line.name) for line in self._lines]
        made.add(
            Stretch(line.speaker, before + text) for line, before, text in zip(self._lines, space, texts, strict=True)
        )
        return made

    def _lay(self, lines: list[CaptionLine], stretch: Stretch, tentative: bool) -> None:
        for number, piece in enumerate(re.findall(r"\s*\S+", stretch.text)):
            word = piece.strip()
            joined = number == 0 and not piece[0].isspace()
            if lines and lines[-1].speaker == stretch.speaker:
                self._append(lines, word, joined, tentative)
            elif not (joined and not word.strip(MARKS)):  # a mark that comes after somebody else's words has no place
                name = f"{stretch.speaker}: " if stretch.speaker else ""
                self._begin(lines, CaptionLine(stretch.speaker, name=name), word, tentative)

    def _append(self, lines: list[CaptionLine], word: str, joined: bool, tentative: bool) -> None:
        line = lines[-1]
        longer = line.text + ("" if joined else " ") + word
        # What joins a word may use the room that was kept for it: so a mark never goes to another line than its word.
        if self._width_of(longer) <= self._width - (0 if joined else self._room):
            lines[-1] = _with(line, longer[len(line.text) :], tentative)
        else:
            self._begin(lines, CaptionLine(line.speaker, broken=joined), word, tentative)

    def _begin(self, lines: list[CaptionLine], line: CaptionLine, word: str, tentative: bool) -> None:
        """Go on in a new line. A word that is longer than a line is broken; a long name has a line of its own."""
        if line.name and self._fitting(line.name, word) < len(word):
            lines.append(_with(line, line.name, tentative))
            line = CaptionLine(line.speaker)
        while word:
            length = self._fitting(line.name, word)
            lines.append(_with(line, line.name + word[:length], tentative))
            line, word = CaptionLine(line.speaker, broken=True), word[length:]

    def _fitting(self, before: str, word: str) -> int:
        """How many characters of a word fit behind `before`: one at least."""
        lengths = range(1, len(word) + 1)
        wide = self._width - self._room
        return max(1, bisect.bisect_right(lengths, wide, key=lambda length: self._width_of(before + word[:length])))


def _with(line: CaptionLine, text: str, tentative: bool) -> CaptionLine:
    """The line with more text at its end."""
    if tentative:
        return replace(line, tentative=line.tentative + text)
    return replace(line, settled=line.settled + text)

"""Pieces written one behind the other: spaces, capitals, and the model's marks where a spoken one stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from itertools import accumulate

from s2t_core.text.capitals import Case, cased, ends_sentence
from s2t_core.text.grammar import Piece
from s2t_core.text.marks import Spoken
from s2t_core.text.tokens import DASHES
from s2t_core.types import MARKS, Word

_PLACED = frozenset(MARKS + "\u2026 " + DASHES)  # the model's marks that a spoken mark replaces
_PAUSES = frozenset(",; " + DASHES)  # and those that a line's end replaces
_OPENING = frozenset("([{")
_CLOSING = frozenset(MARKS + "\u2026)]}")
_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Before:
    """How the text before a segment ended: what its first word is written like, and its last sign."""

    case: Case = Case.RAISE
    last: str = ""


@dataclass(frozen=True, slots=True)
class _Ink:
    """Written text and the atoms it came from."""

    text: str
    first: int
    end: int


class Page:
    """The text of one segment so far, and how the next word of it will be written."""

    def __init__(self, before: Before, capitals: bool, keeps_marks: bool) -> None:
        """capitals: sentences begin with one; keeps_marks: no rule takes away the model's marks."""
        self._before = before
        self._capitals = capitals
        self._keeps_marks = keeps_marks
        self._ink: list[_Ink] = []
        self._waiting: list[_Ink] = []  # the model's marks behind the last word, which a spoken mark may replace
        self._lead = ""  # the model's marks before words that were left out: the next word's
        self._glued = False  # nothing stands between this and what comes next
        self._said: Spoken | None = None  # the last piece, where it was a spoken mark
        self.case = before.case if capitals else Case.KEEP  # of the next word
        self.length = 0  # letters written, without the waiting marks

    def copy(self) -> Page:
        """A page that goes on from here without changing this one."""
        page = copy(self)
        page._ink, page._waiting = [*self._ink], [*self._waiting]
        return page

    def put(self, piece: Piece) -> None:
        """Write the next piece."""
        if piece.spoken is not None and piece.spoken.case is not Case.KEEP:
            self._write_waiting()
            self.case = piece.spoken.case
        elif piece.spoken is not None:
            self._put_spoken(piece, piece.spoken)
        elif piece.text:
            self._put_word(piece)
        elif piece.made:
            self._leave_out(piece)
        else:
            self._put_marks(piece)
        if self._keeps_marks:
            self._write_waiting()

    def text(self) -> str:
        """All of it; nothing follows."""
        self._write_waiting()
        return "".join(ink.text for ink in self._ink)

    def after(self, text: str) -> Before:
        """How `text`, all that was written, leaves off."""
        if not text or not self._capitals:
            return Before(self.case, text[-1:] or self._before.last)
        # What a model hears anew it begins with a capital, also in the middle of a sentence.
        said = self._said
        goes_on = said is not None and not said.keeps_behind and said.written not in ('"', "...")
        return Before(Case.LOWER if goes_on and self.case is Case.KEEP else self.case, text[-1])

    def words(self, length: int, spoken: Sequence[Word]) -> tuple[Word, ...]:
        """The words in the first `length` letters, each placed where what it came from was said.

        spoken: for every atom the word it belongs to
        """
        if not spoken:
            return ()
        words: list[Word] = []
        ends = list(accumulate(len(ink.text) for ink in self._ink))
        index = 0
        for match in _WORD.finditer("".join(ink.text for ink in self._ink)[:length]):
            while ends[index] <= match.start():
                index += 1
            last = index
            while ends[last] < match.end():
                last += 1
            words.append(_placed(match.group(), spoken[self._ink[index].first : self._ink[last].end]))
        return tuple(words)

    def _put_word(self, piece: Piece) -> None:
        self._write_waiting()
        text = piece.text
        if not (piece.made and self.case is Case.LOWER):
            text = cased(text, self.case)
        if piece.joined and self.length:
            text = "-" + text
        elif not text.startswith("\n"):
            self._space()
        self._write(self._lead + piece.lead + text, piece)
        self._lead = ""
        trail = "" if text.endswith("\n") else piece.trail
        if piece.made and trail[:1] == text[-1:]:
            trail = trail[1:]  # "etc." at the end of a sentence
        self._wait(trail, piece)
        self._glued, self._said = text.endswith("\n"), None
        ends = text.endswith("\n") or ends_sentence(piece.text, trail)
        self.case = Case.RAISE if ends and self._capitals else Case.KEEP

    def _put_marks(self, piece: Piece) -> None:
        """Marks of the model that stand alone."""
        marks = piece.trail
        if set(marks) <= _CLOSING:
            self._wait(marks, piece)
            if self._capitals and ends_sentence("", marks):
                self.case = Case.RAISE
        elif set(marks) <= set(DASHES):
            self._wait(" " + marks if self.length or self._waiting else marks, piece)
        else:
            self._write_waiting()
            self._space()
            self._write(marks, piece)
            self._glued = set(marks) <= _OPENING
        self._said = None

    def _leave_out(self, piece: Piece) -> None:
        """Words for which nothing is written: a mark behind them goes to the word before, unless that has a better."""
        self._lead += piece.lead
        better = not self._waiting or any(mark in ".?!" for mark in piece.trail)
        takes = self.length > 0 and self._said is None and better
        if takes:
            self._drop(_PLACED)
        self._wait(piece.trail if takes else _without(_PLACED, piece.trail), piece)
        if takes and self._capitals and ends_sentence("", piece.trail):
            self.case = Case.RAISE

    def _put_spoken(self, piece: Piece, spoken: Spoken) -> None:
        replaced = "".join(ink.text for ink in self._waiting) + piece.trail
        self._drop(_PAUSES if spoken.written.startswith("\n") else _PLACED)
        self._write_waiting()
        if spoken.glue in ("right", "none"):
            self._space()
        if self.length or spoken.written != self._before.last or spoken.written not in MARKS:
            self._write(spoken.written, piece)
        self._glued = spoken.glue in ("right", "both")
        self._wait(piece.trail if spoken.keeps_behind else _without(_PLACED, piece.trail), piece)
        self._said = spoken
        self.case = self._case_behind(spoken, replaced)

    def _case_behind(self, spoken: Spoken, replaced: str) -> Case:
        if not self._capitals:
            return Case.KEEP
        if spoken.written in (".", "?", "!") or spoken.written.startswith("\n"):
            return Case.RAISE
        if spoken.glue == "right" and self.case is Case.RAISE:
            return Case.RAISE
        if spoken.keeps_behind:
            return Case.RAISE if ends_sentence("", replaced) and self._waiting else Case.KEEP
        if spoken.written in ('"', "..."):
            return Case.KEEP
        return Case.LOWER if any(mark in ".?!" for mark in replaced) else Case.KEEP

    def _drop(self, marks: frozenset[str]) -> None:
        kept = (replace(ink, text=_without(marks, ink.text)) for ink in self._waiting)
        self._waiting = [ink for ink in kept if ink.text]

    def _wait(self, marks: str, piece: Piece) -> None:
        if marks:
            self._waiting.append(_Ink(marks, piece.first, piece.end))

    def _write_waiting(self) -> None:
        for ink in self._waiting:
            self._ink.append(ink)
            self.length += len(ink.text)
        self._waiting = []

    def _space(self) -> None:
        if self.length and not self._glued:
            self._ink.append(_Ink(" ", 0, 0))
            self.length += 1

    def _write(self, text: str, piece: Piece) -> None:
        if text:
            self._ink.append(_Ink(text, piece.first, piece.end))
            self.length += len(text)


def _without(marks: frozenset[str], text: str) -> str:
    return "".join(sign for sign in text if sign not in marks)


def _placed(text: str, places: Sequence[Word]) -> Word:
    """A written word, where what it came from was said."""
    first, last = places[0], places[-1]
    if first is last:
        return first if first.text == text else replace(first, text=text)
    return Word(text, first.start_sample, last.end_sample, min(place.confidence for place in places))

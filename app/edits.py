"""What a person changed in a transcript, to be undone and done again while the text goes on growing."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from s2t_core.editing import rewritten
from s2t_core.transcript import Item, TranscriptDocument

_ONE_STEP_S = 2.0


@dataclass(slots=True)
class _Step:
    """The items from `first` on that were there before, and how many came in their place."""

    first: int
    items: tuple[Item, ...]
    length: int
    starts: tuple[int, ...]
    at_s: float


class EditHistory:
    """Of one transcript. Text that arrives goes behind the closed items, so their places hold; what was taken back by
    voice is a step like an edit."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._done: list[_Step] = []
        self._undone: list[_Step] = []

    def edit(self, document: TranscriptDocument, first: int, last: int, text: str) -> TranscriptDocument:
        """The document with the closed items `first` to `last` saying `text`; letters typed at once are one step."""
        changed = rewritten(document, first, last, text)
        length = len(changed.closed) - len(document.closed) + last + 1 - first
        step = _Step(first, document.closed[first : last + 1], length, document.session_starts, self._clock())
        before = self._done[-1] if self._done else None
        same = before is not None and before.first == first == last and before.length == 1 == length
        if before is not None and same and step.at_s - before.at_s < _ONE_STEP_S:
            before.at_s = step.at_s
        else:
            self._done.append(step)
        self._undone.clear()
        return changed

    def retract(self, before: TranscriptDocument, after: TranscriptDocument) -> None:
        """A closed item was taken back by voice."""
        pairs = enumerate(zip(before.closed, after.closed, strict=False))
        first = next((place for place, (a, b) in pairs if a is not b), len(after.closed))
        if len(after.closed) == len(before.closed) - 1:
            self._done.append(_Step(first, before.closed[first : first + 1], 0, before.session_starts, 0.0))
            self._undone.clear()

    def undo(self, document: TranscriptDocument) -> TranscriptDocument:
        """The document without the last step; as it is where there is none."""
        return self._swap(document, self._done, self._undone)

    def redo(self, document: TranscriptDocument) -> TranscriptDocument:
        """The document with the step that was undone last; as it is where there is none."""
        return self._swap(document, self._undone, self._done)

    def forget(self) -> None:
        """Another document, or its items have moved."""
        self._done.clear()
        self._undone.clear()

    def _swap(self, document: TranscriptDocument, one: list[_Step], other: list[_Step]) -> TranscriptDocument:
        if not one:
            return document
        step = one.pop()
        end = step.first + step.length
        if end > len(document.closed):
            self.forget()
            return document
        opposite = _Step(step.first, document.closed[step.first : end], len(step.items), document.session_starts, 0.0)
        other.append(opposite)
        closed = (*document.closed[: step.first], *step.items, *document.closed[end:])
        begun = document.session_starts[len(step.starts) :]  # recordings that began since
        moved = len(step.items) - step.length
        starts = (*step.starts, *(start + moved for start in begun))
        return replace(document, closed=closed, session_starts=starts)

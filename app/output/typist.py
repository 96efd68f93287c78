"""The thread that inserts what is dictated: into the window that had the keyboard when it began, and no other."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from app.errors import AppError, sentence
from app.output.contract import Focus, NotInserted, Target, Watch, Way
from app.output.joint import joined, settles
from app.output.platform import Patience

logger = logging.getLogger(__name__)

_LOOK_S = 5.0  # between two looks at what the user has typed: it is kept for us until then
SECRET = "A password field has the keyboard: nothing is inserted there."
_ELSEWHERE = "Another window has the keyboard."
_UNTOLD = "This desktop does not tell which window has the keyboard."
_NO_WAY = "Text cannot be inserted here; dictate doctor says why."
_STANDS = "What was taken back by voice could not be removed."
_NOTHING = "There is nothing to take back."
_MOVED_ON = "The inserted text does not stand before the cursor any more."


@dataclass(frozen=True, slots=True)
class Pinned:
    """A dictation goes to this window; None: it is not told which."""

    target: Target | None


@dataclass(frozen=True, slots=True)
class Inserted:
    """A dictation is dealt with: what was inserted of it, or stands in our own window anyway, what waits and why; or
    all of it is in the clipboard."""

    text: str
    waits: str = ""
    why: str = ""
    is_copied: bool = False


@dataclass(frozen=True, slots=True)
class TakenBack:
    """This text is gone again; empty where nothing was, and why."""

    text: str
    why: str = ""


Report = Pinned | Inserted | TakenBack


@dataclass(slots=True)
class _Dictation:
    """Where it goes, and how.

    copies   it goes into the clipboard when it is over
    given    what of its text has been inserted
    written  what that became in the window
    why      the rest of it waits
    before   what we have written there before it
    """

    target: Target | None
    way: Way | None
    copies: bool
    given: str = ""
    written: str = ""
    why: str = ""
    before: str = ""

    @property
    def is_for_us(self) -> bool:
        """Our own window shows the text anyway."""
        return self.target is not None and self.target.is_own


class _Nobody:
    """Has the keyboard, as far as is known."""

    def target(self) -> None:
        return None

    def close(self) -> None:
        pass


class Typist(threading.Thread):
    """Calls return at once; what comes of them is reported on this thread, in their order."""

    def __init__(
        self, open_platform: Callable[[], tuple[Focus, Watch, Sequence[Way]]], report: Callable[[Report], None]
    ) -> None:
        """open_platform: gives who has the keyboard, whether they type, and the ways there are, the best first; called
        on this thread."""
        super().__init__(name="typist", daemon=True)
        self._open_platform = open_platform
        self._report = report
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._aimed: Target | None = None  # had the keyboard when the next dictation was asked for
        self._pinned = self._cancelled = 0  # dictations, and which of them was cancelled last; the caller's
        self._now = self._last = _Dictation(None, None, copies=False)  # the last is the one that wrote something

    def aim(self) -> None:
        """A dictation is asked for that can begin only later: remember who has the keyboard now."""
        self._jobs.put(self._aim)

    def pin(self, way: str = "auto", blind: bool = False, aimed: bool = False) -> None:
        """A dictation begins, for whoever has the keyboard now, or had it at the last `aim`; `Pinned` is reported.

        way: the name of a Way, or "auto"; blind: insert also where it is not told into which window
        """
        self._pinned += 1
        self._jobs.put(lambda: self._pin(way, blind, aimed))

    def see(self, text: str) -> None:
        """So much of the dictation is settled: insert what is new of it if its window has the keyboard."""
        number = self._pinned
        self._jobs.put(lambda: self._go_on(text, is_all=False) if number > self._cancelled else None)

    def cancel(self) -> None:
        """What was seen of the dictation and is not inserted yet is wanted no more."""
        self._cancelled = self._pinned

    def finish(self, text: str) -> None:
        """This is all of the dictation: insert the rest; `Inserted` is reported."""
        self._jobs.put(lambda: self._finish(text))

    def take_back(self) -> None:
        """Remove what the last dictation inserted; `TakenBack` is reported."""
        self._jobs.put(self._take_back)

    def shut_down(self, wait_s: float) -> bool:
        """End after what was asked; returns whether it has ended in time."""
        self._jobs.put(None)
        if self.is_alive():
            self.join(wait_s)
        return not self.is_alive()

    def run(self) -> None:
        try:
            self._focus, self._watch, self._ways = self._open_platform()
        except AppError as error:
            self._focus, self._watch, self._ways = _Nobody(), Patience(), ()
            logger.warning("no text can be inserted: %s", error)
        while (job := self._next()) is not None:
            try:
                job()
            except Exception as error:  # thread boundary; the next dictation may fare better
                self._report(Inserted("", "", sentence(error)))
        for way in self._ways:
            way.close()
        self._watch.close()
        self._focus.close()

    def _next(self) -> Callable[[], None] | None:
        """What is to be done next; meanwhile it is noticed whether the user types."""
        while True:
            try:
                return self._jobs.get(timeout=_LOOK_S if self._watch.is_quiet() else None)
            except queue.Empty:
                continue

    def _aim(self) -> None:
        self._aimed = None
        self._aimed = self._focus.target()

    def _pin(self, way: str, blind: bool, aimed: bool) -> None:
        # Whatever fails from here on, nothing of this dictation is taken for a part of the one before.
        self._now = _Dictation(None, None, copies=False, why=_NO_WAY)
        target = self._aimed if aimed else self._focus.target()
        named = [one for one in self._ways if way in ("auto", one.name)]
        chosen = next((one for one in named if not one.fault()), None)
        copies = chosen is not None and (chosen.name == "copy" or (target is None and not blind))
        if copies:
            chosen = next((one for one in self._ways if one.name == "copy" and not one.fault()), None)
        self._now = _Dictation(target, chosen, copies, why="" if chosen else _NO_WAY)
        self._report(Pinned(target))

    def _go_on(self, text: str, is_all: bool) -> None:
        now = self._now
        if now.way is None or now.copies or now.is_for_us:
            return
        now.why = self._absence(now)
        if now.why:
            return
        kept = _common(now.given, text)
        if kept != now.given:
            self._retract(now, now.way, kept)
        if text[len(kept) :].strip() and (is_all or now.written or settles(text)):
            self._insert(now, now.way, text[len(kept) :])

    def _absence(self, now: _Dictation) -> str:
        """Why nothing can be inserted at this moment; empty where the window has the keyboard."""
        there = self._focus.target()
        if there is not None and there.is_secret:
            return SECRET
        if now.target is None:
            return ""
        return "" if there is not None and there.id == now.target.id else _ELSEWHERE

    def _insert(self, now: _Dictation, way: Way, new: str) -> None:
        in_terminal = now.target is not None and now.target.is_terminal
        if self._last is not now:
            now.before = self._before(now)
        text = joined(now.written or now.before, new, continues=bool(now.written), in_terminal=in_terminal)
        left = ""
        try:
            way.insert(text, now.target)
        except NotInserted as error:
            left, now.why = error.left, str(error)
        now.given += new[: max(0, len(new) - len(left))]
        now.written += text[: len(text) - len(left)]
        if now.written:
            self._last = now

    def _before(self, now: _Dictation) -> str:
        """What was inserted last into the same window, as long as it stands before the cursor."""
        last = self._last
        if not self._watch.is_quiet():
            return ""
        same = last.target is not None and now.target is not None and last.target.id == now.target.id
        return (last.written or last.before) if same else ""

    def _retract(self, now: _Dictation, way: Way, kept: str) -> None:
        """The speaker has taken back what was said behind `kept`."""
        tail = now.written[-(len(now.given) - len(kept)) :] if kept else now.written
        now.given = kept
        if way.take_back(tail, now.target):
            now.written = now.written[: len(now.written) - len(tail)]
        else:
            now.why = _STANDS

    def _finish(self, text: str) -> None:
        now = self._now
        if now.copies and now.way is not None and text.strip():
            now.way.insert(text, now.target)
            self._report(Inserted("", "", _UNTOLD if now.target is None else "", is_copied=True))
            return
        self._go_on(text, is_all=True)
        waits = "" if now.is_for_us else text[len(now.given) :].strip()
        if now.written:
            self._watch.begin()
        self._report(Inserted(text if now.is_for_us else now.written, waits, now.why))

    def _take_back(self) -> None:
        last = self._last
        if last.way is None or not last.written:
            self._report(TakenBack("", _NOTHING))
        elif self._absence(last) or not last.way.take_back(last.written, last.target):
            self._report(TakenBack("", _MOVED_ON))
        else:
            gone, last.written = last.written, ""
            self._report(TakenBack(gone))


def _common(a: str, b: str) -> str:
    """What both texts begin with."""
    alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False)))
    return a[:alike]

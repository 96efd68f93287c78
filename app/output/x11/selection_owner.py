"""Offers content in selections for as long as nobody else does: a thread of its own answers whoever reads.

Source: Inter-Client Communication Conventions Manual, chapter 2.
"""

from __future__ import annotations

import contextlib
import os
import queue
import select
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from Xlib import X
from Xlib.protocol import request

from app.output.x11.connection import FAILED, GONE, NoX11, client_of, connect
from app.output.x11.content import TEXTS, Content
from app.output.x11.selection_answers import Answers

T = TypeVar("T")
_ANSWER_S = 3.0
_HAND_OVER_S = 0.5
_LATEST_S = 5.0  # who reads again and again does not keep the user's own content away


@dataclass(frozen=True, slots=True)
class Reading:
    """A client, told by the number of its connection, has been given the text."""

    client: int
    time_s: float


class SelectionOwner:
    """One thread with one connection. Its methods may be called from any other thread and raise NoX11 when the server
    has gone."""

    def __init__(self) -> None:
        """Raises NoX11."""
        self._display = connect()
        root = self._display.screen().root
        self._window = root.create_window(-1, -1, 1, 1, 0, X.CopyFromParent)
        self._window.change_attributes(event_mask=X.PropertyChangeMask)
        self._clock = self._display.intern_atom("DICTATE_CLOCK")
        self._texts = {self._display.intern_atom(name) for name in TEXTS}
        self._answers = Answers(self._display)
        self._offers: dict[int, tuple[Content, int]] = {}  # content and time of the offer, by selection
        self._readings: list[Reading] = []
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._wake_read, self._wake = os.pipe()
        self._restore: tuple[dict[str, Content], float, float] | None = None  # with the quiet, and since when
        self._ends = False
        self._thread = threading.Thread(target=self._run, name="clipboard", daemon=True)
        self._thread.start()

    def offer(self, contents: dict[str, Content]) -> bool:
        """Become the owner of these selections, for programs a change even where it was before; no content gives a
        selection up. Whether it has worked. Nothing is restored any more."""
        return self._do(lambda: self._offer_all(contents))

    def offered(self, selection: str) -> Content | None:
        """What is offered there; None where another program has taken the selection."""
        return self._do(lambda: self._offers.get(self._display.intern_atom(selection), (None, 0))[0])

    def restore_later(self, contents: dict[str, Content], quiet_s: float) -> None:
        """Offer these instead, where the selection is still ours, as soon as nobody has read for so long; the next
        offer ends this."""
        self._do(lambda: setattr(self, "_restore", (contents, quiet_s, time.monotonic())))

    def restore_now(self) -> None:
        """Do not wait for quiet any longer."""
        self._do(self._restored)

    def readings(self) -> list[Reading]:
        """Who has read a text since the last offer."""
        return self._do(lambda: list(self._readings))

    def close(self) -> None:
        """What is still offered goes to the clipboard manager, if there is one."""
        with contextlib.suppress(NoX11):
            self._do(self._restored)
            self._do(self._hand_over)
        self._ends = True
        with contextlib.suppress(OSError):
            os.write(self._wake, b"x")
        self._thread.join()
        os.close(self._wake)
        os.close(self._wake_read)

    def _do(self, job: Callable[[], T]) -> T:
        """Run a job on the thread of the connection."""
        done: Future[T] = Future()

        def run() -> None:
            try:
                done.set_result(job())
            except Exception as error:
                done.set_exception(error)

        if not self._thread.is_alive():
            raise _gone()
        self._jobs.put(run)
        os.write(self._wake, b"x")
        try:
            return done.result(_ANSWER_S)
        except (*FAILED, TimeoutError):
            raise _gone() from None

    def _run(self) -> None:
        try:
            while not self._ends:
                self._step()
        except GONE:
            return  # the server has gone: whoever asks next is told
        finally:
            with contextlib.suppress(*FAILED):
                self._display.close()

    def _step(self) -> None:
        while self._display.pending_events():
            self._handle(self._display.next_event())
        due_s = self._restore_due_s()
        if due_s is not None and due_s <= 0:
            self._restored()
            return
        self._display.flush()
        ready, _, _ = select.select([self._display.fileno(), self._wake_read], [], [], due_s)
        if self._wake_read in ready:
            os.read(self._wake_read, 4096)
            with contextlib.suppress(queue.Empty):
                while True:
                    self._jobs.get_nowait()()

    def _handle(self, seen: Any) -> None:
        kind = seen.type & 0x7F
        if kind == X.SelectionRequest:
            content, since = self._offers.get(seen.selection, ((), 0))
            given = self._answers.answer(seen, content, since)
            if given & self._texts:
                client = client_of(self._display, seen.requestor.id)
                self._readings.append(Reading(client, time.monotonic()))
        elif kind == X.SelectionClear:
            if seen.time >= self._offers.get(seen.atom, ((), 0))[1]:
                self._offers.pop(seen.atom, None)
        elif kind == X.PropertyNotify and seen.state == X.PropertyDelete:
            self._answers.go_on(seen.window.id, seen.atom)

    def _offer_all(self, contents: dict[str, Content]) -> bool:
        self._restore = None
        self._readings.clear()
        return all([self._offer(name, content) for name, content in contents.items()])

    def _offer(self, name: str, content: Content) -> bool:
        selection, now = self._display.intern_atom(name), self._now()
        if not content:
            if self._offers.pop(selection, None) is not None:
                nobody = {"window": X.NONE, "selection": selection, "time": now}
                request.SetSelectionOwner(display=self._display.display, **nobody)
                self._display.sync()
            return True
        self._window.set_selection_owner(selection, now)
        owner = self._display.get_selection_owner(selection)
        if owner != self._window:
            return False
        self._offers[selection] = (content, now)
        return True

    def _now(self) -> int:
        """The server's time, in which it orders owners."""
        self._window.change_property(self._clock, self._clock, 8, b"")
        while True:
            seen = self._display.next_event()
            if seen.type & 0x7F == X.PropertyNotify and seen.window == self._window and seen.atom == self._clock:
                return int(seen.time)
            self._handle(seen)

    def _restore_due_s(self) -> float | None:
        if self._restore is None:
            return None
        _, quiet_s, began = self._restore
        latest = max([began, *(reading.time_s for reading in self._readings)])
        return min(latest + quiet_s, began + _LATEST_S) - time.monotonic()

    def _restored(self) -> None:
        if self._restore is None:
            return
        contents, _, _ = self._restore
        self._restore = None
        for name, content in contents.items():
            # The server refuses what is offered with an older time than the newest owner's: nobody is driven out.
            self._now()
            if self._display.intern_atom(name) in self._offers:
                self._offer(name, content)

    def _hand_over(self) -> None:
        """Ask the clipboard manager to save what would end with this program."""
        manager = self._display.intern_atom("CLIPBOARD_MANAGER")
        if self._display.intern_atom("CLIPBOARD") not in self._offers or not self._display.get_selection_owner(manager):
            return
        save = self._display.intern_atom("SAVE_TARGETS")
        self._window.convert_selection(manager, save, save, X.CurrentTime)
        deadline = time.monotonic() + _HAND_OVER_S
        while (left_s := deadline - time.monotonic()) > 0:
            while self._display.pending_events():
                seen = self._display.next_event()
                if seen.type & 0x7F == X.SelectionNotify:
                    return
                self._handle(seen)
            self._display.flush()
            select.select([self._display.fileno()], [], [], left_s)


def _gone() -> NoX11:
    return NoX11("The X server does not answer.", "Check that the desktop still runs")


def clients(readings: Sequence[Reading]) -> set[int]:
    """Who has read."""
    return {reading.client for reading in readings}

"""Gives files to workers, the longest first, and again to others where a worker dies."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.archive.work import Job, Outcome
from app.errors import AppError

MOST_TRIES = 2  # of a file that fails, or whose worker dies; the next run tries it again
_BATCH_S = 60.0  # of sound in one call: short files share its cost, and a death costs little
_LONGEST_BATCH = 64
_SHARES = 4  # calls for each worker, at least, so that all end at about the same time
_PATIENCE_S = 30.0  # before it is said that nobody works
_STEP_S = 1.0


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker waits for files."""

    worker: int


@dataclass(frozen=True, slots=True)
class Returned:
    """It has gone through those that it was given, and waits for more."""

    worker: int
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Died:
    """What it was given is lost; it says that it is ready once it is back."""

    worker: int
    reason: str


@dataclass(frozen=True, slots=True)
class Unfit:
    """It can do nothing, and will not come back."""

    worker: int
    reason: str


Event = Ready | Returned | Died | Unfit


class Workers(Protocol):
    """So many, numbered from 0; each is given something only while it waits."""

    @property
    def count(self) -> int: ...

    def give(self, worker: int, batch: Sequence[Job]) -> None: ...

    def wait(self, seconds: float) -> list[Event]:
        """What has happened, after so many seconds at the latest."""


def spread(
    jobs: Iterable[Job],
    workers: Workers,
    take: Callable[[list[Outcome]], None],
    say: Callable[[str], None],
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Work through all of them; `take` gets what has ended for good, `say` what the user should know meanwhile.

    One call at a time is out at each worker, so that a death has a culprit. Raises AppError when no worker is left.
    """
    work = _Work(in_batches(jobs, workers.count), workers, take, say)
    began, told = clock(), False
    while work.goes_on():
        work.hand_out()
        for event in workers.wait(_STEP_S):
            work.heed(event)
        if not work.seen and not told and clock() - began > _PATIENCE_S:
            told = True
            say("No worker has begun yet: they wait for room on the cluster.")


def in_batches(jobs: Iterable[Job], workers: int) -> deque[tuple[Job, ...]]:
    """The longest first; short ones of about a length together."""
    longest_first = sorted(jobs, key=lambda job: -job.length_s)
    limit_s = min(_BATCH_S, sum(job.length_s for job in longest_first) / (_SHARES * max(1, workers)))
    batches = deque[tuple[Job, ...]]()
    batch: list[Job] = []
    for job in longest_first:
        if batch and (sum(one.length_s for one in (*batch, job)) > limit_s or len(batch) == _LONGEST_BATCH):
            batches.append(tuple(batch))
            batch = []
        batch.append(job)
    if batch:
        batches.append(tuple(batch))
    return batches


class _Work:
    """What waits, what is out, and how often each file was tried."""

    def __init__(
        self,
        waiting: deque[tuple[Job, ...]],
        workers: Workers,
        take: Callable[[list[Outcome]], None],
        say: Callable[[str], None],
    ) -> None:
        self._waiting, self._workers, self._take, self._say = waiting, workers, take, say
        self._out: dict[int, tuple[Job, ...]] = {}
        self._idle: deque[int] = deque()
        self._tries: Counter[Path] = Counter()
        self._fit = set(range(workers.count))
        self.seen = False

    def goes_on(self) -> bool:
        return bool(self._waiting or self._out)

    def hand_out(self) -> None:
        while self._idle and self._waiting:
            worker, batch = self._idle.popleft(), self._waiting.popleft()
            self._out[worker] = batch
            self._workers.give(worker, batch)

    def heed(self, event: Event) -> None:
        match event:
            case Ready(worker):
                self._idle.append(worker)
                self.seen = True
            case Returned(worker, outcomes):
                self._out.pop(worker, None)
                self._idle.append(worker)
                self._end(outcomes)
            case Died(worker, reason):
                self._lose(worker, reason)
            case Unfit(worker, reason):
                self._dismiss(worker, reason)

    def _end(self, outcomes: Sequence[Outcome]) -> None:
        over = []
        for outcome in outcomes:
            self._tries[outcome.job.path] += 1
            if outcome.reason and self._tries[outcome.job.path] < MOST_TRIES:
                self._waiting.append((outcome.job,))  # the storage may have been away: later
            else:
                over.append(outcome)
        if over:
            self._take(over)

    def _lose(self, worker: int, reason: str) -> None:
        batch = self._out.pop(worker, ())
        if len(batch) > 1:  # which of them was to blame shows when each is alone
            self._waiting.extendleft((job,) for job in reversed(batch))
        for job in batch if len(batch) == 1 else ():
            self._tries[job.path] += 1
            if self._tries[job.path] < MOST_TRIES:
                self._waiting.appendleft((job,))
            else:
                what = f"{job.name} was given up: its worker died {MOST_TRIES} times, the last time: {reason}"
                self._take([Outcome(job, reason=what)])

    def _dismiss(self, worker: int, reason: str) -> None:
        self._lose(worker, reason)
        self._fit.discard(worker)
        if not self._fit:
            raise AppError(f"No worker is left. {reason}", "What is done stays; the same command goes on.")
        self._say(f"A worker is of no use, the others go on. {reason}")

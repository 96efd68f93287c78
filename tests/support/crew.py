"""Workers in the place of a cluster: they do in this thread what they are given, or die of it as they are told."""

from __future__ import annotations

import contextlib
from collections import deque

from app.archive.spread import Died, Ready, Returned, Unfit
from app.archive.work import Outcome, Worker


class FakeCrew:
    """`hear` turns a batch into outcomes, or raises `Death`. Events come one a call, in the order of their causes."""

    def __init__(self, count, hear, unfit=()):
        self.count = count
        self._hear = hear
        self._events = deque(Unfit(one, "no model") if one in unfit else Ready(one) for one in range(count))
        self._out = {}
        self.given = []

    def give(self, worker, batch):
        assert worker not in self._out, "one call at a time"
        self._out[worker] = batch
        self.given.append(tuple(job.path.name for job in batch))

    def wait(self, seconds):
        if self._events:
            return [self._events.popleft()]
        worker = next(iter(self._out), None)
        if worker is None:
            return []
        batch = self._out.pop(worker)
        try:
            return [Returned(worker, tuple(self._hear(batch)))]
        except Death as death:
            self._events.append(Ready(worker))
            return [Died(worker, str(death))]


class Death(Exception):
    """Of a worker."""


def all_well(batch):
    return [Outcome(job, job.length_s, 0.1) for job in batch]


@contextlib.contextmanager
def joined_here(address, wish, most, recognizer=None):
    """As `app.archive.cluster.joined`, with one worker in this process."""
    worker = Worker(wish)
    worker._recognizer = recognizer
    yield FakeCrew(1, worker.hear)

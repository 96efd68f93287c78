"""What is spoken in files is cut out, in this process or in several beside it.

    file -> samples -> 16 kHz -> speech? -> the sound of each segment

One core reads and cuts sound some hundreds of times as fast as it was spoken; a GPU finds text much faster. So the
files go to processes that know neither torch nor Qt. They send what they cut as they come to it, and wait where nobody
has room for it.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import signal
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

from app.audio.file import open_sound
from app.errors import AudioError
from app.file_text import BLOCK_S
from s2t_core.errors import AudioFormatError, S2TError
from s2t_core.events import TranscriptEvent
from s2t_core.session import cutting_session
from s2t_core.types import SAMPLE_RATE_HZ, Samples

_REPORT_S = 10.0  # of a file without speech between two of its parts
_LOOK_S = 0.5  # Windows tells of Ctrl+C only between two waits


@dataclass(frozen=True, slots=True)
class Part:
    """What is new of a file since its last part.

    events    of its session; the segments have no text
    sounds    the ids of the segments that are over, each with its sound (n,) at 16 kHz
    done_s    seconds of the file that have been read
    length_s  seconds by the file's head; 0 where that does not say
    fault     why the file ends early; in its last part alone
    """

    events: tuple[TranscriptEvent, ...]
    sounds: tuple[tuple[int, Samples], ...]
    done_s: float
    length_s: float
    fault: AudioError | None = None

    @property
    def speech_s(self) -> float:
        """Seconds of its sounds."""
        return sum(len(sound) for _, sound in self.sounds) / SAMPLE_RATE_HZ


PartsOf = Callable[[int], Iterator[Part]]  # of the file in this place of the list


def cut_file(path: Path) -> Iterator[Part]:
    """The parts of a file, as they are cut out; at least one. Raises AudioError for what cannot be opened."""
    events, sounds = list[TranscriptEvent](), list[tuple[int, Samples]]()
    session = cutting_session(lambda number, sound: sounds.append((number, sound)))
    done_s, said_s = 0.0, 0.0
    fault: AudioError | None = None
    with contextlib.closing(open_sound(path, BLOCK_S)) as opened:
        try:
            for chunk in opened.chunks:
                events += session.push(chunk)
                done_s = (chunk.start + len(chunk.samples)) / chunk.rate
                if sounds or done_s - said_s >= _REPORT_S:
                    yield Part(tuple(events), tuple(sounds), done_s, opened.length_s)
                    events.clear()
                    sounds.clear()
                    said_s = done_s
        except AudioFormatError as error:
            fault = AudioError(f"{path}: {error.what}", error.remedy)
        except AudioError as error:
            fault = error
        events += session.finish()
        yield Part(tuple(events), tuple(sounds), done_s, opened.length_s, fault)


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.contextmanager
def cutting(paths: Sequence[Path], processes: int, at_once: int, ahead_s: float) -> Iterator[PartsOf]:
    """The parts of every file, as `cut_file` gives them and raising what it raises, wherever they are cut.

    processes  at most; with none, or for a single file, all is cut in this process, as it is asked for
    at_once    files whose parts may be asked for in turn; the next one only when one of them has ended
    ahead_s    seconds of speech that wait here for somebody to ask for them
    """
    processes = min(processes, len(paths))
    if processes < 1 or len(paths) < 2:
        yield lambda number: cut_file(paths[number])
        return
    cutters = _Cutters(paths, processes, max(processes, at_once), ahead_s)
    try:
        cutters.start()
        yield cutters.parts
    finally:
        cutters.close()


class _Again:
    """In the place of a file's next part: it must be cut in this process, from the start."""


class _End:
    """Behind a file's last part."""


_Message = Part | S2TError | _Again | _End


class _Cutters:
    """Threads of this process, each the counterpart of one in a worker, that has one file at a time cut there."""

    def __init__(self, paths: Sequence[Path], processes: int, places: int, ahead_s: float) -> None:
        """places: files that are cut at once; with fewer than are asked for in turn, all would wait for one another."""
        self._paths = paths
        self._ahead_s = ahead_s
        self._numbers = iter(range(len(paths)))
        self._waiting = defaultdict[int, deque[_Message]](deque)  # by the number of the file
        self._waiting_s = 0.0  # of speech
        self._wanted = -1  # the file whose next part is waited for
        self._closed = False
        self._changed = threading.Condition()
        counts = [places // processes + (worker < places % processes) for worker in range(processes)]
        self._workers = [_Worker(count) for count in counts]
        self._threads = [
            threading.Thread(target=self._serve, args=(worker, place), name="cutting", daemon=True)
            for place in range(counts[0])  # the first files go to different workers
            for worker, count in zip(self._workers, counts, strict=True)
            if place < count
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def parts(self, number: int) -> Iterator[Part]:
        """As `cut_file` gives them; of a file whose worker died those are left out that had come before."""
        for known in itertools.count():
            message = self._next(number)
            if isinstance(message, S2TError):
                raise message
            if isinstance(message, _Again):
                yield from itertools.islice(cut_file(self._paths[number]), known, None)
            if not isinstance(message, Part):
                return
            yield message

    def close(self) -> None:
        """Whatever is going on; what was not asked for is forgotten."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for worker in self._workers:
            worker.close()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def _next(self, number: int) -> _Message:
        with self._changed:
            waiting = self._waiting[number]
            self._wanted = number
            self._changed.notify_all()
            while not waiting:
                self._changed.wait(_LOOK_S)
            self._wanted = -1
            message = waiting.popleft()
            if not isinstance(message, Part):
                del self._waiting[number]
            else:
                self._waiting_s -= message.speech_s
                self._changed.notify_all()
        return message

    def _serve(self, worker: _Worker, place: int) -> None:
        """Have one file after the other cut, in this place of a worker."""
        if hasattr(signal, "pthread_sigmask"):  # Ctrl+C is for this process alone; workers inherit what is blocked
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        connection: Connection | None = None
        broken: Connection | None = None
        while (number := self._take()) is not None:
            try:
                connection = worker.connect(place, broken)
                connection.send(self._paths[number])
                while self._put(number, connection.recv()):
                    pass
            except Exception:  # the worker died, or cannot be started
                broken = connection
                self._put(number, _Again())

    def _take(self) -> int | None:
        with self._changed:
            return None if self._closed else next(self._numbers, None)

    def _put(self, number: int, message: _Message) -> bool:
        """Keep it once there is room, or somebody waits for it; returns whether more of the file is to come."""
        is_part = isinstance(message, Part)
        with self._changed:
            while is_part and self._waiting_s >= self._ahead_s and self._wanted != number and not self._closed:
                self._changed.wait()
            if isinstance(message, Part):
                self._waiting_s += message.speech_s
            self._waiting[number].append(message)
            self._changed.notify_all()
            return is_part and not self._closed


class _Worker:
    """A process that cuts as many files at once as it has places. One that died is started again when next asked."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._lock = threading.Lock()
        self._process: SpawnProcess | None = None
        self._connections: list[Connection] = []
        self._closed = False

    def connect(self, place: int, broken: Connection | None) -> Connection:
        """The way to a place, another than the one that broke. Raises OSError where no process can be started."""
        with self._lock:
            if self._closed:
                raise OSError("closed")
            if self._process is None or self._connections[place] is broken:
                self._end()
                self._start()
            return self._connections[place]

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._end()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would hold torch, and locks of threads it lacks
        pipes = [context.Pipe() for _ in range(self._places)]
        theirs = [end for _, end in pipes]
        process = context.Process(target=_work, args=(theirs,), name="cutting", daemon=True)
        try:
            process.start()
        finally:
            for end in theirs:  # else a worker that died would seem to be there
                end.close()
        self._process, self._connections = process, [end for end, _ in pipes]

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
            self._process = None


def _work(connections: Sequence[Connection]) -> None:
    """What a worker does: it ends when it is killed, or with the process that started it, whatever it is at."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who pressed Ctrl+C means the process that started this one
    for connection in connections:
        threading.Thread(target=_answer, args=(connection,), daemon=True).start()
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(0)


def _answer(connection: Connection) -> None:
    """Cut the files that are named, one after the other."""
    with contextlib.suppress(EOFError, OSError):  # nobody asks any more
        while True:
            path = connection.recv()
            end: _Message = _End()
            try:
                for part in cut_file(path):
                    connection.send(part)
            except S2TError as error:
                end = error
            except Exception:  # it will come again in the other process, where it can be told with all that led to it
                end = _Again()
            connection.send(end)

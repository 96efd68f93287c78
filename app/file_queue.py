"""Files that are transcribed one after the other, behind the window, while nobody dictates."""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from app.audio.file import SUFFIXES, Sound, open_sound
from app.errors import sentence
from app.file_text import BLOCK_S, Shaper, hear_file
from s2t_core.transcript import TranscriptDocument

if TYPE_CHECKING:
    from s2t_core.recognizer import Recognizer


_NICENESS = 10  # of the queue's thread, see sched(7): about a tenth of the processor where others want it


class TaskState(Enum):
    """Of a file in the queue."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Task:
    """A file in the queue.

    progress  0..1; left_s: seconds until it is done; 0 and None where the file does not say how long it is
    done_s    seconds of the file that are transcribed
    document  its text, as far as it is known; error: why there is no more of it
    """

    id: int
    path: Path
    state: TaskState = TaskState.WAITING
    progress: float = 0.0
    left_s: float | None = None
    done_s: float = 0.0
    length_s: float = 0.0
    document: TranscriptDocument = field(default_factory=TranscriptDocument)
    error: str = ""


class FileQueue(threading.Thread):
    """Runs until `shut_down`. `report` is called with every task that has changed, on the thread that changed it."""

    def __init__(
        self,
        recognizer: Callable[[], Recognizer],
        make_shaper: Callable[[], Shaper],
        report: Callable[[Task], None],
    ) -> None:
        """recognizer: called on this thread, may take its time; make_shaper: one for every file."""
        super().__init__(name="files", daemon=True)
        self._recognizer = recognizer
        self._make_shaper = make_shaper
        self._report = report
        self._tasks: dict[int, Task] = {}
        self._ids = itertools.count(1)
        self._changed = threading.Condition(threading.RLock())
        self._paused = False
        self._ended = False

    def add(self, files: Iterable[Path]) -> None:
        """They wait behind those that wait; what is no file fails and says so. See `found_in` for folders."""
        for path in files:
            self._put(Task(next(self._ids), path))

    def cancel(self, ids: Sequence[int]) -> None:
        """Those that wait or run end; their text so far stays."""
        self._turn(ids, (TaskState.WAITING, TaskState.RUNNING), TaskState.CANCELLED)

    def retry(self, ids: Sequence[int]) -> None:
        """Those that failed or were cancelled wait again."""
        self._turn(ids, (TaskState.FAILED, TaskState.CANCELLED), TaskState.WAITING)

    def remove(self, ids: Sequence[int]) -> None:
        """They are no longer in the queue; what runs ends."""
        with self._changed:
            for id in ids:
                self._tasks.pop(id, None)
            self._changed.notify_all()

    def pause(self, paused: bool) -> None:
        """While somebody dictates the processor is his."""
        with self._changed:
            self._paused = paused
            self._changed.notify_all()

    def shut_down(self, wait_s: float) -> bool:
        """End in the midst of a file; returns whether it has ended."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        if self.is_alive():
            self.join(wait_s)
        return not self.is_alive()

    def run(self) -> None:
        if sys.platform == "linux":  # elsewhere a thread cannot be nice by itself; those that torch adds are as nice
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
        while (task := self._next()) is not None:
            try:
                self._transcribe(task)
            except Exception as error:  # one file is not to blame for another
                self._end(task.id, TaskState.FAILED, sentence(error))

    def _next(self) -> Task | None:
        """The next file that waits, once there is one; None at the end."""
        with self._changed:
            while not self._ended:
                waiting = next((one for one in self._tasks.values() if one.state is TaskState.WAITING), None)
                if waiting is not None and not self._paused:
                    self._put(task := replace(waiting, state=TaskState.RUNNING, progress=0.0, done_s=0.0))
                    return task
                self._changed.wait()
        return None

    def _transcribe(self, task: Task) -> None:
        with contextlib.closing(open_sound(task.path, BLOCK_S)) as sound:  # a fault is said before the model is there
            self._hear(task, sound)

    def _hear(self, task: Task, sound: Sound) -> None:
        recognizer, shaper, length_s = self._recognizer(), self._make_shaper(), sound.length_s
        began, idle_s = time.monotonic(), 0.0
        for heard in hear_file(recognizer, sound, shaper):
            idle_s += self._wait_for_silence(task.id)
            if not self._goes_on(task.id):
                return
            share = min(1.0, heard.done_s / length_s) if length_s else 0.0
            spent_s = time.monotonic() - began - idle_s
            left_s = spent_s / share * (1 - share) if share > 0 else None
            length = max(length_s, heard.done_s)
            self._update(
                task.id,
                progress=share, left_s=left_s, done_s=heard.done_s, length_s=length, document=heard.document,
            )  # fmt: skip
        self._end(task.id, TaskState.DONE)

    def _wait_for_silence(self, id: int) -> float:
        """While somebody dictates; returns the seconds it took."""
        began = time.monotonic()
        with self._changed:
            while self._paused and self._goes_on(id):
                self._changed.wait()
        return time.monotonic() - began

    def _goes_on(self, id: int) -> bool:
        with self._changed:
            task = self._tasks.get(id)
            return not self._ended and task is not None and task.state is TaskState.RUNNING

    def _end(self, id: int, state: TaskState, error: str = "") -> None:
        with self._changed:
            if self._goes_on(id):
                done = state is TaskState.DONE
                progress = 1.0 if done else self._tasks[id].progress
                self._put(replace(self._tasks[id], state=state, progress=progress, left_s=None, error=error))

    def _update(self, id: int, **values: object) -> None:
        with self._changed:
            if self._goes_on(id):
                self._put(replace(self._tasks[id], **values))  # type: ignore[arg-type]

    def _turn(self, ids: Sequence[int], states: tuple[TaskState, ...], state: TaskState) -> None:
        with self._changed:
            for id in ids:
                task = self._tasks.get(id)
                if task is not None and task.state in states:
                    self._put(replace(task, state=state, left_s=None, error=""))

    def _put(self, task: Task) -> None:
        with self._changed:
            self._tasks[task.id] = task
            self._report(task)
            self._changed.notify_all()


def found_in(paths: Iterable[Path]) -> list[Path]:
    """The files, and of folders the audio and video files in them by their names, sorted. It may take a while."""
    files: list[Path] = []
    for path in paths:
        if _is_folder(path):
            inside = (Path(folder, name) for folder, _, names in os.walk(path) for name in names)
            files += sorted(one for one in inside if one.suffix.lower() in SUFFIXES and one.is_file())
        else:
            files.append(path)
    return files


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # nobody may look: as a file it will say so
        return False

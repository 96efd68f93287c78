"""The text of many files: what is spoken in them is cut out first, and heard in batches or on several cores."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.cutting import Part, PartsOf, cores, cutting
from app.file_text import Heard
from s2t_core.events import SegmentClosed, TranscriptEvent
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import SAMPLE_RATE_HZ, Samples

if TYPE_CHECKING:
    from s2t_core.decoding.reading import DecodedText
    from s2t_core.recognizer import Recognizer

# Speech that waits for its text, 64 KB a second of it: the more, the better batches are filled; cores need less.
_POOL_S = {"cuda": 3600.0, "cpu": 300.0}
# Files that are cut out at once, a part of each in turn. Many long ones give a GPU enough to do; on a CPU the first
# text is there the sooner, the fewer they are.
_AT_ONCE = {"cuda": 16, "cpu": 1}

# Called with the name of what goes on, the seconds of it that are done, and all of them, 0 where nobody knows.
Progress = Callable[[str, float, float], None]


@dataclass(slots=True)
class _Cut:
    """A file whose speech is cut out: its events, and the texts of its segments as far as they are known."""

    path: Path
    events: list[TranscriptEvent] = field(default_factory=list)
    texts: dict[int, DecodedText] = field(default_factory=dict)
    seconds: float = 0.0
    waiting: int = 0  # segments without their text
    opened: bool = False
    over: bool = False  # nothing more of it is to come
    fault: Exception | None = None

    def next(self, parts: Iterator[Part]) -> Part | None:
        """Take its next part; None where there is none, or it could not be had."""
        try:
            part = next(parts, None)
        except Exception as error:  # whatever it is, the other files are not to blame
            part, self.fault = None, error
        if part is None:
            self.over = True
            return None
        self.opened, self.seconds, self.fault = True, part.done_s, part.fault or self.fault
        self.events += part.events
        return part

    def heard(self, recognizer: Recognizer) -> Heard:
        """Its text; segments without any are left out, as a session does."""
        document, number = TranscriptDocument(), 0
        for event in self.events:
            if isinstance(event, SegmentClosed) and event.segment.id in self.texts:
                segment = recognizer.closed(event.segment, self.texts[event.segment.id])
                if not segment.committed:
                    continue
                event, number = SegmentClosed(replace(segment, id=number)), number + 1
            document = document.apply(event)
        return Heard(document, self.seconds)


class _Pool:
    """Segments that wait for their text."""

    def __init__(self, recognizer: Recognizer, progress: Progress) -> None:
        self._recognizer = recognizer
        self._progress = progress
        self._waiting: list[tuple[_Cut, int, Samples]] = []  # with the id in its file
        self.seconds = 0.0

    def add(self, cut: _Cut, number: int, sound: Samples) -> None:
        cut.waiting += 1
        self._waiting.append((cut, number, sound))
        self.seconds += len(sound) / SAMPLE_RATE_HZ

    def hear(self) -> None:
        """Find the text of all that waits. What goes wrong is the fault of every file that is concerned."""
        waiting, seconds, done = self._waiting, self.seconds, 0.0
        self._waiting, self.seconds = [], 0.0
        try:
            for place, text in self._recognizer.hear_later([sound for _, _, sound in waiting]):
                cut, number, sound = waiting[place]
                cut.texts[number] = text
                done += len(sound) / SAMPLE_RATE_HZ
                self._progress("text", done, seconds)
        except Exception as error:  # of a GPU, most likely
            for cut, number, _ in waiting:
                if number not in cut.texts:
                    cut.fault = error
        for cut, _, _ in waiting:
            cut.waiting -= 1


def hear_files(
    recognizer: Recognizer, paths: Sequence[Path], progress: Progress
) -> Iterator[tuple[Path, Heard | None, Exception | None]]:
    """Of every file, in their order, the text, and why it ends early; None where the file cannot be opened."""
    pool, files = _Pool(recognizer, progress), deque[_Cut]()
    most_s, at_once = _POOL_S[recognizer.device], _AT_ONCE[recognizer.device]
    with cutting(paths, _processes(recognizer.device), at_once, most_s) as parts_of:
        for cut, part in _in_turn(paths, parts_of, at_once, files):
            for number, sound in part.sounds:
                pool.add(cut, number, sound)
            if cut is next((one for one in files if not one.over), None):
                progress(cut.path.name, part.done_s, part.length_s)
            if pool.seconds > most_s:
                pool.hear()
            while files and files[0].over and not files[0].waiting:
                yield _result(recognizer, files.popleft())
    pool.hear()
    for cut in files:
        yield _result(recognizer, cut)


def _processes(device: str) -> int:
    """How many cut speech out beside this one.

    On a GPU's side every core but one, up to as many as outrun it. A CPU's cores all hear, and one cuts as much as a
    dozen hear: a process of its own brought two cores nothing that could be measured, while sixteen, by the same
    figures, would wait for half of the time.
    """
    return min(cores() - 1, _AT_ONCE[device]) if device == "cuda" else cores() // 8


def _result(recognizer: Recognizer, cut: _Cut) -> tuple[Path, Heard | None, Exception | None]:
    return cut.path, cut.heard(recognizer) if cut.opened else None, cut.fault


def _in_turn(paths: Sequence[Path], parts_of: PartsOf, at_once: int, files: deque[_Cut]) -> Iterator[tuple[_Cut, Part]]:
    """A part of one file after the other, so many files at once; each stands in `files` from then on.

    In whatever order they are cut, they come in this one: with it changes which segments share a batch, and with that
    the last digits of their confidences.
    """
    todo, open_files = iter(range(len(paths))), deque[tuple[_Cut, Iterator[Part]]]()
    while True:
        for number in itertools.islice(todo, at_once - len(open_files)):
            files.append(_Cut(paths[number]))
            open_files.append((files[-1], parts_of(number)))
        if not open_files:
            return
        cut, parts = open_files.popleft()
        part = cut.next(parts)
        if part is not None:
            open_files.append((cut, parts))
            yield cut, part

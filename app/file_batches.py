"""The text of many files: what is spoken in them is cut out first, and heard in batches or on several cores."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from app.audio.file import open_sound
from app.errors import AudioError
from app.file_text import BLOCK_S, Heard
from s2t_core.errors import AudioFormatError
from s2t_core.events import SegmentClosed, TranscriptEvent
from s2t_core.session import cutting_session
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import SAMPLE_RATE_HZ, Samples

if TYPE_CHECKING:
    from s2t_core.decoding.reading import DecodedText
    from s2t_core.recognizer import Recognizer

# Speech that waits for its text, 64 KB a second of it: the more, the better batches are filled; cores need less.
_POOL_S = {"cuda": 3600.0, "cpu": 300.0}

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
    fault: Exception | None = None

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
    recognizer: Recognizer, paths: Iterable[Path], progress: Progress
) -> Iterator[tuple[Path, Heard | None, Exception | None]]:
    """Of every file, in their order, the text, and why it ends early; None where the file cannot be opened."""
    pool, files = _Pool(recognizer, progress), deque[_Cut]()
    for path in paths:
        files.append(_Cut(path))
        try:
            _cut(recognizer, files[-1], pool, progress)
        except Exception as error:  # whatever it is, the other files are not to blame
            files[-1].fault = error
        while files and not files[0].waiting:
            yield _result(recognizer, files.popleft())
    pool.hear()
    for cut in files:
        yield _result(recognizer, cut)


def _result(recognizer: Recognizer, cut: _Cut) -> tuple[Path, Heard | None, Exception | None]:
    return cut.path, cut.heard(recognizer) if cut.opened else None, cut.fault


def _cut(recognizer: Recognizer, cut: _Cut, pool: _Pool, progress: Progress) -> None:
    """Cut out what is spoken in a file, up to its end or the place where it is damaged."""
    session = cutting_session(partial(pool.add, cut))
    with contextlib.closing(open_sound(cut.path, BLOCK_S)) as sound:
        cut.opened = True
        try:
            for chunk in sound.chunks:
                cut.events += session.push(chunk)
                cut.seconds = (chunk.start + len(chunk.samples)) / chunk.rate
                progress(cut.path.name, cut.seconds, sound.length_s)
                if pool.seconds > _POOL_S[recognizer.device]:
                    pool.hear()
        except AudioFormatError as error:
            cut.fault = AudioError(f"{cut.path}: {error.what}", error.remedy)
        except AudioError as error:
            cut.fault = error
        cut.events += session.finish()

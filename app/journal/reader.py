"""Reads the journals that programs left behind, as far as they are whole."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.errors import AppError
from app.file_lock import is_owned
from app.journal.entries import Head, Text, unpack_head, unpack_sound, unpack_text
from app.journal.records import VERSION, Kind, Record, unpack
from app.journal.writer import GONE, SOUND_FILES, TEXT_FILE
from s2t_core.events import TranscriptEvent
from s2t_core.streaming.mark import SessionMark
from s2t_core.types import SAMPLE_RATE_HZ, AudioChunk, chunk_from

_LARGEST = 1 << 28  # bytes of a file that a journal has
_FRESH_S = 60.0  # a folder may belong to a program that has not locked it yet


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """A recording whose program ended before everything was kept.

    events  with their numbers
    marks   where each channel leaves off
    """

    folder: Path
    head: Head
    events: tuple[tuple[int, TranscriptEvent], ...]
    marks: Mapping[str, SessionMark]

    @property
    def count(self) -> int:
        """Of the events, with those that were not written."""
        return self.events[-1][0] if self.events else 0

    def sound(self) -> Iterator[AudioChunk]:
        """What has no text yet, in the order in which it was heard."""
        reached: dict[str, int] = {}
        for path in sorted(self.folder.glob(SOUND_FILES)):
            for record in _records(path):
                if record.kind == Kind.SOUND:
                    with contextlib.suppress(ValueError):
                        yield from self._untold(unpack_sound(record.payload), reached)

    def sound_s(self) -> float:
        """Seconds of it, of all channels together."""
        return sum(len(chunk.samples) / chunk.rate for chunk in self.sound())

    def _untold(self, chunk: AudioChunk, reached: dict[str, int]) -> Iterator[AudioChunk]:
        mark = self.marks.get(chunk.speaker)
        chunk = chunk_from(chunk, mark.position if mark else 0)
        end = (chunk.start + len(chunk.samples)) * SAMPLE_RATE_HZ // chunk.rate
        if len(chunk.samples) and end > reached.get(chunk.speaker, -1):
            reached[chunk.speaker] = end
            yield chunk


def left_behind(journals: Path) -> tuple[LeftBehind, ...]:
    """Those in this folder that no program writes any more, the latest first. Raises AppError for a folder that cannot
    be read."""
    try:
        folders = sorted((one for one in journals.iterdir() if _is_journal(one)), reverse=True)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise AppError(f"{journals} cannot be read ({error.strerror}).", "Check its permissions.") from None
    found = (read(folder) for folder in folders if not _is_written(folder))
    return tuple(one for one in found if one is not None)


def read(folder: Path) -> LeftBehind | None:
    """A journal; None for a folder that holds none. Raises AppError for one of a newer program."""
    head, texts = None, list[Text]()
    for record in _records(folder / TEXT_FILE):
        if record.version > VERSION:
            raise AppError(f"The journal {folder.name} is of a newer version.", "Install that version again.")
        with contextlib.suppress(ValueError):
            if record.kind == Kind.HEAD:
                head = unpack_head(record.payload)
            elif record.kind == Kind.TEXT:
                texts.append(unpack_text(record.payload))
    if head is None:
        if not texts and next(folder.glob(SOUND_FILES), None) is None:
            return None
        at = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
        head = Head(at, "", "", None, 0)  # it was damaged; the words are not lost for that
    events = tuple(event for text in texts for event in text.events)
    return LeftBehind(folder, head, events, {text.speaker: text.mark for text in texts})


def sweep(journals: Path) -> None:
    """Remove what holds nothing: its program ended before a word or a sound came, or while it removed it."""
    with contextlib.suppress(OSError, AppError):
        for folder in journals.iterdir():
            if folder.is_symlink() or not folder.is_dir() or time.time() - folder.stat().st_mtime < _FRESH_S:
                continue
            if not _is_journal(folder) or (not _is_written(folder) and read(folder) is None):
                shutil.rmtree(folder, ignore_errors=True)


def discard(journals: Path, name: str) -> None:
    """Remove a journal that nobody wants back; one that a program writes stays."""
    folder = journals / name
    inside = folder.parent == journals and folder.name == name != ".."  # else it names what is no journal's own
    if inside and _is_journal(folder) and not _is_written(folder):
        shutil.rmtree(folder, ignore_errors=True)


def _records(path: Path) -> Iterator[Record]:
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return
        data = path.read_bytes()
    except OSError:
        return
    yield from unpack(data)


def _is_journal(folder: Path) -> bool:
    return folder.is_dir() and not folder.is_symlink() and not folder.name.startswith(GONE)


def _is_written(folder: Path) -> bool:
    """Whether a program owns it."""
    return is_owned(folder / TEXT_FILE)

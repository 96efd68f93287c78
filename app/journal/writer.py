"""Writes a journal: sound from the thread that takes it, text from the thread that makes it."""

from __future__ import annotations

import contextlib
import errno
import logging
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from app.journal.append_file import AppendFile, sync_folder
from app.journal.entries import Head, Text, pack_head, pack_sound, pack_text
from app.journal.records import Kind, pack
from app.private_files import private_folder
from s2t_core.events import SegmentUpdated, TranscriptEvent
from s2t_core.streaming.mark import SessionMark
from s2t_core.types import SAMPLE_RATE_HZ, AudioChunk

logger = logging.getLogger(__name__)

TEXT_FILE, SOUND_FILES, RESERVE_FILE = "text.journal", "sound-*.journal", "reserve"
GONE = "."  # before the name of a journal that is being removed
_RESERVE = 1 << 20  # bytes; on a full disk the words of about an hour find room in them
_PART_S = 30.0  # of sound in one file
_SYNC_S = 1.0  # so much sound a loss of power may cost; text is synced at once
_AGAIN_S = 5.0
_SILENCE = 5 * SAMPLE_RATE_HZ  # that nothing is said of


class Journal:
    """Of one recording. What cannot be written is reported, once until it works again, and stops nothing.

    Once everything is kept elsewhere, it is removed. Sound goes as soon as the text of it is written: with a margin,
    never more than a minute of it lies on disk while text keeps up.
    """

    def __init__(self, folder: Path, head: Head | None, report: Callable[[str], None]) -> None:
        """folder: its own; head: None where the journal is there and goes on; then see `count_from`."""
        self.folder = folder
        self._head = head
        self._report = report
        self._count = 0  # of events
        self._text: AppendFile | None = None
        self._opening = threading.Lock()
        self._parts: deque[tuple[Path, dict[str, int]]] = deque()  # where the sound of each channel ends in it
        self._sound: AppendFile | None = None
        self._sound_began_s = 0.0
        self._needed: dict[str, int] = {}  # of each channel, from which sample on; its own thread sets it anew
        self._last: dict[str, tuple[int, str]] = {}  # of each channel the segment, and what is committed of it
        self._refused_s = -_AGAIN_S  # when the disk last refused sound
        self._complained = self._closed = False
        self._news = threading.Event()
        self._syncing = threading.Thread(target=self._sync, name="journal", daemon=True)

    def claim(self) -> None:
        """Own it now and not with the first word. Raises OSError where it is gone, or another program's."""
        if self._head is None and not self.folder.is_dir():
            raise FileNotFoundError(errno.ENOENT, "it is gone")
        self._open()

    def count_from(self, events: int) -> None:
        """So many events are in it, or were before those that are told from now on."""
        self._count = events

    def sound(self, chunk: AudioChunk) -> None:
        """Keep this chunk, before anybody hears it."""
        if self._closed or time.monotonic() - self._refused_s < _AGAIN_S:
            return
        try:
            self._open()
            self._part(chunk).append(pack(Kind.SOUND, pack_sound(chunk)))
            self._complained = False
        except OSError as error:
            self._refused_s = time.monotonic()
            self._complain(error)

    def text(self, speaker: str, events: tuple[TranscriptEvent, ...], mark: SessionMark, ends: bool = False) -> None:
        """Keep these events of a channel, which leaves off at the mark, before anybody sees them.

        ends: no more of it follows in this stream
        """
        first, self._count = self._count + 1, self._count + len(events)
        told = tuple((number, event) for number, event in enumerate(events, first) if self._is_news(speaker, event))
        if not told and not ends and mark.position - self._needed.get(speaker, 0) < _SILENCE:
            return
        try:
            self._write(pack(Kind.TEXT, pack_text(Text(speaker, told, mark))))
        except OSError as error:
            self._complain(error)
            return
        self._needed = {**self._needed, speaker: mark.position}
        self._news.set()

    def close(self) -> None:
        """What is written stays, to be read."""
        self._closed = True
        self._news.set()
        if self._syncing.is_alive():
            self._syncing.join()
        for file in (self._text, self._sound):
            if file is not None:
                with contextlib.suppress(OSError):
                    file.close()

    def remove(self) -> None:
        """All of it is kept elsewhere."""
        gone = self.folder.with_name(f"{GONE}{self.folder.name}")
        with contextlib.suppress(OSError):  # first, so that nobody finds half of it; Windows wants it closed before
            self.folder.rename(gone)
        self.close()
        for folder in (gone, self.folder):
            shutil.rmtree(folder, ignore_errors=True)

    def _open(self) -> AppendFile:
        with self._opening:
            if self._text is not None:
                return self._text
            private_folder(self.folder)
            text = AppendFile(self.folder / TEXT_FILE)
            text.claim()
            if self._head is not None:
                text.append(pack(Kind.HEAD, pack_head(self._head)))
            AppendFile(self.folder / RESERVE_FILE).fill(_RESERVE)
            text.sync()
            sync_folder(self.folder)
            sync_folder(self.folder.parent)
            self._text = text
            self._syncing.start()
            return text

    def _write(self, record: bytes) -> None:
        text = self._open()
        try:
            text.append(record)
        except OSError as error:
            reserve = self.folder / RESERVE_FILE
            if error.errno not in (errno.ENOSPC, errno.EDQUOT) or not reserve.exists():
                raise
            reserve.unlink()
            text.append(record)

    def _is_news(self, speaker: str, event: TranscriptEvent) -> bool:
        """Whether more is settled than was: what is tentative is heard again anyway."""
        if not isinstance(event, SegmentUpdated):
            self._last.pop(speaker, None)  # the next one may have the same number, behind a pause
            return True
        now = (event.segment.id, event.segment.committed)
        before, self._last[speaker] = self._last.get(speaker), now
        return now != before

    def _part(self, chunk: AudioChunk) -> AppendFile:
        """The file for this chunk. Files whose sound nobody needs any more go."""
        if self._sound is None or time.monotonic() - self._sound_began_s > _PART_S:
            if self._sound is not None:
                self._sound.close()
                self._sound = None
            self._drop_parts()
            path = self.folder / SOUND_FILES.replace("*", f"{time.time_ns():020}")
            self._sound, self._sound_began_s = AppendFile(path), time.monotonic()
            self._parts.append((path, {}))
        end = (chunk.start + len(chunk.samples)) * SAMPLE_RATE_HZ // chunk.rate
        self._parts[-1][1][chunk.speaker] = end
        return self._sound

    def _drop_parts(self) -> None:
        needed = self._needed
        while self._parts and all(needed.get(name, -1) >= end for name, end in self._parts[0][1].items()):
            if self._text is not None:
                self._text.sync()  # the text first
            self._parts.popleft()[0].unlink(missing_ok=True)

    def _sync(self) -> None:
        """Until it is closed: text at once, sound every second."""
        while not self._closed:
            self._news.wait(_SYNC_S)
            self._news.clear()
            for file in (self._text, self._sound):
                try:
                    if file is not None:
                        file.sync()
                except OSError as error:
                    self._complain(error)

    def _complain(self, error: OSError) -> None:
        logger.warning("the journal cannot be written: %s", error)
        if not self._complained:
            self._complained = True
            reason = error.strerror or str(error)
            self._report(f"A crash would lose what is said now: it cannot be kept ({reason}). Free space on the disk.")

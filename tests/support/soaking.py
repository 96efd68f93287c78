"""Everything behind the window under hours of speech, with something else breaking every minute of it."""

from __future__ import annotations

import errno
import itertools
import random
import shutil
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import soxr

from app.audio.file import read_chunks
from app.audio.recorder import Recorder
from app.evaluate import joined
from app.history import History
from app.journal import writer
from app.journal.entries import Head
from app.journal.writer import Journal
from app.keeping import Keeper
from app.live_stream import LiveStream
from app.memory import resident_mb
from app.messages import EngineMessage, SessionEnded, Stream, Transcribed
from app.recovery import find, take_up
from app.spool import Spool
from s2t_core.events import AudioLost
from s2t_core.manifest import Utterance
from s2t_core.recognizer import Recognizer
from s2t_core.streaming.mark import SessionMark
from s2t_core.text.formatter import Formatter
from s2t_core.text.rules import TextRules
from s2t_core.transcript import TranscriptDocument, applied
from s2t_core.types import SAMPLE_RATE_HZ, AudioChunk, Samples

MINUTE = 60 * SAMPLE_RATE_HZ
FAULTS = ("gap", "rate", "exception", "poison", "full disk", "locked history", "burst", "nonsense", "kill")
_QUIET = np.float32(1e-4)  # of full scale: no room is digitally silent
_PIECE = SAMPLE_RATE_HZ // 10
_LASTS = 10 * SAMPLE_RATE_HZ  # of sound, what does not pass in a moment


def thoughtful(utterances: Sequence[Utterance], pauses: float) -> Iterator[Samples]:
    """Pieces of the utterances over and over, with pauses of so many times their length between them."""
    dice, waiting = np.random.default_rng(0), np.zeros(0, np.float32)
    for one in itertools.cycle(utterances):
        samples = joined(list(read_chunks(one.path, block_s=1.0)))
        pause = dice.standard_normal(round(len(samples) * dice.uniform(0.5, 1.5) * pauses)).astype(np.float32) * _QUIET
        waiting = np.concatenate([waiting, samples, pause])
        while len(waiting) >= _PIECE:
            yield waiting[:_PIECE]
            waiting = waiting[_PIECE:]


class _Killed(BaseException):
    """The program is gone; nothing in it ends in order."""


class Faults:
    """What is broken now."""

    def __init__(self, speed: float) -> None:
        """speed: of the sound, beside which the clock on the wall stands nearly still."""
        writer._AGAIN_S /= speed
        self.tried: Counter[str] = Counter()
        self.passes = 0  # so many passes to final text fail from now on
        self.disk_is_full = False
        append = writer.AppendFile.append

        def refusing(file: writer.AppendFile, record: bytes) -> None:
            if self.disk_is_full:
                raise OSError(errno.ENOSPC, "No space left on device")
            append(file, record)

        writer.AppendFile.append = refusing

    def breaking(self, recognizer: Recognizer) -> None:
        """Let passes of this recogniser fail."""
        kind = type(recognizer.decoder)
        finish = kind.finish

        def fragile(decoder, *given):
            if self.passes > 0:
                self.passes -= 1
                raise RuntimeError("an injected fault")
            return finish(decoder, *given)

        kind.finish = fragile


class Speaker:
    """Speech at a multiple of its speed. Every minute of it the next fault comes."""

    def __init__(self, pieces: Iterator[Samples], minutes: int, speed: float, faults: Faults, database: Path) -> None:
        self.left = minutes * MINUTE  # samples to come
        self.missing = 0  # samples of the recording that never came
        self.is_killed = False  # the recording that came last ended so
        self._pieces, self._speed, self._faults, self._database = pieces, speed, faults, database
        self._dice = random.Random(0)
        self._order = itertools.cycle(FAULTS)
        self._due = MINUTE // 2  # samples until the next fault
        self._rate = SAMPLE_RATE_HZ

    def recording(self) -> Iterator[AudioChunk]:
        """Up to a kill or to the end."""
        at, began, hurries = 0, time.monotonic(), 0
        self.missing, self.is_killed = 0, False
        while self.left > 0:
            piece = next(self._pieces)
            self._due -= len(piece)
            if self._due <= MINUTE - _LASTS:
                self._faults.disk_is_full = False
            if self._due <= 0:
                self._due += MINUTE
                fault = next(self._order)
                self._faults.tried[fault] += 1
                if fault == "kill":
                    self.is_killed = True
                    return
                at, hurries = at + self._begin(fault), 30 * SAMPLE_RATE_HZ if fault == "burst" else 0
                piece = np.full_like(piece, np.nan) if fault == "nonsense" else piece
            yield self._chunk(piece, at)
            at, self.left, hurries = at + len(piece), self.left - len(piece), max(0, hurries - len(piece))
            if hurries:  # sound that was held up comes at once
                continue
            time.sleep(max(0.0, at / SAMPLE_RATE_HZ / self._speed - (time.monotonic() - began)))

    def fall_silent(self) -> None:
        """Say no more."""
        self.left = 0

    def _begin(self, fault: str) -> int:
        """Let it come; returns how many samples are missing for it."""
        missing = 0
        if fault == "gap":
            missing = self._dice.randrange(SAMPLE_RATE_HZ // 2, 8 * SAMPLE_RATE_HZ)
        elif fault == "rate":
            self._rate = 48_000 if self._rate == SAMPLE_RATE_HZ else SAMPLE_RATE_HZ
        elif fault in ("exception", "poison"):
            self._faults.passes = 1 if fault == "exception" else 2
        elif fault == "full disk":
            self._faults.disk_is_full = True
        elif fault == "locked history":
            threading.Thread(target=self._lock, daemon=True).start()
        self.missing += missing
        return missing

    def _chunk(self, piece: Samples, at: int) -> AudioChunk:
        if self._rate == SAMPLE_RATE_HZ:
            return AudioChunk(piece, SAMPLE_RATE_HZ, at)
        return AudioChunk(soxr.resample(piece, SAMPLE_RATE_HZ, 48_000)[: 3 * len(piece)], 48_000, 3 * at)

    def _lock(self) -> None:
        """Another program holds the history longer than ours waits for it."""
        base = sqlite3.connect(self._database, timeout=20.0, isolation_level=None)
        base.execute("BEGIN EXCLUSIVE")
        time.sleep(7.0)
        base.execute("ROLLBACK")
        base.close()


@dataclass(frozen=True)
class Row:
    """The program when so much sound had been transcribed."""

    end_s: float
    memory_mb: float | None
    handles: int
    threads: int
    disk_mb: float


@dataclass
class Totals:
    """Of all recordings, in samples at 16 kHz where it is sound.

    offered      came from the speaker
    missing      never came, and must stand as gaps
    left_out     came, and stands as a gap because every attempt at it failed
    unaccounted  neither transcribed nor a gap
    """

    offered: int = 0
    missing: int = 0
    left_out: int = 0
    unaccounted: int = 0
    recordings: int = 0
    recovered: int = 0
    words: int = 0


class _Ledger:
    """The journal, and what it is told of."""

    def __init__(self, journal: Journal) -> None:
        self.lost, self.position = 0, 0
        self._journal = journal

    def text(self, speaker: str, events, mark: SessionMark, ends: bool) -> None:
        self._journal.text(speaker, events, mark, ends)
        self.lost += sum(event.end_sample - event.start_sample for event in events if isinstance(event, AudioLost))
        self.position = mark.position


class Soak:
    """The parts of the program, from one recording to the next."""

    def __init__(self, home: Path, recognizer: Recognizer, speaker: Speaker, show: Callable[[Row], None]) -> None:
        self.totals, self.said = Totals(), Counter[str]()
        self._home, self._recognizer, self._speaker, self._show = home, recognizer, speaker, show
        self._done_s, self._shown_s = 0.0, 0.0

    def run(self) -> None:
        """All that the speaker has to say."""
        while self._speaker.left > 0:
            self.totals.recordings += 1
            ledger, end = self._recording()
            lost, position = ledger.lost, ledger.position
            if self._speaker.is_killed:
                more, position = self._recovered()
                lost += more
            self.totals.offered += end - self._speaker.missing
            self.totals.missing += self._speaker.missing
            self.totals.left_out += max(0, lost - self._speaker.missing)
            self.totals.unaccounted += abs(end - position) + max(0, self._speaker.missing - lost)
            self._done_s += end / SAMPLE_RATE_HZ
            shutil.rmtree(self._home / "recordings", ignore_errors=True)

    def _recording(self) -> tuple[_Ledger, int]:
        name, end = f"{time.time_ns()}", 0
        head = Head(datetime.now(UTC), "soak", "speech", None, 0)
        journal = Journal(self._home / "journals" / name, head, self._say)
        recorder = Recorder(self._home / "recordings" / f"{name}.ogg", self._say)
        recorder.start()

        def keep(chunk: AudioChunk) -> None:
            nonlocal end
            journal.sound(chunk)
            recorder.put(chunk)
            end = (chunk.start + len(chunk.samples)) * SAMPLE_RATE_HZ // chunk.rate

        spool = Spool(self._speaker.recording(), keep)
        spool.start()

        def heard() -> Iterator[AudioChunk]:
            for chunk in spool:
                yield chunk
                if self._speaker.is_killed:
                    raise _Killed

        document = TranscriptDocument().begin_session()
        ledger = self._follow(
            Stream(heard(), None), journal, head, (None, TranscriptDocument(), document, 0), Formatter(TextRules())
        )
        recorder.close()
        spool.join()
        recorder.join()
        return ledger, end

    def _recovered(self) -> tuple[int, int]:
        """What was killed is brought back: samples that were lost since, and the place where it leaves off."""
        history = self._open_history()
        (cut_off,) = find(self._home / "journals", history, lambda: Formatter(TextRules()))
        recovery, journal = take_up(cut_off, history, Formatter(TextRules()), self._say)
        history.close()
        self.totals.recovered += 1
        found = (recovery.id, recovery.kept, recovery.document, recovery.heard)
        ledger = self._follow(recovery.stream(None, journal), journal, recovery.head, found, recovery.shaper)
        return ledger.lost, ledger.position

    def _follow(self, stream: Stream, journal: Journal, head: Head, found, shaper: Formatter) -> _Ledger:
        """Transcribe a stream and keep it, as the window does."""
        id, kept, document, heard = found
        keeper, ledger = Keeper(self._open_history, self._say), _Ledger(journal)
        keeper.start()
        keeper.turn_to(id, kept)
        keeper.begin(head, journal.folder.name)
        keeper.see(document, heard)

        def take(message: EngineMessage) -> None:
            nonlocal document, heard
            if isinstance(message, Transcribed):
                heard += len(message.events)
                for event in message.events:
                    for shaped in shaper.push(event):
                        document = applied(document, shaped)
                keeper.see(document, heard)
                self._look(message.clock.audio_s)
            elif isinstance(message, SessionEnded):
                assert message.error is None, message.error
            else:
                self._say(message.text)

        try:
            whole = Stream(stream.chunks, None, ledger, stream.marks)
            LiveStream(whole, lambda mark, _: self._recognizer.open_session(mark=mark), take).run()
            for shaped in shaper.finish():
                document = applied(document, shaped)
            keeper.see(document.without_open(), heard)
            keeper.finish(journal)
            self.totals.words += len(document.text.split())
        except _Killed:
            pass
        keeper.shut_down(60.0)
        journal.close()
        return ledger

    def _open_history(self) -> History:
        return History(self._home / "history.sqlite", self._home / "recordings")

    def _say(self, text: str) -> None:
        self.said[text.partition("(")[0]] += 1

    def _look(self, audio_s: float) -> None:
        now_s = self._done_s + audio_s
        if now_s - self._shown_s >= 60.0:
            self._shown_s = now_s
            files = [path for path in (self._home / "journals").rglob("*") if path.is_file()]
            disk_mb = sum(path.stat().st_size for path in files) / 2**20
            handles = len(list(Path("/proc/self/fd").iterdir()))
            self._show(Row(now_s, resident_mb(), handles, threading.active_count(), disk_mb))

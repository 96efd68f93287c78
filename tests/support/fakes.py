"""Stand-ins written by hand that keep the contracts of the real parts."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

import numpy as np

from s2t_core.config import FeatureConfig, ModelConfig
from s2t_core.decoding.draft import Draft
from s2t_core.decoding.segment import DecodedText, DecodedWord
from s2t_core.errors import S2TError
from s2t_core.events import SegmentClosed, SegmentUpdated
from s2t_core.streaming.mark import SessionMark
from s2t_core.types import AudioChunk, Samples, Segment


class LoudnessDetector:
    """Speech is what is loud, the louder the surer."""

    def probability(self, frame: Samples) -> float:
        loudest = float(np.abs(frame).max())
        return min(0.95, 0.5 + loudest) if loudest > 0.01 else 0.05


class WordTokenizer:
    """Token n is the word "wn"; every token begins a word."""

    marks = frozenset()

    def decode(self, ids: Iterable[int]) -> str:
        return " ".join(f"w{i}" for i in ids)

    def pieces(self) -> dict[int, str]:
        return {i: f"w{i}" for i in range(1000)}

    def starts_word(self, token_id: int) -> bool:
        return True

    def words(self, ids) -> list[tuple[int, int]]:
        return [(i, i + 1) for i in range(len(ids))]


class _FakeModel:
    config = ModelConfig(num_conv_layers=1, conv_kernel_sizes=(9,))  # 50 encoder frames a second


class ClockDecoder:
    """Hears one word each `word_s`: in segments of pure speech the n-th word is token n, so that texts tell the time.

    A segment that begins with a given token goes on from there. It records how long every decoded stretch was.
    """

    features = FeatureConfig(do_ceptral_normalize=False)
    tokenizer = WordTokenizer()
    model = _FakeModel()
    frames_per_second = 50.0

    def __init__(self, word_s: float = 0.5) -> None:
        self.word_frames = int(word_s * 100)
        self.drafted: list[int] = []
        self.finished: list[int] = []

    def listen(self, look_ahead_s: float, before=None) -> None:
        return None

    def draft(self, frames, stream, previous: Draft, committed: int, config) -> Draft:
        self.drafted.append(len(frames))
        return self._draft(self._tokens(frames, previous.tokens)).after(previous)

    def finish(self, frames, committed=()) -> DecodedText:
        self.finished.append(len(frames))
        tokens = self._tokens(frames, committed)
        assert tokens[: len(committed)] == tuple(committed)
        return self.read(frames, tokens)

    def read(self, frames, tokens) -> DecodedText:
        half = self.word_frames // 2
        words = tuple(DecodedWord(f"w{t}", i * half, (i + 1) * half, 0.9) for i, t in enumerate(tokens))
        return DecodedText(self.tokenizer.decode(tokens), words, self._draft(tokens))

    def live_words(self, draft: Draft) -> tuple[DecodedWord, ...]:
        half, pairs = self.word_frames // 2, zip(draft.tokens, draft.attended, strict=True)
        return tuple(DecodedWord(f"w{token}", at + 1 - half, at + 1, 0.9) for token, at in pairs)

    def _draft(self, tokens: tuple[int, ...]) -> Draft:
        count = len(tokens)
        attended = tuple((i + 1) * self.word_frames // 2 - 1 for i in range(count))
        return Draft(tokens, (1,) * count, attended, (1.0,) * count)

    def _tokens(self, frames, known) -> tuple[int, ...]:
        first = known[0] if known else 0
        return tuple(range(first, first + len(frames) // self.word_frames))


class ScriptedSession:
    """Says its words one after the other, one chunk each, and closes the segment at the end."""

    mark = SessionMark(0, 0)

    def __init__(self, words: Sequence[str], fails_at: int | None = None) -> None:
        self._words = words
        self._fails_at = fails_at
        self._said = 0
        self.heard: list[AudioChunk] = []

    def push(self, chunk: AudioChunk):
        self.heard.append(chunk)
        if self._fails_at is not None and len(self.heard) > self._fails_at:
            raise S2TError("The session broke.", "Try again.")
        if self._said >= len(self._words):
            return ()
        self._said += 1
        said = self._words[: self._said]
        return (SegmentUpdated(Segment(0, 0, self._said * 100, " ".join(said[:-1]), said[-1])),)

    def finish(self):
        if not self._said:
            return ()
        return (SegmentClosed(Segment(0, 0, self._said * 100, " ".join(self._words[: self._said]))),)


class FakeRecognizer:
    """What the engine needs of a recogniser."""

    name, device = "fake", "cpu"

    class decoder:  # the name of the attribute
        features = FeatureConfig()
        warmed = 0

        @classmethod
        def finish(cls, frames) -> None:
            cls.warmed += 1

    def __init__(self, *sessions: ScriptedSession) -> None:
        self._sessions = list(sessions)

    def warm_up(self) -> None:
        self.decoder.finish(())

    def steered(self, wishes):
        self.wishes = wishes
        if any(phrase.text == "unspellable" for phrase in wishes.phrases):
            raise S2TError("A phrase cannot be spelt.", "Leave it out.")
        return self

    def open_session(self, config=None, *, mark=None) -> ScriptedSession:
        return self._sessions.pop(0)


class FakeSource:
    """Gives `chunks` of 100 samples and then waits for `stop`, as a microphone does."""

    def __init__(self, chunks: int = 3, error: Exception | None = None, silent: bool = False) -> None:
        self._chunks = 0 if silent else chunks
        self._error = error
        self.stopped = threading.Event()
        self.broken = ""
        self.given = 0

    def start(self):
        if self._error is not None:
            raise self._error
        return self._give()

    def _give(self):
        for index in range(self._chunks):
            self.given += 1
            yield AudioChunk(np.full(100, 0.5, np.float32), 16000, index * 100)
        self.stopped.wait(10)

    def stop(self) -> None:
        self.stopped.set()

    def received_s(self) -> float:
        return self.given * 100 / 16000

    def take_peak(self) -> float:
        return 0.5

    def fault(self) -> str:
        return "" if self.stopped.is_set() else self.broken


class Unshaped:
    """Leaves events as they are."""

    def push(self, event):
        return (event,)

    def finish(self):
        return ()

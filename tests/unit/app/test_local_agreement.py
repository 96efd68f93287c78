"""LocalAgreement-2 around a recogniser that is told what to hear: the peer that the live benchmark runs."""

from __future__ import annotations

import numpy as np
from benchmarks.local_agreement import PROMPT, HeardWord, LocalAgreementSession, Stretch
from support.fakes import LoudnessDetector

from s2t_core.events import SegmentClosed, SegmentUpdated
from s2t_core.types import AudioChunk

RATE = 16000


def heard(*words: str, step_s: float = 1.0) -> list[HeardWord]:
    return [HeardWord(f" {word}", index * step_s, (index + 0.9) * step_s) for index, word in enumerate(words)]


def taken(stretch: Stretch, seconds: float) -> Stretch:
    stretch.take(np.zeros(int(seconds * RATE), np.float32))
    return stretch


def text(words: list[HeardWord]) -> str:
    return "".join(word.text for word in words).strip()


def test_what_two_passes_begin_with_is_committed():
    passes = iter([heard("a", "b"), heard("a", "c", "d"), heard("a", "c", "d", "e")])
    stretch = Stretch(0)
    committed = []
    for _ in range(3):
        taken(stretch, 1).listen(lambda samples, before: (next(passes), []))
        committed.append((text(stretch.committed), text(stretch.tentative)))
    assert committed == [("", "a b"), ("a", "c d"), ("a c d", "e")]


def test_a_committed_word_that_is_heard_a_little_later_is_not_written_twice():
    late = [HeardWord(" b", 1.85, 2.0), HeardWord(" c", 2.1, 2.9)]
    passes = iter([heard("a", "b"), heard("a", "b"), late])
    stretch = Stretch(0)
    for _ in range(3):
        taken(stretch, 1).listen(lambda samples, before: (next(passes), []))
    assert text(stretch.committed) == "a b" and text(stretch.tentative) == "c"


def test_a_long_buffer_is_cut_where_a_settled_segment_ends_and_its_text_is_the_context_from_then_on():
    told = []

    def hear(samples, before):
        told.append((len(samples) / RATE, before))
        return heard("one.", "two", step_s=5.0), [4.5, 9.5, 15.5]

    stretch = taken(Stretch(0), 14)
    stretch.listen(hear)
    taken(stretch, 2).listen(hear)
    assert stretch.cut_s == 9.5
    taken(stretch, 1).listen(lambda samples, before: told.append((len(samples) / RATE, before)) or ([], []))
    assert told == [(14.0, ""), (16.0, ""), (7.5, "one. two")]
    assert len("one. two") < PROMPT


def test_a_session_updates_each_second_and_closes_a_stretch_at_its_pause():
    def hear(samples, before):
        return heard(*[str(index) for index in range(int(np.count_nonzero(samples) / RATE + 0.1))]), []

    session = LocalAgreementSession(hear, LoudnessDetector())
    sound = np.zeros(6 * RATE, np.float32)
    sound[RATE : 4 * RATE] = 0.5
    events = []
    for at in range(0, len(sound), 1600):
        events += session.push(AudioChunk(sound[at : at + 1600], RATE, at))
    events += session.finish()
    assert [type(one) for one in events] == [SegmentUpdated] * 2 + [SegmentClosed]
    assert [(one.segment.committed, one.segment.tentative) for one in events] == [
        ("", "0"), ("0", "1"), ("0 1 2", ""),
    ]  # fmt: skip
    closed = events[-1].segment
    assert 0.4 * RATE < closed.start_sample < RATE and 4 * RATE < closed.end_sample < 4.5 * RATE

"""A session that broke off is taken up where it was marked: no committed word changes, and no sound is heard twice."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fakes import ClockDecoder, LoudnessDetector

from s2t_core.events import AudioLost, SegmentClosed, SegmentUpdated
from s2t_core.metrics import plain
from s2t_core.session import StreamSession
from s2t_core.streaming.config import SessionConfig
from s2t_core.streaming.endpoint import EndpointConfig
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import AudioChunk, chunk_from

RATE = 16000
STEP = 1600
LONG = SessionConfig(endpoint=EndpointConfig(longest_ms=2200))


def chunks(samples, rate=RATE, size=STEP):
    return [AudioChunk(samples[at : at + size], rate, at) for at in range(0, len(samples), size)]


def speech(seconds):
    return np.full(int(seconds * RATE), 0.5, np.float32)


def broken_off(samples, breaks_after, open_session, rate=RATE):
    """The document of a stream whose session ended without a word after so many chunks and was taken up."""
    document = TranscriptDocument()
    session = open_session(None)
    for chunk in chunks(samples, rate)[:breaks_after]:
        for event in session.push(chunk):
            document = document.apply(event)
    settled, mark = document.settled_text, session.mark
    second = open_session(mark)
    for whole in chunks(samples, rate):
        chunk = chunk_from(whole, mark.position)
        if len(chunk.samples):
            for event in second.push(chunk):
                document = document.apply(event)  # raises where committed text would change
    for event in second.finish():
        document = document.apply(event)
    assert document.settled_text.startswith(settled)
    assert not any(isinstance(item, AudioLost) for item in document.closed)
    return document


@given(breaks_after=st.integers(0, 60), pause=st.integers(0, 60), config=st.sampled_from([SessionConfig(), LONG]))
@settings(deadline=None, max_examples=20, derandomize=True)
def test_wherever_it_broke_off_every_word_comes_once(breaks_after, pause, config):
    quiet = np.zeros(2 * RATE, np.float32)
    samples = np.concatenate([quiet[: pause * 320], speech(2.5), quiet[:RATE], speech(3), quiet[:RATE]])

    def opened(mark):
        return StreamSession(ClockDecoder(), LoudnessDetector(), config, mark)

    broken, whole = (broken_off(samples, count, opened) for count in (breaks_after, 0))
    said = [sum(len(item.committed.split()) for item in one.closed) for one in (broken, whole)]
    assert abs(said[0] - said[1]) <= 1  # a pause that was seen from another frame moves an end by a word at most
    ends = [item.end_sample for item in broken.closed]
    starts = [item.start_sample for item in broken.closed]
    assert all(start >= end for end, start in zip(ends, starts[1:], strict=False))


@pytest.mark.parametrize("seconds", [2.5, 5.5])
def test_real_speech_goes_on_word_for_word(recognizer, sample, seconds):
    def opened(mark):
        return recognizer.open_session(mark=mark)

    broken = broken_off(sample[0][: 9 * RATE], round(seconds * RATE / STEP), opened)
    whole = broken_off(sample[0][: 9 * RATE], 0, opened)
    assert plain(broken.text) == plain(whole.text)


def test_a_rate_that_does_not_divide_leaves_no_gap():
    samples = np.full(3 * 44100, 0.5, np.float32)

    def opened(mark):
        return StreamSession(ClockDecoder(), LoudnessDetector(), SessionConfig(), mark)

    for breaks_after in range(1, 60, 7):
        broken_off(samples, breaks_after, opened, rate=44100)


def test_a_mark_can_be_written_down():
    session = StreamSession(ClockDecoder(), LoudnessDetector(), SessionConfig())
    for chunk in chunks(speech(4)):
        session.push(chunk)
    assert session.mark.open is not None and session.mark.open.tokens
    assert json.loads(json.dumps(asdict(session.mark)))["open"]["text"].startswith("w0 w1")


def test_another_checkpoint_keeps_the_words_though_it_numbers_tokens_otherwise(recognizer, sample):
    session = recognizer.open_session()
    for chunk in chunks(sample[0][: 5 * RATE]):
        session.push(chunk)
    mark = session.mark
    assert mark.open is not None and len(mark.open.tokens) > 3
    foreign = replace(mark, open=replace(mark.open, tokens=tuple(5 for _ in mark.open.tokens)))
    second = recognizer.open_session(mark=foreign)
    second.push(chunk_from(AudioChunk(sample[0][: 7 * RATE], RATE, 0), mark.position))
    closed = [event.segment for event in second.finish() if isinstance(event, SegmentClosed)]
    assert closed[0].committed.startswith(mark.open.text)


def test_sound_that_is_missing_behind_the_mark_is_a_gap_and_what_was_committed_stays():
    session = StreamSession(ClockDecoder(), LoudnessDetector(), SessionConfig())
    for chunk in chunks(speech(4)):
        session.push(chunk)
    mark = session.mark
    assert mark.open is not None
    second = StreamSession(ClockDecoder(), LoudnessDetector(), SessionConfig(), mark)
    events = [*second.push(AudioChunk(speech(1), RATE, 6 * RATE)), *second.finish()]
    first, gap = events[:2]
    assert isinstance(first, SegmentClosed) and first.segment.committed.startswith(mark.open.text)
    assert isinstance(gap, AudioLost) and gap.end_sample == 6 * RATE
    assert not any(isinstance(event, SegmentUpdated) for event in events[:2])


def test_nothing_is_needed_again_once_a_session_is_finished():
    session = StreamSession(ClockDecoder(), LoudnessDetector(), SessionConfig())
    session.push(AudioChunk(speech(3), RATE, 0))
    session.finish()
    assert session.mark.position == 3 * RATE and session.mark.open is None

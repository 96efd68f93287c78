"""A session cuts the stream into segments, commits what is stable, and loses nothing at gaps, cuts and ends."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from conftest import SAMPLE_TEXT
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fakes import ClockDecoder, LoudnessDetector

from s2t_core.errors import AudioFormatError
from s2t_core.events import AudioLost, SegmentClosed, SegmentUpdated
from s2t_core.features.fbank import frame_count
from s2t_core.metrics import plain
from s2t_core.session import StreamSession
from s2t_core.streaming.config import SessionConfig
from s2t_core.streaming.endpoint import EndpointConfig, EndpointRule
from s2t_core.types import AudioChunk

RATE = 16000


def sound(*stretches):
    """Alternating speech and silence, in seconds, beginning with speech."""
    parts = [np.full(int(s * RATE), 0.0 if i % 2 else 0.5, np.float32) for i, s in enumerate(stretches)]
    return np.concatenate(parts)


def run(samples, config=None, size=1600, rate=RATE, decoder=None):
    decoder = decoder or ClockDecoder()
    session = StreamSession(decoder, LoudnessDetector(), config or SessionConfig())
    events = []
    for at in range(0, len(samples), size):
        events += session.push(AudioChunk(samples[at : at + size], rate, at))
    return [*events, *session.finish()], decoder


def closed(events):
    return [event.segment for event in events if isinstance(event, SegmentClosed)]


def test_a_pause_ends_a_segment_and_speech_begins_the_next():
    events, _ = run(np.concatenate([np.zeros(RATE, np.float32), sound(2.0, 1.0, 1.5, 1.0)]))
    first, second = closed(events)
    assert (first.id, second.id) == (0, 1)
    # Pre-roll before, a tail behind, and no overlap between the two.
    assert RATE - 0.7 * RATE < first.start_sample < RATE
    assert 3.0 * RATE < first.end_sample <= 3.4 * RATE
    assert first.end_sample <= second.start_sample < 4.0 * RATE


def test_committed_text_only_grows_and_the_final_text_begins_with_it():
    events, _ = run(sound(6.0, 1.0))
    committed = ""
    for event in events:
        assert event.segment.committed.startswith(committed)
        committed = event.segment.committed
    assert len(closed(events)[0].words) >= 11


def test_words_are_committed_while_speech_goes_on():
    config = SessionConfig()
    events, _ = run(sound(4.0))
    before_end = [event for event in events if isinstance(event, SegmentUpdated)][-1].segment
    assert before_end.committed.split()[:4] == ["w0", "w1", "w2", "w3"]
    heard_s = before_end.end_sample / RATE
    last_word_end_s = len(before_end.committed.split()) * 0.5
    assert heard_s - last_word_end_s >= config.commit.steps[0][0] / 1000 - 0.02


def test_committed_words_have_their_times_while_speech_goes_on():
    events, _ = run(sound(4.0))
    for event in events:
        if isinstance(event, SegmentUpdated):
            assert [word.text for word in event.segment.words] == event.segment.committed.split()
            places = [word.start_sample / RATE for word in event.segment.words]
            assert places == pytest.approx([0.5 * i for i in range(len(places))], abs=0.03)


def test_silence_gives_no_events_and_is_never_decoded():
    events, decoder = run(np.zeros(10 * RATE, np.float32))
    assert events == []
    assert decoder.drafted == decoder.finished == []


def test_a_pause_gets_its_final_text_at_once_and_its_end_costs_no_more_decoding():
    events, decoder = run(sound(2.0, 1.0), size=512)
    settled, final = events[-2].segment, events[-1].segment
    assert f"{settled.committed} {settled.tentative}".strip() == final.committed
    assert len(decoder.finished) == 1
    assert settled.end_sample < final.end_sample + 0.1 * RATE  # a tail of silence had been heard, not all of the pause


def test_speech_after_a_short_pause_goes_on_with_the_settled_text_as_a_draft():
    events, decoder = run(sound(2.0, 0.45, 1.5, 1.0), size=512)
    (segment,) = closed(events)
    assert len(decoder.finished) == 2
    assert decoder.finished[0] < decoder.finished[1]
    assert segment.end_sample > 3.9 * RATE


def test_endless_speech_without_drafts_is_cut_without_losing_or_repeating_sound():
    events, decoder = run(sound(50.0), SessionConfig(partials=False))
    segments = closed(events)
    assert len(segments) >= 3
    for before, after in itertools.pairwise(segments):
        assert before.end_sample == after.start_sample
    assert segments[-1].end_sample == 50 * RATE
    assert max(decoder.finished) <= 2000  # frames: 20 s


def test_endless_speech_is_cut_behind_committed_words_and_every_word_is_written_once():
    events, decoder = run(sound(50.0), size=512)
    segments = closed(events)
    assert len(segments) >= 3
    words = " ".join(segment.committed for segment in segments).split()
    assert words == [f"w{i}" for i in range(99)]  # the hundredth lacks a window
    for before, after in itertools.pairwise(segments):
        assert before.end_sample == after.start_sample
        assert before.words[-1].end_sample <= after.words[0].start_sample + 0.33 * RATE
    assert max(decoder.drafted) <= 2000  # frames: 20 s


def test_a_long_segment_ends_at_a_short_pause():
    events, _ = run(sound(13.0, 0.5, 5.0, 1.0))
    assert [round(segment.end_sample / RATE) for segment in closed(events)] == [13, 19]


def test_a_gap_closes_the_segment_and_is_reported_with_its_place():
    session = StreamSession(ClockDecoder(), LoudnessDetector(), SessionConfig())
    speech = sound(2.0)
    events = list(session.push(AudioChunk(speech, RATE, 0)))
    events += session.push(AudioChunk(speech, RATE, 3 * RATE))
    events += session.finish()
    gap = next(event for event in events if isinstance(event, AudioLost))
    assert (gap.start_sample, gap.end_sample) == (2 * RATE, 3 * RATE)
    before, after = closed(events)
    assert before.end_sample <= gap.start_sample and gap.end_sample <= after.start_sample
    assert events.index(gap) > [type(event) for event in events].index(SegmentClosed)


def test_an_empty_last_chunk_shows_a_loss_at_the_very_end():
    session = StreamSession(ClockDecoder(), LoudnessDetector(), SessionConfig())
    session.push(AudioChunk(np.zeros(RATE, np.float32), RATE, 0))
    (lost,) = session.push(AudioChunk(np.zeros(0, np.float32), RATE, 2 * RATE))
    assert lost == AudioLost(RATE, 2 * RATE)


def test_finish_decodes_the_last_words_without_a_pause():
    events, _ = run(sound(3.1))
    (segment,) = closed(events)
    assert segment.end_sample == int(3.1 * RATE)
    assert segment.committed.split()[-1] == "w5"


def test_a_session_without_partials_gives_final_text_only():
    events, decoder = run(sound(3.0, 1.0), SessionConfig(partials=False))
    assert [type(event) for event in events] == [SegmentClosed]
    assert decoder.drafted == []


def test_a_long_chunk_skips_the_drafts_that_later_sound_overtakes():
    _, paced = run(sound(6.0))
    _, late = run(sound(6.0), size=6 * RATE)
    assert len(paced.drafted) > 15
    assert len(late.drafted) == 1
    assert paced.finished == late.finished


@settings(max_examples=30, deadline=None)
@given(sizes=st.lists(st.integers(1, 5120), min_size=1, max_size=12))
def test_however_the_sound_is_cut_the_events_are_the_same(sizes):
    samples = sound(2.0, 0.7, 3.0, 0.1, 1.0)
    whole, _ = run(samples, size=512)
    session = StreamSession(ClockDecoder(), LoudnessDetector(), SessionConfig())
    events, at, turn = [], 0, 0
    while at < len(samples):
        size = sizes[turn % len(sizes)] if sizes[turn % len(sizes)] > 200 else 200
        events += session.push(AudioChunk(samples[at : at + size], RATE, at))
        at, turn = at + size, turn + 1
    events += session.finish()
    assert events == whole


@pytest.mark.parametrize("rate", [8000, 44100, 48000])
def test_other_rates_give_the_same_segments(rate):
    samples = np.repeat(sound(2.0, 1.0, 1.5), 3)[:: 48000 // rate] if rate != 44100 else None
    if samples is None:
        import soxr

        samples = soxr.resample(sound(2.0, 1.0, 1.5), RATE, rate).astype(np.float32)
    events, _ = run(samples, rate=rate, size=rate // 10)
    wanted, _ = run(sound(2.0, 1.0, 1.5))
    for got, want in zip(closed(events), closed(wanted), strict=True):
        assert abs(got.start_sample - want.start_sample) <= 512
        assert abs(got.end_sample - want.end_sample) <= 512


@pytest.mark.parametrize("samples", [np.full(100, np.nan, np.float32), np.zeros((10, 2), np.float32)])
def test_samples_that_mean_nothing_are_refused(samples):
    session = StreamSession(ClockDecoder(), LoudnessDetector(), SessionConfig())
    with pytest.raises(AudioFormatError):
        session.push(AudioChunk(samples, RATE, 0))


def test_the_real_checkpoint_hears_the_sample_the_same_however_it_is_cut(recognizer, sample):
    samples, rate = sample
    texts = []
    for size in (320, 5000):
        session = recognizer.open_session()
        events = [
            event
            for at in range(0, len(samples), size)
            for event in session.push(AudioChunk(samples[at : at + size], rate, at))
        ]
        texts.append([*events, *session.finish()])
    assert texts[0] == texts[1]
    assert " ".join(segment.committed for segment in closed(texts[0])) == SAMPLE_TEXT
    words = [word for segment in closed(texts[0]) for word in segment.words]
    assert [word.text for word in words] == SAMPLE_TEXT.split()
    assert all(a.end_sample <= b.start_sample for a, b in itertools.pairwise(words))
    assert all(0 < word.confidence <= 1 and word.start_sample < word.end_sample for word in words)


def test_final_text_does_not_depend_on_live_drafts_in_the_sample(recognizer, sample):
    session = recognizer.open_session(dataclasses.replace(SessionConfig(), partials=False))
    events = [*session.push(AudioChunk(sample[0], sample[1], 0)), *session.finish()]
    assert " ".join(segment.committed for segment in closed(events)) == SAMPLE_TEXT


def test_real_speech_that_is_cut_without_a_pause_loses_and_repeats_no_word(recognizer, sample):
    endpoint = EndpointConfig(rules=(EndpointRule(0, 5000),), longest_ms=8000)
    session = recognizer.open_session(SessionConfig(endpoint=endpoint))
    events = [
        event
        for at in range(0, len(sample[0]), 1600)
        for event in session.push(AudioChunk(sample[0][at : at + 1600], sample[1], at))
    ]
    segments = closed([*events, *session.finish()])
    assert len(segments) >= 2
    assert plain(" ".join(segment.committed for segment in segments)) == plain(SAMPLE_TEXT)
    words = [word for segment in segments for word in segment.words]
    assert plain(" ".join(word.text for word in words)) == plain(SAMPLE_TEXT)
    assert all(a.start_sample <= b.start_sample for a, b in itertools.pairwise(words))


@pytest.mark.parametrize("partials", [True, False])
@pytest.mark.parametrize("onset", [600, 616, 617, 620, 623, 624, 625])
def test_a_cut_where_a_dip_begins_leaves_no_gap_and_costs_one_decoding(onset, partials):
    samples = sound(60.0)
    samples[onset * 512 : (onset + 12) * 512] *= 0.5  # quieter, but speech
    events, decoder = run(samples, SessionConfig(partials=partials), size=512)
    segments = closed(events)
    for before, after in itertools.pairwise(segments):
        assert before.end_sample == after.start_sample
    assert segments[-1].end_sample == 60 * RATE
    assert len(decoder.finished) <= 5


def test_speech_that_stops_right_behind_a_cut_keeps_every_word():
    for length_s in (20.1, 20.3, 20.7):
        events, _ = run(sound(length_s, 1.0), size=512)
        words = " ".join(segment.committed for segment in closed(events)).split()
        assert words == [f"w{i}" for i in range(len(words))] and len(words) >= 40


def test_what_is_cut_out_to_be_heard_later_is_what_a_session_without_drafts_hears():
    samples = sound(1.5, 1.0, 47.0, 1.0, 3.0)  # with three cuts in the midst of speech
    config, sounds = SessionConfig(partials=False), {}
    heard, decoder = run(samples, config)
    session = StreamSession(None, LoudnessDetector(), config, put_off=sounds.__setitem__)
    events = [*session.push(AudioChunk(samples, RATE, 0)), *session.finish()]
    assert [dataclasses.replace(one, committed="", words=()) for one in closed(heard)] == closed(events)
    assert [one.id for one in closed(events)] == list(sounds) == [0, 1, 2, 3, 4, 5]
    assert [frame_count(len(one)) for one in sounds.values()] == decoder.finished
    for one in closed(events):
        np.testing.assert_array_equal(sounds[one.id], samples[one.start_sample : one.end_sample])

"""Feature frames: transformers' numbers, and the same ones however the sound arrives."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import Speech2TextFeatureExtractor

from s2t_core.config import FeatureConfig, read_feature_config
from s2t_core.errors import AudioFormatError
from s2t_core.features import fbank as fbank_module
from s2t_core.features.bank import features_batch
from s2t_core.features.cmvn import running_cmvn, statistics, utterance_cmvn
from s2t_core.features.fbank import fbank, frame_count, native_fbank
from s2t_core.features.resample import StreamingResampler
from s2t_core.features.stream import FbankStream

CONFIG = FeatureConfig()


def cut(samples, marks):
    marks = sorted(min(mark, len(samples)) for mark in marks)
    return [samples[a:b] for a, b in zip([0, *marks], [*marks, len(samples)], strict=True)]


def test_fbank_equals_the_feature_extractor_of_transformers(sample):
    speech = sample[0][:48000]
    for samples in (speech, np.zeros(16000, np.float32), np.concatenate([np.zeros(8000, np.float32), speech])):
        theirs = Speech2TextFeatureExtractor()._extract_fbank_features(samples)
        ours = fbank(samples, CONFIG)
        assert ours.shape == theirs.shape
        assert np.abs(ours - theirs).max() < 2e-3  # log energies of 16-bit steps, from -16 to 25


@pytest.mark.parametrize("means", [True, False])
@pytest.mark.parametrize("variances", [True, False])
def test_utterance_cmvn_equals_transformers(sample, means, variances):
    extractor = Speech2TextFeatureExtractor(normalize_means=means, normalize_vars=variances)
    theirs = extractor(sample[0][:48000], sampling_rate=16000)["input_features"][0]
    config = FeatureConfig(normalize_means=means, normalize_vars=variances)
    assert np.abs(utterance_cmvn(fbank(sample[0][:48000], config), config) - theirs).max() < 2e-3


def test_cmvn_of_digital_silence_is_finite():
    frames = utterance_cmvn(fbank(np.zeros(16000, np.float32), CONFIG), CONFIG)
    assert np.isfinite(frames).all()


def test_running_cmvn_leans_on_earlier_speech_for_three_seconds_and_then_is_that_of_the_utterance():
    rng = np.random.default_rng(0)
    earlier, now = rng.normal(3, 2, (500, 80)).astype(np.float32), rng.normal(5, 1, (400, 80)).astype(np.float32)
    before = statistics(earlier)
    joined = np.concatenate([earlier[:200], now[:100]])
    borrowed = running_cmvn(now[:100], before, CONFIG)
    # 200 frames like the earlier ones stand in for those that lack
    np.testing.assert_allclose(borrowed, utterance_cmvn(joined, CONFIG)[200:], atol=0.3)
    for first, stats in ((now, before), (now[:300], before), (now[:100], None)):
        assert np.array_equal(running_cmvn(first, stats, CONFIG), utterance_cmvn(first, CONFIG))


def test_a_preprocessor_config_that_asks_for_no_cmvn_is_honoured(tmp_path):
    (tmp_path / "preprocessor_config.json").write_text('{"do_ceptral_normalize": false}')
    frames = np.ones((3, 80), np.float32)
    assert utterance_cmvn(frames, read_feature_config(tmp_path)) is frames


@settings(max_examples=25, deadline=None)
@given(marks=st.lists(st.integers(0, 20000), max_size=8))
def test_streaming_features_equal_whole_features_however_the_sound_is_cut(marks):
    samples = np.random.default_rng(1).normal(0, 0.1, 20000).astype(np.float32)
    stream = FbankStream(CONFIG)
    pieces = [stream.push(part) for part in cut(samples, marks)]
    assert np.array_equal(np.concatenate(pieces), fbank(samples, CONFIG))


@pytest.mark.parametrize("length", [0, 399, 400, 559, 560])
def test_frames_are_whole_windows(length):
    frames = fbank(np.ones(length, np.float32), CONFIG)
    assert frames.shape == (frame_count(length), 80)


@pytest.mark.parametrize("bad", [np.float32("nan"), np.float32("inf"), np.float32(1e6)])
def test_samples_that_are_no_sound_are_refused(bad):
    samples = np.zeros(1000, np.float32)
    samples[500] = bad
    with pytest.raises(AudioFormatError, match="finite|louder"):
        fbank(samples, CONFIG)


@pytest.mark.skipif(importlib.util.find_spec("torchaudio") is None, reason="the torchaudio extra is not installed")
def test_torchaudio_gives_the_numbers_of_kaldi_native_fbank(sample):
    name, function = fbank_module.backend()
    assert name == "torchaudio"
    assert np.abs(function(sample[0], CONFIG) - native_fbank(sample[0], CONFIG)).max() < 2e-3


def test_a_torchaudio_that_does_not_import_is_passed_over(monkeypatch):
    def fail(name):
        raise OSError("libc10_cuda.so: cannot open shared object file")

    monkeypatch.setattr(fbank_module.importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(fbank_module.importlib, "import_module", fail)
    assert fbank_module.backend.__wrapped__() == ("kaldi-native-fbank", native_fbank)


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 44100, 48000, 96000])
def test_a_cut_leaves_no_trace_in_resampled_sound(rate):
    samples = np.random.default_rng(0).normal(0, 0.1, rate).astype(np.float32)
    whole, parts = StreamingResampler(rate), StreamingResampler(rate)
    expected = np.concatenate([whole.push(samples), whole.finish()])
    pieces = [parts.push(part) for part in cut(samples, [1, 17, 3000, 3001])]
    assert np.array_equal(np.concatenate([*pieces, parts.finish()]), expected)
    assert abs(len(expected) - 16000) <= 1


def test_a_tone_keeps_its_pitch_when_resampled():
    tone = np.sin(2 * np.pi * 1000 * np.arange(44100) / 44100).astype(np.float32)
    resampler = StreamingResampler(44100)
    got = np.concatenate([resampler.push(tone), resampler.finish()])
    assert np.abs(np.fft.rfft(got)).argmax() == 1000


@pytest.mark.parametrize("rate", [0, -1, 3999, 10**6])
def test_rates_nobody_records_at_are_refused(rate):
    with pytest.raises(AudioFormatError, match="sampling rate"):
        StreamingResampler(rate)


@pytest.mark.parametrize("normalise", [False, True])
def test_a_batch_in_torch_has_the_features_of_each_recording(normalise):
    config = FeatureConfig(do_ceptral_normalize=normalise)
    rng = np.random.default_rng(0)
    clips = [(rng.standard_normal(count) * 0.1).astype(np.float32) for count in (16000, 400, 9999, 399)]
    clips[0][:4000] = 0.0
    samples = torch.zeros(len(clips), 16000)
    for row, clip in zip(samples, clips, strict=True):
        row[: len(clip)] = torch.from_numpy(clip)
    features, counts = features_batch(samples, torch.tensor([len(clip) for clip in clips]), config)
    for row, count, clip in zip(features, counts.tolist(), clips, strict=True):
        wanted = utterance_cmvn(native_fbank(clip, config), config) if count else np.zeros((0, 80), np.float32)
        assert count == len(wanted)
        np.testing.assert_allclose(row[:count], wanted, atol=2e-3)
        assert not row[count:].any()

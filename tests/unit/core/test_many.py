"""Final text through lanes, alone and in batches, is what it is without them: words, times and confidences."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
import torch

from s2t_core.decoding.lanes import Lanes
from s2t_core.decoding.many import batch_frames, hear_many
from s2t_core.decoding.phrases import make_bias
from s2t_core.errors import CheckpointError
from s2t_core.features.fbank import fbank
from s2t_core.recognizer import picks_half
from s2t_core.types import DecodingOptions, Phrase

CUTS = [(0, 60_000), (20_000, 150_000), (0, 200), (100_000, 190_000), (60_000, 110_000), (30_000, 42_000)]


@pytest.fixture(scope="module")
def decoder(plain):
    return replace(plain.decoder, lanes=Lanes(plain.decoder.model))


@pytest.fixture(scope="module")
def clips(sample):
    return [sample[0][first:end] for first, end in CUTS]


def assert_same(got, wanted):
    assert got.text == wanted.text
    assert [(word.text, word.first_frame, word.end_frame) for word in got.words] == [
        (word.text, word.first_frame, word.end_frame) for word in wanted.words
    ]
    for ours, theirs in zip(got.words, wanted.words, strict=True):
        assert ours.confidence == pytest.approx(theirs.confidence, abs=2e-3)
    assert [one.text for one in got.alternatives] == [one.text for one in wanted.alternatives]


def in_order(decoder, clips, frames=3000):
    return [text for _, text in sorted(hear_many(decoder, clips, frames), key=lambda pair: pair[0])]


@pytest.mark.parametrize("committed", [0, 4])
def test_one_segment_through_a_lane_is_what_it_is_without(decoder, plain, clips, committed, monkeypatch):
    frames = fbank(clips[1], decoder.features)
    tokens = plain.decoder.finish(frames).draft.tokens[:committed]
    wanted = plain.decoder.finish(frames, tokens)
    monkeypatch.setattr("s2t_core.decoding.segment.search", None)  # no other way is taken
    assert_same(decoder.finish(frames, tokens), wanted)
    assert wanted.draft.attended == decoder.finish(frames, tokens).draft.attended


def test_batches_of_many_lengths_are_what_each_is_alone(decoder, plain, clips):
    for got, clip in zip(in_order(decoder, clips), clips, strict=True):
        assert_same(got, plain.decoder.hear(clip))


def test_words_that_the_head_cannot_spell_are_placed_by_attention_in_batches_too(decoder, plain, clips):
    by_attention = replace(decoder, ctc=None)
    for got, clip in zip(in_order(by_attention, clips), clips, strict=True):
        assert_same(got, replace(plain.decoder, ctc=None).hear(clip))


def test_a_batch_has_alternatives_where_they_are_asked_for(decoder, plain, clips):
    wide = {"search": replace(decoder.search, num_beams=3), "n_best": 3}
    (got,) = in_order(replace(decoder, **wide), clips[:1])
    wanted = replace(plain.decoder, **wide).hear(clips[0])
    assert len(wanted.alternatives) > 1
    assert_same(got, wanted)


def test_without_places_a_batch_gives_the_same_text(decoder, clips):
    placed = in_order(decoder, clips[:2])
    bare = [text for _, text in sorted(hear_many(decoder, clips[:2], 3000, read=False), key=lambda pair: pair[0])]
    assert [one.text for one in bare] == [one.text for one in placed]
    assert not any(one.words for one in bare)


def test_what_lanes_do_not_serve_is_searched_without_them(decoder, plain, clips, monkeypatch):
    wishes = DecodingOptions((Phrase("Uncas"),))
    biased = {"bias": make_bias(wishes, decoder.tokenizer)}
    assert not replace(decoder, **biased).in_lanes(100)
    assert_same(in_order(replace(decoder, **biased), clips[:1])[0], replace(plain.decoder, **biased).hear(clips[0]))
    monkeypatch.setattr("s2t_core.decoding.lanes._FRAMES", (256,))
    assert not decoder.in_lanes(300) and decoder.in_lanes(200)
    assert_same(decoder.hear(clips[1]), plain.decoder.hear(clips[1]))


def test_threads_share_lanes(decoder, plain, clips):
    found = {}

    def hear(name):
        found[name] = decoder.hear(clips[name])

    threads = [threading.Thread(target=hear, args=(name,)) for name in (0, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in (0, 4):
        assert_same(found[name], plain.decoder.hear(clips[name]))


def test_batches_are_as_large_as_memory_is_free(decoder, monkeypatch):
    small = batch_frames(torch.device("cpu"))
    free = 1 << 30
    monkeypatch.setattr("torch.cuda.mem_get_info", lambda device: (free, 1 << 40))
    assert batch_frames(torch.device("cuda")) == small
    free = 8 << 30
    assert small < batch_frames(torch.device("cuda")) < 40_000
    free = 100 << 30
    assert batch_frames(torch.device("cuda")) == 64_000


def test_half_precision_is_for_gpus():
    assert picks_half("auto", "cuda") == "float16" and picks_half("float32", "cuda") == ""
    assert picks_half("auto", "cpu") == "" and picks_half("bfloat16", "cuda") == "bfloat16"
    with pytest.raises(CheckpointError, match="GPU only"):
        picks_half("float16", "cpu")

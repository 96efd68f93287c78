"""The stages of training on a tiny random network: what each of them changes, and what it leaves as it was."""

from __future__ import annotations

import copy
import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import SAMPLE_TEXT
from support.peer import TINY
from support.tiny_whisper import make_whisper
from torch import nn

import s2t_core.training.distil_jointly
from s2t_core.config import AlignmentConfig, FeatureConfig, SearchConfig
from s2t_core.decoding.alignment import default_heads
from s2t_core.decoding.segment import SegmentDecoder
from s2t_core.model.encoded import EncodedFrames
from s2t_core.model.encoder import chunk_mask
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration
from s2t_core.tokenizer import load_tokenizer
from s2t_core.training.augment import AugmentConfig, Surroundings
from s2t_core.training.curriculum import as_heard, encoded_examples
from s2t_core.training.cuts import token_ends_s
from s2t_core.training.distil_decoder import DecoderStage, distil_decoder
from s2t_core.training.distil_encoder import (
    CHUNKS,
    EncoderStage,
    distil_encoder,
    encode_clips,
    frame_error,
    frames_of,
    random_chunk,
)
from s2t_core.training.distil_jointly import JointStage, attention_metric, distil_jointly
from s2t_core.training.examples import Example
from s2t_core.training.finetune import FinetuneStage, finetune, keep_what_helps, split
from s2t_core.training.lessons import Lesson, Window
from s2t_core.training.optimise import Average, Budget, Optimizer
from s2t_core.training.text_loss import EncodedExample, TextLoss
from s2t_core.training.vocabulary import carve
from s2t_core.training.whisper import read_whisper

RATE = 16000
FEATURES = FeatureConfig()
UNCHANGED = AugmentConfig(speed=0.0, reverb=0.0, noise=0.0, babble=0.0)
TEXTS = ("The invention of movable metal letters", "In the middle of the fifteenth century", "May justly be considered")


def silent(done: float, text: str) -> None:
    pass


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    whisper, folder = tmp_path_factory.mktemp("whisper"), tmp_path_factory.mktemp("vocabulary")
    make_whisper(whisper)
    carve(read_whisper(whisper), [(SAMPLE_TEXT, 1.0)], 600).save(folder)
    return load_tokenizer(folder)


def network(vocab_size: int = 60, seed: int = 0) -> Speech2TextForConditionalGeneration:
    """Of 50 frames a second and random weights."""
    torch.manual_seed(seed)
    config = dataclasses.replace(
        TINY, vocab_size=vocab_size, num_conv_layers=1, conv_kernel_sizes=(9,), dropout=0.0, init_std=0.15
    )
    model = Speech2TextForConditionalGeneration(config)
    model.init_weights()
    return model.eval()


@pytest.fixture
def pupil(tokenizer):
    return network(tokenizer.size)


@pytest.fixture(scope="module")
def clips(sample):
    """Three stretches of speech by their paths, of unequal lengths."""
    cuts = (sample[0][8_000:40_000], sample[0][40_000:80_000], sample[0][80_000:104_000])
    return {Path(str(number)): clip for number, clip in enumerate(cuts)}


def weights_of(module: nn.Module) -> dict[str, torch.Tensor]:
    return {name: weight.detach().clone() for name, weight in module.state_dict().items()}


def same(module: nn.Module, weights: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(weight, weights[name]) for name, weight in module.state_dict().items())


# -- optimise.py


def parameters(*tensors: torch.Tensor) -> list[tuple[str, nn.Parameter]]:
    return [(str(number), nn.Parameter(tensor.clone())) for number, tensor in enumerate(tensors)]


def moved(tensors: list[torch.Tensor], slopes: list[float], steps: int, most_steps: int | None) -> list[torch.Tensor]:
    """How far each tensor has come, in its own root mean squares."""
    named = parameters(*tensors)
    optimizer, budget = Optimizer(named, share=1e-2), Budget(60, most_steps)
    torch.manual_seed(1)
    for _ in range(steps):
        noise = torch.randn(tensors[0].shape)
        loss = sum((slope * noise * one).sum() for (_, one), slope in zip(named, slopes, strict=True))
        optimizer.step(loss, budget)
    return [
        (one.detach() - tensor) / tensor.square().mean().sqrt() for (_, one), tensor in zip(named, tensors, strict=True)
    ]


def test_a_step_is_the_same_share_of_a_tensor_whatever_its_scale():
    torch.manual_seed(0)
    tensor = torch.randn(6, 5)
    small, large = moved([tensor, 1000 * tensor], [1e-3, 1.0], steps=5, most_steps=100)
    torch.testing.assert_close(small, large, rtol=1e-2, atol=1e-5)
    assert float(small.abs().max()) > 1e-4


def test_the_first_step_is_small_and_the_last_one_nothing():
    tensor = torch.ones(4, 4)
    (first,) = moved([tensor], [1.0], steps=1, most_steps=1000)
    assert first.abs().mean().item() == pytest.approx(1e-2 / 25, rel=1e-2)
    (whole,) = moved([tensor], [1.0], steps=8, most_steps=8)
    (most,) = moved([tensor], [1.0], steps=7, most_steps=8)
    assert torch.equal(whole, most)


def test_vectors_move_less_and_zeros_move_at_all():
    (vector,) = moved([torch.ones(16)], [1.0], steps=1, most_steps=1000)
    assert vector.abs().mean().item() == pytest.approx(1e-3 / 25, rel=1e-2)
    named = parameters(torch.zeros(4, 4))
    Optimizer(named, share=1e-2).step(named[0][1].sum(), Budget(60, 1000))
    assert 0 < float(named[0][1].detach().abs().max()) < 1e-5


def test_a_loss_that_is_no_number_changes_nothing():
    named = parameters(torch.ones(3, 3))
    optimizer, budget = Optimizer(named, share=1e-2), Budget(60, 10)
    assert math.isnan(optimizer.step(named[0][1].sum() * math.nan, budget))
    assert torch.equal(named[0][1], torch.ones(3, 3))
    assert optimizer.step(named[0][1].sum(), budget) == pytest.approx(3.0)
    assert bool((named[0][1] < 1).all())


def test_weights_can_have_shares_of_their_own():
    named = [(name, nn.Parameter(torch.ones(4, 4))) for name in ("quick.weight", "slow.weight")]
    optimizer = Optimizer(named, lambda name: 1e-2 if name.startswith("quick") else 1e-3)
    optimizer.step(sum(weight.sum() for _, weight in named), Budget(60, 1000))
    quick, slow = (1 - float(weight.detach().mean()) for _, weight in named)
    assert quick == pytest.approx(10 * slow, rel=1e-3)


def test_frozen_weights_are_left_alone():
    frozen = nn.Parameter(torch.ones(2, 2), requires_grad=False)
    named = [("frozen", frozen), *parameters(torch.ones(2, 2))]
    Optimizer(named, share=0.1).step((named[1][1] * frozen).sum(), Budget(60, 10))
    assert torch.equal(frozen, torch.ones(2, 2))


def test_a_budget_ends_with_its_steps_or_its_minutes():
    budget = Budget(60, most_steps=4, steps=3)
    assert budget.progress == 0.75
    budget.steps = 9
    assert budget.progress == 1.0
    assert Budget(0.0).progress == 1.0
    assert Budget(60).progress < 1.0
    began = Budget(60).began_s
    assert Budget(60, began_s=began - 3601).progress == 1.0
    assert Budget(60, began_s=began - 1800, most_steps=1000).progress >= 0.5


def test_an_average_is_a_running_mean_of_what_is_trained():
    model = nn.Linear(2, 2)
    model.bias.requires_grad_(False)
    first, bias = model.weight.detach().clone(), model.bias.detach().clone()
    average = Average(model, decay=0.75)
    with torch.no_grad():
        model.weight.add_(4.0)
        average.add(model)
        model.weight.add_(4.0)
        average.add(model)
        model.bias.add_(1.0)
    average.put_into(model)
    torch.testing.assert_close(model.weight, first + 0.75 * 1.0 + 0.25 * 8.0)
    assert torch.equal(model.bias, bias + 1.0)


# -- the encoder


@torch.no_grad()
def test_a_frame_does_not_hear_later_chunks(pupil):
    features = torch.randn(2, 60, 80)
    changed = features.clone()
    changed[:, 20:] += 1.0  # the convolution of frame 7 sees no further than feature frame 18
    for chunk, first in ((4, 8), (None, 0)):
        before, after = (pupil.encode(one, chunk_frames=chunk).values for one in (features, changed))
        assert torch.equal(before[:, :first], after[:, :first])
        assert not torch.isclose(before[:, first:], after[:, first:]).all(dim=2).any()
    whole = pupil.encode(features).values
    torch.testing.assert_close(pupil.encode(features, chunk_frames=30).values, whole)


@torch.no_grad()
def test_chunks_and_padding_go_together(pupil):
    features, lengths = torch.randn(2, 60, 80), torch.tensor([60, 32])
    features[1, 32:] = 0.0
    batch = pupil.encode(features, lengths, chunk_frames=6)
    alone = pupil.encode(features[1:, :32], chunk_frames=6)
    assert batch.mask.sum(dim=1).tolist() == [30, 16]
    torch.testing.assert_close(batch.values[1, :16], alone.values[0], rtol=1e-4, atol=1e-4)


def test_the_mask_of_chunks_shows_a_frame_its_own_chunk_and_earlier_ones():
    mask = chunk_mask(5, 2, torch.device("cpu"))
    assert mask.int().tolist() == [[1, 1, 0, 0, 0], [1, 1, 0, 0, 0], [1, 1, 1, 1, 0], [1, 1, 1, 1, 0], [1] * 5]


def test_the_frame_error_is_a_share_of_the_variance():
    goal = torch.randn(7, 4)
    row = torch.cat([goal, torch.full((3, 4), 9.0)])  # padding, which does not count
    assert frame_error(EncodedFrames(row.unsqueeze(0)), [goal]).item() == 0.0
    mean = goal.mean(dim=0).expand(7, 4)
    assert frame_error(EncodedFrames(mean.unsqueeze(0)), [goal.half()]).item() == pytest.approx(1.0, abs=1e-2)


def test_a_metric_says_which_part_of_a_frame_counts():
    rows, goal = torch.randn(1, 9, 4), torch.randn(9, 4)
    only_first = torch.zeros(4, 1)
    only_first[0] = 2.0
    got = frame_error(EncodedFrames(rows), [goal], only_first)
    want = frame_error(EncodedFrames(rows[:, :, :1]), [goal[:, :1]])
    assert got.item() == pytest.approx(want.item(), rel=1e-5)


def test_rows_of_a_batch_come_without_their_padding():
    values = torch.randn(2, 5, 3)
    mask = torch.tensor([[True] * 5, [True] * 2 + [False] * 3])
    assert [len(row) for row in frames_of(EncodedFrames(values, mask))] == [5, 2]
    assert torch.equal(frames_of(EncodedFrames(values))[1], values[1])


def test_half_of_the_batches_are_encoded_whole():
    rng = np.random.default_rng(0)
    drawn = [random_chunk(rng) for _ in range(400)]
    assert 150 < drawn.count(None) < 250 and set(drawn) == {None, *CHUNKS}


def heard_windows(clips, teacher: Speech2TextForConditionalGeneration | None) -> list[Window]:
    found = []
    for path, clip in clips.items():
        hidden = None
        if teacher is not None:
            with torch.no_grad():
                hidden = encode_clips(teacher.model.encoder, [clip], FEATURES).values[0].half()
        found.append(Window((Lesson((path,), "Text", "books", "s", len(clip) / RATE),), hidden))
    return found


def error_of(encoder, clips, goals, chunk_frames=None) -> float:
    with torch.no_grad():
        encoded = encode_clips(encoder, list(clips.values()), FEATURES, chunk_frames)
        return frame_error(encoded, goals).item()


def test_the_encoder_comes_nearer_to_its_teacher_and_the_decoder_stays(clips, pupil):
    teacher = copy.deepcopy(pupil)
    with torch.no_grad():
        for weight in teacher.model.encoder.parameters():
            weight.add_(0.2 * weight.square().mean().sqrt() * torch.randn_like(weight))
    windows = heard_windows(clips, teacher)
    goals = [window.hidden for window in windows]
    before = error_of(pupil.model.encoder, clips, goals)
    decoder, encoder = weights_of(pupil.model.decoder), weights_of(pupil.model.encoder)
    chunks, reports = [], []
    pupil.model.encoder.register_forward_pre_hook(
        lambda module, args, kwargs: chunks.append(kwargs["chunk_frames"]), with_kwargs=True
    )
    stage = EncoderStage(60, most_steps=30, share=2e-2, batch_frames=250, augment=UNCHANGED)
    report = lambda done, text: reports.append((done, text))  # noqa: E731
    distil_encoder(pupil, windows, clips.__getitem__, Surroundings(), FEATURES, stage, report)
    assert len(chunks) == len(reports) == 30
    assert None in chunks and set(chunks) & set(CHUNKS)
    assert reports[-1][0] == 1.0 and "frame error" in reports[-1][1]
    assert error_of(pupil.model.encoder, clips, goals) < 0.8 * before
    assert same(pupil.model.decoder, decoder)
    assert not same(pupil.model.encoder, encoder)
    assert not pupil.model.encoder.training


def test_without_a_teacher_the_encoder_learns_to_hear_chunk_by_chunk_what_it_heard_before(clips, pupil):
    original = copy.deepcopy(pupil.model.encoder)
    goals = [window.hidden for window in heard_windows(clips, pupil)]
    before = error_of(original, clips, goals, chunk_frames=16)
    assert error_of(original, clips, goals) < 1e-4
    stage = EncoderStage(60, most_steps=30, share=1e-2, batch_frames=250, augment=UNCHANGED)
    distil_encoder(pupil, heard_windows(clips, None), clips.__getitem__, Surroundings(), FEATURES, stage, silent)
    assert error_of(pupil.model.encoder, clips, goals, chunk_frames=16) < before


# -- the decoder


def taught(model, tokenizer, clips, texts=TEXTS) -> list[EncodedExample]:
    found = []
    for clip, text in zip(clips.values(), texts, strict=True):
        with torch.no_grad():
            frames = encode_clips(model.model.encoder, [clip], FEATURES).values[0].half()
        found.append(EncodedExample(frames, tuple(tokenizer.encode(text)[:-1]), None))
    return found


def loss_of(model, batch, smoothing: float = 0.0) -> float:
    with torch.no_grad():
        return TextLoss(model, smoothing)(batch).item()


def states_of(model, one: EncodedExample) -> torch.Tensor:
    """From which the model predicts each token of an example: its own opinion."""
    with torch.no_grad():
        inputs = torch.tensor([[2, *one.ids[:-1]]])
        return model.model.decoder(inputs, EncodedFrames(one.frames.float().unsqueeze(0))).hidden[0]


def test_the_loss_is_the_cross_entropy_of_each_text_and_its_end(pupil, tokenizer, clips):
    batch = taught(pupil, tokenizer, clips)
    total, count = 0.0, 0
    for one in batch:
        inputs = torch.tensor([[2, *one.ids]])
        with torch.no_grad():
            logits = pupil.decode(inputs, EncodedFrames(one.frames.float().unsqueeze(0)))
        total += nn.functional.cross_entropy(logits[0], torch.tensor([*one.ids, 2]), reduction="sum").item()
        count += len(one.ids) + 1
    assert loss_of(pupil, batch) == pytest.approx(total / count, rel=1e-4)


def test_a_pupil_that_thinks_as_its_teacher_has_nothing_to_learn_but_the_end(pupil, tokenizer, clips):
    for one in taught(pupil, tokenizer, clips):
        agreed = EncodedExample(one.frames, one.ids, states_of(pupil, one), trust=1.0)
        with torch.no_grad():
            logits = pupil.decode(torch.tensor([[2, *one.ids]]), EncodedFrames(one.frames.float().unsqueeze(0)))
        end = nn.functional.cross_entropy(logits[0, -1:], torch.tensor([2])).item()
        special = logits[0, :-1].softmax(dim=1)[:, :4].sum(dim=1)  # of which the teacher knows nothing
        want = end - float((1 - special).log().sum())
        assert loss_of(pupil, [agreed]) * (len(one.ids) + 1) == pytest.approx(want, rel=1e-3)


def test_an_opinion_counts_as_far_as_it_is_trusted(pupil, tokenizer, clips):
    (one, *others) = taught(pupil, tokenizer, clips)
    opinion = states_of(pupil, one).flip(0)
    at = {
        trust: loss_of(pupil, [EncodedExample(one.frames, one.ids, opinion, trust), *others])
        for trust in (0.0, 0.25, 1.0)
    }
    assert at[0.0] == pytest.approx(loss_of(pupil, [one, *others]), rel=1e-5)
    assert at[0.25] == pytest.approx(0.75 * at[0.0] + 0.25 * at[1.0], rel=1e-5)
    assert at[0.0] != pytest.approx(at[1.0], rel=1e-2)


def test_an_opinion_is_worth_its_distance_and_its_other_probabilities(pupil, tokenizer, clips):
    (one, *_) = taught(pupil, tokenizer, clips)
    own = states_of(pupil, one)
    opinion = own + 0.1 * torch.randn_like(own)
    with torch.no_grad():
        pupils, teachers = pupil.lm_head(own), pupil.lm_head(opinion)
        teachers[:, :4] = -1e9
        divergence = (teachers.softmax(1) * (teachers.log_softmax(1) - pupils.log_softmax(1))).sum()
        rows = torch.cov(pupil.lm_head.weight[4:].T)
        error, spread = own - opinion, opinion - opinion.mean(dim=0)
        distance = ((error @ rows) * error).sum() / ((spread @ rows) * spread).sum(dim=1).mean()
    logits = pupil.decode(torch.tensor([[2, *one.ids]]), EncodedFrames(one.frames.float().unsqueeze(0)))
    end = nn.functional.cross_entropy(logits[0, -1:], torch.tensor([2])).item()
    got = loss_of(pupil, [EncodedExample(one.frames, one.ids, opinion, trust=1.0)]) * (len(one.ids) + 1)
    assert got == pytest.approx(float(divergence + 0.5 * distance) + end, rel=1e-2)


def test_an_example_without_text_teaches_to_end_at_once(pupil, tokenizer, clips):
    batch = [EncodedExample(one.frames, (), None) for one in taught(pupil, tokenizer, clips)]
    before = loss_of(pupil, batch)
    distil_decoder(pupil, batch, DecoderStage(60, most_steps=20, share=2e-2), silent)
    assert loss_of(pupil, batch) < before


def test_the_decoder_learns_its_texts_and_encoder_and_embeddings_stay(pupil, tokenizer, clips):
    batch = taught(pupil, tokenizer, clips)
    before, encoder, reports = loss_of(pupil, batch), weights_of(pupil.model.encoder), []
    rows = pupil.lm_head.weight.detach().clone()
    stage = DecoderStage(60, most_steps=60, share=3e-2, batch_frames=250)
    distil_decoder(pupil, batch, stage, lambda done, text: reports.append((done, text)))
    assert loss_of(pupil, batch) < 0.9 * before
    assert len(reports) == 60 and reports[-1][0] == 1.0 and "after 60 steps" in reports[-1][1]
    assert same(pupil.model.encoder, encoder)
    assert torch.equal(pupil.lm_head.weight, rows)
    assert pupil.lm_head.weight is pupil.model.decoder.embed_tokens.weight and pupil.lm_head.weight.requires_grad
    assert not pupil.model.decoder.training
    assert all(layer.dropout == 0.0 for layer in pupil.model.decoder.layers)


def made(tokenizer, clips) -> list[Example]:
    return [Example(clip, tuple(tokenizer.encode(text)[:-1])) for clip, text in zip(clips.values(), TEXTS, strict=True)]


def test_the_ends_of_tokens_grow_and_lie_in_the_audio(pupil, tokenizer, clips):
    for one in taught(pupil, tokenizer, clips):
        with torch.no_grad():
            ends = token_ends_s(pupil, one.frames.float(), default_heads(2, 4), one.ids)
        assert len(ends) == len(one.ids)
        assert ends == sorted(ends) and ends[0] >= 0 and ends[-1] <= len(one.frames) / 50


def windows_of(pupil, tokenizer, clips, taught_by=None) -> list[Window]:
    """A window a clip with its text; with a teacher also its frames and its opinion."""
    found = []
    for (path, clip), text in zip(clips.items(), TEXTS, strict=True):
        hidden = opinion = None
        if taught_by is not None:
            with torch.no_grad():
                hidden = encode_clips(taught_by.model.encoder, [clip], FEATURES).values[0].half()
            ids = tuple(tokenizer.encode(text)[:-1])
            opinion = states_of(taught_by, EncodedExample(hidden, ids)).half()
        found.append(Window((Lesson((path,), text, "books", "s", len(clip) / RATE, opinion),), hidden))
    return found


def test_a_round_of_lessons_is_encoded_to_be_learnt_from(pupil, tokenizer, clips):
    decoder = SegmentDecoder(pupil, tokenizer, FEATURES, SearchConfig(), AlignmentConfig(default_heads(2, 4)))
    reports, rng = [], np.random.default_rng(0)
    found = encoded_examples(
        decoder,
        windows_of(pupil, tokenizer, clips),
        clips.__getitem__,
        Surroundings(),
        rng,
        lambda done, text: reports.append(done),
    )
    assert {tuple(tokenizer.encode(text)[:-1]) for text in TEXTS} <= {one.ids for one in found}
    assert all(one.frames.dtype == torch.float16 and one.frames.dim() == 2 for one in found)
    assert reports[-1] == 1.0


def test_what_the_teacher_heard_is_taught_with_its_opinion(pupil, tokenizer, clips):
    windows = windows_of(pupil, tokenizer, clips, taught_by=network(tokenizer.size, seed=1))
    found = as_heard([*windows, *windows_of(pupil, tokenizer, clips)], tokenizer)
    assert len(found) == len(windows)
    for one, window in zip(found, windows, strict=True):
        assert one.frames is window.hidden and torch.equal(one.opinion, window.lessons[0].opinion)
        assert tokenizer.decode(one.ids) == window.lessons[0].text


# -- both together


def distil_both(pupil, tokenizer, clips, windows, steps: int, **settings) -> list[str]:
    decoder = SegmentDecoder(pupil, tokenizer, FEATURES, SearchConfig(), AlignmentConfig(default_heads(2, 4)))
    stage = JointStage(60, most_steps=steps, shares=(1e-2, 2e-2), batch_samples=80_000, **settings)
    said = []
    distil_jointly(decoder, windows, clips.__getitem__, Surroundings(), stage, lambda done, text: said.append(text))
    return said


@pytest.mark.parametrize("with_teacher", [True, False])
def test_encoder_and_decoder_learn_together_and_embeddings_stay(pupil, tokenizer, clips, with_teacher):
    windows = windows_of(pupil, tokenizer, clips, network(tokenizer.size, seed=1) if with_teacher else None)
    rows = pupil.lm_head.weight.detach().clone()
    encoder, decoder = weights_of(pupil.model.encoder), weights_of(pupil.model.decoder)
    before = loss_of(pupil, taught(pupil, tokenizer, clips))
    said = distil_both(pupil, tokenizer, clips, windows, steps=30)
    assert loss_of(pupil, taught(pupil, tokenizer, clips)) < before
    assert not same(pupil.model.encoder, encoder) and not same(pupil.model.decoder, decoder)
    assert torch.equal(pupil.lm_head.weight, rows) and pupil.lm_head.weight.requires_grad
    assert not pupil.training and all(layer.dropout == 0.0 for layer in pupil.model.decoder.layers)
    assert "after 30 steps" in said[29]


def test_the_encoder_comes_nearer_to_its_teachers_frames_while_both_learn(pupil, tokenizer, clips):
    teacher = copy.deepcopy(pupil)
    with torch.no_grad():
        for weight in teacher.model.encoder.parameters():
            weight.add_(0.2 * weight.square().mean().sqrt() * torch.randn_like(weight))
    windows = windows_of(pupil, tokenizer, clips, teacher)
    goals = [window.hidden for window in windows]
    before = error_of(pupil.model.encoder, clips, goals)
    distil_both(pupil, tokenizer, clips, windows, steps=40, augment=UNCHANGED)
    assert error_of(pupil.model.encoder, clips, goals) < before


def test_examples_are_also_learnt_cut_off(pupil, tokenizer, clips, monkeypatch):
    heard = []
    encode = s2t_core.training.distil_jointly.encode_clips

    def listening(encoder, batch, features, chunk):
        heard.append(max(map(len, batch)))
        return encode(encoder, batch, features, chunk)

    monkeypatch.setattr(s2t_core.training.distil_jointly, "encode_clips", listening)
    distil_both(pupil, tokenizer, clips, windows_of(pupil, tokenizer, clips), steps=6, cuts=1.0)
    whole, cut = heard[::2], heard[1::2]
    assert len(whole) >= 6 and all(short <= long for long, short in zip(whole, cut, strict=False))
    assert any(short < long for long, short in zip(whole, cut, strict=False))


def test_the_metric_of_frames_is_what_cross_attention_makes_of_them(pupil):
    decoder = pupil.model.decoder
    size = decoder.layers[0].encoder_attn.k_proj.weight.shape[1]
    plain = attention_metric(decoder)
    assert plain.shape == (size, size)
    assert float((plain @ plain.T).trace()) == pytest.approx(size, rel=0.01)
    blind = torch.zeros(size, size)
    blind[:, 0] = 1.0
    with torch.no_grad():
        for layer in decoder.layers:
            layer.encoder_attn.k_proj.weight.copy_(blind)
            layer.encoder_attn.v_proj.weight.copy_(blind)
    seen = attention_metric(decoder)
    square = seen @ seen.T  # only the first of all numbers of a frame is looked at
    assert float(square[0, 0]) == pytest.approx(size, rel=0.01)
    assert float(square[1:, 1:].abs().max()) < 0.01


# -- one speaker


def test_one_recording_in_four_is_kept_apart():
    learnt, judged = split(list(range(9)))
    assert (learnt, judged) == ([1, 2, 3, 5, 6, 7], [0, 4, 8])


def test_fine_tuning_learns_the_speakers_recordings_with_all_weights(pupil, tokenizer, clips):
    examples = made(tokenizer, clips)
    before, encoder = loss_of(pupil, taught(pupil, tokenizer, clips)), weights_of(pupil.model.encoder)
    decoder, reports = weights_of(pupil.model.decoder), []
    stage = FinetuneStage(60, most_steps=20, share=2e-2, batch_samples=80_000)
    finetune(pupil, examples, FEATURES, stage, lambda done, text: reports.append(done))
    assert loss_of(pupil, taught(pupil, tokenizer, clips)) < 0.9 * before
    assert not same(pupil.model.encoder, encoder) and not same(pupil.model.decoder, decoder)
    assert len(reports) == 20 and not pupil.training


def changed_network() -> tuple[Speech2TextForConditionalGeneration, dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    model = network()
    before = weights_of(model)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight))
    return model, before, weights_of(model)


@pytest.mark.parametrize("rates", [(0.5, 0.4), (0.3, 0.9)])
def test_a_change_that_does_not_help_is_taken_back_exactly(rates):
    model, before, _ = changed_network()
    verdict = keep_what_helps(model, before, iter(rates).__next__, 0.3)
    assert (verdict.before, verdict.after, verdict.kept) == (0.3, min(rates), 0.0)
    assert same(model, before)
    assert model.lm_head.weight is model.model.decoder.embed_tokens.weight


def test_a_change_that_helps_is_kept_whole_or_in_part():
    model, before, after = changed_network()
    tried = []

    def rate() -> float:
        tried.append(weights_of(model))
        return (0.2, 0.1)[len(tried) - 1]

    verdict = keep_what_helps(model, before, rate, 0.3)
    assert (verdict.before, verdict.after, verdict.kept) == (0.3, 0.1, 0.5)
    assert all(torch.equal(tried[0][name], after[name]) for name in after)
    assert same(model, tried[1])
    for name in before:
        torch.testing.assert_close(tried[1][name], (before[name] + after[name]) / 2)

    model, before, after = changed_network()
    assert keep_what_helps(model, before, iter((0.1, 0.2)).__next__, 0.3).kept == 1.0
    assert same(model, after)

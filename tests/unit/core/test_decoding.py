"""Search options, drafts, guards, alignment and the commit rule."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support import viterbi
from support.peer import TINY, random_batch

from s2t_core.decoding.alignment import attended_frames, default_heads, monotonic_spans
from s2t_core.decoding.draft import Draft, Writer, certainties, redraft
from s2t_core.decoding.draft_config import DraftConfig
from s2t_core.decoding.guards import echoes, loop_start, token_limit, without_loop
from s2t_core.decoding.search import SearchOptions, search
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration
from s2t_core.streaming.policy import AgreeAndHold, AlignAtt, HoldBack, LocalAgreement, WaitK, stable_count

HEADS = default_heads(TINY.decoder_layers, TINY.decoder_attention_heads)
NO_LIMITS = DraftConfig(edge_ms=0, rewind_ms=10**6, echo_ms=0, stay=0.0)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(3)
    model = Speech2TextForConditionalGeneration(TINY)
    model.init_weights()
    return model.eval()


@pytest.fixture(scope="module")
def encoded(model):
    features, _ = random_batch(TINY, [81])
    with torch.no_grad():
        return model.encode(features)


def writer(model):
    return Writer(model, (2,), HEADS, frame_ms=20.0)


def cache_of(model, encoded):
    return model.model.decoder.new_cache(encoded)


def greedy(model, encoded, prefix=(), limit=12):
    options = SearchOptions(max_new_tokens=limit, early_stopping=True, prefix=prefix)
    return search(model, encoded, options)[0][0].tokens


def test_a_prefix_is_forced_and_not_returned(model, encoded):
    whole = greedy(model, encoded)
    assert greedy(model, encoded, prefix=whole[:3], limit=9) == whole[3:]


def test_n_best_hypotheses_come_best_first_and_differ(model, encoded):
    found = search(model, encoded, SearchOptions(beams=5, max_new_tokens=8))[0]
    assert len({one.tokens for one in found}) == len(found) == 5
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


def test_scores_are_the_mean_log_probability_of_the_tokens(model, encoded):
    best = search(model, encoded, SearchOptions(beams=3, max_new_tokens=6))[0][0]
    with torch.no_grad():
        logits = model.decode(torch.tensor([[2, *best.tokens[:-1]]]), encoded)[0]
    chosen = logits.log_softmax(-1)[range(len(best.tokens)), list(best.tokens)]
    assert best.score == pytest.approx(float(chosen.mean()), abs=1e-4)


def test_a_draft_of_nothing_is_the_greedy_text(model, encoded):
    draft = redraft(writer(model), encoded, cache_of(model, encoded), Draft(), 0, NO_LIMITS, 12)
    whole = [token for token in greedy(model, encoded) if token != TINY.eos_token_id]
    kept = without_loop(whole)
    assert list(draft.tokens)[: len(kept) - 1] == kept[: len(draft.tokens)][: len(kept) - 1]
    assert len(draft.tokens) == len(draft.passes) == len(draft.attended) == len(draft.certainties)


def test_a_draft_that_holds_is_confirmed_and_a_wrong_one_is_replaced_from_the_first_fault(model, encoded):
    first = redraft(writer(model), encoded, cache_of(model, encoded), Draft(), 0, NO_LIMITS, 12)
    again = redraft(writer(model), encoded, cache_of(model, encoded), first, 0, NO_LIMITS, 12)
    assert again.tokens == first.tokens
    assert again.passes == tuple(2 for _ in first.tokens)
    wrong = Draft((first.tokens[0], (first.tokens[1] + 1) % 50 + 4), (1, 1), (0, 0), (1.0, 1.0))
    mended = redraft(writer(model), encoded, cache_of(model, encoded), wrong, 0, NO_LIMITS, 12)
    assert mended.tokens == first.tokens
    assert mended.passes[:2] == (2, 1)


def test_of_two_readings_that_are_about_as_likely_the_old_one_stays(model, encoded):
    first = redraft(writer(model), encoded, cache_of(model, encoded), Draft(), 0, NO_LIMITS, 12)
    other = (first.tokens[0], (first.tokens[1] + 1) % 50 + 4)
    old = Draft(other, (3, 3), (0, 0), (1.0, 1.0))
    for stay, tokens in ((0.0, first.tokens[:2]), (100.0, other)):
        config = replace(NO_LIMITS, stay=stay)
        now = redraft(writer(model), encoded, cache_of(model, encoded), old, 0, config, 12)
        assert now.tokens[:2] == tokens
        assert now.certainties[1] < 0.5  # of the model itself, whatever was favoured


def test_committed_tokens_stay_even_against_the_decoder(model, encoded):
    forced = Draft((41, 42), (9, 9), (0, 0), (1.0, 1.0))
    assert redraft(writer(model), encoded, cache_of(model, encoded), forced, 2, NO_LIMITS, 12).tokens[:2] == (
        41,
        42,
    )


def test_a_draft_stops_at_the_edge_of_the_audio(model, encoded):
    frames = encoded.values.shape[1]
    limits = replace(NO_LIMITS, edge_ms=frames * 20)
    draft = redraft(writer(model), encoded, cache_of(model, encoded), Draft(), 0, limits, 12)
    assert len(draft.tokens) == 1


def test_a_later_draft_counts_on_what_stands_and_anew_what_does_not():
    before, now = Draft((1, 2, 3), (4, 4, 2)), Draft((1, 2, 9), (1, 1, 1))
    assert now.after(before).passes == (5, 5, 1)
    assert now.after(Draft()).passes == (1, 1, 1)


def test_a_draft_without_its_beginning_counts_its_frames_from_there():
    whole = Draft((1, 2, 3), (4, 4, 2), (10, 30, 50), (0.9, 0.8, 0.7))
    assert whole.behind(1, 25) == Draft((2, 3), (4, 2), (5, 25), (0.8, 0.7))
    assert whole.behind(1, 40).attended == (0, 10)


def test_a_word_is_as_certain_as_it_is_among_words_whatever_mark_may_stand_there():
    probabilities = torch.tensor([[0.3, 0.6, 0.1], [0.3, 0.6, 0.1]])
    assert certainties(probabilities, [0, 1], marks={1}) == pytest.approx([0.75, 1.0])


@pytest.mark.parametrize(
    ("tokens", "kept"),
    [
        ([1, 2, 3, 4], [1, 2, 3, 4]),
        ([7] * 5, [7] * 5),
        ([1, 7, 7, 7, 7, 7, 7], [1, 7]),
        ([1, 2, 3] * 4, [1, 2, 3]),
        ([9, 1, 2, 1, 2, 1, 2, 1, 2, 5], [9, 1, 2]),
        ([9, 1, 2, 1, 2, 1, 2, 5], [9, 1, 2, 1, 2, 1, 2, 5]),
        ([], []),
    ],
)
def test_loops_are_cut_after_their_first_round(tokens, kept):
    assert without_loop(tokens) == kept
    assert (loop_start(tokens) is None) or tokens[: loop_start(tokens)] == kept


@pytest.mark.parametrize(("tokens", "told"), [([1, 2, 2], True), ([1, 2, 1, 2], True), ([1, 2, 1], False), ([], False)])
def test_an_echo_is_the_same_said_twice_in_a_row(tokens, told):
    assert echoes(tokens) is told


def test_more_audio_allows_more_tokens():
    assert 0 < token_limit(0.1) < token_limit(10.0) < 110


def test_attended_frames_are_the_peaks_but_for_the_sink_at_the_start():
    weights = torch.full((2, 60), 0.001)
    weights[:, 0] = 0.9
    weights[0, 20], weights[1, 41] = 0.3, 0.3
    for got, peak in zip(attended_frames(weights), (20, 41), strict=True):
        assert abs(got - peak) <= 2


def test_spans_follow_the_attention_in_order_and_cover_the_audio():
    weights = np.full((3, 30), 0.01, np.float32)
    weights[0, :8], weights[1, 8:22], weights[2, 22:] = 1, 1, 1
    assert monotonic_spans([torch.from_numpy(weights)]) == [[(0, 8), (8, 22), (22, 30)]]


@given(st.integers(1, 12), st.integers(0, 30), st.integers(0, 2**31))
def test_spans_are_never_empty_and_never_overlap(tokens, more, seed):
    weights = np.random.default_rng(seed).random((tokens, tokens + more)).astype(np.float32)
    (spans,) = monotonic_spans([torch.from_numpy(weights)])
    assert spans == viterbi.monotonic_spans(weights)
    assert spans[0][0] == 0 and spans[-1][1] == tokens + more
    assert all(a < b for a, b in spans)
    assert all(before[1] == after[0] for before, after in itertools.pairwise(spans))


def test_more_tokens_than_frames_cannot_be_laid_out():
    fitting, others = torch.eye(2), torch.ones(3, 2)
    assert monotonic_spans([others, fitting, others]) == [None, [(0, 1), (1, 2)], None]


COMMIT = AgreeAndHold(agreeing_passes=2, steps=((100, 0.5), (400, 0.2)))


def stable(draft, committed=0, word_starts=range(100), policy=COMMIT):
    """The commit rule with frames of 10 ms and one second heard."""
    return stable_count(draft, committed, 1000, 10, policy, lambda token: token in word_starts)


def draft(passes, attended, certainties=None, tokens=(1, 2, 3, 4)):
    return Draft(tokens, passes, attended, certainties or (0.9,) * len(tokens))


def test_a_token_is_committed_once_two_passes_agree_and_it_lies_far_enough_back():
    assert stable(draft((2, 2, 2, 2), (10, 50, 90, 99))) == 3
    assert stable(draft((2, 2, 1, 1), (10, 50, 60, 70))) == 2
    assert stable(draft((2, 2, 2, 2), (10, 95, 60, 70))) == 1


def test_a_doubtful_token_waits_longer():
    assert stable(draft((2, 2, 2, 2), (10, 70, 80, 99), (0.9, 0.4, 0.9, 0.9))) == 1
    assert stable(draft((2, 2, 2, 2), (10, 55, 80, 99), (0.9, 0.4, 0.9, 0.9))) == 3


def test_a_token_that_is_never_certain_waits_for_the_final_text():
    assert stable(draft((9, 9, 9, 9), (10, 20, 30, 99), (0.9, 0.1, 0.9, 0.9))) == 1


def test_only_whole_words_are_committed():
    old = (10, 20, 30, 40)
    assert stable(draft((2, 2, 2, 2), old)) == 3  # whether the last one is whole is not known yet
    assert stable(draft((2, 2, 2, 2), old), word_starts=(1, 3)) == 2


def test_local_agreement_looks_at_the_passes_alone():
    assert stable(draft((3, 2, 2, 1), (99, 99, 99, 99)), policy=LocalAgreement(2)) == 3
    assert stable(draft((3, 2, 2, 1), (99, 99, 99, 99)), policy=LocalAgreement(3)) == 1


def test_align_att_looks_at_the_audio_alone():
    assert stable(draft((1, 1, 1, 1), (10, 60, 75, 99)), policy=AlignAtt(300)) == 2


def test_hold_back_leaves_the_last_tokens_of_a_draft():
    assert stable(draft((1, 1, 1, 1), (99, 99, 99, 99)), policy=HoldBack(2)) == 2
    assert stable(draft((1, 1, 1, 1), (99, 99, 99, 99)), policy=HoldBack(9)) == 0


def test_wait_k_commits_by_the_clock():
    assert stable(draft((1, 1, 1, 1), (99, 99, 99, 99)), policy=WaitK(600, 200)) == 3
    assert stable(draft((1, 1, 1, 1), (99, 99, 99, 99)), policy=WaitK(1001, 200)) == 0


def test_what_is_committed_stays_so_whatever_the_draft_says():
    assert stable(draft((1, 1, 1, 1), (99, 99, 99, 99)), committed=2) == 2

"""Phrases that are favoured and texts that are never written: what they add, and the same in every way to decode."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.peer import TINY, random_batch

from s2t_core.decoding.alignment import default_heads
from s2t_core.decoding.draft import Draft, Writer, redraft
from s2t_core.decoding.draft_config import DraftConfig
from s2t_core.decoding.guards import loop_start
from s2t_core.decoding.phrases import make_bias
from s2t_core.decoding.search import SearchOptions, search
from s2t_core.errors import S2TError
from s2t_core.features.fbank import fbank
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration
from s2t_core.types import DecodingOptions, Phrase

HEADS = default_heads(TINY.decoder_layers, TINY.decoder_attention_heads)
LIMIT = 16
LETTERS = "abcdefghijklmnopqrstuvwxyz"


class LetterTokenizer:
    """26 letters, each also with the space before it, two longer pieces and a mark; every other sign is unknown."""

    special_ids = (0, 1, 2, 3)
    unk_id = 3
    _pieces = (
        *"abcdefghijklmnopqrstuvwxyz",
        *(f"▁{letter}" for letter in LETTERS),
        "▁ab",
        "bc",
        "%",
    )

    def pieces(self):
        return dict(enumerate(self._pieces, start=4))

    def prefix(self):
        return ()

    def encode(self, text):
        ids = {piece: token for token, piece in self.pieces().items()}
        signs = [f"▁{word[0]}" if i == 0 else sign for word in text.split() for i, sign in enumerate(word)]
        return [*(ids.get(sign, self.unk_id) for sign in signs), 2]


TOKENIZER = LetterTokenizer()
IDS = {piece: token for token, piece in TOKENIZER.pieces().items()}


def tokens(pieces):
    return tuple(IDS[piece] for piece in pieces.split())


def bias_of(*phrases, suppress=()):
    return make_bias(DecodingOptions(tuple(Phrase(*one) for one in phrases), suppress), TOKENIZER)


def test_without_wishes_there_is_no_bias():
    assert bias_of() is None


@pytest.mark.parametrize("cut", ["▁a b c", "▁ab c", "▁a bc"])
def test_a_phrase_earns_its_boost_however_it_is_cut(cut):
    assert bias_of(("abc", 6.0)).total(tokens(cut)) == pytest.approx(6.0)
    assert bias_of(("abc", 6.0)).total(tokens(f"▁x {cut} ▁y {cut}")) == pytest.approx(12.0)


def test_the_bonus_rises_with_what_is_written_and_is_given_back_when_the_phrase_breaks():
    bias = bias_of(("abc", 6.0))
    totals = [bias.total(tokens(begun)) for begun in ("▁a", "▁a b", "▁a b c", "▁a b c ▁x")]
    assert totals == sorted(totals) and totals[0] > 0
    assert [bias.total(tokens(broken)) for broken in ("▁a x", "▁a b ▁x", "▁a ▁a b x")] == [0, 0, 0]


def test_a_phrase_begins_with_a_word_only():
    assert bias_of(("abc", 6.0)).total(tokens("▁x a b c")) == 0


def test_a_phrase_within_a_longer_one_keeps_its_boost():
    bias = bias_of(("ab", 2.0), ("ab cd", 3.0))
    assert bias.total(tokens("▁ab ▁x")) == pytest.approx(2.0)
    assert bias.total(tokens("▁ab ▁c x")) == pytest.approx(2.0)
    assert bias.total(tokens("▁ab ▁c d")) == pytest.approx(5.0)


def test_a_match_that_breaks_goes_on_in_a_shorter_one():
    bias = bias_of(("ab cd ef", 6.0), ("cd xy", 4.0))
    assert bias.total(tokens("▁ab ▁c d ▁x y")) == pytest.approx(4.0)


PHRASES = [("abc", 5.0), ("ab", 2.0), ("ab cd", 3.0), ("cd ab x", 4.0), ("b", 1.0)]
PIECES = st.lists(st.sampled_from([IDS[piece] for piece in ("▁a", "▁ab", "b", "bc", "c", "▁c", "d", "▁b", "▁x")]))


@given(PIECES)
def test_what_is_added_to_a_token_is_what_the_total_rises_by(history):
    bias = bias_of(*PHRASES)
    added = bias.add_to(torch.zeros(1, TINY.vocab_size), [history])[0]
    for token in range(4, TINY.vocab_size):
        assert float(added[token]) == pytest.approx(bias.total([*history, token]) - bias.total(history), abs=1e-5)


def test_a_word_is_never_written_in_any_cut_but_others_may_begin_like_it_or_hold_it():
    bias = bias_of(("ab", 5.0), suppress=("abc", "%"))

    def forbidden(history, piece):
        return float(bias.add_to(torch.zeros(1, TINY.vocab_size), [tokens(history)])[0, IDS[piece]]) < -1e8

    assert all(forbidden(*cut) for cut in (("▁a b", "c"), ("▁x ▁ab", "c"), ("▁a", "bc"), ("", "%"), ("▁x a", "%")))
    assert not any(forbidden(*cut) for cut in (("▁a b", "x"), ("▁x a b", "c"), ("▁a", "b")))


@pytest.mark.parametrize("wishes", [{"phrases": (Phrase("a1"),)}, {"suppress": ("a1",)}, {"suppress": ("!",)}])
def test_a_text_that_the_vocabulary_cannot_spell_is_refused(wishes):
    with pytest.raises(S2TError, match="vocabulary") as caught:
        make_bias(DecodingOptions(**wishes), TOKENIZER)
    assert caught.value.remedy


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(3)
    model = Speech2TextForConditionalGeneration(TINY)
    model.init_weights()
    return model.eval()


@pytest.fixture(scope="module", params=[1, 2, 3])
def encoded(model, request):
    features, _ = random_batch(TINY, [81], seed=request.param)
    with torch.no_grad():
        return model.encode(features)


def found(model, encoded, bias, beams=1, prefix=()):
    options = SearchOptions(beams, LIMIT, early_stopping=beams == 1, prefix=prefix, bias=bias)
    return search(model, encoded, options)[0]


def drafted(model, encoded, bias, previous=Draft(), committed=0):  # noqa: B008
    config = DraftConfig(edge_ms=0, rewind_ms=10**6, echo_ms=0, stay=0.0)
    cache = model.model.decoder.new_cache(encoded)
    return redraft(Writer(model, (2,), HEADS, 20.0, bias=bias), encoded, cache, previous, committed, config, LIMIT)


WISHES = [
    bias_of(("abc", 9.0), ("qed", 9.0), ("x", 4.0), ("xyz ab", 9.0)),
    bias_of(*((letter * 3, 7.0) for letter in LETTERS)),
    bias_of(*((f"{a}{b}{a}", 12.0) for a, b in itertools.pairwise(LETTERS)), suppress=("%", "a")),
]


@pytest.mark.parametrize("bias", WISHES)
def test_a_draft_is_what_greedy_search_gives_under_the_same_bias(model, encoded, bias):
    """Whatever it starts from: nothing, itself, what was drafted without the bias, or a draft with a fault."""
    whole = found(model, encoded, bias)[0].tokens
    first = drafted(model, encoded, bias)
    unbiased = drafted(model, encoded, None)
    assert first.tokens != unbiased.tokens
    assert first.tokens == whole[: len(first.tokens)]
    end = len(first.tokens) + 1
    assert len(whole) < end or whole[end - 1] == 2 or end > LIMIT or loop_start(whole[:end]) is not None
    faulty = replace(first, tokens=(*first.tokens[:3], 59, *first.tokens[4:]))
    for previous in (first, unbiased, faulty):
        again = drafted(model, encoded, bias, previous)
        assert again.tokens == first.tokens
        assert again.certainties == pytest.approx(first.certainties, abs=1e-5)
    forced = drafted(model, encoded, bias, first, committed=2)
    assert forced.tokens == first.tokens


@pytest.mark.parametrize("bias", WISHES)
def test_a_search_goes_on_under_the_bias_where_a_prefix_ends(model, encoded, bias):
    whole = found(model, encoded, bias)[0].tokens
    assert whole[3:] == found(model, encoded, bias, prefix=whole[:3])[0].tokens[: len(whole) - 3]


@pytest.mark.parametrize("bias", WISHES)
def test_probabilities_are_the_models_own_and_scores_hold_the_bonus(model, encoded, bias):
    draft = drafted(model, encoded, bias)
    best = found(model, encoded, bias, beams=3)[0]
    for written, said in ((draft.tokens, draft.certainties), (best.tokens, None)):
        with torch.no_grad():
            log_probs = model.decode(torch.tensor([[2, *written[:-1]]]), encoded)[0].log_softmax(-1)
        own = log_probs[range(len(written)), list(written)]
        if said is not None:
            assert said == pytest.approx(own.exp().tolist(), abs=1e-5)
        else:
            assert best.score == pytest.approx((float(own.sum()) + bias.total(written)) / len(written), abs=1e-4)


@pytest.mark.parametrize("beams", [1, 4])
def test_what_is_suppressed_is_never_written(model, encoded, beams):
    plain = found(model, encoded, None, beams)[0].tokens
    pieces = [TOKENIZER.pieces()[token] for token in plain if token > 3 and token < 30]
    bias = bias_of(suppress=("%",))
    bias._never = torch.tensor([IDS[piece] for piece in pieces])
    assert not {IDS[piece] for piece in pieces} & set(found(model, encoded, bias, beams)[0].tokens)


def with_wishes(recognizer, **wishes):
    return recognizer.steered(DecodingOptions(**wishes)).decoder


def test_a_phrase_changes_the_spelling_of_real_speech_in_drafts_and_final_text(recognizer, sample):
    frames = fbank(sample[0][: 16000 * 7], recognizer.decoder.features)
    assert "15th" in recognizer.decoder.finish(frames).text
    decoder = with_wishes(recognizer, phrases=(Phrase("fifteenth", 8.0),))
    assert "fifteenth" in decoder.finish(frames).text
    draft = decoder.draft(frames, decoder.listen(1.0), Draft(), 0, DraftConfig())
    assert "fifteenth" in decoder.tokenizer.decode(draft.tokens)


def test_a_suppressed_word_of_real_speech_is_spelt_otherwise(recognizer, sample):
    part = sample[0][: 16000 * 4]
    assert "movable" in recognizer.decoder.hear(part).text
    assert "movable" not in with_wishes(recognizer, suppress=("movable",)).hear(part).text


def test_the_best_texts_differ_and_their_scores_leave_the_bonus_out(plain, sample):
    part = sample[0][: 16000 * 3]
    wide = replace(plain.decoder.search, num_beams=4)
    heard = replace(plain.decoder, search=wide, n_best=3).hear(part)
    assert heard.alternatives[0].text == heard.text
    assert len({one.text for one in heard.alternatives}) == len(heard.alternatives) == 3
    scores = [one.score for one in heard.alternatives]
    assert scores == sorted(scores, reverse=True) and scores[0] < 0
    favoured = replace(with_wishes(plain, phrases=(Phrase("invention", 5.0),)), search=wide, n_best=3).hear(part)
    assert favoured.text == heard.text
    assert favoured.alternatives[0].score == pytest.approx(scores[0], abs=2e-4)
    assert plain.decoder.hear(part).alternatives == ()


def test_a_recording_begins_with_the_words_that_are_forced(recognizer, sample):
    part = sample[0][: 16000 * 4]
    forced = recognizer.decoder.hear(part, prefix="An intention of")
    assert forced.text.startswith("An intention of ") and "metal" in forced.text

"""What is read of Whisper, what it says as a teacher, and what a Speech2Text network takes over from it."""

from __future__ import annotations

import dataclasses
import json
import shutil

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from conftest import SAMPLE_TEXT
from hypothesis import given, settings
from support.tiny_whisper import SPECIAL, VOCAB_SIZE, make_whisper, merges, token_ids, write_ct2, write_tokenizer
from transformers import PreTrainedTokenizerFast, Speech2TextTokenizer, WhisperFeatureExtractor
from transformers import Speech2TextForConditionalGeneration as Peer

from s2t_core.errors import CheckpointError, ConfigError
from s2t_core.model.checkpoint import save_model
from s2t_core.model.encoded import EncodedFrames
from s2t_core.model.positions import sinusoids
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration
from s2t_core.tokenizer import WORD_START, load_tokenizer
from s2t_core.training.teacher import TablePositions, byte_of, load_teacher, log_mel
from s2t_core.training.transplant import fit_front_end, position_scale, transplant, transplant_again
from s2t_core.training.vocabulary import SPECIAL as SPECIAL_PIECES
from s2t_core.training.vocabulary import carve, whisper_id
from s2t_core.training.whisper import read_whisper

TOLERANCE = 1e-4
FEWEST = 4 + 256 + 95  # special pieces, bytes, printable ASCII with the space
END = token_ids()["<|endoftext|>"]


@pytest.fixture(scope="module")
def whisper_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whisper")
    return folder, make_whisper(folder)


@pytest.fixture(scope="module")
def peer(whisper_folder):
    return whisper_folder[1]


@pytest.fixture(scope="module")
def checkpoint(whisper_folder):
    return read_whisper(whisper_folder[0])


@pytest.fixture(scope="module")
def teacher(checkpoint):
    return load_teacher(checkpoint)


@pytest.fixture(scope="module")
def vocabulary(checkpoint):
    return carve(checkpoint, [(SAMPLE_TEXT, 1.0)], 600)


@pytest.fixture(scope="module")
def vocabulary_folder(vocabulary, tmp_path_factory):
    folder = tmp_path_factory.mktemp("vocabulary")
    vocabulary.save(folder)
    return folder


def ids_of(text: str) -> list[int]:
    """Whisper's ids of a text, one for every byte."""
    numbers, signs = token_ids(), {byte: sign for sign, byte in byte_of().items()}
    return [numbers[signs[byte]] for byte in text.encode()]


# -- whisper.py


def test_a_folder_of_transformers_gives_shape_weights_and_tokens(checkpoint, peer):
    shape = checkpoint.shape
    assert (shape.d_model, shape.heads, shape.ffn, shape.mel_bins, shape.vocab_size) == (128, 2, 256, 80, VOCAB_SIZE)
    assert (shape.encoder_layers, shape.decoder_layers) == (2, 2)
    assert checkpoint.token_ids == token_ids()
    assert checkpoint.merges == tuple(merges())
    theirs = peer.model.state_dict()
    assert {name.removeprefix("model.") for name in checkpoint.weights if name != "proj_out.weight"} == theirs.keys()
    assert all(torch.equal(checkpoint.weights[f"model.{name}"], weight) for name, weight in theirs.items())


def test_a_bare_whisper_model_is_read_as_well(peer, checkpoint, tmp_path):
    torch.save(peer.model.state_dict(), tmp_path / "pytorch_model.bin")
    write_tokenizer(tmp_path, as_pairs=False)
    read = read_whisper(tmp_path)
    assert read.weights.keys() == checkpoint.weights.keys() - {"proj_out.weight"}
    assert read.merges == checkpoint.merges


def test_the_form_of_ctranslate2_gives_the_same_weights(peer, checkpoint, tmp_path):
    write_ct2(peer, tmp_path)
    write_tokenizer(tmp_path)
    read = read_whisper(tmp_path)
    assert read.shape == checkpoint.shape
    assert read.weights.keys() == checkpoint.weights.keys() - {"proj_out.weight"}
    assert all(torch.equal(weight, checkpoint.weights[name]) for name, weight in read.weights.items())
    load_teacher(read)


def test_int8_rows_of_ctranslate2_are_multiplied_out(peer, checkpoint, tmp_path):
    write_ct2(peer, tmp_path, int8=("encoder/layer_1/ffn/linear_0/weight", "encoder/conv2/weight"))
    write_tokenizer(tmp_path)
    weights = read_whisper(tmp_path).weights
    for name in ("model.encoder.layers.1.fc1.weight", "model.encoder.conv2.weight"):
        want = checkpoint.weights[name]
        step = want.flatten(1).abs().amax(dim=1) / 127
        error = (weights[name] - want).flatten(1).abs().amax(dim=1)
        assert bool((error <= 0.51 * step).all())
    other = "model.encoder.layers.0.fc1.weight"
    assert torch.equal(weights[other], checkpoint.weights[other])


def no_weights(folder):
    (folder / "model.safetensors").unlink()


def cut_weights(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])


def other_weights(folder):
    no_weights(folder)
    torch.save({"other": torch.zeros(2)}, folder / "pytorch_model.bin")


def no_tokens(folder):
    (folder / "tokenizer.json").unlink()


def no_json(folder):
    (folder / "tokenizer.json").write_text("{")


def no_vocabulary(folder):
    (folder / "tokenizer.json").write_text('{"model": {}}')


def listed_vocabulary(folder):
    (folder / "tokenizer.json").write_text('{"model": {"vocab": ["a"], "merges": []}, "added_tokens": []}')


def odd_merge(folder):
    content = json.loads((folder / "tokenizer.json").read_text())
    content["model"]["merges"] = ["a b c"]
    (folder / "tokenizer.json").write_text(json.dumps(content))


def ct2_of(content: bytes):
    def write(folder):
        no_weights(folder)
        (folder / "model.bin").write_bytes(content)

    return write


EMPTY_CT2 = b"\6\0\0\0" + b"\2\0X\0" + b"\1\0\0\0" + b"\0\0\0\0" + b"\0\0\0\0"
BROKEN = {
    "no weights": (no_weights, CheckpointError, "holds no weights"),
    "weights cut off": (cut_weights, CheckpointError, "cannot be read"),
    "weights of another network": (other_weights, CheckpointError, "holds no Whisper model"),
    "no tokens": (no_tokens, ConfigError, "tokenizer.json is missing"),
    "tokens that are no JSON": (no_json, ConfigError, "cannot be read as JSON"),
    "no vocabulary": (no_vocabulary, CheckpointError, "holds no Whisper model"),
    "a vocabulary without numbers": (listed_vocabulary, CheckpointError, "holds no Whisper model"),
    "a merge of three": (odd_merge, CheckpointError, "holds no Whisper model"),
    "CTranslate2 cut off": (ct2_of(EMPTY_CT2[:9]), CheckpointError, "model.bin cannot be read"),
    "CTranslate2 of an unknown type": (
        ct2_of(EMPTY_CT2[:12] + b"\1\0\0\0" + b"\2\0a\0" + b"\0\x63\1\0\0\0x"), CheckpointError, "cannot be read"
    ),
    "CTranslate2 of another network": (ct2_of(EMPTY_CT2), CheckpointError, "holds no Whisper model"),
}  # fmt: skip


@pytest.mark.parametrize(("damage", "error", "said"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_folder_is_refused_in_one_line(whisper_folder, tmp_path, damage, error, said):
    folder = tmp_path / "whisper"
    shutil.copytree(whisper_folder[0], folder)
    damage(folder)
    with pytest.raises(error, match=said) as caught:
        read_whisper(folder)
    assert "\n" not in str(caught.value)


# -- teacher.py


@pytest.mark.parametrize("bins", [80, 128])
def test_log_mel_equals_transformers(sample, bins):
    clip = sample[0][:100_000]
    extractor = WhisperFeatureExtractor(feature_size=bins)
    want = torch.from_numpy(extractor(clip, sampling_rate=16000, return_tensors="np").input_features[0].T)
    got = log_mel(torch.from_numpy(clip), bins)
    assert got.shape == (3000, bins)
    assert float((got - want).abs().max()) < 1e-3


@torch.no_grad()
def test_the_teacher_hears_and_judges_as_transformers_does(teacher, peer, sample):
    clips = [sample[0][:50_000], sample[0][60_000:]]
    features = torch.stack([log_mel(torch.from_numpy(clip), 80) for clip in clips]).transpose(1, 2)
    encoded = teacher.encode(clips)
    want = peer.model.encoder(features).last_hidden_state
    assert encoded.values.shape == (2, 1500, 128)
    assert float((encoded.values - want).abs().max()) < TOLERANCE

    ids = ids_of("The art")
    start = [token_ids()[token] for token in SPECIAL[1:]]
    logits = peer(encoder_outputs=(want[:1],), decoder_input_ids=torch.tensor([[*start, *ids]])).logits[0]
    states = teacher.states(EncodedFrames(encoded.values[:1]), ids)
    assert states.shape == (len(ids) + 1, 128)
    assert float((teacher.model.lm_head(states) - logits[len(start) - 1 :]).abs().max()) < TOLERANCE


def test_the_text_of_tokens_is_that_of_their_bytes(teacher):
    text = "Naïve café, 12½ €"
    assert teacher.text(ids_of(text)) == text
    assert teacher.text([token_ids()["ĠThe"], token_ids()["Ġart"], END, *range(END, VOCAB_SIZE)]) == "The art"
    assert teacher.text(ids_of("é")[:1]) == "\ufffd"


@torch.no_grad()
def test_transcribing_is_greedy_and_stops_at_the_limit(teacher, peer, sample, monkeypatch):
    encoded = teacher.encode([sample[0][:50_000]])
    tokens = torch.tensor([[token_ids()[token] for token in SPECIAL[1:]]])
    for _ in range(6):
        logits = peer(encoder_outputs=(encoded.values.clone(),), decoder_input_ids=tokens).logits
        tokens = torch.cat([tokens, logits[:, -1:].argmax(dim=2)], dim=1)
    passes = count_passes(teacher, monkeypatch)
    assert teacher.transcribe(encoded, max_new_tokens=6) == [teacher.text(tokens[0, 4:].tolist())]
    assert 0 < len(passes) <= 6


@pytest.mark.parametrize(("towards_end", "most", "passes"), [(1.0, 50, 1), (-1.0, 5, 5)])
def test_transcribing_stops_at_the_end_token(checkpoint, sample, monkeypatch, towards_end, most, passes):
    weights = dict(checkpoint.weights)
    rows = weights["model.decoder.embed_tokens.weight"].clone()
    bias = torch.zeros(128)
    bias[0], rows[:, 0], rows[END, 0] = 100.0, 0.0, towards_end
    weights |= {"model.decoder.embed_tokens.weight": rows, "model.decoder.layer_norm.bias": bias}
    biased = load_teacher(type(checkpoint)(checkpoint.shape, weights, checkpoint.token_ids, checkpoint.merges))
    encoded = biased.encode([sample[0][:16_000]])
    made = count_passes(biased, monkeypatch)
    (text,) = biased.transcribe(encoded, max_new_tokens=most)
    assert len(made) == passes
    assert (text == "") is (towards_end > 0)


def count_passes(teacher, monkeypatch) -> list[int]:
    passes: list[int] = []
    decode = teacher.model.decode_last

    def counted(tokens, *others):
        passes.append(tokens.shape[1])
        return decode(tokens, *others)

    monkeypatch.setattr(teacher.model, "decode_last", counted)
    return passes


def test_weights_that_do_not_fit_are_refused(checkpoint):
    weights = dict(checkpoint.weights)
    del weights["model.decoder.layers.1.fc1.bias"]
    with pytest.raises(CheckpointError, match="do not fit"):
        load_teacher(type(checkpoint)(checkpoint.shape, weights, checkpoint.token_ids, checkpoint.merges))


# -- vocabulary.py


def test_pieces_are_closed_under_merges(checkpoint):
    small = carve(checkpoint, [(SAMPLE_TEXT, 1.0)], FEWEST + 40)
    assert FEWEST + 20 < len(small.pieces) <= FEWEST + 40
    assert len(set(small.pieces)) == len(small.pieces) == len(small.scores)
    parents = {left + right: (left, right) for left, right in checkpoint.merges}
    tokens = {piece.replace(WORD_START, "Ġ") for piece in small.pieces}
    merged = tokens & parents.keys()
    assert all(part in tokens for token in merged for part in parents[token])
    assert "Ġinvention" in merged  # it occurs twice


def test_weights_of_texts_decide_what_is_kept(checkpoint):
    light, heavy = (
        carve(checkpoint, [(SAMPLE_TEXT, 1.0), (" sleepers", weight)], FEWEST + 25) for weight in (0.0, 9.0)
    )
    assert "▁sleepers" in heavy.pieces
    assert "▁sleepers" not in light.pieces


@pytest.mark.parametrize("size", [FEWEST, FEWEST - 1, 3])
def test_too_small_a_vocabulary_is_refused(checkpoint, size):
    if size == FEWEST:
        assert len(carve(checkpoint, [(SAMPLE_TEXT, 1.0)], size).pieces) == FEWEST
        return
    with pytest.raises(CheckpointError, match=f"{size} pieces are too few. Ask for {FEWEST} at least."):
        carve(checkpoint, [(SAMPLE_TEXT, 1.0)], size)


def test_every_piece_was_a_token_of_whisper(vocabulary, checkpoint):
    numbers = checkpoint.token_ids
    found = {piece: whisper_id(piece, numbers) for piece in vocabulary.pieces}
    assert [piece for piece, number in found.items() if number is None] == ["<s>", "<pad>", "<unk>"]
    assert found["</s>"] == END
    assert found["▁The"] == numbers["ĠThe"]
    assert found["<0x41>"] == numbers["A"]
    assert found["<0x20>"] == numbers["Ġ"]
    assert set(found.values()) - {None} <= set(numbers.values())


@pytest.mark.parametrize("text", [SAMPLE_TEXT, "", "two  spaces", "Naïve café, 12½ €", "日本", "<0x41>", "the\nart"])
def test_the_saved_vocabulary_reads_as_in_transformers(vocabulary, vocabulary_folder, text):
    ours, theirs = load_tokenizer(vocabulary_folder), Speech2TextTokenizer.from_pretrained(vocabulary_folder)
    assert ours.pieces() == dict(enumerate(vocabulary.pieces))
    ids = ours.encode(text)
    assert ids == theirs(text).input_ids
    assert ours.unk_id not in ids
    assert ours.decode(ids) == theirs.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)


def test_text_is_cut_as_whisper_cuts_it(vocabulary_folder, whisper_folder):
    ours = load_tokenizer(vocabulary_folder)
    theirs = PreTrainedTokenizerFast(tokenizer_file=str(whisper_folder[0] / "tokenizer.json"))
    pieces = ours.pieces()
    for text in (SAMPLE_TEXT, "The sleeper printed 12 letters, justly!", "arts of the intention; in-to"):
        cut = [whisper_id(pieces[number], token_ids()) for number in ours.encode(text)[:-1]]
        assert cut == theirs(" " + text).input_ids


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters=[" ", WORD_START]), min_size=1)))
def test_any_text_is_written_back(vocabulary_folder, words):
    tokenizer = tokenizer_of(vocabulary_folder)
    text = " ".join(words)
    ids = tokenizer.encode(text)
    assert tokenizer.unk_id not in ids
    assert tokenizer.decode(ids) == text


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_any_ascii_is_written_back_with_its_blanks_tidied(vocabulary_folder, text):
    tokenizer = tokenizer_of(vocabulary_folder)
    assert tokenizer.decode(tokenizer.encode(text)) == " ".join(text.split())


def tokenizer_of(folder, known={}):  # noqa: B006 - loaded once for all examples
    if folder not in known:
        known[folder] = load_tokenizer(folder)
    return known[folder]


# -- transplant.py


@pytest.fixture(scope="module")
def transplanted(checkpoint, vocabulary):
    return transplant(checkpoint, vocabulary, [0, 1])


@torch.no_grad()
def test_the_transplant_is_a_network_that_transformers_loads(transplanted, tmp_path):
    save_model(transplanted, tmp_path)
    theirs, loading = Peer.from_pretrained(tmp_path, output_loading_info=True)
    assert not any(loading.values()), loading
    features, tokens = torch.randn(1, 60, 80), torch.tensor([[2, 300, 301]])
    want = theirs.eval()(input_features=features, decoder_input_ids=tokens).logits
    got = transplanted(features, tokens).logits
    assert float((got - want).abs().max()) < 1e-3


def test_the_chosen_decoder_layers_are_kept_in_their_order(checkpoint, vocabulary, transplanted):
    swapped = transplant(checkpoint, vocabulary, [1, 0]).state_dict()
    alone = transplant(checkpoint, vocabulary, [1]).state_dict()
    both = transplanted.state_dict()
    inner = [name for name in alone if name.startswith("model.decoder.layers.0.")]
    assert len(inner) == 26
    for name in inner:
        other = name.replace("layers.0", "layers.1")
        assert torch.equal(alone[name], both[other])
        assert torch.equal(swapped[name], both[other]) and torch.equal(swapped[other], both[name])
    query = "model.decoder.layers.{}.self_attn.q_proj.weight"
    assert torch.equal(alone[query.format(0)], checkpoint.weights[query.format(1)])
    assert not any(name.startswith("model.decoder.layers.1.") for name in alone)


@pytest.mark.parametrize("name", ["generation_config.json", "config.json"])
def test_the_heads_that_follow_the_audio_are_read_where_they_are_named(tmp_path, name):
    make_whisper(tmp_path)
    assert read_whisper(tmp_path).heads == ()
    content = json.loads((tmp_path / name).read_text())
    (tmp_path / name).write_text(json.dumps(content | {"alignment_heads": [[0, 1], [1, 0]]}))
    assert read_whisper(tmp_path).heads == ((0, 1), (1, 0))
    (tmp_path / name).write_text(json.dumps(content | {"alignment_heads": [3]}))
    with pytest.raises(CheckpointError, match="holds no Whisper model"):
        read_whisper(tmp_path)


@pytest.mark.parametrize("layers", [[0, 2], [-1]])
def test_decoder_layers_that_whisper_lacks_are_refused(checkpoint, vocabulary, layers):
    with pytest.raises(CheckpointError, match="no decoder layer"):
        transplant(checkpoint, vocabulary, layers)


def test_the_encoder_is_whispers_own(checkpoint, transplanted):
    ours = transplanted.state_dict()
    taken = [name for name in ours if name.startswith("model.encoder.layer") and not name.endswith("k_proj.bias")]
    assert len(taken) == 2 * 15 + 2
    assert all(torch.equal(ours[name], checkpoint.weights[name]) for name in taken)
    assert not ours["model.encoder.layers.0.self_attn.k_proj.bias"].any()


@torch.no_grad()
def test_apart_from_positions_the_grown_decoder_does_what_whispers_does(checkpoint, teacher, vocabulary, transplanted):
    grown = transplant(checkpoint, vocabulary, [0, 1])
    scale = position_scale(checkpoint)
    learnt = checkpoint.weights["model.decoder.embed_positions.weight"]
    computed = sinusoids(100, 128) / scale
    # what the rows of the pieces have taken over from the positions is taken off again
    table = (learnt - learnt[:100].mean(dim=0) + computed.mean(dim=0)) * scale
    grown.model.decoder.embed_positions = TablePositions(table)
    numbers = [whisper_id(piece, checkpoint.token_ids) for piece in vocabulary.pieces]
    known = [number for number, other in enumerate(numbers) if other is not None]
    among = [numbers[number] for number in known]
    ours = torch.tensor([[2, *known[300:310]]])
    theirs = torch.tensor([[numbers[number] for number in ours[0].tolist()]])
    encoded = EncodedFrames(torch.randn(1, 50, 128))
    got = grown.decode(ours, encoded)[..., known].log_softmax(dim=2)
    want = teacher.model.decode(theirs, encoded)[..., among].log_softmax(dim=2)
    assert float((got - want).abs().max()) < 1e-2  # the norms' epsilon does not grow with the rest
    itself = transplanted.decode(ours, encoded)[..., known].log_softmax(dim=2)
    assert float((itself - want).abs().max()) > 1e-1  # sinusoids are other positions


def moved(model, seed: int = 0):
    """The model after a training that moved everything a little."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.02 * torch.randn(weight.shape, generator=generator)
    return model


def test_a_second_transplant_keeps_what_was_learnt_and_has_whispers_words(checkpoint, vocabulary):
    small = carve(checkpoint, [(SAMPLE_TEXT, 1.0)], FEWEST + 30)
    trained = moved(transplant(checkpoint, small, [1]))  # layer 0 was cut
    again, fresh = transplant_again(checkpoint, vocabulary, [0, 1], trained), transplant(checkpoint, vocabulary, [0, 1])
    new, old, whispers = again.state_dict(), trained.state_dict(), fresh.state_dict()
    assert all(torch.equal(new[name], old[name]) for name in old if name.startswith("model.encoder."))
    for name, weight in whispers.items():
        if name.startswith("model.decoder.layers.1."):
            learnt = old[name.replace("layers.1", "layers.0")]
            share = 1.0 if ".self_attn" in name else 0.6 if ".encoder_attn" in name else 0.0
            torch.testing.assert_close(new[name], weight + share * (learnt - weight))
        elif name.startswith("model.decoder.") and "embed_tokens" not in name:
            assert torch.equal(new[name], weight)
    rows = new["lm_head.weight"]
    assert torch.equal(rows[: len(SPECIAL_PIECES)], old["lm_head.weight"][: len(SPECIAL_PIECES)])
    assert torch.equal(rows[len(SPECIAL_PIECES) :], whispers["lm_head.weight"][len(SPECIAL_PIECES) :])
    assert again.lm_head.weight is again.model.decoder.embed_tokens.weight


def test_an_earlier_checkpoint_with_another_encoder_is_refused(checkpoint, vocabulary):
    trained = transplant(checkpoint, vocabulary, [0, 1])
    other = Speech2TextForConditionalGeneration(dataclasses.replace(trained.config, encoder_layers=1))
    with pytest.raises(CheckpointError, match="has another encoder than this Whisper. Leave out --from."):
        transplant_again(checkpoint, vocabulary, [0, 1], other)


def test_the_front_end_is_fitted_to_real_speech(checkpoint, teacher, vocabulary, sample):
    model = transplant(checkpoint, vocabulary, [0])
    conv = model.model.encoder.conv.conv_layers[0]
    assert not conv.weight.any()
    clips = [sample[0][:120_000], sample[0][120_000:]]
    explained = fit_front_end(model, teacher, clips)
    assert 0.3 < explained < 1.0
    half = conv.weight.shape[0] // 2
    torch.testing.assert_close(conv.weight[half:], 1.702 * conv.weight[:half])


@torch.no_grad()
def test_a_recording_longer_than_whisper_hears_fits_the_front_end_with_its_beginning(
    checkpoint, teacher, vocabulary, sample
):
    model = transplant(checkpoint, vocabulary, [0])
    longest = np.tile(sample[0], 3)
    assert fit_front_end(model, teacher, [longest]) > 0.3

"""The tokenizer gives the ids and the text of transformers' `Speech2TextTokenizer`."""

from __future__ import annotations

import json

import pytest
import sentencepiece
from conftest import MODEL, SAMPLE_TEXT
from transformers import Speech2TextTokenizer

from s2t_core.errors import ConfigError, TokenizerError
from s2t_core.tokenizer import LANGUAGES, load_tokenizer

TEXTS = [SAMPLE_TEXT, "", "two  spaces", "Naïve café, 12½ €", "日本", "a", "O'Neil's e-mail: x@y.org"]


@pytest.fixture
def folder(tmp_path):
    """A small vocabulary of its own, with language codes, as the MuST-C checkpoints have them."""
    codes = [f"<lang:{name}>" for name in LANGUAGES["mustc"]]
    text = tmp_path / "text.txt"
    text.write_text("\n".join([SAMPLE_TEXT.lower()] * 20), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(text), model_prefix=str(tmp_path / "sentencepiece.bpe"), vocab_size=70, model_type="bpe",
        user_defined_symbols=codes, minloglevel=2, bos_id=0, pad_id=1, eos_id=2, unk_id=3,
    )  # fmt: skip
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(tmp_path / "sentencepiece.bpe.model"))
    tokens = [pieces.id_to_piece(i) for i in range(pieces.get_piece_size())]
    (tmp_path / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    return tmp_path


def configure(folder, **options):
    (folder / "tokenizer_config.json").write_text(json.dumps(options))
    theirs = Speech2TextTokenizer(str(folder / "vocab.json"), str(folder / "sentencepiece.bpe.model"), **options)
    return load_tokenizer(folder), theirs


@pytest.mark.parametrize("text", TEXTS)
def test_ids_and_text_of_the_embedded_vocabulary_equal_transformers(text):
    ours, theirs = load_tokenizer(MODEL), Speech2TextTokenizer.from_pretrained(MODEL)
    ids = ours.encode(text)
    assert ids == theirs(text).input_ids
    assert ours.decode(ids) == theirs.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)


def test_the_embedded_vocabulary_writes_any_text_back():
    ours = load_tokenizer(MODEL)
    for text in ("Naïve café, 12½ €", "日本", SAMPLE_TEXT):
        assert ours.decode(ours.encode(text)) == text


@pytest.mark.parametrize("upper", [True, False])
def test_upper_case_text_equals_transformers(folder, upper):
    ours, theirs = configure(folder, do_upper_case=upper)
    text = "the art of printing"
    ids = ours.encode(text)
    assert ids == theirs(text).input_ids
    assert ours.decode(ids) == theirs.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)


def test_lower_case_input_is_the_same_as_lower_text(folder):
    # transformers 5 documents the option but no longer applies it; the ids are those of the lower text.
    ours, theirs = configure(folder, do_lower_case=True)
    assert ours.encode("The Art of PRINTING") == theirs("the art of printing").input_ids


@pytest.mark.parametrize("language", ["pt", "de"])
def test_language_codes_begin_the_ids_as_in_transformers(folder, language):
    ours, theirs = configure(folder, lang_codes="mustc", tgt_lang=language)
    assert ours.encode("the art") == theirs("the art").input_ids
    assert ours.prefix() == tuple(theirs.prefix_tokens)
    assert ours.decode(ours.encode("the art")) == "the art"
    with pytest.raises(TokenizerError, match="no language 'xx'"):
        ours.prefix("xx")


def test_words_are_cut_where_pieces_begin_one():
    ours = load_tokenizer(MODEL)
    ids = ours.encode("The sleepers covered Giltspur, twice.")[:-1]
    assert [ours.decode(ids[a:b]).strip() for a, b in ours.words(ids)] == [
        "The", "sleepers", "covered", "Giltspur,", "twice.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("vocab.json", None, "vocab.json is missing"),
        ("vocab.json", b'{"a": "b"}', "number"),
        ("vocab.json", b'{"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3}', "not the vocabulary"),
        ("vocab.json", b'{"<s>": 0, "<pad>": 0, "</s>": 2, "<unk>": 3}', "twice"),
        ("vocab.json", b'{"<s>": 1000000, "<pad>": 1}', "gaps"),
        ("sentencepiece.bpe.model", None, "is missing"),
        ("sentencepiece.bpe.model", b"not a model", "cannot be read"),
        ("sentencepiece.bpe.model", b"", "cannot be read"),
        ("tokenizer_config.json", b'{"lang_codes": "klingon"}', "klingon"),
        ("tokenizer_config.json", b'{"do_upper_case": "yes"}', "do_upper_case"),
        ("tokenizer_config.json", b'{"lang_codes": ["mustc"]}', "lang_codes"),
        ("tokenizer_config.json", b'{"tgt_lang": 5}', "tgt_lang"),
        ("vocab.json", b'{"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "\\ud800": 4}', "no text"),
    ],
)
def test_broken_vocabularies_are_refused(folder, name, content, said):
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    with pytest.raises((TokenizerError, ConfigError), match=said):
        load_tokenizer(folder)


def test_a_model_whose_pieces_are_no_text_is_refused(tmp_path):
    for path in MODEL.glob("*.json"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    data = (MODEL / "sentencepiece.bpe.model").read_bytes()
    place = data.index("▁the".encode())
    (tmp_path / "sentencepiece.bpe.model").write_bytes(data[:place] + b"\xff" + data[place + 1 :])
    with pytest.raises(TokenizerError, match="cannot be read"):
        load_tokenizer(tmp_path)

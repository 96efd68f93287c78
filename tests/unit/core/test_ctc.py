"""The CTC head: spelling, its file, where letters and words are heard, and that it learns."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from support import viterbi

from s2t_core.decoding.ctc import letter_spans, word_spans
from s2t_core.errors import CheckpointError
from s2t_core.model.ctc import BLANK, FILE, SYMBOLS, CtcHead, load_ctc, read_off, save_ctc, spell
from s2t_core.training.distil_ctc import CtcStage, distil_ctc
from s2t_core.training.text_loss import EncodedExample


def log_probs(path: list[int]) -> np.ndarray:
    """(frames, symbols + 1) that favour the symbol of each frame."""
    table = np.full((len(path), len(SYMBOLS) + 1), -8.0, np.float32)
    table[range(len(path)), path] = -0.01
    return table


def alone(table: np.ndarray, wanted: list[int]):
    return letter_spans(torch.from_numpy(table).unsqueeze(0), [len(table)], [wanted])[0]


def of_words(table: np.ndarray, words: list[str]):
    return word_spans(torch.from_numpy(table).unsqueeze(0), [len(table)], [words])[0]


def symbols(text: str) -> list[int]:
    return [SYMBOLS.index(sign) + 1 for sign in text]


def test_a_text_is_spelt_in_small_letters_with_single_blanks():
    assert spell("  Don't PANIC -- it's well-known, Mr. 42!") == symbols("don't panic it's well known mr")
    assert spell("42!") == []


def test_the_best_path_reads_as_text():
    path = [BLANK, *symbols("aa"), BLANK, *symbols("aab"), BLANK, *symbols(" "), BLANK, *symbols("c")]
    assert read_off(torch.from_numpy(log_probs(path))) == "aab c"


def test_every_letter_gets_its_frames():
    path = [BLANK, *symbols("hh"), *symbols("e"), BLANK, *symbols("l"), BLANK, BLANK, *symbols("ll")]
    assert alone(log_probs(path), spell("hell")) == [(1, 3), (3, 4), (5, 6), (8, 10)]


def test_equal_letters_need_a_blank_between_them_and_enough_frames():
    assert alone(log_probs(symbols("aa")), spell("aa")) is None
    assert alone(log_probs([*symbols("a"), BLANK, *symbols("a")]), spell("aa")) == [(0, 1), (2, 3)]


def test_the_path_is_the_best_of_all_paths():
    rng = np.random.default_rng(3)
    table = np.log(rng.dirichlet(np.ones(len(SYMBOLS) + 1), size=6)).astype(np.float32)
    wanted = spell("ab")
    best = -np.inf
    for path in itertools.product([BLANK, *wanted], repeat=6):
        if [k for k, _ in itertools.groupby(path) if k != BLANK] == wanted:
            best = max(best, sum(table[frame, state] for frame, state in enumerate(path)))
    (a_first, a_end), (b_first, b_end) = alone(table, wanted)
    found = [BLANK] * 6
    found[a_first:a_end] = [wanted[0]] * (a_end - a_first)
    found[b_first:b_end] = [wanted[1]] * (b_end - b_first)
    assert sum(table[frame, state] for frame, state in enumerate(found)) == pytest.approx(best, abs=1e-5)


def test_many_texts_at_once_lie_where_each_would_alone():
    rng = np.random.default_rng(5)
    texts = [spell(text) for text in ("hello all", "a", "llama ll", "this is far too much for it", "")]
    frames = [40, 5, 33, 20, 7]
    table = np.log(rng.dirichlet(np.ones(len(SYMBOLS) + 1), size=(len(texts), max(frames)))).astype(np.float32)
    found = letter_spans(torch.from_numpy(table), frames, texts)
    wanted = [viterbi.letter_spans(row[:end], text) for row, end, text in zip(table, frames, texts, strict=True)]
    assert found == wanted and wanted[3] is None and wanted[0] is not None


def test_what_does_not_fit_into_memory_at_once_is_searched_in_parts(monkeypatch):
    monkeypatch.setattr("s2t_core.decoding.ctc._GAINS", 1)
    table = np.stack([log_probs([*symbols("a"), BLANK, *symbols("b")]), log_probs([BLANK, *symbols("a"), BLANK])])
    assert letter_spans(torch.from_numpy(table), [3, 3], [spell("ab"), spell("a")]) == [[(0, 1), (2, 3)], [(1, 2)]]


def test_words_reach_from_their_first_to_their_last_letter():
    path = [*symbols("i"), BLANK, *symbols(" "), BLANK, *symbols("a"), *symbols("m"), *symbols("m"), BLANK]
    assert of_words(log_probs(path), ["I", "am!"]) == [(0, 1), (4, 7)]


def test_words_with_figures_cannot_be_placed():
    assert of_words(log_probs([BLANK] * 9), ["take", "42"]) is None
    assert of_words(log_probs([BLANK] * 9), ["a", "--"]) is None


def test_the_head_is_kept_in_a_file_of_its_own(tmp_path):
    head = CtcHead(16)
    assert load_ctc(tmp_path, 16) is None
    save_ctc(head, tmp_path)
    loaded = load_ctc(tmp_path, 16)
    frames = torch.randn(1, 5, 16)
    assert torch.allclose(head(frames), loaded(frames), atol=1e-2)


def test_a_broken_head_is_said_in_one_line(tmp_path):
    (tmp_path / FILE).write_bytes(b"no")
    with pytest.raises(CheckpointError, match="cannot be read") as caught:
        load_ctc(tmp_path, 8)
    assert "\n" not in str(caught.value)
    save_ctc(CtcHead(16), tmp_path)
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_ctc(tmp_path, 8)
    head = CtcHead(16)
    torch.nn.init.constant_(head.outer.bias, float("nan"))
    save_ctc(head, tmp_path)
    with pytest.raises(CheckpointError, match="not a finite number"):
        load_ctc(tmp_path, 16)


class Letters:
    """A tokenizer of which every id is a letter."""

    def decode(self, ids):
        return "".join("abc "[i] for i in ids)


def test_the_head_learns_the_letters_of_encodings():
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    sounds = 2 * torch.randn(4, 64)
    taught = []
    for _ in range(40):
        ids = tuple(rng.permutation(3).tolist())
        frames = torch.stack([sounds[i] for i in ids for _ in range(3)])
        taught.append(EncodedExample((frames + 0.05 * torch.randn_like(frames)).half(), ids, None))
    head = distil_ctc(taught, Letters(), CtcStage(60, most_steps=300), lambda *_: None)
    assert read_off(head(taught[0].frames.float().unsqueeze(0))[0]) == Letters().decode(taught[0].ids)

"""Where the letters of known texts are heard, by the CTC head: Viterbi over letters and blanks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from s2t_core.kernels.paths import best_path
from s2t_core.model.ctc import BLANK, spell

_GAINS = 1 << 26  # that are in memory at once

Span = tuple[int, int]  # first frame, end


def letter_spans(log_probs: Tensor, frames: Sequence[int], texts: Sequence[Sequence[int]]) -> list[list[Span] | None]:
    """The frames of every symbol of each text on the best path; None where there are too few frames for them.

    log_probs  (texts, frames, symbols + 1), of which `frames` are real in each row
    Kürzinger et al. 2020, CTC-segmentation (arXiv 2007.09127), without its skipping of audio.
    """
    wide = 2 * max(map(len, texts), default=0) + 1
    rows = max(1, _GAINS // (wide * max(1, log_probs.shape[1])))
    found: list[list[Span] | None] = []
    for at in range(0, len(texts), rows):
        part = slice(at, at + rows)
        found += _letter_spans(log_probs[part], frames[part], texts[part])
    return found


def _letter_spans(log_probs: Tensor, frames: Sequence[int], texts: Sequence[Sequence[int]]) -> list[list[Span] | None]:
    counts = [2 * len(symbols) + 1 for symbols in texts]
    table = np.full((len(texts), max(counts)), BLANK)  # a blank before, between and behind all symbols
    for row, symbols in zip(table, texts, strict=True):
        row[1 : 2 * len(symbols) : 2] = symbols
    # From one state the path stays, goes on to the next, or leaves out a blank between two different letters.
    leaps = np.zeros(table.shape, dtype=bool)
    leaps[:, 2:] = (table[:, 2:] != BLANK) & (table[:, 2:] != table[:, :-2])
    states = torch.from_numpy(table).to(log_probs.device)
    gains = log_probs.gather(2, states.unsqueeze(1).expand(-1, log_probs.shape[1], -1)).cpu().numpy()
    found: list[list[Span] | None] = []
    for own, leap, end, count in zip(gains, leaps, frames, counts, strict=True):
        path = best_path(np.ascontiguousarray(own[:end, :count]), leap[:count], True)
        found.append(_stretches(path, np.arange(1, count, 2)) if len(path) else None)
    return found


def _stretches(path: NDArray[np.int64], states: NDArray[np.int64]) -> list[Span]:
    """The frames of each of the states, that the path goes through."""
    firsts, ends = np.searchsorted(path, states), np.searchsorted(path, states, side="right")
    return list(zip(firsts.tolist(), ends.tolist(), strict=True))


def word_spans(log_probs: Tensor, frames: Sequence[int], texts: Sequence[Sequence[str]]) -> list[list[Span] | None]:
    """The frames of every written word of each text; None where one has no letters (figures), or where they do not
    fit. `log_probs` and `frames` as `letter_spans` takes them."""
    found: list[list[Span] | None] = [None] * len(texts)
    spelt = [[spell(word) for word in words] for words in texts]
    rows = [row for row, words in enumerate(texts) if words and all(spelt[row]) and not _has_figure(words)]
    if not rows:
        return found
    spans = letter_spans(
        log_probs if len(rows) == len(texts) else log_probs[rows],
        [frames[row] for row in rows],
        [spell(" ".join(texts[row])) for row in rows],
    )
    for row, letters in zip(rows, spans, strict=True):
        found[row] = None if letters is None else _of_words(letters, spelt[row])
    return found


def _has_figure(words: Sequence[str]) -> bool:
    return any(sign.isdigit() for word in words for sign in word)


def _of_words(letters: Sequence[Span], spelt: Sequence[Sequence[int]]) -> list[Span]:
    """The frames of words from those of their letters and the blanks between them."""
    found, at = [], 0
    for symbols in spelt:
        found.append((letters[at][0], letters[at + len(symbols) - 1][1]))
        at += len(symbols) + 1  # and the blank behind the word
    return found

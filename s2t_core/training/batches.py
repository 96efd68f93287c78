"""Examples of unequal length made into batches of about equal cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from s2t_core.model.speech2text import IGNORED_LABEL

T = TypeVar("T")


def shuffled_batches(
    examples: Sequence[T], length: Callable[[T], int], most: int, rng: np.random.Generator
) -> Iterator[list[T]]:
    """Endless batches of neighbours in length whose padded size is at most `most`; every example once a round."""
    while True:
        batches = batches_of(examples, length, most, rng)
        for index in rng.permutation(len(batches)):
            yield batches[index]


def batches_of(
    examples: Sequence[T], length: Callable[[T], int], most: int, rng: np.random.Generator | None = None
) -> list[list[T]]:
    """All examples in batches of neighbours in length; with `rng` the neighbourhood differs a little every time."""
    spread = 1.0 if rng is None else float(np.exp(rng.normal(0.0, 0.05)))
    keys = [length(one) * (1.0 if rng is None else spread * float(np.exp(rng.normal(0.0, 0.05)))) for one in examples]
    batches: list[list[T]] = [[]]
    longest = 0
    for index in np.argsort(keys, kind="stable"):
        longest = max(longest, length(examples[index]))
        if batches[-1] and longest * (len(batches[-1]) + 1) > most:
            batches.append([])
            longest = length(examples[index])
        batches[-1].append(examples[index])
    return batches


def padded(rows: Sequence[Tensor], value: float = 0.0) -> tuple[Tensor, Tensor]:
    """Rows (n_i, ...) -> (batch, longest, ...) filled up with `value`, and the lengths (batch,)."""
    return (
        torch.nn.utils.rnn.pad_sequence(list(rows), batch_first=True, padding_value=value),
        torch.tensor([len(row) for row in rows]),
    )


def token_batch(texts: Sequence[Sequence[int]], start: int, pad: int) -> tuple[Tensor, Tensor]:
    """Token ids that end with the end token -> decoder inputs and labels, both (batch, tokens)."""
    inputs, _ = padded([torch.tensor([start, *ids[:-1]]) for ids in texts], pad)
    labels, _ = padded([torch.tensor(ids) for ids in texts], IGNORED_LABEL)
    return inputs, labels

"""Attention of a decoder's new positions, to those before them and to the frames of an encoding."""

from __future__ import annotations

import numpy as np

from s2t_core.kernels.compiling import compiled

f32 = np.float32


@compiled()
def exp(x):
    """For x <= 0, as exp(x / 256) ** 256: without a call, so that loops over it become vectors. Relative error below
    1e-5 where x > -16, and what is below counts for nothing in a softmax."""
    x = max(x, f32(-87)) * f32(1 / 256)
    y = f32(1) + x * (f32(1) + x * (f32(1 / 2) + x * (f32(1 / 6) + x * (f32(1 / 24) + x * f32(1 / 120)))))
    for _ in range(8):
        y = y * y
    return y


@compiled()
def _softmax(scores):
    high = scores[0]
    for x in scores:
        high = max(high, x)
    total = f32(0)
    for i in range(len(scores)):
        scores[i] = exp(scores[i] - high)
        total += scores[i]
    inverse = f32(1) / total
    for i in range(len(scores)):
        scores[i] *= inverse


@compiled()
def attend_own(joined, keys, values, lines, past, each, context):
    """Causal attention of every row to its own positions; the new keys and values are written first.

    joined  (rows * each, 3 * d_model): queries, keys and values of `each` new positions a row
    keys, values  (rows, heads, room, dim); lines (rows, room): the row of these that holds each position of a row
    context (rows * each, d_model)
    """
    rows, heads, _, dim = keys.shape
    width = heads * dim
    scale = f32(1) / np.sqrt(f32(dim))
    scores = np.empty(past + each, f32)
    for row in range(rows):
        for new in range(each):
            at = row * each + new
            lines[row, past + new] = row
            seen = past + new + 1
            for head in range(heads):
                first = head * dim
                query = joined[at, first : first + dim]
                for d in range(dim):
                    keys[row, head, past + new, d] = joined[at, width + first + d]
                    values[row, head, past + new, d] = joined[at, 2 * width + first + d]
                for position in range(seen):
                    key = keys[lines[row, position], head, position]
                    product = f32(0)
                    for d in range(dim):
                        product += query[d] * key[d]
                    scores[position] = product * scale
                _softmax(scores[:seen])
                out = context[at, first : first + dim]
                out[:] = f32(0)
                for position in range(seen):
                    share, value = scores[position], values[lines[row, position], head, position]
                    for d in range(dim):
                        out[d] += share * value[d]


@compiled()
def attend_cross(queries, keys, values, frames, each, context, weights):
    """Attention of `each` positions an utterance to its encoding.

    queries (utterances * each, d_model); keys, values (utterances, heads, room, dim); frames (utterances,) that count
    context (utterances * each, d_model); weights (utterances * each, heads, frames), or of length 0: not asked for
    """
    utterances, heads, room, dim = keys.shape
    scale = f32(1) / np.sqrt(f32(dim))
    scores = np.empty(room, f32)
    for utterance in range(utterances):
        count = frames[utterance]
        for head in range(heads):
            first = head * dim
            for at in range(utterance * each, (utterance + 1) * each):
                query = queries[at, first : first + dim]
                for frame in range(count):
                    key = keys[utterance, head, frame]
                    product = f32(0)
                    for d in range(dim):
                        product += query[d] * key[d]
                    scores[frame] = product * scale
                _softmax(scores[:count])
                out = context[at, first : first + dim]
                out[:] = f32(0)
                for frame in range(count):
                    share, value = scores[frame], values[utterance, head, frame]
                    for d in range(dim):
                        out[d] += share * value[d]
                if len(weights):
                    weights[at, head, :count] = scores[:count]

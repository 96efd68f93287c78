"""Attention of a decoder's new positions, to those before them and to the frames of an encoding."""

from __future__ import annotations

import numpy as np

from s2t_core.kernels.compiling import compiled, larger
from s2t_core.kernels.products import SIDE, TAPS, arrange, in_floats, multiply, sum_products

f32 = np.float32
_QUERIES = 32  # whose scores are in the nearer caches at once


@compiled()
def exp(x):
    """For x <= 0, as exp(x / 64) ** 64: without a call, so that loops over it become vectors. The relative error is
    below 3e-5 where x > -16, and what is below counts for nothing in a softmax."""
    x = larger(x, f32(-87)) * f32(1 / 64)
    y = f32(1) + x * (f32(1) + x * (f32(1 / 2) + x * (f32(1 / 6) + x * (f32(1 / 24) + x * f32(1 / 120)))))
    for _ in range(6):
        y = y * y
    return y


@compiled()
def _largest(scores):
    high = scores[0]
    for i in range(len(scores)):
        high = larger(high, scores[i])
    return high


@compiled()
def _softmax(scores):
    high, total = _largest(scores), f32(0)
    for i in range(len(scores)):
        scores[i] = exp(scores[i] - high)
        total += scores[i]
    inverse = f32(1) / total
    for i in range(len(scores)):
        scores[i] *= inverse


@compiled()
def _softmax_in_eight_bits(scores, values):
    """scores (n,) -> values (n,) uint8, 255 for the largest weight; what one step is of a weight."""
    high, total = _largest(scores), f32(0)
    for i in range(len(scores)):
        weight = exp(scores[i] - high)
        total += weight
        values[i] = np.uint8(np.int32(weight * f32(255) + f32(0.5)))
    return f32(1 / 255) / total


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
                    for frame in range(count):
                        weights[at, head, frame] = scores[frame]


@compiled()
def attend(queries, keys, values, context):
    """Attention of many queries to all positions, its products in eight bits.

    queries (heads, queries, dim); keys, values (heads, positions, dim); context (queries, heads, dim)
    """
    heads, count, dim = queries.shape
    positions = keys.shape[1]
    scale = f32(1) / np.sqrt(f32(dim))
    scores, outputs = np.empty((_QUERIES, positions), f32), np.empty((_QUERIES, dim), f32)
    for head in range(heads):
        looked_at, found = arrange(keys[head]), arrange(values[head].T)
        for position in range(positions):
            looked_at.rows[0, position] *= scale
        weights = np.zeros((_QUERIES, TAPS * found.codes.shape[1]), np.uint8)
        sums = np.empty((_QUERIES, SIDE * len(found.codes)), np.int32)
        steps, lows = np.empty(_QUERIES, f32), np.zeros(_QUERIES, f32)
        for first in range(0, count, _QUERIES):
            here = min(_QUERIES, count - first)
            multiply(queries[head, first : first + here], looked_at, scores[:here], False)
            for i in range(here):
                steps[i] = _softmax_in_eight_bits(scores[i], weights[i])
            sum_products(found.codes, weights[:here], sums)
            in_floats(sums, steps, lows, found, outputs[:here], False)
            for i in range(here):
                for d in range(dim):
                    context[first + i, head, d] = outputs[i, d]

"""Attention: of many to many with products in eight bits, and of a decoder's new positions to those before them."""

from __future__ import annotations

import numpy as np

from s2t_core.kernels.compiling import compiled, larger
from s2t_core.kernels.products import SIDE, TAPS, Int8Weights, arrange, blocks_of, in_floats, multiply, sum_products

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
def arranged_sources(both, frames):
    """Keys and values (2, utterances, heads, room, dim) as `attend` takes them: codes and rows of `Int8Weights`
    (utterances, heads, ...) for the products with keys, and of those with values.

    frames  (utterances,) that count
    """
    _, utterances, heads, _, dim = both.shape
    most = frames.max()
    taps, places = (dim + TAPS - 1) // TAPS, (most + TAPS - 1) // TAPS
    key_codes = np.zeros((utterances, heads, blocks_of(most), taps, SIDE, TAPS), np.int8)
    value_codes = np.zeros((utterances, heads, blocks_of(dim), places, SIDE, TAPS), np.int8)
    key_rows, value_rows = np.zeros((utterances, heads, 3, most), f32), np.zeros((utterances, heads, 3, dim), f32)
    scale = f32(1) / np.sqrt(f32(dim))
    for utterance in range(utterances):
        count = frames[utterance]
        for head in range(heads):
            keys, values = both[0, utterance, head, :count], both[1, utterance, head, :count].T
            arrange(keys, key_codes[utterance, head], key_rows[utterance, head])
            arrange(values, value_codes[utterance, head], value_rows[utterance, head])
            for frame in range(count):
                key_rows[utterance, head, 0, frame] *= scale
    return key_codes, key_rows, value_codes, value_rows


@compiled()
def attend(queries, sources, frames, each, context, recorded):
    """Attention of `each` positions an utterance to all frames of it that count.

    queries (utterances * each, d_model); sources, frames: of `arranged_sources`; context (utterances * each, d_model)
    recorded  the weights (utterances * each, heads, frames), or of length 0: not asked for
    """
    key_codes, key_rows, value_codes, value_rows = sources
    for utterance in range(len(frames)):
        for head in range(key_codes.shape[1]):
            keys = Int8Weights(key_codes[utterance, head], key_rows[utterance, head])
            values = Int8Weights(value_codes[utterance, head], value_rows[utterance, head])
            for first in range(utterance * each, (utterance + 1) * each, _QUERIES):
                end = min(first + _QUERIES, (utterance + 1) * each)
                some, found = queries[first:end], context[first:end]
                _attend_with(head, some, keys, values, frames[utterance], found, recorded[first:end])


@compiled()
def _attend_with(head, queries, keys, values, seen, context, recorded):
    """One head's part of `attend`, of queries (n, d_model) to the first `seen` frames."""
    count, dim = len(queries), values.rows.shape[1]
    first = head * dim
    own, found = np.empty((count, dim), f32), np.empty((count, dim), f32)
    scores, sums = np.empty((count, keys.rows.shape[1]), f32), np.empty((count, SIDE * len(values.codes)), np.int32)
    weights = np.zeros((count, TAPS * values.codes.shape[1]), np.uint8)
    steps, lows = np.empty(count, f32), np.zeros(count, f32)
    for i in range(count):
        for d in range(dim):
            own[i, d] = queries[i, first + d]
    multiply(own, keys, scores, False)
    for i in range(count):
        steps[i] = _softmax_in_eight_bits(scores[i, :seen], weights[i])
    sum_products(values.codes, weights, sums)
    in_floats(sums, steps, lows, values, found, False)
    for i in range(count):
        for d in range(dim):
            context[i, first + d] = found[i, d]
    for i in range(len(recorded)):
        for frame in range(seen):
            recorded[i, head, frame] = steps[i] * f32(weights[i, frame])

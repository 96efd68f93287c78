"""A layer of a decoder in one call, without the interpreter and without its lock.

A step of a decoder multiplies single vectors: what it costs in torch is the way to each operation, not the operation.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from s2t_core.kernels.attention import attend, attend_own, exp
from s2t_core.kernels.compiling import compiled, larger
from s2t_core.kernels.products import Int8Weights, multiply

f32 = np.float32
NO_ACTIVATION, RELU, GELU = range(3)
_EPSILON = f32(1e-5)  # of layer norms, as in torch


class EncoderWeights(NamedTuple):
    """Of an encoder layer. norms: (4, d_model), weight and bias of each layer norm in the order of their use."""

    norms: Any
    own_in: Int8Weights  # queries, keys and values
    own_out: Int8Weights
    fc1: Int8Weights
    fc2: Int8Weights


class DecoderWeights(NamedTuple):
    """Of a decoder layer; norms: (6, d_model)."""

    norms: Any
    own_in: Int8Weights
    own_out: Int8Weights
    cross_in: Int8Weights  # queries
    cross_out: Int8Weights
    fc1: Int8Weights
    fc2: Int8Weights


@compiled()
def normalise(hidden, norm, outputs):
    """Layer norm: hidden (n, width), norm (2, width), weight and bias -> outputs (n, width)."""
    for i in range(len(hidden)):
        row, width = hidden[i], f32(hidden.shape[1])
        total, squares = f32(0), f32(0)
        for j in range(len(row)):
            total += row[j]
        mean = total / width
        for j in range(len(row)):
            squares += (row[j] - mean) * (row[j] - mean)
        inverse = f32(1) / np.sqrt(squares / width + _EPSILON)
        for j in range(len(row)):
            outputs[i, j] = (row[j] - mean) * inverse * norm[0, j] + norm[1, j]


@compiled()
def _activate(values, kind):
    if kind == RELU:
        for i in range(len(values)):
            values[i] = larger(values[i], f32(0))
    elif kind == GELU:
        for i in range(len(values)):
            x = values[i]
            z = abs(x) * f32(0.7071067811865476)
            t = f32(1) / (f32(1) + f32(0.3275911) * z)
            # Abramowitz and Stegun 7.1.26: off by 1.5e-7 at most
            sum_ = f32(-1.453152027) + t * f32(1.061405429)
            sum_ = t * (f32(0.254829592) + t * (f32(-0.284496736) + t * (f32(1.421413741) + t * sum_)))
            tail = sum_ * exp(-z * z)  # 1 - erf(z)
            values[i] = f32(0.5) * x * (tail if x < 0 else f32(2) - tail)


@compiled()
def _feed_forward(hidden, norm, fc1, fc2, activation):
    inputs, inner = np.empty_like(hidden), np.empty((len(hidden), fc1.rows.shape[1]), f32)
    normalise(hidden, norm, inputs)
    multiply(inputs, fc1, inner, False)
    for i in range(len(inner)):
        _activate(inner[i], activation)
    multiply(inner, fc2, hidden, True)


@compiled()
def begin_encoder_layer(hidden, layer, joined):
    """Up to the attention: hidden (n, d_model) -> joined (n, 3 * d_model), queries, keys and values."""
    inputs = np.empty_like(hidden)
    normalise(hidden, layer.norms[:2], inputs)
    multiply(inputs, layer.own_in, joined, False)


@compiled()
def end_encoder_layer(hidden, context, layer, activation):
    """From the attention on: hidden (n, d_model) becomes what the layer puts out."""
    multiply(context, layer.own_out, hidden, True)
    _feed_forward(hidden, layer.norms[2:], layer.fc1, layer.fc2, activation)


@compiled()
def decoder_layer(  # noqa: PLR0913 a call that takes everything, so that there is one a layer
    hidden, layer, activation, keys, values, lines, past, sources, frames, recorded
):
    """A layer of the decoder: hidden (rows * new positions, d_model) becomes what it puts out.

    layer, activation  `DecoderWeights`; NO_ACTIVATION, RELU or GELU
    keys, values, lines, past  see `attend_own`
    sources, frames, recorded  see `attend`
    """
    count, width = hidden.shape
    inputs, queries, joined = np.empty_like(hidden), np.empty_like(hidden), np.empty((count, 3 * width), f32)

    normalise(hidden, layer.norms[:2], inputs)
    multiply(inputs, layer.own_in, joined, False)
    attend_own(joined, keys, values, lines, past, count // len(keys), inputs)
    multiply(inputs, layer.own_out, hidden, True)

    normalise(hidden, layer.norms[2:4], inputs)
    multiply(inputs, layer.cross_in, queries, False)
    attend(queries, sources, frames, count // len(frames), inputs, recorded)
    multiply(inputs, layer.cross_out, hidden, True)

    _feed_forward(hidden, layer.norms[4:], layer.fc1, layer.fc2, activation)

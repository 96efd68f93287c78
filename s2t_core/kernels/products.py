"""Products of vectors with weights of eight bits.

Inputs are brought to eight bits vector by vector, so that one comes out the same whatever is computed beside it.
Weights lie in the order of their use.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from s2t_core.kernels.compiling import PROCESSOR, compiled, larger, smaller

f32 = np.float32
_features = PROCESSOR[2]
# Sums that one instruction (VNNI) goes on with, each by four products of eight bits; 0: there is none.
_LANES = 16 if "+avx512vnni" in _features else 8 if "+avxvnni" in _features else 0
SIDE = _LANES or 8  # outputs whose weights lie side by side
TAPS = 4  # inputs whose weights lie side by side
_BLOCKS = 4  # of outputs that are summed up at a time: the sums are independent, so that none waits for another
_TOGETHER = _BLOCKS * SIDE
_VECTORS = 32  # whose sums lie in the nearer caches
_MANY = {16: 4, 8: 2, 0: 1}[_LANES]  # vectors whose sums all find room in the registers


class Int8Weights(NamedTuple):
    """Of a linear layer, W[r] = scale[r] * codes of r. Made by `arranged`.

    codes  (outputs / SIDE, inputs / 4, SIDE, 4) int8, with zeros where there are none: in the order of their use
    rows   (3, outputs) float32: the scales, the sums of the codes, the biases
    """

    codes: Any
    rows: Any


def _dots(vectors: int) -> Any:
    """What numba shall write for the products of so many vectors with the weights of `_TOGETHER` outputs."""

    @intrinsic
    def dots(typing: Any, weights: Any, inputs: Any, width: Any, sums: Any, step: Any) -> Any:
        """weights, inputs, sums: addresses of (_BLOCKS, width / 4, SIDE, 4) int8, (vectors, width) uint8 and
        (vectors, _TOGETHER) int32, whose rows are `step` bytes apart."""

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            weights, inputs, width, sums, step = arguments
            start, go_on, end = _by_vnni(builder) if _LANES else _by_pairs(builder)
            totals = [[start() for _ in range(_BLOCKS)] for _ in range(vectors)]

            def place(address: Any, *steps: tuple[Any, int]) -> Any:
                for step, count in steps:
                    address = builder.add(address, builder.mul(step, step.type(count)))
                return address

            with cgutils.for_range(builder, builder.udiv(width, width.type(TAPS))) as loop:
                blocks = [
                    _loaded(builder, place(weights, (width, SIDE * block), (loop.index, TAPS * SIDE)), SIDE)
                    for block in range(_BLOCKS)
                ]
                for vector, own in enumerate(totals):
                    taps = _loaded(builder, place(inputs, (width, vector), (loop.index, TAPS)), 1)
                    alike = builder.shuffle_vector(taps, taps, _numbers(SIDE)([0] * SIDE))
                    for total, block in zip(own, blocks, strict=True):
                        go_on(total, alike, block)
            for vector, own in enumerate(totals):
                for block, total in enumerate(own):
                    there = builder.add(place(sums, (step, vector)), step.type(4 * SIDE * block))
                    builder.store(end(total), builder.inttoptr(there, _numbers(SIDE).as_pointer()), align=1)
            return context.get_dummy_value()

        return types.void(*[types.intp] * 5), generate

    return dots


def _numbers(count: int, bits: int = 32) -> Any:
    return ir.VectorType(ir.IntType(bits), count)


def _loaded(builder: Any, address: Any, count: int) -> Any:
    """Four times `count` bytes from anywhere, as so many numbers."""
    return builder.load(builder.inttoptr(address, _numbers(count).as_pointer()), align=1)


def _by_vnni(builder: Any) -> Any:
    """How sums begin, go on with four products each, and end."""
    kind = _numbers(_LANES)
    name = f"llvm.x86.avx512.vpdpbusd.{32 * _LANES}"
    add = cgutils.get_or_insert_function(builder.module, ir.FunctionType(kind, [kind, kind, kind]), name)

    def go_on(total: Any, inputs: Any, weights: Any) -> None:
        builder.store(builder.call(add, [builder.load(total), inputs, weights]), total)

    return partial(cgutils.alloca_once_value, builder, kind(None)), go_on, builder.load


def _by_pairs(builder: Any) -> Any:
    """The same without such an instruction: numbers of sixteen bits, of which every processor with vectors multiplies
    and adds two exactly. Of eight bits it would not: 255 * 127 twice is more than sixteen bits hold."""
    numbers, sums = TAPS * SIDE, _numbers(2 * SIDE)

    def neighbours(value: Any, count: int) -> Any:
        """Sums of two, (count,) -> (count / 2,)"""
        even, odd = (_numbers(count // 2)(list(range(first, count, 2))) for first in (0, 1))
        return builder.add(builder.shuffle_vector(value, value, even), builder.shuffle_vector(value, value, odd))

    def go_on(total: Any, inputs: Any, weights: Any) -> None:
        codes = _numbers(numbers, bits=8)
        unsigned = builder.zext(builder.bitcast(inputs, codes), _numbers(numbers))
        signed = builder.sext(builder.bitcast(weights, codes), _numbers(numbers))
        products = neighbours(builder.mul(unsigned, signed), numbers)
        builder.store(builder.add(builder.load(total), products), total)

    def end(total: Any) -> Any:
        return neighbours(builder.load(total), 2 * SIDE)

    return partial(cgutils.alloca_once_value, builder, sums(None)), go_on, end


_one_vector, _many_vectors = _dots(1), _dots(_MANY)


@compiled()
def _in_eight_bits(inputs, values, steps, lows):
    """inputs (n, width) -> values (n, width) uint8, with inputs[i] about lows[i] + steps[i] * values[i]."""
    for i in range(len(inputs)):
        row = inputs[i]
        low, high = row[0], row[0]
        for j in range(len(row)):
            low = smaller(low, row[j])
            high = larger(high, row[j])
        step = max((high - low) / f32(255), f32(1e-12))
        inverse = f32(1) / step
        for j in range(len(row)):
            values[i, j] = np.uint8(np.int32((row[j] - low) * inverse + f32(0.5)))
        steps[i], lows[i] = step, low


@compiled()
def sum_products(codes, values, sums):
    """codes of `Int8Weights`, values (n, 4 * taps) uint8 -> sums (n, outputs) int32, with room for whole blocks."""
    for block in range(0, len(codes), _BLOCKS):
        vector = 0
        while vector < len(values):
            together = _MANY if len(values) - vector >= _MANY else 1
            row = sums[vector]
            places = (
                codes[block:].ctypes.data,
                values[vector:].ctypes.data,
                values.shape[1],
                row[block * SIDE :].ctypes.data,
                4 * len(row),
            )
            if together > 1:
                _many_vectors(*places)
            else:
                _one_vector(*places)
            vector += together


@compiled()
def in_floats(sums, steps, lows, weights, outputs, add):
    """What sums of products (n, outputs) of vectors with these steps and lows stand for -> outputs (n, outputs), added
    to what is there if `add`."""
    scales, codes, biases = weights.rows[0], weights.rows[1], weights.rows[2]
    for i in range(len(outputs)):
        step, low, own, out = steps[i], lows[i], sums[i], outputs[i]
        for j in range(len(out)):
            before = out[j] if add else f32(0)
            out[j] = before + scales[j] * (step * f32(own[j]) + low * codes[j]) + biases[j]


@compiled()
def multiply(inputs, weights, outputs, add):
    """inputs (n, inputs) float32, `Int8Weights` -> outputs (n, outputs), added to what is there if `add`."""
    count, codes = len(inputs), weights.codes
    most = min(count, _VECTORS)
    values = np.zeros((most, TAPS * codes.shape[1]), np.uint8)
    steps, lows, sums = np.empty(most, f32), np.empty(most, f32), np.empty((most, len(codes) * SIDE), np.int32)
    for first in range(0, count, _VECTORS):
        here = min(_VECTORS, count - first)
        _in_eight_bits(inputs[first : first + here], values, steps, lows)
        sum_products(codes, values[:here], sums)
        in_floats(sums, steps, lows, weights, outputs[first : first + here], add)


@compiled()
def gathered(ids, weights, width):
    """Rows of a matrix: ids (n,), `Int8Weights` -> (n, width) float32."""
    found = np.empty((len(ids), width), f32)
    for i in range(len(ids)):
        block, lane = ids[i] // SIDE, ids[i] % SIDE
        for j in range(width):
            found[i, j] = weights.rows[0, ids[i]] * f32(weights.codes[block, j // TAPS, lane, j % TAPS])
    return found


@compiled()
def blocks_of(outputs):
    """The first extent of the codes of so many outputs."""
    return (outputs + _TOGETHER - 1) // _TOGETHER * _BLOCKS


@compiled()
def arrange(matrix, codes, rows):
    """(outputs, inputs) float32 -> codes and rows as those of `Int8Weights`, without a bias; they begin as zeros."""
    outputs, inputs = matrix.shape
    taps = codes.shape[1]
    rounded = np.zeros(taps * TAPS, np.int8)
    for output in range(outputs):
        row, largest, total = matrix[output], f32(1e-12), np.int32(0)
        for i in range(inputs):
            largest = larger(largest, abs(row[i]))
        inverse, block, lane = f32(127) / largest, codes[output // SIDE], output % SIDE
        for i in range(inputs):
            code = np.int32(np.rint(row[i] * inverse))
            rounded[i] = np.int8(code)
            total += code
        for tap in range(taps):
            for i in range(TAPS):
                block[tap, lane, i] = rounded[tap * TAPS + i]
        rows[0, output], rows[1, output] = largest / f32(127), total


@compiled()
def arranged(matrix):
    """(outputs, inputs) float32 as `Int8Weights`, without a bias."""
    outputs, inputs = matrix.shape
    codes = np.zeros((blocks_of(outputs), (inputs + TAPS - 1) // TAPS, SIDE, TAPS), np.int8)
    rows = np.zeros((3, outputs), f32)
    arrange(matrix, codes, rows)
    return Int8Weights(codes, rows)

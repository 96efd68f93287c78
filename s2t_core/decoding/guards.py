"""Bounds that keep a decoder from running away: so many tokens for so much audio, and no loops."""

from __future__ import annotations

from collections.abc import Sequence

# Fast English is about 6 words, hence about 9 pieces, a second; what is faster is invented.
_TOKENS_PER_SECOND = 9
_TOKENS_AT_LEAST = 12
_LONGEST_LOOP = 12  # tokens
_REPEATS_OF_ONE = 6  # "no no no no no" may be meant
_REPEATS = 4


def token_limit(seconds: float) -> int:
    """Tokens that so much audio can hold at most."""
    return int(_TOKENS_PER_SECOND * seconds) + _TOKENS_AT_LEAST


def loop_start(tokens: Sequence[int]) -> int | None:
    """Where a loop at the end of `tokens` may be cut: after its first round; None where there is no loop."""
    for period in range(1, min(_LONGEST_LOOP, len(tokens) // _REPEATS) + 1):
        repeats = _REPEATS_OF_ONE if period == 1 else _REPEATS
        if len(tokens) < repeats * period:
            continue
        last = tokens[-period:]
        if all(tokens[-(k + 1) * period : -k * period] == last for k in range(1, repeats)):
            first = len(tokens) - period
            while first >= period and tokens[first - period : first] == last:
                first -= period
            return first + period
    return None


def echoes(tokens: Sequence[int]) -> bool:
    """Whether `tokens` end with the same thing said twice in a row."""
    longest = min(_LONGEST_LOOP, len(tokens) // 2)
    return any(tokens[-period:] == tokens[-2 * period : -period] for period in range(1, longest + 1))


def without_loop(tokens: Sequence[int]) -> list[int]:
    """`tokens` up to the end of the first round of the first loop in them."""
    kept = list(tokens)
    for end in range(1, len(kept) + 1):
        cut = loop_start(kept[:end])
        if cut is not None:
            return kept[:cut]
    return kept

"""Where text may break: after marks, before conjunctions and prepositions, and in lines of about one length.

The rules are those that Netflix's Timed Text Style Guide and the BBC's Subtitle Guidelines share. The words are
English; text of other languages breaks at its marks and by length alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import inf

from s2t_core.types import MARKS

Steps = Callable[[int], Iterable[tuple[int, float]]]  # from an index: how far one part may reach, and its price

_SENTENCE_ENDS = (".", "?", "!", "…")
_CLOSING = "\"'”’)]»"  # noqa: RUF001, they stand behind a mark
_CONJUNCTIONS = """and but or nor so yet for because although though while when where which who that if unless until
    since as than whether"""
_PREPOSITIONS = """about above across after against along among around at before behind below beneath beside between
    beyond by despite down during except from in inside into like near of off on onto out outside over past through
    throughout to toward towards under up upon with within without"""
_INTRODUCING = frozenset(_CONJUNCTIONS.split()) | frozenset(_PREPOSITIONS.split())
# Articles, possessives, pronouns, auxiliaries, negations: they belong to the word behind them.
_LEANING = """a an the my your his her its our their this these those i you he she it we they there is are was were be
    been am do does did have has had will would can could shall should may might must not no very"""
_CLINGING = frozenset(_LEANING.split())
_TITLES = frozenset(("mr.", "mrs.", "ms.", "dr.", "st."))
_SENTENCE, _MARK, _INTRODUCED, _PHRASE, _PLAIN, _TORN = 0.0, 1.0, 2.0, 3.0, 4.0, 7.0
_LINE = 1000.0  # so much more than any break costs that there are as few lines as can be
_UNEVEN = 20.0


def break_price(before: str, after: str) -> float:
    """What it costs the reader that a line ends between these words: 0 after a sentence, 7 behind an article."""
    plain = before.rstrip(_CLOSING).lower()
    if plain in _TITLES or plain in _CLINGING or plain in _INTRODUCING:
        return _TORN
    if plain.endswith(_SENTENCE_ENDS):
        return _SENTENCE
    if plain.endswith((*MARKS, "—", "–")):  # noqa: RUF001, dashes of all lengths
        return _MARK
    following = after.lower()
    if following in _INTRODUCING:
        return _INTRODUCED
    return _PHRASE if following in _CLINGING else _PLAIN


def wrap(words: Sequence[str], line_length: int) -> tuple[str, ...]:
    """The fewest lines of up to `line_length` characters, broken at natural places and about equally long.

    A longer word has a line of its own.
    """

    def lines(start: int) -> Iterable[tuple[int, float]]:
        width = -1
        for end in range(start + 1, len(words) + 1):
            width += 1 + len(words[end - 1])
            if width > line_length and end > start + 1:
                return
            torn = break_price(words[end - 1], words[end]) if end < len(words) else 0.0
            yield end, _LINE + _UNEVEN * (width / line_length) ** 2 + torn

    return tuple(" ".join(words[start:end]) for start, end in cheapest_parts(len(words), lines))


def cheapest_parts(count: int, steps: Steps) -> list[tuple[int, int]]:
    """Divide 0..count into parts (start, end) of the lowest price in all. `steps` must always offer one more index."""
    prices = [0.0] + [inf] * count
    came_from = [0] * (count + 1)
    for start in range(count):
        for end, price in steps(start):
            if prices[start] + price < prices[end]:
                prices[end], came_from[end] = prices[start] + price, start
    parts: list[tuple[int, int]] = []
    while count:
        parts.append((came_from[count], count))
        count = came_from[count]
    return parts[::-1]

"""Numbers in words read as numbers, and how they are written in digits; English."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from s2t_core.text.number_words import (
    CENTURIES,
    DECADES,
    DIGITS,
    FRACTIONS,
    ORDINAL_SCALES,
    SCALES,
    SMALL,
    SMALL_ORDINALS,
    TENS,
    TENS_ORDINALS,
    WORDS,
)
from s2t_core.text.tokens import Sight

SEPARATED_FROM = 10_000  # thousands are divided by commas from here on

_DIGITS = re.compile(r"\d[\d,]*(\.\d+)?")
_NOT_BEHIND_A_YEAR = frozenset({"hundred", "point", "percent", "per", *SCALES})


@dataclass(frozen=True, slots=True)
class Number:
    """A number that was said: `text` in digits, the atom behind it, and whether it is an ordinal.

    always  it is written in digits whatever its value
    """

    text: str
    value: int
    end: int
    ordinal: bool = False
    always: bool = False


@dataclass(frozen=True, slots=True)
class _Part:
    value: int
    end: int
    ordinal: bool = False


def read_number(sight: Sight, least: int) -> tuple[int, str | None] | None:
    """What stands at the origin of `sight`: the atom behind it, and its digits, None where it stays in words.

    None where no number stands there. Numbers that follow each other without a mark ("five thirty", "one tenth") may be
    a time, a fraction, or a telephone's: they stay in words, all of them.
    """
    number = _number(sight)
    if number is None:
        return None
    end, alone = number.end, number.ordinal or number.text.endswith("%")
    while not alone:
        following = _plain(sight, end)
        if following is None or sight.word(end) == "second":  # "a ten second delay"
            break
        end = following.end
    if end > number.end or sight.next_word(end) in FRACTIONS or _is_a_word(sight, number, least):
        return end, None
    return end, number.text


def _is_a_word(sight: Sight, number: Number, least: int) -> bool:
    if number.always:
        return False
    if number.value < least:
        return True
    if number.end - sight.origin > 1:
        return False
    if not number.ordinal:
        return number.value == 1  # "no one", "one of them"
    before = sight.before()
    return number.value <= 3 or (before is not None and before.key in ("a", "an"))  # "a second", "a tenth"


def _number(sight: Sight) -> Number | None:
    word = sight.word(sight.origin)
    if word == "minus":
        before = sight.before()
        if before is not None and (before.key in WORDS or before.key[:1].isdigit()):
            return None  # it is taken from that
        amount = _amount(sight, sight.origin + 1)
        return amount and replace(amount, text="-" + amount.text, always=True)
    if word == "a":
        return _with_article(sight)
    if _DIGITS.fullmatch(word):
        amount = _with_percent(sight, Number(sight.atoms[sight.origin].text, 0, sight.origin + 1))
        return amount if amount.always else None
    return _plain(sight, sight.origin)


def _plain(sight: Sight, index: int) -> Number | None:
    """A year, a cardinal or an ordinal."""
    return _year(sight, index) or _ordinal(sight, index) or _amount(sight, index)


def _year(sight: Sight, index: int) -> Number | None:
    """ "nineteen eighty four", "twenty ten", "nineteen oh five", "nineteen eighties"."""
    century = CENTURIES.get(sight.next_word(index), 0) * 100
    if not century:
        return None
    word, end = sight.next_word(index + 1), index + 2
    if word in DECADES:
        return Number(f"{century + DECADES[word]}s", century, end)
    if word == "oh":
        rest: _Part | None = _Part(DIGITS.get(sight.next_word(end), 0), end + 1)
    else:
        rest = _below_hundred(sight, index + 1) if word in TENS or SMALL.get(word, 0) >= 10 else None
    if rest is None or rest.ordinal or rest.value == 0 or sight.next_word(rest.end) in _NOT_BEHIND_A_YEAR:
        return None
    if rest.value < 20 and rest.value == century // 100 + 1:
        return None  # "thirteen fourteen" is rather a count
    return Number(str(century + rest.value), century + rest.value, rest.end)


def _ordinal(sight: Sight, index: int) -> Number | None:
    whole = _whole(sight, index)
    if whole is None or not whole.ordinal:
        return None
    return Number(_separated(whole.value) + _ending(whole.value), whole.value, whole.end, ordinal=True)


def _amount(sight: Sight, index: int) -> Number | None:
    """A cardinal with what may stand behind it: decimals, a million, percent."""
    whole = _whole(sight, index)
    if whole is None or whole.ordinal:
        return None
    number = Number(_separated(whole.value), whole.value, whole.end)
    decimals, end = _decimals(sight, whole.end)
    if decimals:
        number = Number(f"{number.text}.{decimals}", whole.value, end, always=True)
        scale = sight.next_word(end)
        if scale in SCALES:
            number = replace(number, text=f"{number.text} {scale}", end=end + 1)
    elif whole.value >= 10**6:
        number = replace(number, text=_round(sight.atoms[whole.end - 1].key, whole.value))
    return _with_percent(sight, number)


def _with_article(sight: Sight) -> Number | None:
    """ "a hundred and twenty"; "a hundred" alone is seldom meant exactly."""
    word = sight.next_word(sight.origin + 1)
    number = _amount(sight, sight.origin) if word == "hundred" or word in SCALES else None
    return None if number is None or number.end == sight.origin + 2 else number


def _with_percent(sight: Sight, number: Number) -> Number:
    end = number.end
    word = sight.next_word(end)
    if word == "per" and sight.next_word(end + 1) == "cent":
        end += 2
    elif word == "percent":
        end += 1
    else:
        return number
    if sight.next_word(end) == "sign":
        end += 1
    return replace(number, text=number.text + "%", end=end, always=True)


def _decimals(sight: Sight, end: int) -> tuple[str, int]:
    """The digits behind "point", and the atom behind them; none: an empty text."""
    if sight.next_word(end) != "point":
        return "", end
    digits, end = "", end + 1
    while (word := sight.next_word(end)) in DIGITS:
        digits, end = digits + str(DIGITS[word]), end + 1
    if digits:
        return digits, end
    both = _below_hundred(sight, end)
    return (str(both.value), both.end) if both is not None and not both.ordinal else ("", end)


def _whole(sight: Sight, index: int) -> _Part | None:
    """Groups with their thousands and millions: "two million three hundred thousand and five"."""
    group = _group(sight, index)
    total, limit = 0, 10**15
    while group is not None:
        word = sight.next_word(group.end)
        if not group.ordinal and 0 < ORDINAL_SCALES.get(word, 0) < limit:
            return _Part(total + group.value * ORDINAL_SCALES[word], group.end + 1, ordinal=True)
        scale = 0 if group.ordinal else SCALES.get(word, 0)
        if not 0 < scale < limit:
            return _Part(total + group.value, group.end, group.ordinal)
        total, limit, end = total + group.value * scale, scale, group.end + 1
        group = _next_group(sight, end, limit)
        if group is None:
            return _Part(total, end)
    return None


def _next_group(sight: Sight, index: int, limit: int) -> _Part | None:
    joins = sight.next_word(index) == "and"
    group = _below_hundred(sight, index + 1) if joins else _group(sight, index)
    if group is None or group.value == 0:
        return None
    after = sight.next_word(group.end)
    begins_anew = joins and (after == "hundred" or after in SCALES)
    return None if begins_anew or SCALES.get(after, 0) >= limit else group


def _group(sight: Sight, index: int) -> _Part | None:
    """Up to "nine hundred and ninety nine", and "fifteen hundred"."""
    part = _below_hundred(sight, index)
    if part is None or part.ordinal or part.value == 0:
        return part
    word = sight.next_word(part.end)
    if word == "hundredth":
        return _Part(part.value * 100, part.end + 1, ordinal=True)
    if word != "hundred":
        return part
    rest = _joined_below_hundred(sight, part.end + 1)
    if rest is None:
        return _Part(part.value * 100, part.end + 1)
    return _Part(part.value * 100 + rest.value, rest.end, rest.ordinal)


def _joined_below_hundred(sight: Sight, index: int) -> _Part | None:
    """What follows "hundred", with or without "and"; not the beginning of another number."""
    rest = _below_hundred(sight, index + (sight.next_word(index) == "and"))
    if rest is None or rest.value == 0 or sight.next_word(rest.end) == "hundred":
        return None
    return rest


def _below_hundred(sight: Sight, index: int) -> _Part | None:
    word = sight.next_word(index)
    for table, ordinal in ((SMALL, False), (SMALL_ORDINALS, True), (TENS_ORDINALS, True)):
        if word in table:
            return _Part(table[word], index + 1, ordinal)
    if word == "a" and index == sight.origin:
        return _Part(1, index + 1)  # of "a hundred"
    if word not in TENS:
        return None
    unit = sight.next_word(index + 1)
    if 0 < SMALL.get(unit, 0) < 10:
        return _Part(TENS[word] + SMALL[unit], index + 2)
    if SMALL_ORDINALS.get(unit, 10) < 10 and not (unit == "second" and _is_a_while(sight)):
        return _Part(TENS[word] + SMALL_ORDINALS[unit], index + 2, ordinal=True)
    return _Part(TENS[word], index + 1)


def _is_a_while(sight: Sight) -> bool:
    """ "a thirty second delay"."""
    before = sight.before()
    return before is not None and before.key in ("a", "an")


def _round(last: str, value: int) -> str:
    """ "5 million" where nothing stands behind the million."""
    scale = SCALES.get(last, 1)
    return f"{value // scale} {last}" if scale >= 10**6 and value < scale * 1000 else _separated(value)


def _separated(value: int) -> str:
    return f"{value:,}" if value >= SEPARATED_FROM else str(value)


def _ending(value: int) -> str:
    if value % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")

"""The words that English numbers are made of."""

from __future__ import annotations

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_SMALL_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"

SMALL = {word: value for value, word in enumerate(_SMALL.split())}  # 0..19
TENS = {word: value for value, word in zip(range(20, 100, 10), _TENS.split(), strict=True)}
SMALL_ORDINALS = {word: value for value, word in enumerate(_SMALL_ORDINALS.split(), 1)}  # 1st..19th
TENS_ORDINALS = {word[:-1] + "ieth": value for word, value in TENS.items()}
DECADES = {word[:-1] + "ies": value for word, value in TENS.items()} | {"tens": 10, "hundreds": 0}
CENTURIES = {word: value for word, value in {**SMALL, "twenty": 20}.items() if value >= 13}
SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
ORDINAL_SCALES = {word + "th": value for word, value in SCALES.items()}
DIGITS = {"oh": 0} | {word: value for word, value in SMALL.items() if value < 10}
# Behind a number these make a fraction of it, which stays in words.
FRACTIONS = frozenset({"half", "halves", "quarter", "quarters", *(word + "s" for word in _SMALL_ORDINALS.split()[2:])})

STARTS = frozenset({*SMALL, *TENS, *SMALL_ORDINALS, *TENS_ORDINALS, "a", "minus"})
WORDS = STARTS - {"a"} | {"hundred", *SCALES}

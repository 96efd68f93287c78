"""How the history is searched: the numbers of its texts, and words as the full-text index takes them."""

from __future__ import annotations

import re
from collections.abc import Sequence

_PLACE_BITS = 24  # of a row's number in the texts: so many items has a transcript at most
LAST_PLACE = (1 << _PLACE_BITS) - 2
LAST_ID = (1 << 63 - _PLACE_BITS) - 2  # of a transcript, for the database's own numbers to hold those of its texts


def text_row(id: int, place: int = -1) -> int:
    """The number of an item's row among all texts; that of the title where no place is given."""
    return (id << _PLACE_BITS) + place + 1


def matching(search: str, without: Sequence[int]) -> tuple[str, tuple[object, ...]]:
    """What holds of the transcripts with all words of the search, and the values in it."""
    words = beginnings(search)
    each = f"id IN (SELECT rowid >> {_PLACE_BITS} FROM texts WHERE texts MATCH ?)"
    other = f"id NOT IN ({', '.join('?' * len(without))})"
    return " AND ".join([*([each] * len(words)), other]), (*words, *without)


def beginnings(search: str) -> tuple[str, ...]:
    """Each word as the beginning of a word, quoted: nothing in it is an operator."""
    words = (re.sub(r"[^\w']", " ", search, flags=re.UNICODE)).split()
    return tuple(f'"{word}"*' for word in words if any(sign.isalnum() for sign in word))

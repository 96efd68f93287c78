"""Recognised words cut into atoms: letters, the marks round them, and parts that hyphens join."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

_QUOTES = "\"'\u201c\u201d\u2018\u2019"
QUOTES = frozenset(_QUOTES)
DASHES = "-\u2013\u2014"
_BEFORE = "([{\u00bf\u00a1" + _QUOTES
_BEHIND = ".,;:!?\u2026)]}" + _QUOTES + DASHES
_HYPHEN = re.compile(r"(?<=[^\W_])-(?=[^\W_])")


@dataclass(frozen=True, slots=True)
class Atom:
    """A word, or the part of one up to a hyphen.

    text    without marks; empty where the word is marks alone, which are then `trail`
    lead    marks before it
    trail   marks behind it
    key     `text` as it is looked up
    joined  a hyphen joins it to the atom before
    """

    text: str
    lead: str
    trail: str
    key: str
    joined: bool = False


class Sight:
    """Atoms seen from one of them; it remembers how far anybody looked, so that it is known what a decision rests on.

    reach  one more than the index of the furthest atom looked at; behind the last one lies what is still to be said
    """

    def __init__(self, atoms: Sequence[Atom], origin: int) -> None:
        self.atoms = atoms
        self.origin = origin
        self.reach = origin + 1

    def word(self, index: int) -> str:
        """The key of an atom, empty behind the last one."""
        self.reach = max(self.reach, index + 1)
        return self.atoms[index].key if index < len(self.atoms) else ""

    def next_word(self, index: int) -> str:
        """The same, but empty where a mark stands between it and the one before; the origin is always seen."""
        if index > self.origin and self.atoms[index - 1].trail:
            return ""
        key = self.word(index)
        return "" if index > self.origin and key and self.atoms[index].lead else key

    def before(self) -> Atom | None:
        """The atom before the origin, unless marks or nothing stand there."""
        if self.origin == 0 or self.atoms[self.origin].lead or self.atoms[self.origin - 1].trail:
            return None
        return self.atoms[self.origin - 1]


def cut(words: Sequence[str]) -> tuple[list[Atom], list[int]]:
    """The atoms of `words`, and for each of them the index of its word."""
    atoms: list[Atom] = []
    sources: list[int] = []
    for index, word in enumerate(words):
        parts = cut_word(word)
        atoms += parts
        sources += [index] * len(parts)
    return atoms, sources


@lru_cache(maxsize=8192)
def cut_word(word: str) -> tuple[Atom, ...]:
    """The atoms of one word, at least one."""
    inner = word.lstrip(_BEFORE)
    text = inner.rstrip(_BEHIND)
    if not text:
        return (Atom("", "", word, ""),)
    parts = _HYPHEN.split(text)
    last = len(parts) - 1
    return tuple(
        Atom(
            part,
            word[: len(word) - len(inner)] if place == 0 else "",
            inner[len(text) :] if place == last else "",
            key_of(part),
            joined=place > 0,
        )
        for place, part in enumerate(parts)
    )


def key_of(text: str) -> str:
    """`text` as it is looked up: small letters, straight apostrophes."""
    return text.lower().replace("\u2019", "'")


def word_set(text: str) -> frozenset[str]:
    """The words of a table, written one behind the other."""
    return frozenset(text.split())

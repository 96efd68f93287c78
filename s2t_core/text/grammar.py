"""What the atoms of a segment mean under the rules, from left to right, and what of that can no longer change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from s2t_core.text.capitals import Case
from s2t_core.text.commands import COMMANDS, SCRATCH
from s2t_core.text.marks import DETERMINERS, LITERALLY, SPOKEN_MARKS, Spoken
from s2t_core.text.number_words import STARTS
from s2t_core.text.numbers import read_number
from s2t_core.text.rules import TextRules
from s2t_core.text.tokens import QUOTES, Atom, Sight, cut

_Meaning = TypeVar("_Meaning")
_Table = dict[str, list[tuple[tuple[str, ...], _Meaning]]]  # by the first word: (words, what they mean), longest first


@dataclass(frozen=True, slots=True)
class Piece:
    """Something to write.

    first, end  the atoms it was made from
    text        without the model's marks; empty where the atom is marks alone, or where nothing is to be written
    lead        the model's marks before it
    trail       the model's marks behind it
    settled     whatever is still said, this piece stays
    made        by a rule: its letters are not the model's
    joined      a hyphen joins it to the piece before
    spoken      the mark or command that was said; `text` is then what it writes
    """

    first: int
    end: int
    text: str
    lead: str
    trail: str
    settled: bool
    made: bool = False
    joined: bool = False
    spoken: Spoken | None = None


@dataclass(frozen=True, slots=True)
class _Match:
    """Atoms from the origin up to `end`: they become `text`, or stay words (None), without those before `begin`."""

    end: int
    text: str | None = None
    spoken: Spoken | None = None
    begin: int = 0


class Grammar:
    """The rules, ready to be applied."""

    def __init__(self, rules: TextRules) -> None:
        said = (SPOKEN_MARKS if rules.spoken_marks else ()) + (COMMANDS if rules.commands else ())
        self._spoken = _table((name, spoken) for spoken in said for name in spoken.said)
        self._replacements = _table(rules.replacements)
        self._commands = rules.commands
        self._digits_from = rules.digits_from
        self._starts = {*self._spoken, *self._replacements}
        if said:
            self._starts.add(LITERALLY)
        if rules.commands:
            self._starts.add(SCRATCH[0])
        if rules.digits_from is not None:
            self._starts |= STARTS
        self._beginnings = {word[:count] for word in self._starts for count in range(1, len(word) + 1)}

    def may_begin(self, key: str) -> bool:
        """Whether a word that begins with `key` may be the first of anything that a rule is about."""
        return key in self._beginnings or (self._digits_from is not None and key[:1].isdigit())

    def pieces(self, atoms: Sequence[Atom], whole: int, index: int = 0) -> Iterator[Piece]:
        """The atoms from `index`, where a piece begins, as pieces; the first `whole` atoms are as they will stay."""
        while index < len(atoms):
            piece = None
            for piece in self._at(atoms, index, whole):
                yield piece
            assert piece is not None
            index = piece.end

    def _at(self, atoms: Sequence[Atom], index: int, whole: int) -> Iterable[Piece]:
        key = atoms[index].key
        if key not in self._starts and not (self._digits_from is not None and key[:1].isdigit()):
            return (_word(atoms, index, index, index < whole),)
        sight = Sight(atoms, index)
        match = self._replacement(sight) or self._literal(sight) or self._said(sight) or self._number(sight)
        self._look_for_scratch(sight)
        settled = sight.reach <= whole
        if match is None:
            return (_word(atoms, index, index, settled),)
        if match.text is None:
            begin = max(match.begin, index)
            words = [_word(atoms, place, place, settled) for place in range(begin + 1, match.end)]
            return (_word(atoms, begin, index, settled), *words)
        first, last = atoms[index], atoms[match.end - 1]
        return (Piece(index, match.end, match.text, first.lead, last.trail, settled, True, first.joined, match.spoken),)

    def _replacement(self, sight: Sight) -> _Match | None:
        found = _longest(self._replacements, sight, sight.word)
        return found and _Match(found[1], found[0].strip(" "))

    def _literal(self, sight: Sight) -> _Match | None:
        if sight.word(sight.origin) != LITERALLY:
            return None
        behind = Sight(sight.atoms, sight.origin + 1)
        marked = sight.atoms[sight.origin].trail or not sight.word(sight.origin + 1)
        found = None if marked else _longest(self._spoken, behind, behind.next_word)
        sight.reach = max(sight.reach, behind.reach)
        return found and _Match(found[1], begin=sight.origin + 1)

    def _said(self, sight: Sight) -> _Match | None:
        found = _longest(self._spoken, sight, sight.next_word)
        if found is None:
            return None
        spoken, end = found
        return _Match(end) if _is_mere_word(spoken, sight, end) else _Match(end, spoken.written, spoken)

    def _number(self, sight: Sight) -> _Match | None:
        found = None if self._digits_from is None else read_number(sight, self._digits_from)
        return found and _Match(*found)

    def _look_for_scratch(self, sight: Sight) -> None:
        """As long as it may be the whole utterance, nothing of it is settled."""
        if not self._commands or sight.origin > 0:
            return
        if all(sight.word(place) == word for place, word in enumerate(SCRATCH)):
            sight.word(len(SCRATCH))


def _is_mere_word(spoken: Spoken, sight: Sight, end: int) -> bool:
    """Whether the name of a mark or command is meant as a word: named, quoted, part of a longer one, or in use."""
    first, last = sight.atoms[sight.origin], sight.atoms[end - 1]
    if QUOTES & set(first.lead) and QUOTES & set(last.trail):
        return True
    if first.joined or (end < len(sight.atoms) and sight.atoms[end].joined):
        return True
    before = sight.before()
    if before is not None and _makes_word(before.key, spoken, sight, end):
        return True
    if spoken.case is not Case.KEEP and not sight.next_word(end):
        return True  # nothing that it could be about
    return bool(spoken.unless_before) and sight.next_word(end) in spoken.unless_before


def _makes_word(before: str, spoken: Spoken, sight: Sight, end: int) -> bool:
    """Whether the name is meant as a word for the sake of the one before it."""
    if before in DETERMINERS or before in spoken.unless_behind:
        return True
    if before in spoken.unless_amid:
        marks = sight.atoms[end - 1].trail
        return not any(mark in ".?!" for mark in marks) if marks else sight.next_word(end) != ""
    return before == "word" and sight.origin > 1 and sight.atoms[sight.origin - 2].key == "the"


def _word(atoms: Sequence[Atom], place: int, first: int, settled: bool) -> Piece:
    atom = atoms[place]
    return Piece(first, place + 1, atom.text, atom.lead, atom.trail, settled, joined=atom.joined)


def _table(meanings: Iterable[tuple[str, _Meaning]]) -> _Table[_Meaning]:
    table: _Table[_Meaning] = {}
    for said, meaning in meanings:
        keys = tuple(atom.key for atom in cut(said.split())[0] if atom.key)
        if keys:
            table.setdefault(keys[0], []).append((keys, meaning))
    for found in table.values():
        found.sort(key=lambda entry: -len(entry[0]))
    return table


def _longest(table: _Table[_Meaning], sight: Sight, look: Callable[[int], str]) -> tuple[_Meaning, int] | None:
    """What the words from the origin on mean, and the atom behind them."""
    for keys, meaning in table.get(look(sight.origin), ()):
        if all(look(place) == key for place, key in enumerate(keys, sight.origin)):
            return meaning, sight.origin + len(keys)
    return None

"""What is added to the next token's log probability: for going on with a given phrase, and against texts never written.

A phrase is matched by its letters, not by one way to cut it into pieces: a name that the model has never seen comes out
in other pieces than sentencepiece cuts. Every beginning of a phrase is a place; a piece leads from place to place, and
one that leads out of a phrase goes on in a shorter match, if its last words begin one (Aho & Corasick 1975).

A place holds a bonus that rises with the share of the phrase that is written, and a step is given what it rises by: a
phrase earns its boost however it is cut, and a match that breaks gives back what it had, as failure arcs do (Zhao et
al. 2019, Shallow-Fusion End-to-End Contextual Biasing). Between two next tokens this weighs a step into a phrase by
the bonus that it reaches: little at the first piece, where much else may follow, and most at the last. So greedy
search, which cannot give back, needs no other rule than beams. All is read off the tokens written so far: whatever
forces, checks or reorders them need not know of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from s2t_core.errors import OptionsError
from s2t_core.tokenizer import WORD_START, Tokenizer
from s2t_core.types import DecodingOptions

_NEVER = -1.0e9  # finite, so that sums stay comparable
_RISE = 2  # power of the written share of a phrase by which its bonus rises; chosen by measurement


@dataclass(slots=True)
class _Place:
    """The beginning of a phrase.

    kept    boosts of the phrases that are whole here: what stays when the match breaks
    rising  the best bonus of a phrase that is not whole yet
    moves   the pieces that go on with a phrase, and where they lead
    """

    kept: float = 0.0
    rising: float = 0.0
    moves: dict[int, str] = field(default_factory=dict)

    @property
    def held(self) -> float:
        return self.kept + self.rising


class Bias:
    """The phrases and texts of a `DecodingOptions` in a checkpoint's pieces. Made by `make_bias`; never changed."""

    def __init__(self, places: dict[str, _Place], endings: set[str], never: Iterable[int]) -> None:
        """endings  texts never written, as places; never  tokens never written."""
        self._places = places
        self._never = torch.tensor(sorted(never), dtype=torch.long)
        self._moves = {name: self._reach(place.moves, endings) for name, place in places.items() if place.moves}

    def add_to(self, log_probs: Tensor, histories: Sequence[Sequence[int]]) -> Tensor:
        """log_probs (rows, vocabulary) of the token after each history -> the same with what is added to them."""
        shifts = [self._shift(history, log_probs.shape[1]) for history in histories]
        return log_probs + torch.stack(shifts).to(log_probs.device)

    def total(self, tokens: Sequence[int]) -> float:
        """All that was added for `tokens`, none of them against a text never written."""
        broken, name = self._read(tokens)
        return broken + self._places[name].held

    def _shift(self, history: Sequence[int], vocabulary: int) -> Tensor:
        _, name = self._read(history)
        kept, held = self._places[name].kept, self._places[name].held
        shift = torch.full((vocabulary,), kept - held)
        for tail in reversed(list(_tails(name))):  # the longest match has the last word
            if tail in self._moves:
                pieces, reached = self._moves[tail]
                shift[pieces] = reached - held + (0.0 if tail == name else kept)
        shift[self._never] = _NEVER
        return shift

    def _read(self, tokens: Sequence[int]) -> tuple[float, str]:
        """What matches that broke have kept, and the place that `tokens` lead to."""
        broken, name = 0.0, ""
        for token in tokens:
            tail, to = self._step(name, token)
            broken += 0.0 if tail == name else self._places[name].kept
            name = to
        return broken, name

    def _step(self, name: str, token: int) -> tuple[str | None, str]:
        """The place, of `name` and its tails, from which `token` goes on, and where it leads."""
        for tail in _tails(name):
            if tail in self._places and token in self._places[tail].moves:
                return tail, self._places[tail].moves[token]
        return None, ""

    def _reach(self, moves: dict[int, str], endings: set[str]) -> tuple[Tensor, Tensor]:
        """The pieces (n,) and the bonus (n,) that is held where they lead."""
        held = [_NEVER if endings.intersection(_tails(to)) else self._places[to].held for to in moves.values()]
        return torch.tensor(list(moves)), torch.tensor(held)


def make_bias(wishes: DecodingOptions, tokenizer: Tokenizer) -> Bias | None:
    """What is wished of phrases and of texts never written; None where nothing is.

    Raises OptionsError for a text that the vocabulary cannot spell.
    """
    if not wishes.phrases and not wishes.suppress:
        return None
    written = tokenizer.pieces()
    pieces = {piece: token for token, piece in written.items() if token not in tokenizer.special_ids}
    longest = max(map(len, pieces))
    places = {"": _Place()}
    boosts: dict[str, float] = {}
    endings: set[str] = set()
    for phrase in wishes.phrases:
        for signs in _spellings(phrase.text, tokenizer, written):
            _add(places, signs, phrase.boost, pieces, longest)
            boosts["".join(signs)] = max(phrase.boost, boosts.get("".join(signs), 0.0))
    words = [text for text in wishes.suppress if any(sign.isalnum() for sign in text)]
    for text in words:
        for signs in _spellings(text, tokenizer, written):
            _add(places, signs, 0.0, pieces, longest)
            endings.add("".join(signs))
    for name, place in places.items():
        place.kept = sum(boosts.get(whole, 0.0) for whole in _wholes(name))
    marks = [text for text in wishes.suppress if text not in words]
    return Bias(places, endings, {token for mark in marks for token in _holding(mark, pieces)})


def spell(text: str, tokenizer: Tokenizer) -> tuple[int, ...]:
    """The tokens of `text` alone. Raises OptionsError where the vocabulary has none for a part of it."""
    tokens = _cut(text, tokenizer)
    if not tokens or tokenizer.unk_id in tokens:
        raise OptionsError(f"This model's vocabulary cannot spell {text!r}.", "Write it in other letters.")
    return tokens


def _cut(text: str, tokenizer: Tokenizer) -> tuple[int, ...]:
    return tuple(tokenizer.encode(text)[len(tokenizer.prefix()) : -1])


def _spellings(text: str, tokenizer: Tokenizer, written: dict[int, str]) -> set[tuple[str, ...]]:
    """`text` as it stands and as it begins a sentence, each as signs: letters, or the bytes of rare ones."""
    cuts = [spell(text, tokenizer), _cut(text[:1].upper() + text[1:], tokenizer)]
    spelt = [[written[token] for token in cut] for cut in cuts if tokenizer.unk_id not in cut]
    return {tuple(sign for piece in one for sign in ([piece] if piece.startswith("<0x") else piece)) for one in spelt}


def _add(places: dict[str, _Place], signs: tuple[str, ...], boost: float, pieces: dict[str, int], longest: int) -> None:
    """Add the places of a phrase, and every piece that leads from one to another."""
    names = ["".join(signs[:count]) for count in range(len(signs) + 1)]
    for start, name in enumerate(names):
        place = places.setdefault(name, _Place())
        if start < len(signs):
            place.rising = max(place.rising, boost * (start / len(signs)) ** _RISE)
        for to in names[start + 1 :]:
            if len(to) - len(name) > longest:
                break
            if to[len(name) :] in pieces:
                place.moves[pieces[to[len(name) :]]] = to


def _holding(mark: str, pieces: dict[str, int]) -> list[int]:
    """The tokens whose piece holds `mark`, a text without letters. Raises OptionsError where there is none."""
    found = [token for piece, token in pieces.items() if mark and mark in piece]
    if not found:
        raise OptionsError(f"This model's vocabulary has no piece with {mark!r}.", "Do not suppress it.")
    return found


def _tails(name: str) -> Iterator[str]:
    """`name`, without its first word, without its first two, and so on to nothing."""
    while name:
        yield name
        cut = name.find(WORD_START, 1)
        name = name[cut:] if cut > 0 else ""
    yield name


def _wholes(name: str) -> Iterator[str]:
    """`name`, and its beginnings of whole words."""
    yield name
    cut = name.rfind(WORD_START)
    while cut > 0:
        yield name[:cut]
        cut = name.rfind(WORD_START, 0, cut)

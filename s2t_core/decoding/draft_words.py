"""The words of a draft: what they are made of, when they were heard, and how sure they are."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from s2t_core.decoding.draft import Draft
from s2t_core.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class DraftWord:
    """A word and the marks behind it; what follows is said of its other pieces.

    first_ms, last_ms  where the first and the last of them were heard, since the beginning of the audio
    certainty          the product of their certainties
    passes             for so many drafts in a row all of them have stood there
    """

    text: str
    first_ms: float
    last_ms: float
    certainty: float
    passes: int


def draft_words(draft: Draft, first: int, frame_ms: float, tokenizer: Tokenizer) -> list[DraftWord]:
    """The words of a draft from the token `first` on; `frame_ms` is the length of an encoder frame."""
    found = []
    for begin, end in tokenizer.words(draft.tokens[first:]):
        inside = range(first + begin, first + end)
        text = tokenizer.decode([draft.tokens[i] for i in inside]).strip()
        if text:
            pieces = [i for i in inside if draft.tokens[i] not in tokenizer.marks] or [first + begin]
            found.append(
                DraftWord(
                    text,
                    draft.attended[pieces[0]] * frame_ms,
                    draft.attended[pieces[-1]] * frame_ms,
                    prod(draft.certainties[i] for i in pieces),
                    min(draft.passes[i] for i in pieces),
                )
            )
    return found

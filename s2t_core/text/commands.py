"""What can be said to have something done, as a table like that of the marks."""

from __future__ import annotations

from collections.abc import Sequence

from s2t_core.text.capitals import Case
from s2t_core.text.marks import Spoken
from s2t_core.text.tokens import Atom, word_set

SCRATCH = ("scratch", "that")  # as a whole utterance

_OF = word_set("of")

COMMANDS: tuple[Spoken, ...] = (
    Spoken(("new line", "newline"), "\n", "both", unless_before=_OF, does="the next line begins"),
    Spoken(("new paragraph",), "\n\n", "both", unless_before=_OF, does="the next paragraph begins"),
    Spoken(
        ("no space",),
        "",
        "both",
        unless_behind=word_set("is was are with has have had there's"),
        unless_before=word_set("left for between in to at here there"),
        does="the words around it are joined",
    ),
    Spoken(("all caps",), "", "none", unless_behind=word_set("in"), case=Case.ALL, does="the next word in capitals"),
    Spoken(
        ("cap",),
        "",
        "none",
        unless_behind=word_set("baseball bottle ice knee market polar price salary spending no to will"),
        unless_before=word_set("on off of and or at is was for in the a that gun"),
        case=Case.CAPITAL,
        does="the next word with a capital",
    ),
)


def is_scratch(atoms: Sequence[Atom]) -> bool:
    """Whether this is an utterance that takes back the one before, whatever its capitals and marks."""
    return tuple(atom.key for atom in atoms if atom.key) == SCRATCH

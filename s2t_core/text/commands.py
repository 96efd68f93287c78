"""What can be said to have something done, as a table like that of the marks."""

from __future__ import annotations

from collections.abc import Sequence

from s2t_core.text.capitals import Case
from s2t_core.text.marks import Spoken
from s2t_core.text.tokens import Atom

SCRATCH = ("scratch", "that")  # as a whole utterance

_OF = frozenset({"of"})

COMMANDS: tuple[Spoken, ...] = (
    Spoken(("new line", "newline"), "\n", "both", unless_before=_OF),
    Spoken(("new paragraph",), "\n\n", "both", unless_before=_OF),
    Spoken(
        ("no space",),
        "",
        "both",
        frozenset("is was are with has have had there's".split()),
        frozenset("left for between in to at here there".split()),
    ),
    Spoken(("all caps",), "", "none", frozenset({"in"}), case=Case.ALL),
    Spoken(
        ("cap",),
        "",
        "none",
        frozenset("baseball bottle ice knee market polar price salary spending no to will".split()),
        frozenset("on off of and or at is was for in the a that gun".split()),
        case=Case.CAPITAL,
    ),
)


def is_scratch(atoms: Sequence[Atom]) -> bool:
    """Whether this is an utterance that takes back the one before, whatever its capitals and marks."""
    return tuple(atom.key for atom in atoms if atom.key) == SCRATCH

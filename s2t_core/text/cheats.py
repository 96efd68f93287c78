"""What can be said, and what is written or done for it: a table to be shown."""

from __future__ import annotations

from collections.abc import Iterable

from s2t_core.text.commands import COMMANDS, SCRATCH
from s2t_core.text.marks import LITERALLY, SPOKEN_MARKS, Spoken

Cheat = tuple[str, str]  # what is said, what comes of it


def _cheats(table: Iterable[Spoken]) -> tuple[Cheat, ...]:
    return tuple((" / ".join(spoken.said), spoken.does or spoken.written) for spoken in table)


MARK_CHEATS: tuple[Cheat, ...] = _cheats(SPOKEN_MARKS)
COMMAND_CHEATS: tuple[Cheat, ...] = (
    *_cheats(COMMANDS),
    (" ".join(SCRATCH), "between two pauses, with nothing else: takes back what was said before"),
)
LITERAL_CHEATS: tuple[Cheat, ...] = (
    (f"{LITERALLY} comma", "comma, as a word; so for everything here"),
    ("the word comma", "the word comma"),
)
CHEATS: tuple[Cheat, ...] = (*MARK_CHEATS, *COMMAND_CHEATS, *LITERAL_CHEATS)

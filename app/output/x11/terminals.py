"""Which programs are terminals, and with what keys they paste."""

from __future__ import annotations

from dataclasses import dataclass

from app.output.care import TERMINALS

_CONTROL, _SHIFT, _INSERT, _V = 0xFFE3, 0xFFE1, 0xFF63, 0x76


@dataclass(frozen=True, slots=True)
class PasteKey:
    """A key with those that are held meanwhile, as keysyms, and the selections that it may read."""

    keys: tuple[int, ...]
    selections: tuple[str, ...] = ("CLIPBOARD",)


_EDITORS = PasteKey((_CONTROL, _V))
_TERMINALS = PasteKey((_CONTROL, _SHIFT, _V))
_OLD_TERMINALS = PasteKey((_SHIFT, _INSERT), ("PRIMARY", "CLIPBOARD"))

# As the window class says it, in lower case.
_OLD = frozenset(
    (
        "aterm", "eterm", "koi8rxterm", "lxterm", "mlterm", "mrxvt", "rxvt", "urxvt", "uxterm", "xterm",
        "xterm-256color", "zutty",
    )
)  # fmt: skip


def is_terminal(program: str) -> bool:
    """Whether a line end runs a command there."""
    return program in TERMINALS


def paste_key(program: str) -> PasteKey:
    """The key that pastes in the windows of `program`."""
    if program in _OLD:
        return _OLD_TERMINALS
    return _TERMINALS if is_terminal(program) else _EDITORS

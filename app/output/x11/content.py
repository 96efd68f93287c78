"""What a clipboard holds: the same thing in one or many forms."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

# Programs that keep a history of the clipboard leave out what carries this mark.
_NO_HISTORY = "x-kde-passwordManagerHint"
TEXTS = ("UTF8_STRING", "text/plain;charset=utf-8", "text/plain", "STRING", "TEXT", "COMPOUND_TEXT")


@dataclass(frozen=True, slots=True)
class Form:
    """One form: its target, its type, how wide its numbers are (8, 16 or 32 bits), its bytes."""

    target: int
    kind: int
    width: int
    data: bytes


Content = tuple[Form, ...]


def of_text(connection: Any, text: str, transient: bool) -> Content:
    """A text in the forms that programs ask for; a `transient` one is not for the history of the clipboard."""
    atom = connection.intern_atom
    whole = text.encode()
    forms = {name: (name, whole) for name in ("UTF8_STRING", "text/plain;charset=utf-8", "text/plain")}
    forms["TEXT"] = ("UTF8_STRING", whole)
    with contextlib.suppress(UnicodeEncodeError):
        forms["STRING"] = ("STRING", text.encode("latin-1"))
    if transient:
        forms[_NO_HISTORY] = (_NO_HISTORY, b"secret")
    return tuple(Form(atom(target), atom(kind), 8, data) for target, (kind, data) in forms.items())

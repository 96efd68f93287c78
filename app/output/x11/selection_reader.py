"""Reads what another program offers in a selection, in little time even where that program hangs or has died.

Source: Inter-Client Communication Conventions Manual, chapter 2.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from typing import Any

from Xlib import X

from app.output.x11.connection import ask
from app.output.x11.content import Content, Form

_ANSWER_S = 0.4  # an owner that lives says in milliseconds what it has
_CONVERT_S = 3.0  # but may take its time to write a large image
_FIRST_S = 6.0  # for the first form, as long as pieces of it keep coming
_ALL_S = 1.5  # after that no other is begun
_ALL_BYTES = 64 << 20
_PIECE = 1 << 16  # numbers of 32 bits
# What is no content but an order, what is said by whoever serves it, what lies in the server itself, and Qt's name of a
# form that it offers anyway.
_NOT_CONTENT = (
    "TARGETS", "MULTIPLE", "TIMESTAMP", "SAVE_TARGETS", "DELETE", "INSERT_PROPERTY", "INSERT_SELECTION", "PIXMAP",
    "BITMAP", "DRAWABLE", "COLORMAP", "application/x-qt-image",
)  # fmt: skip
_FIRST = ("UTF8_STRING", "text/plain;charset=utf-8", "STRING", "text/uri-list", "image/png", "text/html")
_IMAGE = "image/"


class SelectionReader:
    """Asks with a window of its own, on a connection that belongs to one thread."""

    def __init__(self, connection: Any) -> None:
        self._display = connection
        self._window = connection.screen().root.create_window(-1, -1, 1, 1, 0, X.CopyFromParent)
        self._window.change_attributes(event_mask=X.PropertyChangeMask)
        self._incr, self._targets = connection.intern_atom("INCR"), connection.intern_atom("TARGETS")
        self._numbers = 0

    def owner(self, selection: str) -> int:
        """The window that offers something; zero where nobody does."""
        owner = self._display.get_selection_owner(self._display.intern_atom(selection))
        return owner if isinstance(owner, int) else int(owner.id)

    def everything(self, selection: str) -> Content:
        """All forms that fit into the time and the memory for it, the plain ones first; of images the first alone,
        since programs compute the others from it when they are asked."""
        if not self.owner(selection):
            return ()
        began = time.monotonic()
        targets = self._read(selection, self._targets, began + _ALL_S, _ALL_BYTES)
        if targets is None:
            return ()
        forms: list[Form] = []
        left, has_image = _ALL_BYTES, False
        for name, target in self._sorted(targets):
            if name.startswith(_IMAGE) and has_image:
                continue
            asked = time.monotonic()
            if forms and asked > began + _ALL_S:
                break
            form = self._read(selection, target, began + _FIRST_S, left)
            if form is not None:
                forms.append(form)
                left -= len(form.data)
                has_image = has_image or name.startswith(_IMAGE)
            elif time.monotonic() - asked >= _CONVERT_S:
                break  # it hangs, and would at every form
        return tuple(forms)

    def text(self, selection: str) -> str | None:
        """The text that is offered; None where there is none."""
        if not self.owner(selection):
            return None
        target = self._display.intern_atom("UTF8_STRING")
        form = self._read(selection, target, time.monotonic() + _ALL_S, _ALL_BYTES)
        return None if form is None or form.width != 8 else form.data.decode(errors="replace")

    def close(self) -> None:
        self._window.destroy()

    def _sorted(self, targets: Form) -> list[tuple[str, int]]:
        atoms = [int.from_bytes(targets.data[i : i + 4], "little") for i in range(0, len(targets.data), 4)]
        names = {self._name(atom): atom for atom in dict.fromkeys(atoms)}
        wanted = {name: atom for name, atom in names.items() if name and name not in _NOT_CONTENT}
        ahead = [name for name in _FIRST if name in wanted]
        return [(name, wanted[name]) for name in [*ahead, *(name for name in wanted if name not in ahead)]]

    def _name(self, atom: int) -> str:
        return ask(lambda: str(self._display.get_atom_name(atom)), "")

    def _read(self, selection: str, target: int, deadline: float, limit: int) -> Form | None:
        # Each question has a property of its own: a late answer to an earlier one is not taken for this one's.
        self._numbers = (self._numbers + 1) % 64
        answer = self._display.intern_atom(f"DICTATE_READ_{self._numbers}")
        self._window.delete_property(answer)
        self._display.sync()
        self._drop_events()
        name = self._display.intern_atom(selection)
        self._window.convert_selection(name, target, answer, X.CurrentTime)
        seen = self._wait(
            lambda e: e.type & 0x7F == X.SelectionNotify and e.target == target and e.property in (answer, X.NONE),
            min(deadline, time.monotonic() + (_ANSWER_S if target == self._targets else _CONVERT_S)),
        )
        if seen is None or seen.property == X.NONE:
            return None
        form = self._take(answer, target, limit)
        if form is None or form.kind != self._incr:
            return form
        return self._read_pieces(answer, target, deadline, limit)

    def _read_pieces(self, answer: int, target: int, deadline: float, limit: int) -> Form | None:
        """The owner puts a piece when the one before was deleted; an empty one is the end."""
        pieces: list[bytes] = []
        while True:
            arrived = self._wait(
                lambda e: e.type & 0x7F == X.PropertyNotify and e.atom == answer and e.state == X.PropertyNewValue,
                min(deadline, time.monotonic() + _CONVERT_S),
            )
            piece = self._take(answer, target, limit) if arrived is not None else None
            if piece is None:
                return None
            if not piece.data:
                return Form(target, piece.kind, piece.width, b"".join(pieces))
            pieces.append(piece.data)
            limit -= len(piece.data)

    def _take(self, answer: int, target: int, limit: int) -> Form | None:
        """The property in pieces, deleted with the last; None where it is missing or larger than `limit` bytes."""
        parts: list[bytes] = []
        size = 0
        while True:
            found = self._window.get_property(answer, X.AnyPropertyType, size // 4, _PIECE, delete=True)
            if found is None:
                return None
            data = found.value if isinstance(found.value, bytes) else found.value.tobytes()
            parts.append(data)
            size += len(data)
            if size + found.bytes_after > limit:
                self._window.delete_property(answer)
                return None
            if not found.bytes_after:
                return Form(target, found.property_type, found.format or 8, b"".join(parts))

    def _wait(self, is_it: Callable[[Any], bool], deadline: float) -> Any | None:
        self._display.flush()
        while True:
            while self._display.pending_events():
                seen = self._display.next_event()
                if is_it(seen):
                    return seen
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return None
            select.select([self._display.fileno()], [], [], left_s)

    def _drop_events(self) -> None:
        while self._display.pending_events():
            self._display.next_event()

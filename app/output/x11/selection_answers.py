"""The answers that the owner of a selection gives, in pieces where they are large.

Source: Inter-Client Communication Conventions Manual, chapter 2.6 and 2.7.
"""

from __future__ import annotations

import array
from typing import Any

from Xlib import X, Xatom
from Xlib.protocol import event

from app.output.x11.connection import ask
from app.output.x11.content import Content, Form

_PIECE = 1 << 17  # bytes: what fits into a request of any server
_TRANSFERS = 16  # at a time; a client that never takes its pieces is forgotten in the end


class Answers:
    """On a connection that belongs to one thread."""

    def __init__(self, connection: Any) -> None:
        self._display = connection
        atom = connection.intern_atom
        self._targets, self._multiple, self._timestamp = atom("TARGETS"), atom("MULTIPLE"), atom("TIMESTAMP")
        self._pair, self._incr, self._save = atom("ATOM_PAIR"), atom("INCR"), atom("SAVE_TARGETS")
        self._transfers: dict[tuple[int, int], tuple[Form, int]] = {}  # how much was sent, by window and property

    def answer(self, request: Any, content: Content, since: int) -> set[int]:
        """Answer a SelectionRequest; returns the targets that were given."""
        answer = request.property or request.target
        if request.target == self._multiple:
            given = self._answer_pairs(request.requestor, answer, content, since)
            worked = bool(content)
        else:
            worked = bool(content) and self._put(request.requestor, request.target, answer, content, since)
            given = {request.target} if worked else set()
        notify = event.SelectionNotify(
            time=request.time,
            requestor=request.requestor,
            selection=request.selection,
            target=request.target,
            property=answer if worked else X.NONE,
        )
        request.requestor.send_event(notify)
        self._display.flush()
        return given

    def go_on(self, window: int, answer: int) -> None:
        """The client has taken a piece: put the next; an empty one is the end."""
        transfer = self._transfers.get((window, answer))
        if transfer is None:
            return
        form, sent = transfer
        requestor = self._display.create_resource_object("window", window)
        piece = Form(form.target, form.kind, form.width, form.data[sent : sent + _PIECE])
        self._write(requestor, answer, piece)
        if piece.data:
            self._transfers[window, answer] = (form, sent + len(piece.data))
        else:
            del self._transfers[window, answer]
            if not any(other == window for other, _ in self._transfers):
                requestor.change_attributes(event_mask=X.NoEventMask)

    def _answer_pairs(self, requestor: Any, answer: int, content: Content, since: int) -> set[int]:
        found = ask(lambda: requestor.get_full_property(answer, X.AnyPropertyType), None)
        pairs = list(found.value) if found is not None and found.format == 32 else []
        given = set()
        for place in range(0, len(pairs) - 1, 2):
            if self._put(requestor, pairs[place], pairs[place + 1], content, since):
                given.add(pairs[place])
            else:
                pairs[place + 1] = X.NONE
        requestor.change_property(answer, self._pair, 32, pairs)
        return given

    def _put(self, requestor: Any, target: int, answer: int, content: Content, since: int) -> bool:
        if target == self._targets:
            own = [self._targets, self._multiple, self._timestamp, self._save]
            requestor.change_property(answer, Xatom.ATOM, 32, own + [form.target for form in content])
            return True
        if target == self._timestamp:
            requestor.change_property(answer, Xatom.INTEGER, 32, [since])
            return True
        for form in content:
            if form.target == target:
                self._begin(requestor, answer, form)
                return True
        return False

    def _begin(self, requestor: Any, answer: int, form: Form) -> None:
        if len(form.data) <= _PIECE:
            self._write(requestor, answer, form)
            return
        while len(self._transfers) >= _TRANSFERS:
            del self._transfers[next(iter(self._transfers))]
        self._transfers[requestor.id, answer] = (form, 0)
        requestor.change_attributes(event_mask=X.PropertyChangeMask)
        requestor.change_property(answer, self._incr, 32, [len(form.data)])

    def _write(self, requestor: Any, answer: int, form: Form) -> None:
        data: Any = form.data
        if form.width != 8:
            data = array.array("H" if form.width == 16 else "I", form.data)
        requestor.change_property(answer, form.kind, form.width, data)

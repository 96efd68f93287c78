"""The three requests of X's keyboard extension that are needed to type with its first layout and without Caps Lock.

Source: The X Keyboard Extension: Protocol Specification, version 1.0, chapters 16.1 and 16.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from Xlib.protocol import rq

_CORE_KEYBOARD = 0x0100


@dataclass(frozen=True, slots=True)
class Locks:
    """What stays on by itself: modifiers as a mask (Caps Lock is 2), and which layout is chosen."""

    modifiers: int
    layout: int


class _UseExtension(rq.ReplyRequest):  # type: ignore[misc]
    _request = rq.Struct(
        rq.Card8("opcode"), rq.Opcode(0), rq.RequestLength(), rq.Card16("wanted_major"), rq.Card16("wanted_minor")
    )
    _reply = rq.Struct(
        rq.ReplyCode(), rq.Card8("supported"), rq.Card16("sequence_number"), rq.ReplyLength(), rq.Pad(24)
    )


class _GetState(rq.ReplyRequest):  # type: ignore[misc]
    _request = rq.Struct(rq.Card8("opcode"), rq.Opcode(4), rq.RequestLength(), rq.Card16("device"), rq.Pad(2))
    _reply = rq.Struct(
        rq.ReplyCode(),
        rq.Card8("device"),
        rq.Card16("sequence_number"),
        rq.ReplyLength(),
        rq.Card8("modifiers"),
        rq.Card8("held"),
        rq.Card8("latched"),
        rq.Card8("locked"),
        rq.Card8("group"),
        rq.Card8("locked_group"),
        rq.Pad(18),
    )


class _LatchLockState(rq.Request):  # type: ignore[misc]
    _request = rq.Struct(
        rq.Card8("opcode"),
        rq.Opcode(5),
        rq.RequestLength(),
        rq.Card16("device"),
        rq.Card8("affect_locks"),
        rq.Card8("locks"),
        rq.Card8("lock_group"),
        rq.Card8("group"),
        rq.Card8("affect_latches"),
        rq.Card8("latches"),
        rq.Pad(1),
        rq.Card8("latch_group"),
        rq.Card16("latched_group"),
    )


class Xkb:
    """The keyboard's locks on one connection; without the extension there are none."""

    def __init__(self, connection: Any) -> None:
        self._display = connection.display
        found = connection.query_extension("XKEYBOARD")
        self._opcode = found.major_opcode if found is not None else None
        if self._opcode is not None:
            _UseExtension(display=self._display, opcode=self._opcode, wanted_major=1, wanted_minor=0)

    def locks(self) -> Locks:
        if self._opcode is None:
            return Locks(0, 0)
        state = _GetState(display=self._display, opcode=self._opcode, device=_CORE_KEYBOARD)
        return Locks(state.locked | state.latched, state.locked_group)

    def lock(self, wanted: Locks, affected: int) -> None:
        """Change the locks of the modifiers in the mask `affected`, and the layout."""
        if self._opcode is None:
            return
        _LatchLockState(
            display=self._display,
            opcode=self._opcode,
            device=_CORE_KEYBOARD,
            affect_locks=affected,
            locks=wanted.modifiers,
            lock_group=1,
            group=wanted.layout,
            affect_latches=affected,
            latches=0,
            latch_group=0,
            latched_group=0,
        )

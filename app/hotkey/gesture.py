"""What the fingers mean by one key: a tap starts or stops, a hold talks until it is let go; pure, time is passed in.

Dictation begins at key-down, so that no first word is lost; only later does the press turn out to be a tap or a hold.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Literal

HOLD_S = 0.4
_REPEAT_S = 2.5  # presses of a key that repeats itself follow each other faster, the first after its delay as well


class Act(Enum):
    """What is to be done now."""

    BEGIN = "begin"  # dictate: the key went down
    TAP = "tap"  # the press that began it is over and was short: it goes on until the next
    HOLD = "hold"  # the press that began it is a long one: it goes on until the key is let go
    END = "end"  # the last words are awaited
    CANCEL = "cancel"  # nothing more is wanted of it


Heard = Literal["down", "up", "other", "cancel"]  # a change of the key, another key's press, the key that cancels


@dataclass(frozen=True, slots=True)
class Gesture:
    """Where the fingers are.

    active  a dictation runs, whoever began it
    down_s  since when the key is down; None: it is up
    seen_s  the last press that was heard while it is down, its own repeats as well
    mine    this press began the dictation that runs, and what it is remains to be seen or is a hold
    held    it is a hold
    """

    hold_s: float = HOLD_S
    active: bool = False
    down_s: float | None = None
    seen_s: float = 0.0
    mine: bool = False
    held: bool = False

    @property
    def due_s(self) -> float | None:
        """When `pass_time` has something to say, if nothing else happens before."""
        return self.down_s + self.hold_s if self.mine and not self.held and self.down_s is not None else None


def hear(gesture: Gesture, heard: Heard, time_s: float) -> tuple[Gesture, tuple[Act, ...]]:
    """The gesture after one change, and what is to be done, in this order."""
    if heard == "down":
        return _down(gesture, time_s)
    if heard == "up":
        return _up(gesture, time_s)
    if heard == "cancel":
        return _cancelled(gesture) if gesture.active else (gesture, ())
    # Another key beside it: the two are a shortcut of somebody else, or the hand has slipped. The words stay at hand.
    return _cancelled(gesture) if gesture.mine else (gesture, ())


def pass_time(gesture: Gesture, now_s: float) -> tuple[Gesture, tuple[Act, ...]]:
    """A press becomes a hold by lasting."""
    due_s = gesture.due_s
    if due_s is None or now_s < due_s:
        return gesture, ()
    return replace(gesture, held=True), (Act.HOLD,)


def tell(gesture: Gesture, active: bool) -> Gesture:
    """Somebody else has begun or ended a dictation, or it could not begin: the press that is on means nothing more."""
    return gesture if active == gesture.active else replace(gesture, active=active, mine=False, held=False)


def _down(gesture: Gesture, time_s: float) -> tuple[Gesture, tuple[Act, ...]]:
    if gesture.down_s is not None and time_s - gesture.seen_s < _REPEAT_S:
        return replace(gesture, seen_s=max(time_s, gesture.seen_s)), ()  # the key repeats itself
    # Down and down again: its release was lost. Who presses once more in the middle of a hold wants it to end.
    pressed = replace(gesture, down_s=time_s, seen_s=time_s, mine=False, held=False)
    if gesture.active:
        return replace(pressed, active=False), (Act.END,)
    return replace(pressed, active=True, mine=True), (Act.BEGIN,)


def _up(gesture: Gesture, time_s: float) -> tuple[Gesture, tuple[Act, ...]]:
    if gesture.down_s is None:  # X11 tells of releases that are none
        return gesture, ()
    late, acts = pass_time(gesture, time_s)
    raised = replace(late, down_s=None, mine=False, held=False)
    if late.held:
        return replace(raised, active=False), (*acts, Act.END)
    return raised, (Act.TAP,) if late.mine else ()


def _cancelled(gesture: Gesture) -> tuple[Gesture, tuple[Act, ...]]:
    return replace(gesture, active=False, mine=False, held=False), (Act.CANCEL,)

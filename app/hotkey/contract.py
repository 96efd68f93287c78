"""What a platform must be able to do before global keys work with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A global key went down or up, or, while one of them is down, another key went down.

    name    of the action that the key is bound to; empty for another key, which reaches its window all the same
    time_s  by the clock of `time.monotonic`
    """

    name: str
    change: Literal["down", "up", "other"]
    time_s: float


class Hotkeys(Protocol):
    """The global keys of one platform. `changed` is called from a thread of its own."""

    name: str  # as the doctor says it
    asks: bool  # the desktop may ask its user before it gives a key: `bind` then takes as long as the user does

    def fault(self) -> str:
        """The self-test: empty where global keys can be had here, else one line that says why not and what to do."""
        ...

    def bind(self, keys: Mapping[str, str], changed: Callable[[KeyChange], None]) -> dict[str, str]:
        """Listen to these keys instead of those before: a combination as settings write it ("Ctrl+Alt+Space"), by the
        name of what it does. Returns what could not be bound: a line each, by name.

        It is called again in the middle of a press, when Esc is bound or let go as a dictation begins and ends: what
        stays the same is not let go for that, and its release is still told."""
        ...

    def close(self) -> None: ...

"""What `dictate ctl` may ask of the running program, and what it is answered."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from app.errors import AppError
from app.single_instance import Instance
from app.state import State

_BEGUN = (State.ARMING, State.LISTENING, State.PAUSING, State.PAUSED)
_BUSY = {
    State.DRAINING: ("The last words of the dictation before are still being written.", "Ask again in a moment."),
    State.FAILED: ("The program cannot dictate: its model could not be loaded.", "Look at its window."),
}


@dataclass(frozen=True, slots=True)
class CtlDesk:
    """What the program can be asked for. Every word does nothing where what it asks for is so already."""

    state: Callable[[], State]
    start: Callable[[], None]
    stop: Callable[[], None]
    cancel: Callable[[], None]
    model: Callable[[], str]

    def answer(self, instance: Instance) -> None:
        """Obey the words of `dictate ctl` from now on."""
        instance.answer("toggle", _alone(self._toggle))
        instance.answer("start", _alone(self._start))
        instance.answer("stop", _alone(self._stop))
        instance.answer("cancel", _alone(self._cancel))
        instance.answer("status", _alone(self._status))

    def _toggle(self) -> None:
        if self.state() in _BEGUN:
            self.stop()
        else:
            self._start()

    def _start(self) -> None:
        now = self.state()
        if now in _BUSY:
            raise AppError(*_BUSY[now])
        if now not in _BEGUN:
            self.start()
            if self.state() not in _BEGUN:
                raise AppError("It could not start.", "The window says why.")

    def _stop(self) -> None:
        if self.state() in _BEGUN or self.state() is State.DRAINING:  # one may wait for that to end
            self.stop()

    def _cancel(self) -> None:
        if self.state() in _BEGUN or self.state() is State.DRAINING:
            self.cancel()

    def _status(self) -> str:
        now = self.state()
        return json.dumps({"state": now.value, "recording": now.is_recording, "model": self.model()})


def _alone(act: Callable[[], str | None]) -> Callable[[str], str | None]:
    """What is asked in one word has nothing behind it: who says more means something else."""

    def obey(argument: str) -> str | None:
        if argument:
            raise AppError("There is nothing to say behind this word.", "See: dictate ctl --help")
        return act()

    return obey

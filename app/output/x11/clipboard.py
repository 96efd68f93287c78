"""Inserting through the clipboard: offer the text, press the paste key, see it read, give back what was there."""

from __future__ import annotations

import contextlib
import time

from app.output.contract import NotInserted, Target
from app.output.x11 import content
from app.output.x11.connection import FAILED, NoX11, Place, client_of
from app.output.x11.content import Content
from app.output.x11.hands import Hands, insertable
from app.output.x11.keyboard_focus import program_of
from app.output.x11.selection_owner import SelectionOwner
from app.output.x11.take_back import TakeBack
from app.output.x11.terminals import PasteKey, paste_key

_READ_S = 8.0  # a busy program may take its time: were the old content back by then, it would paste that
_READ_SILENT_S = 3.0  # of a window that does not tell whether it is busy
_READ_AWAKE_S = 2.0  # after a window has seen the key
_WINDOWS_PROGRAM = ".exe"  # under Wine another program reads for it
_AFTER_READ_S = 0.3  # browsers read the same more than once for one paste, on a busy computer with a pause between
_RESTORE_S = 1.5
_AWAKE_S = 0.1
_POLL_S = 0.004


class PasteX11:
    """Way "paste". Right for all characters and the fastest; needs a program that pastes with the usual key."""

    name = "paste"

    def __init__(self) -> None:
        self._hands: Hands | None = None
        self._owner: SelectionOwner | None = None
        self._take_back = TakeBack()
        self._offered: Content = ()
        self._before: dict[str, Content] = {}
        self._pressed_s = 0.0
        self._watchers: set[int] = set()  # who reads whatever is new, as clipboard managers do

    def fault(self) -> str:
        try:
            self._open()
        except (NoX11, *FAILED) as error:
            self.close()
            return str(error)
        return ""

    def insert(self, text: str, target: Target | None) -> None:
        text = insertable(text)
        if not text:
            return
        try:
            hands, owner = self._open()
            place = hands.aim(text, target)
            self._paste(hands, owner, place, text)
            self._take_back.inserted(hands, text, place)
        except (NoX11, *FAILED) as error:
            self.close()
            raise NotInserted(f"The X server failed ({error}).", "Insert the text again", text) from None

    def take_back(self, text: str, target: Target | None) -> bool:
        return self._hands is not None and self._take_back.do(self._hands, insertable(text), target)

    def close(self) -> None:
        if self._owner is not None:
            self._owner.close()
        if self._hands is not None:
            self._take_back.close()
            self._hands.close()
        self._owner = self._hands = None

    def _open(self) -> tuple[Hands, SelectionOwner]:
        if self._hands is None:
            self._hands = Hands()
        if self._owner is None:
            self._owner = SelectionOwner()
        return self._hands, self._owner

    def _paste(self, hands: Hands, owner: SelectionOwner, place: Place, text: str) -> None:
        key = paste_key(program_of(hands.display, place.window))
        hands.wait_until_free(text)
        self._wait_until_quiet(owner)
        before = {selection: self._content(hands, owner, selection) for selection in key.selections}
        offered = content.of_text(hands.display, text, transient=True)
        try:
            if not owner.offer(dict.fromkeys(key.selections, offered)):
                raise NotInserted("Another program holds the clipboard.", "Insert the text again", text)
            self._offered, self._before = offered, before
            self._press(hands, owner, place, key, text)
            self._wait_for_reader(hands, owner, place, text)
        except BaseException:
            with contextlib.suppress(NoX11):
                owner.restore_later(before, 0)
                owner.restore_now()
            raise
        owner.restore_later(before, _RESTORE_S)

    def _content(self, hands: Hands, owner: SelectionOwner, selection: str) -> Content:
        """What the user has there: what the last insertion still covers, what was given back since, or another's."""
        ours = owner.offered(selection)
        if ours is None:
            return hands.reader.everything(selection)
        return self._before.get(selection, ()) if ours is self._offered else ours

    def _press(self, hands: Hands, owner: SelectionOwner, place: Place, key: PasteKey, text: str) -> None:
        # A window that reads whatever is new has done so by the time it answers: that is not taken for the paste.
        hands.keyboard.has_caught_up(place.window, _AWAKE_S)
        self._watchers |= {reading.client for reading in owner.readings()} - self._of(hands, place)
        *held, last = key.keys

        def press() -> None:
            self._pressed_s = time.monotonic()
            hands.keyboard.tap(last, *held)

        with hands.keyboard.steady():
            hands.keyboard.lend(key.keys, place.window)
            hands.strike(place, text, press)

    def _wait_for_reader(self, hands: Hands, owner: SelectionOwner, place: Place, text: str) -> None:
        """Until the program has read the text. Raises NotInserted when it does not."""
        asks = hands.keyboard.understands_ping(place.window)
        until = self._pressed_s + (_READ_S if asks else _READ_SILENT_S)
        by_another = program_of(hands.display, place.window).endswith(_WINDOWS_PROGRAM)
        is_awake = False
        while True:
            since = [reading for reading in owner.readings() if reading.time_s > self._pressed_s]
            if any(reading.client in self._of(hands, place) for reading in since):
                return
            if by_another and any(reading.client not in self._watchers for reading in since):
                return
            if time.monotonic() > until:
                remedy = "Choose another way of inserting for this program"
                raise NotInserted("The window did not paste the text.", remedy, text)
            if asks and not is_awake and time.monotonic() > self._pressed_s + _AWAKE_S:
                is_awake = hands.keyboard.has_caught_up(place.window, _AWAKE_S)
                until = min(until, time.monotonic() + _READ_AWAKE_S) if is_awake else until
            time.sleep(_POLL_S)

    def _wait_until_quiet(self, owner: SelectionOwner) -> None:
        """Whoever read the insertion before has finished."""
        while any(time.monotonic() < reading.time_s + _AFTER_READ_S for reading in owner.readings()):
            time.sleep(_POLL_S)

    def _of(self, hands: Hands, place: Place) -> set[int]:
        """The connections that the window with the keyboard belongs to."""
        return {client_of(hands.display, place.window), client_of(hands.display, place.focus)}

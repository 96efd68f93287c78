"""Inserting by pressing keys, in batches: spare keys stand for what the layout lacks, and each batch is aimed anew."""

from __future__ import annotations

from app.output.contract import NotInserted, Target
from app.output.x11.connection import FAILED, NoX11, Place
from app.output.x11.hands import Hands, insertable
from app.output.x11.keyboard import keysym
from app.output.x11.take_back import TakeBack

_BATCH = 40  # characters between two looks at who has the keyboard


class TypeX11:
    """Way "keys". For windows that do not paste; slower, and what it types may be completed by the program."""

    name = "keys"

    def __init__(self) -> None:
        self._hands: Hands | None = None
        self._take_back = TakeBack()

    def fault(self) -> str:
        try:
            hands = self._open()
            if hands.display.query_extension("XTEST") is None:
                return "This X server lets no program press keys (XTEST is missing). Insert through the clipboard"
        except (NoX11, *FAILED) as error:
            self.close()
            return str(error)
        return ""

    def insert(self, text: str, target: Target | None) -> None:
        text = insertable(text)
        if not text:
            return
        left = text
        try:
            hands = self._open()
            place = hands.aim(text, target)
            hands.wait_until_free(text)
            if hands.keyboard.is_grabbed():
                raise NotInserted("A menu or a locked screen takes the keys.", "Close it, then insert again", text)
            with hands.keyboard.steady():
                while left:
                    left = self._type_batch(hands, place, left)
                hands.keyboard.settle(place.window)
            self._take_back.inserted(hands, text, place)
        except (NoX11, *FAILED) as error:
            self.close()
            raise NotInserted(f"The X server failed ({error}).", "Insert the text again", left) from None

    def take_back(self, text: str, target: Target | None) -> bool:
        return self._hands is not None and self._take_back.do(self._hands, insertable(text), target)

    def close(self) -> None:
        if self._hands is not None:
            self._take_back.close()
            self._hands.close()
        self._hands = None

    def _open(self) -> Hands:
        if self._hands is None:
            self._hands = Hands()
        return self._hands

    def _type_batch(self, hands: Hands, place: Place, left: str) -> str:
        """Type as much as one batch holds; returns what is left."""
        symbols = [keysym(character) for character in left[:_BATCH]]
        count = hands.keyboard.lend(symbols, place.window)

        def press() -> None:
            for symbol in symbols[:count]:
                hands.keyboard.tap(symbol)

        hands.strike(place, left, press)
        return left[count:]

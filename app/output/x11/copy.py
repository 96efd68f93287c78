"""The last resort: the text lies in the clipboard, and the user pastes it."""

from __future__ import annotations

from app.output.contract import NotInserted, Target
from app.output.x11 import content
from app.output.x11.connection import FAILED, NoX11
from app.output.x11.hands import Hands
from app.output.x11.selection_owner import SelectionOwner


class CopyX11:
    """Way "copy". The text stays in the clipboard until something else is copied."""

    name = "copy"

    def __init__(self) -> None:
        self._hands: Hands | None = None
        self._owner: SelectionOwner | None = None

    def fault(self) -> str:
        try:
            self._open()
        except (NoX11, *FAILED) as error:
            self.close()
            return str(error)
        return ""

    def insert(self, text: str, target: Target | None) -> None:
        try:
            hands, owner = self._open()
            if owner.offer({"CLIPBOARD": content.of_text(hands.display, text, transient=False)}):
                return
            reason = "Another program holds the clipboard."
        except (NoX11, *FAILED) as error:
            self.close()
            reason = f"The X server failed ({error})."
        raise NotInserted(reason, "Copy the text from the history", text)

    def take_back(self, text: str, target: Target | None) -> bool:
        return False

    def close(self) -> None:
        if self._owner is not None:
            self._owner.close()
        if self._hands is not None:
            self._hands.close()
        self._owner = self._hands = None

    def _open(self) -> tuple[Hands, SelectionOwner]:
        if self._hands is None:
            self._hands = Hands()
        if self._owner is None:
            self._owner = SelectionOwner()
        return self._hands, self._owner

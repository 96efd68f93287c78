"""Typing by the desktop's remote-desktop portal, as GNOME and KDE give it: its user is asked once."""

from __future__ import annotations

import contextlib

from app.errors import AppError
from app.output.care import check_place, harmless, parts
from app.output.contract import Focus, NotInserted, Target
from app.paths import portal_token_file
from app.portal import Portal, PortalError, Variants
from app.private_files import private_file, private_folder

_REMOTE = "RemoteDesktop"
_KEYBOARD = 1
_UNTIL_REVOKED = 2
_REMEDY = "Use another way of inserting, or copy."
_PART = 40  # letters between two looks at the place
_RETURN, _TAB = 0xFF0D, 0xFF09
_TOKEN_MOST = 1000


class PortalTyping:
    """Keys by their symbols. A desktop drops, silently, what the user's keyboard layout has no key for: other letters
    than ASCII's are refused before anything is typed. Which modifiers the user holds is not told to anybody here."""

    name = "remote desktop portal"

    def __init__(self, focus: Focus) -> None:
        self._focus = focus
        self._portal: Portal | None = None
        self._session = ""

    def fault(self) -> str:
        """Asks the user nothing: only whether the portal is there and gives keyboards."""
        try:
            portal = self._portal or Portal(_REMEDY)
        except PortalError as error:
            return str(error)
        try:
            if portal.property(_REMOTE, "version") and portal.property(_REMOTE, "AvailableDeviceTypes") & _KEYBOARD:
                return ""
            return f"This desktop has no portal for typing. {_REMEDY}"
        finally:
            if portal is not self._portal:
                portal.close()

    def insert(self, text: str, target: Target | None) -> None:
        text = harmless(text, target)
        if not text:
            return
        if not all(letter.isascii() for letter in text):
            raise NotInserted("The portal types ASCII letters only.", _REMEDY, text)
        portal = self._opened(text)
        for part, left in parts(text, _PART):
            check_place(self._focus, target, left)
            for place, letter in enumerate(part):
                self._press(portal, keysym(letter), left[place:])

    def take_back(self, text: str, target: Target | None) -> bool:
        """Nothing here tells what stands before the cursor."""
        return False

    def close(self) -> None:
        if self._portal is not None:
            if self._session:
                self._portal.close_session(self._session)
            self._portal.close()
        self._portal, self._session = None, ""

    def _press(self, portal: Portal, symbol: int, left: str) -> None:
        try:
            for state in (1, 0):
                portal.call(f"{_REMOTE}.NotifyKeyboardKeysym", "oa{sv}iu", self._session, {}, symbol, state)
        except PortalError as error:  # a session that the desktop has ended: the next text begins another
            self.close()
            raise NotInserted(error.what, _REMEDY, left) from None

    def _opened(self, text: str) -> Portal:
        if self._portal is not None and self._session:
            return self._portal
        try:
            self._portal = Portal(_REMEDY)
            self._session = self._started(self._portal)
        except AppError as error:
            self.close()
            raise NotInserted(error.what, _REMEDY, text) from None
        return self._portal

    def _started(self, portal: Portal) -> str:
        """A session with a keyboard; the token of the last one spares the user the question."""
        session = portal.open_session(_REMOTE)
        options: Variants = {"types": ("u", _KEYBOARD)}
        if portal.property(_REMOTE, "version") >= 2:
            options["persist_mode"] = ("u", _UNTIL_REVOKED)
            token = _read_token()
            options |= {"restore_token": ("s", token)} if token else {}
        portal.request(f"{_REMOTE}.SelectDevices", "o", session, options=options)
        results = portal.request(f"{_REMOTE}.Start", "os", session, "", options={})
        if not results.get("devices", ("u", 0))[1] & _KEYBOARD:
            raise PortalError("The desktop gives no keyboard.", _REMEDY)
        _write_token(str(results.get("restore_token", ("s", ""))[1]))
        return session


def keysym(letter: str) -> int:
    """The key symbol of an ASCII letter, a line end or a tabulator, as X11 numbers them."""
    return {"\n": _RETURN, "\t": _TAB}.get(letter, ord(letter))


def _read_token() -> str:
    try:
        return portal_token_file().read_text(encoding="utf-8")[:_TOKEN_MOST].strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _write_token(token: str) -> None:
    """A token serves once; one that cannot be kept costs one more question."""
    file = portal_token_file()
    with contextlib.suppress(OSError):
        private_folder(file.parent)
        private_file(file)
        file.write_text(token, encoding="utf-8")

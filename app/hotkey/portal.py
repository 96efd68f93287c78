"""Global keys from the desktop's portal, as GNOME, KDE and Hyprland give them: the desktop decides, its user agrees."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from app.hotkey.contract import KeyChange
from app.portal import Portal, PortalError, Variants

logger = logging.getLogger(__name__)

_SHORTCUTS = "GlobalShortcuts"
_REMEDY = "Bind `dictate ctl toggle` in your compositor instead"
_LISTEN_S = 0.2
_AGAIN_S, _MOST_AGAIN = 1.0, 30
_BOUND_S = 130.0  # the desktop may ask its user
_MODIFIERS = {"ctrl": "CTRL", "alt": "ALT", "shift": "SHIFT", "meta": "LOGO", "super": "LOGO", "win": "LOGO"}
# The names of keys as xkbcommon has them, where they are not the ones that settings write.
_KEYS = {
    "esc": "Escape",
    "enter": "Return",
    "ins": "Insert",
    "del": "Delete",
    "pgup": "Page_Up",
    "pageup": "Page_Up",
    "pgdown": "Page_Down",
    "pagedown": "Page_Down",
    "backspace": "BackSpace",
    "space": "space",
    "scrolllock": "Scroll_Lock",
    "printscreen": "Print",
}
_SAYS = {"dictate": "Dictate", "cancel": "Throw the dictation away"}


class PortalHotkeys:
    """The portal's global shortcuts. It tells of no other keys, and none that are pressed without a modifier."""

    name = "desktop portal"
    asks = True

    def __init__(self) -> None:
        self._listening: _Listening | None = None

    def fault(self) -> str:
        """Asks nobody: only whether the portal is there."""
        try:
            portal = Portal(_REMEDY)
        except PortalError as error:
            return str(error)
        try:
            if portal.property(_SHORTCUTS, "version"):
                return ""
            return f"This desktop has no portal for global keys. {_REMEDY}"
        finally:
            portal.close()

    def bind(self, keys: Mapping[str, str], changed: Callable[[KeyChange], None]) -> dict[str, str]:
        """The portal binds once in a session, so other keys begin a new one; waits while the desktop asks its user."""
        unbound = {name: _refused(name, keys[name]) for name in keys if _is_bare(keys[name])}
        wanted = {name: keys[name] for name in keys if name not in unbound}
        if self._listening is None or self._listening.keys != wanted:
            self.close()
            self._listening = _Listening(wanted, changed) if wanted else None
        return unbound if self._listening is None else unbound | self._listening.unbound()

    def close(self) -> None:
        if self._listening is not None:
            self._listening.end()
            self._listening = None


class _Listening:
    """One session of the portal, on a thread of its own, from being bound until its end."""

    def __init__(self, keys: Mapping[str, str], changed: Callable[[KeyChange], None]) -> None:
        self.keys, self._changed = dict(keys), changed
        self._stopping = threading.Event()
        self._answer: queue.SimpleQueue[dict[str, str]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="portal keys", daemon=True)
        self._thread.start()

    def unbound(self) -> dict[str, str]:
        """What the desktop does not give, once it has said so."""
        try:
            lines = self._answer.get(timeout=_BOUND_S)
        except queue.Empty:
            lines = {name: f"The desktop did not say whether it gives this key. {_REMEDY}" for name in self.keys}
        self._answer.put(lines)  # for whoever asks again
        return lines

    def end(self) -> None:
        self._stopping.set()
        self._answer.put({})  # nobody needs to wait any more
        self._thread.join(timeout=2.0)  # while the desktop asks its user it cannot end; the bus is left with the answer

    def _run(self) -> None:
        is_lost, tries = self._serve(self._answer.put), 0
        while is_lost and not self._stopping.wait(_AGAIN_S * min(tries := tries + 1, _MOST_AGAIN)):
            is_lost = self._serve(None)

    def _serve(self, tell: Callable[[dict[str, str]], None] | None) -> bool:
        """One session until it ends; whether the portals broke down, so that it is worth another try.

        tell: who hears at first what is unbound; later nobody, and portals that are missing may come back.
        """
        down: set[str] = set()
        portal = None
        try:
            portal = Portal(_REMEDY)
            session = portal.open_session(_SHORTCUTS)
        except PortalError as error:
            if tell is not None:
                tell(dict.fromkeys(self.keys, str(error)))
            if portal is not None:
                portal.close()
            return tell is None
        try:
            if self._bound(portal, session, tell) and not self._listen(portal, session, down):
                return True
            portal.close_session(session)
        except PortalError as error:
            logger.warning("global keys are lost: %s", error)
        finally:
            for name in down:  # nobody will tell any more: a recording must not go on for ever
                self._changed(KeyChange(name, "up", time.monotonic()))
            portal.close()
        return False

    def _bound(self, portal: Portal, session: str, tell: Callable[[dict[str, str]], None] | None) -> bool:
        """Whether the desktop and its user have agreed to some of the keys."""
        try:
            shortcuts = [(name, _described(name, self.keys[name])) for name in self.keys]
            method = f"{_SHORTCUTS}.BindShortcuts"
            results = portal.request(method, "oa(sa{sv})s", session, shortcuts, "", options={})
        except PortalError as error:
            lines = dict.fromkeys(self.keys, str(error))
            logger.warning("global keys: %s", error)
        else:
            given = {str(one[0]) for one in results.get("shortcuts", ("", ()))[1]}
            missing = [name for name in self.keys if name not in given]
            lines = {name: f"The desktop does not give {self.keys[name]}. {_REMEDY}" for name in missing}
        if tell is not None:
            tell(lines)
        return len(lines) < len(self.keys)

    def _listen(self, portal: Portal, session: str, down: set[str]) -> bool:
        """Tell of keys, and of those that are `down`, until the end; False where that is the end of the portals."""
        while not self._stopping.is_set():
            came = portal.signal(_LISTEN_S)
            if came is None:
                continue
            if came[0] == "Closed":
                logger.warning("the desktop has taken the global keys back")
                return True
            if came[0] == "NameOwnerChanged" and came[1][1]:
                return False
            for change in _changes(came, session, down):
                if change.name in self.keys:
                    self._changed(change)
        return True


def _changes(came: tuple[str, tuple[Any, ...]], session: str, down: set[str]) -> list[KeyChange]:
    """What a signal says of keys; a desktop that repeats a held key says it once."""
    kind, values = came
    now = time.monotonic()
    if len(values) < 2 or values[0] != session:
        return []
    name = str(values[1])
    if kind == "Activated" and name not in down:
        down.add(name)
        return [KeyChange(name, "down", now)]
    if kind == "Deactivated" and name in down:
        down.discard(name)
        return [KeyChange(name, "up", now)]
    return []


def _described(name: str, combination: str) -> Variants:
    says = _SAYS.get(name, f"Dictation: {name.replace('_', ' ')}")
    return {"description": ("s", says), "preferred_trigger": ("s", trigger(combination))}


def trigger(combination: str) -> str:
    """A combination as the shortcuts specification writes it: "Ctrl+Alt+Space" is "CTRL+ALT+space"."""
    *modifiers, key = combination.split("+")
    written = [_MODIFIERS.get(modifier.strip().lower(), modifier) for modifier in modifiers]
    key = key.strip()
    return "+".join([*written, _KEYS.get(key.lower(), key.lower() if len(key) == 1 else key)])


def _is_bare(combination: str) -> bool:
    return combination.strip().lower() in ("esc", "escape")


def _refused(name: str, combination: str) -> str:
    return f"The desktop portal gives no {combination} alone. Bind `dictate ctl {name}` in your compositor instead"

"""Offers what a program that ended too early has left behind, and brings it back where that is wished."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.desk.background import Background
from app.errors import AppError
from app.history import History
from app.journal.writer import Journal
from app.recovery import Recovery, Shaper, find, take_up
from app.ui.notice_bar import NoticeBar


class RecoveryDesk(QObject):
    """Asks once after the start, and again behind every recovery as long as there is more."""

    wanted = Signal(object)  # a Recovery

    def __init__(
        self,
        open_history: Callable[[], History],
        journals: Path,
        make_shaper: Callable[[], Shaper],
        notice: NoticeBar,
    ) -> None:
        super().__init__()
        self._open_history = open_history
        self._journals = journals
        self._make_shaper = make_shaper
        self._notice = notice
        self._background = Background(self)
        self._is_looking = False

    def look(self) -> None:
        """Look for recordings that broke off, behind the window."""
        if self._journals.is_dir() and not self._is_looking:
            self._is_looking = True
            self._background.run(self._find, self._offer)

    def take_up(
        self,
        found: Recovery,
        catch_up: Callable[[], None],
        report: Callable[[str], None],
        then: Callable[[Recovery, Journal], None],
    ) -> None:
        """Claim what was found and read it anew, behind the window, once `catch_up` has come back."""

        def take() -> tuple[Recovery, Journal]:
            catch_up()
            with closing(self._open_history()) as history:
                return take_up(found, history, self._make_shaper(), report)

        self._background.run(take, lambda taken: self._taken(taken, then))

    def _taken(self, taken: tuple[Recovery, Journal] | Exception, then: Callable[[Recovery, Journal], None]) -> None:
        if isinstance(taken, AppError):
            self._notice.show_notice(str(taken))
        elif isinstance(taken, Exception):
            raise taken
        else:
            then(*taken)

    def _find(self) -> tuple[Recovery, ...]:
        with closing(self._open_history()) as history:
            return find(self._journals, history, self._make_shaper)

    def _offer(self, found: tuple[Recovery, ...] | Exception) -> None:
        self._is_looking = False
        if isinstance(found, AppError):
            self._notice.show_notice(str(found))
        elif isinstance(found, Exception):
            raise found
        elif found:
            self._notice.show_notice(offer_of(found), "Recover", lambda: self.wanted.emit(found[0]))


def offer_of(found: tuple[Recovery, ...]) -> str:
    """What the user is told."""
    latest, more = found[0], len(found) - 1
    at = latest.head.started_at.astimezone().strftime("%Y-%m-%d %H:%M")
    words = len(latest.document.without_open().text.split())
    said = "1 word" if words == 1 else f"{words} words"
    left = f" and {_length(latest.sound_s)} of sound without text yet" if latest.sound_s >= 1 else ""
    others = f" There {'is 1 more' if more == 1 else f'are {more} more'}." if more else ""
    return f"The dictation of {at} was cut off. It can be brought back: {said}{left}.{others}"


def _length(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"

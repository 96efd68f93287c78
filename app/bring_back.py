"""Brings a recording that broke off back without a window: for `dictate sessions recover`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

from app.errors import AppError
from app.history import History
from app.keeping import Keeper
from app.live_stream import LiveStream
from app.messages import EngineMessage, Noticed, SessionEnded, Transcribed
from app.recovery import Recovery, Shaper, take_up
from s2t_core.events import DocumentEvent
from s2t_core.transcript import applied

if TYPE_CHECKING:
    from s2t_core.recognizer import Recognizer

_WRITTEN_S = 30.0


def bring_back(
    found: Recovery,
    recognizer: Recognizer,
    open_history: Callable[[], History],
    make_shaper: Callable[[], Shaper],
    note: Callable[[str], None],
    progress: Callable[[float], None],
) -> int | None:
    """Transcribe what is left, keep all of it and remove the journal; returns the transcript's id, None where nothing
    was said.

    progress: is told how many seconds of the recording are done
    Raises AppError where the history could not take it; the journal stays.
    """
    with closing(open_history()) as history:
        recovery, journal = take_up(found, history, make_shaper(), note)
    faults = list[str]()
    keeper = Keeper(open_history, faults.append)
    document, heard = recovery.document, recovery.heard

    def apply(events: tuple[DocumentEvent, ...]) -> None:
        nonlocal document
        for event in events:
            document = applied(document, event)
        keeper.see(document, heard)

    def take(message: EngineMessage) -> None:
        nonlocal heard
        if isinstance(message, Transcribed):
            heard += len(message.events)
            apply(tuple(shaped for event in message.events for shaped in recovery.shaper.push(event)))
            progress(message.clock.audio_s)
        elif isinstance(message, Noticed):
            note(message.text)
        elif isinstance(message, SessionEnded) and message.error is not None:
            raise message.error

    keeper.start()
    keeper.turn_to(recovery.id, recovery.kept)
    keeper.begin(recovery.head, journal.folder.name)
    keeper.see(document, heard)
    try:
        stream = recovery.stream(None, journal)
        LiveStream(stream, lambda mark, _: recognizer.open_session(mark=mark), take).run()
        apply(recovery.shaper.finish())
        document = document.without_open()
        keeper.see(document, heard)
        keeper.finish(journal)
    finally:
        keeper.shut_down(_WRITTEN_S)
        journal.close()
    if journal.folder.exists():
        raise AppError(" ".join(faults[-1:]) or "It is not kept yet.", "Try again: dictate sessions recover")
    return keeper.id

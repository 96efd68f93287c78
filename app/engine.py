"""The thread of live text: it loads the model once, then runs one session after another."""

from __future__ import annotations

import gc
import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from app.collector import put_off
from app.live_stream import LiveStream
from app.memory import forget_code, give_back, keep_little
from app.messages import Clock, EngineMessage, ModelFailed, ModelReady, Noticed, SessionEnded, Stream
from s2t_core.errors import S2TError
from s2t_core.streaming.mark import SessionMark
from s2t_core.types import DecodingOptions

if TYPE_CHECKING:  # torch takes seconds to import: `load` does it on the engine's thread, behind the open window
    from s2t_core.recognizer import Recognizer
    from s2t_core.session import StreamSession

logger = logging.getLogger(__name__)

_WAKE = Stream(())  # nobody speaks, but somebody wants the recogniser
_LOOK_S = 15.0  # between two looks at whether the model has rested long enough; each costs some microseconds


class Engine(threading.Thread):
    """Runs until `shut_down`, or until the model cannot be loaded at the start. `report` is called on this thread, once
    for every message."""

    def __init__(
        self,
        load: Callable[[], Recognizer],
        report: Callable[[EngineMessage], None],
        load_on_cpu: Callable[[], Recognizer] | None = None,
        rest_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """load_on_cpu: what goes on where a GPU fails; rest_s: after so long without a stream the memory of the model
        is given back until somebody wants it again, 0: never."""
        super().__init__(name="engine", daemon=True)
        self._awake: Future[Recognizer] = Future()
        self._is_asleep = False
        self._turning = threading.Lock()  # held while those two change
        self._rest_s = rest_s
        self._load = load
        self._load_on_cpu = load_on_cpu
        self._report = report
        self._streams: queue.SimpleQueue[Stream | None] = queue.SimpleQueue()

    def recognizer(self) -> Future[Recognizer]:
        """The recogniser, once it is loaded, for others that transcribe; its parts are never changed."""
        with self._turning:
            if self._is_asleep:
                self._streams.put(_WAKE)
            return self._awake

    def model_state(self) -> str:
        """What the model does: loading, ready, asleep or failed."""
        with self._turning:
            if not self._awake.done():
                return "asleep" if self._is_asleep else "loading"
            return "ready" if self._awake.exception() is None else "failed"

    def listen(self, stream: Stream) -> None:
        """Queue a stream; it is transcribed when the model is loaded and the streams before it are over."""
        self._streams.put(stream)

    def shut_down(self) -> None:
        """End after the streams that are queued."""
        self._streams.put(None)

    def run(self) -> None:
        keep_little()
        try:
            if self._wake_up(ModelFailed):
                while (stream := self._next()) is not None:
                    self._transcribe(stream)
        finally:
            self._send_away()

    def _next(self) -> Stream | None:
        """The next stream, before which the model may have slept; None: it is time to end."""
        since_s = time.monotonic()
        while True:
            try:
                stream = self._streams.get(timeout=None if self._is_asleep else _LOOK_S)
            except queue.Empty:
                if 0 < self._rest_s() <= time.monotonic() - since_s:
                    self._fall_asleep()
                continue
            if stream is None:
                return None
            is_there = not self._is_asleep or self._wake_up(_not_woken if stream is _WAKE else _not_heard)
            if is_there and stream is not _WAKE:
                return stream
            since_s = time.monotonic()

    def _wake_up(self, said: Callable[[Exception], EngineMessage]) -> bool:
        """Load the model; returns whether that went well, else it is said. One that slept sleeps on then, and the next
        who wants it may find it otherwise."""
        try:
            self._recognizer = self._loaded()
        except Exception as error:  # thread boundary
            logger.exception("the model was not loaded")
            with self._turning:
                self._awake.set_exception(error)
                if self._is_asleep:
                    self._awake = Future()
            self._report(said(error))
            return False
        with self._turning:
            self._is_asleep = False
            self._awake.set_result(self._recognizer)
        self._report(ModelReady(self._recognizer.name, self._recognizer.device))
        give_back()  # its weights as they were read, before they were made those that are used
        forget_code()
        return True

    def _send_away(self) -> None:
        """At the end of this thread: nobody waits for a model that will never be there."""
        with self._turning:
            self._is_asleep = False
            if not self._awake.done():
                self._awake.set_exception(S2TError("The recogniser has ended.", "Start the program again."))

    def _fall_asleep(self) -> None:
        with self._turning:
            self._is_asleep = True
            self._awake = Future()
        del self._recognizer
        gc.collect()  # a recogniser and its sessions know each other
        give_back()

    def _loaded(self) -> Recognizer:
        try:
            with put_off():
                recognizer = self._load()
                recognizer.warm_up()
        except S2TError:
            raise
        except Exception as error:  # of the GPU or its driver, where there is one
            if self._load_on_cpu is None:
                raise
            logger.exception("the model is loaded once more")
            recognizer = self._load_on_cpu()
            self._report(Noticed(f"The graphics processor cannot be used ({error}). The text is made without it."))
        return recognizer

    def _transcribe(self, stream: Stream) -> None:
        steered = self._steered(stream.wishes)

        def open_session(mark: SessionMark | None, failure: Exception | None) -> StreamSession:
            nonlocal steered
            if failure is not None and self._falls_back(failure):
                steered = self._steered(stream.wishes)
            return steered.open_session(mark=mark)

        LiveStream(stream, open_session, self._report).run()

    def _steered(self, wishes: DecodingOptions | None) -> Recognizer:
        if wishes is None:
            return self._recognizer
        try:
            return self._recognizer.steered(wishes)
        except S2TError as error:  # a phrase that cannot be spelt is no reason not to listen
            self._report(Noticed(str(error)))
            return self._recognizer

    def _falls_back(self, error: Exception) -> bool:
        """Go on with another recogniser where there may be a better one; returns whether there is."""
        give_back()
        if self._recognizer.device == "cpu" or self._load_on_cpu is None:
            return False
        self._recognizer = self._load_on_cpu()
        self._report(Noticed(f"The graphics processor has failed ({error}). The text is made without it from now on."))
        return True


def _not_woken(error: Exception) -> EngineMessage:
    return Noticed(f"The model could not be loaded again ({error}).")


def _not_heard(error: Exception) -> EngineMessage:
    return SessionEnded(Clock(), 0.0, error)

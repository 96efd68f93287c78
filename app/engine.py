"""The thread of live text: it loads the model once, then runs one session after another."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

import numpy as np

from app.live_stream import LiveStream
from app.memory import give_back
from app.messages import EngineMessage, ModelFailed, ModelReady, Noticed, Stream
from s2t_core.errors import S2TError
from s2t_core.streaming.mark import SessionMark
from s2t_core.types import DecodingOptions

if TYPE_CHECKING:  # torch takes seconds to import: `load` does it on the engine's thread, behind the open window
    from s2t_core.recognizer import Recognizer
    from s2t_core.session import StreamSession

logger = logging.getLogger(__name__)


class Engine(threading.Thread):
    """Runs until `shut_down`. `report` is called on this thread, once for every message."""

    def __init__(
        self,
        load: Callable[[], Recognizer],
        report: Callable[[EngineMessage], None],
        load_on_cpu: Callable[[], Recognizer] | None = None,
    ) -> None:
        """load_on_cpu: what goes on where a GPU fails."""
        super().__init__(name="engine", daemon=True)
        self.loaded: Future[Recognizer] = Future()  # for others that transcribe; its parts are never changed
        self._load = load
        self._load_on_cpu = load_on_cpu
        self._report = report
        self._streams: queue.SimpleQueue[Stream | None] = queue.SimpleQueue()

    def listen(self, stream: Stream) -> None:
        """Queue a stream; it is transcribed when the model is loaded and the streams before it are over."""
        self._streams.put(stream)

    def shut_down(self) -> None:
        """End after the streams that are queued."""
        self._streams.put(None)

    def run(self) -> None:
        try:
            self._recognizer = self._loaded()
        except Exception as error:  # thread boundary
            self.loaded.set_exception(error)
            logger.exception("the model was not loaded")
            self._report(ModelFailed(error))
            return
        self.loaded.set_result(self._recognizer)
        self._report(ModelReady(self._recognizer.name, self._recognizer.device))
        while (stream := self._streams.get()) is not None:
            self._transcribe(stream)

    def _loaded(self) -> Recognizer:
        try:
            recognizer = self._load()
            _warm_up(recognizer)
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


def _warm_up(recognizer: Recognizer) -> None:
    """The first pass allocates and compiles; it must not fall on the user's first word."""
    silence = np.zeros((100, recognizer.decoder.features.num_mel_bins), dtype=np.float32)  # a second of frames
    recognizer.decoder.finish(silence)

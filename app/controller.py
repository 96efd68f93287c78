"""The state of the program: owns source and engine, turns messages into signals for the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from app.audio.source import AudioSource
from app.engine import Engine, EngineMessage, ModelFailed, ModelReady, SessionEnded
from app.errors import sentence
from app.state import State
from s2t_core.errors import S2TError
from s2t_core.transcript import TranscriptDocument

if TYPE_CHECKING:
    from s2t_core.recognizer import Recognizer

_WATCH_MS = 250


class DictationController(QObject):
    """Lives on the GUI thread. `make_source` turns the name of an input into a source of sound."""

    state_changed = Signal(State)
    document_changed = Signal(TranscriptDocument)
    model_ready = Signal(str)
    lag_changed = Signal(int)  # whole seconds of sound that are not transcribed yet
    noticed = Signal(str)  # one line for the user: what happened, what to do
    _reported = Signal(object)  # an EngineMessage, on its way from the engine's thread to this one

    def __init__(self, load: Callable[[], Recognizer], make_source: Callable[[str], AudioSource]) -> None:
        super().__init__()
        self.state = State.IDLE
        self.document = TranscriptDocument()
        self._make_source = make_source
        self._source: AudioSource | None = None
        self._transcribed_s = 0.0  # of the running recording
        self._lag_s = 0
        self._reported.connect(self._receive)
        self._engine = Engine(load, self._reported.emit)
        self._watch = QTimer(self)
        self._watch.setInterval(_WATCH_MS)
        self._watch.timeout.connect(self._look_at_source)

    def load(self) -> None:
        """Load the model in the background."""
        self._engine.start()

    def start(self, input_name: str) -> None:
        """Begin to record; what is said before the model is ready waits for it."""
        if self.state is not State.IDLE:
            return
        source = self._make_source(input_name)
        try:
            chunks = source.start()
        except S2TError as error:
            self.noticed.emit(str(error))
            return
        self._source, self._transcribed_s = source, 0.0
        self.noticed.emit("")
        self.document = self.document.begin_session()
        self._set_state(State.ARMING)
        self._watch.start()
        self._engine.listen(chunks)

    def stop(self) -> None:
        """End the recording; the last words still come."""
        if self._source is not None and self.state in (State.ARMING, State.LISTENING):
            self._source.stop()
            self._set_state(State.DRAINING)

    def take_peak(self) -> float:
        """The loudest sample (0..1) of the running recording since the last call."""
        return self._source.take_peak() if self._source else 0.0

    def shut_down(self, wait_s: float) -> bool:
        """Stop everything and give the engine so long to end; returns whether it has."""
        self.stop()
        self._engine.shut_down()
        if self._engine.is_alive():
            self._engine.join(wait_s)
        return not self._engine.is_alive()

    def _receive(self, message: EngineMessage) -> None:
        if isinstance(message, ModelReady):
            self.model_ready.emit(f"{message.model} on {message.device}")
        elif isinstance(message, ModelFailed):
            self._end_session(State.FAILED)
            self.noticed.emit(sentence(message.error))
        elif isinstance(message, SessionEnded):
            self._end_session(State.IDLE)
            if message.error is not None:
                self.noticed.emit(sentence(message.error))
        else:
            self._transcribed_s = message.clock.audio_s
            for event in message.events:
                self.document = self.document.apply(event)
            if message.events:
                self.document_changed.emit(self.document)

    def _end_session(self, state: State) -> None:
        self._watch.stop()
        if self._source is not None:
            self._source.stop()
            self._source = None
        self._set_lag(0)
        self._set_state(state)

    def _look_at_source(self) -> None:
        """Sound has begun to arrive, the text has fallen behind it, or the source has failed."""
        if self._source is None:
            return
        self._set_lag(int(self._source.received_s() - self._transcribed_s))
        if self.state is State.DRAINING:
            return
        if self.state is State.ARMING and self._source.received_s() > 0:
            self._set_state(State.LISTENING)
        fault = self._source.fault()
        if fault:
            self.noticed.emit(fault)
            self.stop()

    def _set_lag(self, lag_s: int) -> None:
        if lag_s != self._lag_s:
            self._lag_s = lag_s
            self.lag_changed.emit(lag_s)

    def _set_state(self, state: State) -> None:
        self.state = state
        self.state_changed.emit(state)

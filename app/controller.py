"""The state of the program: owns source and engine, turns messages into signals for the window."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from app.audio.source import AudioSource, moved
from app.engine import Engine
from app.errors import sentence
from app.messages import (
    EngineMessage,
    ModelFailed,
    ModelReady,
    Noticed,
    SessionEnded,
    Stream,
    TextJournal,
    Transcribed,
)
from app.state import State
from s2t_core.errors import S2TError
from s2t_core.events import AudioLost, DocumentEvent, SegmentRetracted, TranscriptEvent
from s2t_core.transcript import TranscriptDocument, applied
from s2t_core.types import SAMPLE_RATE_HZ, AudioChunk, DecodingOptions

if TYPE_CHECKING:
    from s2t_core.recognizer import Recognizer

_WATCH_MS = 250
_SILENT_LOOKS = 8  # so often without a sample more, and the recording waits for its source


class Shaper(Protocol):
    """Writes what was recognised as the user wishes; one for every recording."""

    def push(self, event: TranscriptEvent) -> tuple[DocumentEvent, ...]: ...

    def finish(self) -> tuple[DocumentEvent, ...]: ...


class DictationController(QObject):
    """Lives on the GUI thread.

    A recording goes from `start` to `stop` and may pause in between; all of it has one time. The document goes on from
    one recording to the next until another is opened.
    """

    state_changed = Signal(State)
    document_changed = Signal(TranscriptDocument)
    retracted = Signal(TranscriptDocument, TranscriptDocument)  # before and after a segment was taken back by voice
    model_ready = Signal(str)
    recording_began = Signal(str)  # from this input
    recording_ended = Signal(bool)  # whether all of it was transcribed
    time_changed = Signal(int)  # whole seconds of this recording
    lag_changed = Signal(int)  # whole seconds of sound that are not transcribed yet
    lost_changed = Signal(float)  # seconds of sound that never arrived, in this recording
    noticed = Signal(str)  # one line for the user: what happened, what to do
    _reported = Signal(object)  # an EngineMessage, on its way from the engine's thread to this one

    def __init__(
        self,
        load: Callable[[], Recognizer],
        make_source: Callable[[str], AudioSource],
        make_shaper: Callable[[], Shaper],
        wishes: Callable[[], DecodingOptions],
        load_on_cpu: Callable[[], Recognizer] | None = None,
        rest_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """load, load_on_cpu, rest_s: the engine's; make_source turns the name of an input into a source of sound;
        make_shaper gives what writes a recording as the user wishes; wishes are asked for whenever a source is
        opened."""
        super().__init__()
        self.state = State.IDLE
        self.document = TranscriptDocument()
        self._make_source = make_source
        self._make_shaper = make_shaper
        self._wishes = wishes
        self.tap: Callable[[Iterable[AudioChunk]], Iterable[AudioChunk]] = iter  # what else hears a recording
        self.journal: TextJournal | None = None  # of the recording
        self.heard = 0  # events of the recording that are in the document
        self._is_whole = True  # nothing of the recording was left untranscribed
        self._shaper = make_shaper()
        self._source: AudioSource | None = None
        self._begun_s = 0.0  # of the recording that was over when its source was opened
        self._transcribed_s = 0.0  # of the recording
        self._lost_s = 0.0
        self._lag_s = self._time_s = 0
        self._received_s, self._silent_looks = 0.0, 0  # of the source; since when there was no more
        self._reported.connect(self._receive)
        self._engine = Engine(load, self._reported.emit, load_on_cpu, rest_s)
        self._watch = QTimer(self)
        self._watch.setInterval(_WATCH_MS)
        self._watch.timeout.connect(self._look_at_source)

    def recognizer(self) -> Future[Recognizer]:
        """The recogniser, once it is loaded, for others who transcribe."""
        return self._engine.recognizer()

    def model_state(self) -> str:
        """What the model does: loading, ready, asleep or failed."""
        return self._engine.model_state()

    def load(self) -> None:
        """Load the model in the background."""
        self._engine.start()

    def start(self, input_name: str) -> None:
        """Begin to record; what is said before the model is ready waits for it."""
        if self.state is not State.IDLE:
            return
        before = self.document, self.heard
        self._begun_s = self._transcribed_s = self._lost_s = 0.0
        self._is_whole = True
        self._shaper = self._make_shaper()
        self.document, self.heard = self.document.begin_session(), 0
        if self._listen(input_name, begins=True):
            self.lost_changed.emit(0.0)
        else:
            self.document, self.heard = before

    def pause(self) -> None:
        """Close the microphone; the words so far still come, and `resume` goes on in the same recording."""
        self._end_source(State.PAUSING)

    def resume(self, input_name: str) -> None:
        """Go on with the paused recording."""
        if self.state is State.PAUSED:
            self._begun_s = self._transcribed_s
            self._listen(input_name)

    def go_on(self, document: TranscriptDocument, heard: int, shaper: Shaper, stream: Stream) -> None:
        """Write what is left of a recording that broke off, in its document, which has so many events of it."""
        self._shaper, self.heard, self._is_whole, self._lost_s = shaper, heard, True, 0.0
        self.show(document)
        self._set_state(State.DRAINING)
        self._engine.listen(stream)

    def stop(self) -> None:
        """End the recording; the last words still come."""
        self._end_source(State.DRAINING)
        if self.state is State.PAUSED:
            self._set_state(State.IDLE)
        elif self.state is State.PAUSING:
            self._set_state(State.DRAINING)

    def show(self, document: TranscriptDocument) -> None:
        """Go on with this document: edited, reopened, or a new one."""
        self.document = document
        self.document_changed.emit(document)

    def settle(self) -> None:
        """Of a session that broke off keep what is committed: nothing more will close it."""
        self._write(self._shaper.finish())
        if self.document.open:
            self.show(self.document.without_open())

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

    def _listen(self, input_name: str, begins: bool = False) -> bool:
        self.noticed.emit("")
        try:
            source = self._make_source(input_name)
            chunks = source.start()
        except S2TError as error:
            self.noticed.emit(str(error))
            return False
        self._source = source
        if begins:
            self.recording_began.emit(input_name)
        self._received_s, self._silent_looks = 0.0, 0
        self._set_state(State.ARMING)
        self._watch.start()
        self._engine.listen(Stream(self.tap(moved(chunks, self._begun_s)), self._wishes(), self.journal))
        return True

    def _end_source(self, state: State) -> None:
        if self._source is not None and self.state.is_recording:
            self._source.stop()
            self._set_state(state)

    def _receive(self, message: EngineMessage) -> None:
        if isinstance(message, (ModelFailed, SessionEnded)) and message.error is not None:
            self._is_whole = False
        if isinstance(message, ModelReady):
            self.model_ready.emit(f"{message.model} on {message.device}")
        elif isinstance(message, ModelFailed):
            self._close_source(State.FAILED)
            self.noticed.emit(sentence(message.error))
        elif isinstance(message, Noticed):
            self.noticed.emit(message.text)
        elif isinstance(message, SessionEnded):
            self._close_source(State.PAUSED if self.state is State.PAUSING else State.IDLE)
            if message.error is not None:
                self.noticed.emit(sentence(message.error))
        else:
            self._take(message)

    def _take(self, message: Transcribed) -> None:
        self._transcribed_s = message.clock.audio_s
        self.heard += len(message.events)
        for event in message.events:
            if isinstance(event, AudioLost):
                self._lost_s += (event.end_sample - event.start_sample) / SAMPLE_RATE_HZ
                self.lost_changed.emit(self._lost_s)
        self._write([shaped for event in message.events for shaped in self._shaper.push(event)])

    def _write(self, events: Iterable[DocumentEvent]) -> None:
        first = self.document
        for event in events:
            before, self.document = self.document, applied(self.document, event)
            if isinstance(event, SegmentRetracted):
                self.retracted.emit(before, self.document)
        if self.document is not first:
            self.document_changed.emit(self.document)

    def _close_source(self, state: State) -> None:
        self.settle()
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
        recorded_s = self._begun_s + self._source.received_s()
        if int(recorded_s) != self._time_s:
            self._time_s = int(recorded_s)
            self.time_changed.emit(self._time_s)
        self._set_lag(int(recorded_s - self._transcribed_s))
        self._watch_sound(self._source.received_s())
        fault = self._source.fault() if self.state.is_recording else ""
        if fault:
            self.noticed.emit(fault)
            if recorded_s:
                self.pause()
            else:
                self.stop()

    def _watch_sound(self, received_s: float) -> None:
        """Whether the source is heard, or waited for."""
        if received_s > self._received_s:
            self._received_s, self._silent_looks = received_s, 0
            if self.state is State.ARMING:
                self._set_state(State.LISTENING)
        else:
            self._silent_looks += 1
            if self.state is State.LISTENING and self._silent_looks == _SILENT_LOOKS:
                self._set_state(State.ARMING)

    def _set_lag(self, lag_s: int) -> None:
        if lag_s != self._lag_s:
            self._lag_s = lag_s
            self.lag_changed.emit(lag_s)

    def _set_state(self, state: State) -> None:
        before, self.state = self.state, state
        if state is not before:
            self.state_changed.emit(state)
            if state in (State.IDLE, State.FAILED):
                self.recording_ended.emit(self._is_whole)

"""`dictate listen` and the demonstration: live text in the terminal, or event lines for other programs."""

from __future__ import annotations

import argparse
import contextlib
import queue
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from app.audio.devices import find_input
from app.audio.file import FileSource, duration_s
from app.audio.loopback import SystemSound
from app.audio.meeting import NAMES, MeetingSource
from app.audio.microphone import Microphone
from app.audio.source import AudioSource
from app.audio.steady import SteadyMicrophone
from app.engine import Engine
from app.errors import AudioError, WrongUse
from app.export import words_json
from app.live_lines import LiveLines
from app.messages import Clock, EngineMessage, ModelFailed, ModelReady, Noticed, SessionEnded, Stream, Transcribed
from app.terminal import note, out_json
from s2t_core.ahead import give_up
from s2t_core.events import AudioLost, SegmentClosed, TranscriptEvent
from s2t_core.recognizer import load
from s2t_core.types import DecodingOptions, samples_to_seconds

_POLL_S = 0.2
_OPENING_S = 0.02


def choose_source(options: argparse.Namespace) -> tuple[AudioSource, str]:
    """What the command hears, and what is said when it does.

    Raises WrongUse, and AudioError for a fault that can be known now, before the model takes its seconds.
    """
    if options.names and not options.meeting:
        raise WrongUse("Names are for the sides of a meeting.", "Give --meeting as well, or leave out --names.")
    if options.file is not None:
        if options.meeting:
            raise WrongUse("A file has no second side of a meeting.", "Leave out --file or --meeting.")
        duration_s(options.file)
        return FileSource(options.file, paced=options.pace == 1), f"Listening to {options.file}."
    if options.meeting:
        return _meeting(options), "Listening to the microphone and to what the computer plays; Ctrl+C ends."
    find_input(options.input)
    return SteadyMicrophone(options.input, note), "Listening. Speak; Ctrl+C ends."


def _meeting(options: argparse.Namespace) -> MeetingSource:
    own, other = options.names or NAMES
    try:
        return MeetingSource(lambda: Microphone(options.input), SystemSound, note, (own, other))
    except AudioError as error:  # of the names: nothing is opened yet
        raise WrongUse(error.what, error.remedy) from None


def listen(
    source: AudioSource,
    model: Path,
    device: str,
    show: Callable[[EngineMessage], None],
    wishes: DecodingOptions | None = None,
) -> None:
    """Transcribe `source` until it ends or the user presses Ctrl+C; the last words are still shown.

    Raises AudioError when the source fails for good, and whatever the model's loading or the session raised.
    """
    messages: queue.SimpleQueue[EngineMessage] = queue.SimpleQueue()
    on_cpu = (lambda: load(model, "cpu", wishes=wishes)) if device == "auto" else None
    engine = Engine(lambda: load(model, device, wishes=wishes), messages.put, on_cpu)
    engine.start()
    try:
        ready = messages.get()
        if isinstance(ready, ModelFailed):
            raise ready.error
        # The source starts only now: in a terminal nobody speaks before the program says that it listens.
        engine.listen(Stream(source.start()))
        with _signals_call(source.stop):
            while not source.received_s() and not source.fault() and messages.empty():
                time.sleep(_OPENING_S)  # the device is still being opened
            if source.received_s() or not source.fault():
                show(ready)
            fault = _follow(source, messages, show)
    except KeyboardInterrupt:  # while the model is loaded
        give_up()
        raise
    finally:
        source.stop()
        engine.shut_down()
        engine.join()  # torch brings the interpreter down if it ends while another thread is still inside torch
    if fault:
        *others, last = fault.splitlines()
        for one in others:
            note(f"dictate: {one}")
        raise AudioError(last)


def _follow(
    source: AudioSource, messages: queue.SimpleQueue[EngineMessage], show: Callable[[EngineMessage], None]
) -> str:
    """Show messages until the session is over; returns the source's fault, if that ended it."""
    fault = ""
    while True:
        with contextlib.suppress(queue.Empty):
            message = messages.get(timeout=_POLL_S)
            show(message)
            if isinstance(message, SessionEnded):
                if message.error is not None:
                    raise message.error
                return fault
        if not fault and (fault := source.fault()):
            source.stop()


@contextlib.contextmanager
def _signals_call(stop: Callable[[], None]) -> Iterator[None]:
    """Let Ctrl+C and a request to terminate stop the source instead of the program, which then ends in order."""
    names = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(name, lambda *_: stop()) for name in names]
    try:
        yield
    finally:
        for name, handler in zip(names, before, strict=True):
            signal.signal(name, handler)


def show_lines(lines: LiveLines, listening: str) -> Callable[[EngineMessage], None]:
    """Show messages as text for a person; `listening` is said once the model is ready."""

    def show(message: EngineMessage) -> None:
        if isinstance(message, ModelReady):
            note(listening)
        elif isinstance(message, Transcribed):
            for event in message.events:
                lines.show(event)
        elif isinstance(message, Noticed):
            note(message.text)

    return show


def show_event_lines(message: EngineMessage) -> None:
    """Write messages as the JSON lines that other programs read."""
    if isinstance(message, ModelReady):
        out_json({"type": "ready", "model": message.model, "device": message.device})
    elif isinstance(message, SessionEnded):
        if message.error is None:
            out_json({"type": "end", **_times(message.clock), "dropped_s": round(message.lost_s, 3)})
    elif isinstance(message, Transcribed):
        for event in message.events:
            out_json(_event_json(event, message.clock))
    elif isinstance(message, Noticed):
        note(message.text)


def _event_json(event: TranscriptEvent, clock: Clock) -> dict[str, Any]:
    if isinstance(event, AudioLost):
        start_s, end_s = samples_to_seconds(event.start_sample), samples_to_seconds(event.end_sample)
        return {"type": "gap", "start_s": start_s, "end_s": end_s, **_speaker(event.speaker)}
    segment = event.segment
    if isinstance(event, SegmentClosed):
        return {
            "type": "final",
            "segment": segment.id,
            **_speaker(segment.speaker),
            "text": segment.committed,
            "start_s": samples_to_seconds(segment.start_sample),
            "end_s": samples_to_seconds(segment.end_sample),
            "words": words_json(segment.words),
            **_times(clock),
        }
    return {
        "type": "partial",
        "segment": segment.id,
        **_speaker(segment.speaker),
        "committed": segment.committed,
        "tentative": segment.tentative,
        "words": words_json(segment.words),
        **_times(clock),
    }


def _speaker(name: str) -> dict[str, str]:
    """Only where there are several."""
    return {"speaker": name} if name else {}


def _times(clock: Clock) -> dict[str, float]:
    return {"audio_s": round(clock.audio_s, 3), "wall_s": round(clock.wall_s, 3)}

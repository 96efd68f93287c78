"""PulseAudio's client library, as far as it is needed: which sources there are, and the sound of one of them.

PipeWire speaks the same protocol. The library is on every desktop whose microphone works (ALSA's own plugin for the
sound server needs it), so neither a package nor a child process comes with it.
Source: the asynchronous API in freedesktop.org's PulseAudio documentation, https://freedesktop.org/software/pulseaudio/doxygen/
"""

from __future__ import annotations

import ctypes
import functools
import time
from collections.abc import Callable
from ctypes import POINTER, Structure, c_char_p, c_int, c_size_t, c_uint8, c_uint32, c_void_p
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.errors import AudioError
from s2t_core.types import SAMPLE_RATE_HZ, Samples

_READY, _FAILED, _TERMINATED = 4, 5, 6  # states of a connection
_STREAM_READY, _STREAM_FAILED = 2, 3
_RUNNING = 0  # state of an operation
_NO_AUTOSPAWN = 1
_FLOAT32LE = 5
_ADJUST_LATENCY = 0x2000
_SINKS_SOURCES_SERVER = 0x01 | 0x02 | 0x80
_NO_SINK = 0xFFFFFFFF
_ANSWER_S = 3.0  # a server that runs answers in milliseconds
_FRAGMENT_S = 0.02
_REMEDY = "Check that PulseAudio or PipeWire's pulse server runs: pactl info"


class _SampleSpec(Structure):
    _fields_ = (("format", c_int), ("rate", c_uint32), ("channels", c_uint8))


class _ServerInfo(Structure):
    _fields_ = (
        ("user_name", c_char_p),
        ("host_name", c_char_p),
        ("server_version", c_char_p),
        ("server_name", c_char_p),
        ("sample_spec", _SampleSpec),
        ("default_sink_name", c_char_p),
        ("default_source_name", c_char_p),
    )  # more follows


class _SourceInfo(Structure):
    _fields_ = (
        ("name", c_char_p),
        ("index", c_uint32),
        ("description", c_char_p),
        ("sample_spec", _SampleSpec),
        ("map_channels", c_uint8),
        ("map", c_int * 32),
        ("owner_module", c_uint32),
        ("volume_channels", c_uint8),
        ("volumes", c_uint32 * 32),
        ("mute", c_int),
        ("monitor_of_sink", c_uint32),
    )  # more follows


class _BufferAttributes(Structure):
    _fields_ = tuple((name, c_uint32) for name in ("maxlength", "tlength", "prebuf", "minreq", "fragsize"))


_ON_SERVER = ctypes.CFUNCTYPE(None, c_void_p, POINTER(_ServerInfo), c_void_p)
_ON_SOURCE = ctypes.CFUNCTYPE(None, c_void_p, POINTER(_SourceInfo), c_int, c_void_p)
_ON_CHANGE = ctypes.CFUNCTYPE(None, c_void_p, c_int, c_uint32, c_void_p)
_NAMES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "pa_mainloop_new": (c_void_p, ()),
    "pa_mainloop_free": (None, (c_void_p,)),
    "pa_mainloop_get_api": (c_void_p, (c_void_p,)),
    "pa_mainloop_prepare": (c_int, (c_void_p, c_int)),
    "pa_mainloop_poll": (c_int, (c_void_p,)),
    "pa_mainloop_dispatch": (c_int, (c_void_p,)),
    "pa_context_new": (c_void_p, (c_void_p, c_char_p)),
    "pa_context_connect": (c_int, (c_void_p, c_char_p, c_int, c_void_p)),
    "pa_context_get_state": (c_int, (c_void_p,)),
    "pa_context_errno": (c_int, (c_void_p,)),
    "pa_context_disconnect": (None, (c_void_p,)),
    "pa_context_unref": (None, (c_void_p,)),
    "pa_context_get_server_info": (c_void_p, (c_void_p, _ON_SERVER, c_void_p)),
    "pa_context_get_source_info_list": (c_void_p, (c_void_p, _ON_SOURCE, c_void_p)),
    "pa_context_subscribe": (c_void_p, (c_void_p, c_int, c_void_p, c_void_p)),
    "pa_context_set_subscribe_callback": (None, (c_void_p, _ON_CHANGE, c_void_p)),
    "pa_operation_get_state": (c_int, (c_void_p,)),
    "pa_operation_cancel": (None, (c_void_p,)),
    "pa_operation_unref": (None, (c_void_p,)),
    "pa_strerror": (c_char_p, (c_int,)),
    "pa_stream_new": (c_void_p, (c_void_p, c_char_p, POINTER(_SampleSpec), c_void_p)),
    "pa_stream_connect_record": (c_int, (c_void_p, c_char_p, POINTER(_BufferAttributes), c_int)),
    "pa_stream_get_state": (c_int, (c_void_p,)),
    "pa_stream_peek": (c_int, (c_void_p, POINTER(c_void_p), POINTER(c_size_t))),
    "pa_stream_drop": (c_int, (c_void_p,)),
    "pa_stream_disconnect": (c_int, (c_void_p,)),
    "pa_stream_unref": (None, (c_void_p,)),
}


@dataclass(frozen=True, slots=True)
class PulseSource:
    """Something of the sound server that can be recorded; a monitor gives the sound of a loudspeaker."""

    name: str
    description: str
    is_monitor: bool
    is_default: bool


@functools.cache
def _library() -> Any:
    """Raises AudioError where the library is missing."""
    try:
        library = ctypes.CDLL("libpulse.so.0")
    except OSError as error:
        remedy = "Install it with: sudo apt install libpulse0"
        raise AudioError(f"PulseAudio's client library is missing ({error}).", remedy) from None
    for name, (result, arguments) in _NAMES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


class PulseConnection:
    """A connection to the sound server. One thread at a time may use it; it runs only while a method runs."""

    def __init__(self) -> None:
        """Raises AudioError when no server answers."""
        self._pulse = _library()
        self._changed = True
        self._stream: int | None = None
        self._loop = self._pulse.pa_mainloop_new()
        self._context = self._pulse.pa_context_new(self._pulse.pa_mainloop_get_api(self._loop), b"dictate")
        self._on_change = _ON_CHANGE(self._note_change)  # held: the library calls it as long as it is connected
        try:
            self._pulse.pa_context_connect(self._context, None, _NO_AUTOSPAWN, None)
            self._until(lambda: self._pulse.pa_context_get_state(self._context) == _READY)
            self._pulse.pa_context_set_subscribe_callback(self._context, self._on_change, None)
            self._ask(self._pulse.pa_context_subscribe(self._context, _SINKS_SOURCES_SERVER, None, None))
        except AudioError:
            self.close()
            raise

    def wait(self, wait_s: float) -> bool:
        """Let the server's messages in, for at most so long; returns whether there was anything to do, and there may
        be more. Raises AudioError when the server has gone."""
        loop, done = self._loop, 0
        if self._pulse.pa_mainloop_prepare(loop, int(wait_s * 1e6)) >= 0 and self._pulse.pa_mainloop_poll(loop) >= 0:
            done = self._pulse.pa_mainloop_dispatch(loop)
        state = self._pulse.pa_context_get_state(self._context)
        if state in (_FAILED, _TERMINATED):
            reason = self._pulse.pa_strerror(self._pulse.pa_context_errno(self._context)).decode(errors="replace")
            raise AudioError(f"The sound server does not answer ({reason}).", _REMEDY)
        return bool(done > 0)

    def take_changed(self) -> bool:
        """Whether devices or defaults have changed since the last call; true at first."""
        changed, self._changed = self._changed, False
        return changed

    def defaults(self) -> tuple[str, str]:
        """The names of the default sink and source, empty where there is none. Raises AudioError."""
        found = ["", ""]

        def receive(_: Any, info: Any, __: Any) -> None:
            found[:] = [_text(info.contents.default_sink_name), _text(info.contents.default_source_name)]

        callback = _ON_SERVER(receive)
        self._ask(self._pulse.pa_context_get_server_info(self._context, callback, None))
        return found[0], found[1]

    def sources(self) -> tuple[PulseSource, ...]:
        """All sources, monitors among them. Raises AudioError."""
        found: list[PulseSource] = []
        default = self.defaults()[1]

        def receive(_: Any, info: Any, end: int, __: Any) -> None:
            if not end:
                one, name = info.contents, _text(info.contents.name)
                monitor = one.monitor_of_sink != _NO_SINK
                found.append(PulseSource(name, _text(one.description), monitor, name == default))

        callback = _ON_SOURCE(receive)
        self._ask(self._pulse.pa_context_get_source_info_list(self._context, callback, None))
        return tuple(found)

    def record(self, source: str) -> None:
        """Begin to record a source at 16 kHz, mono, in the place of what was recorded before. Raises AudioError."""
        self._end_stream()
        spec = _SampleSpec(_FLOAT32LE, SAMPLE_RATE_HZ, 1)
        self._stream = self._pulse.pa_stream_new(self._context, b"system audio", spec, None)
        if self._stream is None:
            raise AudioError("The sound server refuses a recording.", _REMEDY)
        any_size = 0xFFFFFFFF
        fragment = int(_FRAGMENT_S * SAMPLE_RATE_HZ) * 4
        wishes = _BufferAttributes(any_size, any_size, any_size, any_size, fragment)
        self._pulse.pa_stream_connect_record(self._stream, source.encode(), wishes, _ADJUST_LATENCY)
        self._until(lambda: self._pulse.pa_stream_get_state(self._stream) >= _STREAM_READY)
        if not self.is_recording:
            raise AudioError(f"The sound of {source} cannot be recorded.", _REMEDY)

    @property
    def is_recording(self) -> bool:
        """Whether the recorded source is still there."""
        return self._stream is not None and self._pulse.pa_stream_get_state(self._stream) == _STREAM_READY

    def read(self) -> Samples:
        """What has arrived of the recording, (n,); nothing while the source sleeps."""
        parts: list[Samples] = []
        data, size = c_void_p(), c_size_t()
        while self.is_recording:
            if self._pulse.pa_stream_peek(self._stream, data, size) < 0 or not size.value:
                break
            count = size.value // 4
            if data.value is None:  # a hole
                parts.append(np.zeros(count, np.float32))
            else:
                parts.append(np.frombuffer(ctypes.string_at(data.value, count * 4), "<f4"))
            self._pulse.pa_stream_drop(self._stream)
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def close(self) -> None:
        """Leave the server; the connection is spent."""
        self._end_stream()
        self._pulse.pa_context_disconnect(self._context)
        self._pulse.pa_context_unref(self._context)
        self._pulse.pa_mainloop_free(self._loop)

    def _end_stream(self) -> None:
        if self._stream is not None:
            self._pulse.pa_stream_disconnect(self._stream)
            self._pulse.pa_stream_unref(self._stream)
            self._stream = None

    def _ask(self, operation: int | None) -> None:
        """Wait for an answer."""
        if operation is None:
            raise AudioError("The sound server refuses to answer.", _REMEDY)
        try:
            self._until(lambda: self._pulse.pa_operation_get_state(operation) != _RUNNING)
        finally:
            self._pulse.pa_operation_cancel(operation)  # a late answer must not find its receiver gone
            self._pulse.pa_operation_unref(operation)

    def _until(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _ANSWER_S
        while not done():
            if time.monotonic() > deadline:
                raise AudioError("The sound server does not answer in time.", _REMEDY)
            self.wait(0.1)

    def _note_change(self, *_: Any) -> None:
        self._changed = True


def _text(value: bytes | None) -> str:
    return value.decode(errors="replace") if value else ""

"""`dictate doctor`: what works here and what does not, each fault with its remedy."""

from __future__ import annotations

import importlib.metadata
import platform
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from app.audio.devices import find_input, list_inputs
from app.audio.file import read_chunks
from app.display import display_fault
from app.errors import AppError
from app.finding import Finding
from app.hotkey.platform import make_hotkeys
from app.output.platform import ways
from app.paths import log_file, sample_audio
from s2t_core.errors import S2TError
from s2t_core.features.fbank import backend
from s2t_core.recognizer import load


def examine(model: Path, device: str) -> Iterator[Finding]:
    """Run one check after the other; none of them raises."""
    checks: dict[str, Callable[[], str]] = {
        "versions": _versions,
        "features": lambda: backend()[0],
        "model": lambda: _model(model, device),
        "microphone": _microphone,
        "display": _display,
        "global keys": _global_keys,
        "insertion": _insertion,
        "log": lambda: str(log_file()),
    }
    return (_run(name, check) for name, check in checks.items())


def _run(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, check())
    except S2TError as error:
        return Finding(name, False, str(error))


def _versions() -> str:
    names = ("dictate", "torch", "PySide6-Essentials", "sounddevice", "kaldi-native-fbank", "sentencepiece")
    found = []
    for name in names:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            found.append(f"{name} not installed")
    return f"Python {platform.python_version()}, {', '.join(found)}, {platform.platform()}"


def _model(folder: Path, device: str) -> str:
    """Load it and transcribe the bundled sample."""
    began = time.monotonic()
    recognizer = load(folder, device)
    loaded_s = time.monotonic() - began
    session = recognizer.open_session(partials=False)
    began, words, seconds = time.monotonic(), 0, 0.0
    for chunk in read_chunks(sample_audio(), block_s=1.0):
        words += sum(len(event.segment.words) for event in session.push(chunk) if hasattr(event, "segment"))
        seconds = (chunk.start + len(chunk.samples)) / chunk.rate
    words += sum(len(event.segment.words) for event in session.finish() if hasattr(event, "segment"))
    if not words:
        raise AppError(f"{recognizer.name} hears nothing in the sample.", "Install the program again.")
    share = (time.monotonic() - began) / seconds
    return (
        f"{recognizer.name} on {recognizer.device} in {recognizer.precision}, loaded in {loaded_s:.1f} s; "
        f"{words} words of {seconds:.1f} s of the sample at {share:.2f} of real time"
    )


def _microphone() -> str:
    chosen = find_input(None)
    return f"{chosen.name} ({len(list_inputs())} input devices)"


def _display() -> str:
    fault = display_fault()
    if fault:
        raise AppError(fault)
    return "a window can open"


def _global_keys() -> str:
    hotkeys = make_hotkeys()
    try:
        fault = hotkeys.fault()
        if fault:
            raise AppError(f"{hotkeys.name}: {fault}")
        return hotkeys.name
    finally:
        hotkeys.close()


def _insertion() -> str:
    """Each way of inserting text into other windows examines itself."""
    found = ways()
    try:
        faults = {way.name: way.fault() for way in found}
    finally:
        for way in found:
            way.close()
    if all(fault for name, fault in faults.items() if name != "copy"):
        raise AppError("Text cannot be put into other windows.", " ".join(dict.fromkeys(filter(None, faults.values()))))
    return "; ".join(f"{name}: {fault or 'works'}" for name, fault in faults.items())

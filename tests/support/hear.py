"""Hears the microphone as the program does and tells of it on stdout (one JSON object a line), without a model.

usage: hear.py [NAME]; ends with the first line on stdin:
    {"start": n, "length": n, "tone": Hz, "at": s}   a chunk at 16 kHz, the loudest tone at its end, and the clock
    {"news": "...", "at": s}                         what the user would be told
"""

from __future__ import annotations

import json
import sys
import threading
import time

import numpy as np

from app.audio.clock import now_s
from app.audio.steady import SteadyMicrophone

_TONE = 4000  # samples


def tell(**values) -> None:
    sys.stdout.write(json.dumps(values | {"at": round(now_s(), 3)}) + "\n")  # at once: two threads tell
    sys.stdout.flush()


def tone_of(samples: np.ndarray) -> float:
    if len(samples) < _TONE or np.abs(samples).max() < 0.01:
        return 0.0
    spectrum = np.abs(np.fft.rfft(samples[-_TONE:] * np.hanning(_TONE), 8 * _TONE))
    return float(np.argmax(spectrum)) * 16000 / (8 * _TONE)


def watch(source: SteadyMicrophone) -> None:
    stopped = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), stopped.set()), daemon=True).start()
    while not stopped.wait(0.2):
        if fault := source.fault():
            tell(news=fault)
            break
    source.stop()


source = SteadyMicrophone(sys.argv[1] if len(sys.argv) > 1 else None, lambda text: tell(news=text))
chunks = source.start()
threading.Thread(target=watch, args=(source,), daemon=True).start()
recent, end = np.zeros(0, np.float32), 0
for chunk in chunks:
    recent = np.concatenate([recent if chunk.start == end else recent[:0], chunk.samples])[-_TONE:]
    end = chunk.start + len(chunk.samples)
    tell(start=chunk.start, length=len(chunk.samples), tone=round(tone_of(recent), 1))
    time.sleep(0.05)

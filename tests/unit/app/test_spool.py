"""Sound is kept as it comes, however slow its reader is, and the reader gets all of it in order."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from app import spool
from app.errors import AudioError
from app.spool import Spool
from s2t_core.types import AudioChunk


def block(number, speaker="", value=0.5):
    return AudioChunk(np.full(160, value, np.float32), 16000, number * 160, speaker)


def spooled(chunks, keep=lambda chunk: None):
    made = Spool(chunks, keep)
    made.start()
    return made


def test_all_is_kept_while_the_reader_sleeps_and_then_read_at_once():
    kept, over = [], threading.Event()

    def source():
        yield from map(block, range(50))
        over.set()

    made = spooled(source(), kept.append)
    assert over.wait(5) and len(kept) == 50
    made.join()
    (whole,) = made
    assert len(whole.samples) == 50 * 160 and whole.start == 0


def test_a_reader_that_is_far_behind_gets_half_a_minute_at_a_time():
    made = spooled([AudioChunk(np.zeros(16000, np.float32), 16000, second * 16000) for second in range(70)])
    made.join()
    assert [len(chunk.samples) // 16000 for chunk in made] == [31, 31, 8]


def test_channels_are_joined_each_for_itself_and_a_gap_divides():
    mixed = [block(0, "Me"), block(0, "Others"), block(1, "Me"), block(5, "Me"), block(1, "Others")]
    made = spooled(mixed)
    made.join()
    assert [(one.speaker, one.start, len(one.samples)) for one in made] == [
        ("Me", 0, 320), ("Me", 800, 160), ("Others", 0, 320)
    ]  # fmt: skip


def test_what_the_source_raises_comes_behind_its_sound():
    def source():
        yield block(0)
        raise AudioError("It broke.", "Mend it.")

    made = spooled(source())
    made.join()
    chunks = iter(made)
    assert next(chunks).start == 0
    with pytest.raises(AudioError, match="It broke"):
        next(chunks)


def test_samples_that_are_no_numbers_are_left_out_with_their_place():
    kept = []
    made = spooled([block(0), block(1, value=np.nan), block(2)], kept.append)
    made.join()
    assert [chunk.start for chunk in made] == [0, 320] and len(kept) == 2


def test_memory_has_an_end_and_what_is_on_disk_has_none(monkeypatch):
    monkeypatch.setattr(spool, "_CAPACITY_S", 0.05)
    kept = []
    made = spooled(map(block, range(20)), kept.append)
    made.join()
    assert len(kept) == 20 and sum(len(chunk.samples) for chunk in made) == 5 * 160

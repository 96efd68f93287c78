"""The texts of many recordings, the longest first: on a GPU in batches of about one length, on a CPU side by side."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import torch
from torch import Tensor

from s2t_core.decoding.reading import DecodedText
from s2t_core.decoding.segment import SegmentDecoder
from s2t_core.features.bank import features_batch
from s2t_core.features.fbank import WINDOW_SAMPLES, frame_count
from s2t_core.model.int8 import is_int8
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration
from s2t_core.model.subsampler import settled_frames
from s2t_core.types import Samples

_LEAST_FRAMES, _MOST_FRAMES = 4_096, 64_000  # in work at once; larger batches are hardly faster
_BYTES_PER_FRAME = 1 << 18  # of the lanes of all sizes, of what goes on in them, and as much again


@dataclass(frozen=True, slots=True)
class _Batch:
    """Recordings of about one length: their places in the list, and their samples (batch, n) with zeros behind."""

    places: list[int]
    samples: Tensor
    lengths: list[int]


def hear_many(
    decoder: SegmentDecoder, clips: Sequence[Samples], batch_frames: int, read: bool = True
) -> Iterator[tuple[int, DecodedText]]:
    """The text of every recording at 16 kHz and its place in the list, each decoded in one piece as
    `SegmentDecoder.hear` does, in the order in which they are done.

    batch_frames  feature frames, padding included, that are in work at once
    read          False: words are not placed
    """
    counts = [frame_count(len(clip)) for clip in clips]
    groups = list(_groups(counts, batch_frames, decoder))
    in_batches = set(itertools.chain(*groups))
    alone = sorted(set(range(len(clips))) - in_batches, key=lambda place: -counts[place])
    with ThreadPoolExecutor(side_by_side(decoder.model)) as beside:
        yield from zip(alone, beside.map(decoder.hear, [clips[place] for place in alone]), strict=True)
    pinned = decoder.model.device.type == "cuda"
    with ThreadPoolExecutor(1) as beside:  # copies the next batch together while the device works
        waiting = [beside.submit(_batch, clips, group, pinned) for group in groups[:1]]
        for number in range(len(groups)):
            batch = waiting.pop().result()
            if number + 1 < len(groups):
                waiting.append(beside.submit(_batch, clips, groups[number + 1], pinned))
            yield from zip(batch.places, _hear(decoder, batch, read), strict=True)


def side_by_side(model: Speech2TextForConditionalGeneration) -> int:
    """Recordings that are heard at once, each on a core: compiled code needs no lock of the interpreter."""
    if not is_int8(model):
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def batch_frames(device: torch.device) -> int:
    """Feature frames that may be in work at once, as far as memory is free on the device."""
    if device.type != "cuda":
        return _LEAST_FRAMES
    free, _ = torch.cuda.mem_get_info(device)
    return max(_LEAST_FRAMES, min(_MOST_FRAMES, free // _BYTES_PER_FRAME))


def _groups(frames: Sequence[int], batch_frames: int, decoder: SegmentDecoder) -> Iterator[list[int]]:
    """Places of recordings that go together; those that lanes do not hold are in none."""
    heard = [
        place
        for place, count in enumerate(frames)
        if settled_frames(count, decoder.model.config) and decoder.in_lanes(count)
    ]
    heard.sort(key=lambda place: -frames[place])
    while heard:
        most = max(1, batch_frames // frames[heard[0]])
        count = min(len(heard), 1 << (most.bit_length() - 1))  # lanes have room for powers of two
        yield heard[:count]
        del heard[:count]


def _batch(clips: Sequence[Samples], places: list[int], pinned: bool) -> _Batch:
    lengths = [len(clips[place]) for place in places]
    samples = torch.zeros(len(places), max(*lengths, WINDOW_SAMPLES), pin_memory=pinned)
    for row, place in zip(samples, places, strict=True):
        row[: len(clips[place])] = torch.from_numpy(clips[place])
    return _Batch(places, samples, lengths)


@torch.inference_mode()
def _hear(decoder: SegmentDecoder, batch: _Batch, read: bool) -> list[DecodedText]:
    device, lengths = decoder.model.device, torch.tensor(batch.lengths)
    features, _ = features_batch(
        batch.samples.to(device, non_blocking=True), lengths.to(device, non_blocking=True), decoder.features
    )
    return decoder.finish_many(features, [frame_count(length) for length in batch.lengths], read)

"""The texts of many recordings: in batches of about one length, the longest first, features computed on the device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import torch
from torch import Tensor

from s2t_core.decoding.guards import token_limit
from s2t_core.decoding.lanes import Lanes
from s2t_core.decoding.segment import FEATURE_FRAMES_PER_SECOND, SegmentDecoder
from s2t_core.features.bank import features_batch
from s2t_core.features.fbank import WINDOW_SAMPLES, frame_count
from s2t_core.model.subsampler import settled_frames
from s2t_core.types import Samples


@dataclass(frozen=True, slots=True)
class _Batch:
    """Recordings of about one length: their places in the list, and their samples (batch, n) with zeros behind."""

    places: list[int]
    samples: Tensor
    lengths: list[int]


@torch.inference_mode()
def hear_many(
    decoder: SegmentDecoder, lanes: Lanes, clips: Sequence[Samples], batch_frames: int
) -> list[tuple[int, ...]]:
    """The tokens of every recording at 16 kHz, each decoded in one piece as `SegmentDecoder.finish` does.

    batch_frames  feature frames, padding included, that are in work at once
    """
    tokens: list[tuple[int, ...]] = [()] * len(clips)
    groups = list(_groups([frame_count(len(clip)) for clip in clips], batch_frames, decoder))
    pinned = decoder.model.device.type == "cuda"
    with ThreadPoolExecutor(1) as beside:  # copies the next batch together while the device works
        waiting: Future[_Batch] | None = None
        for number, group in enumerate(groups):
            batch = _batch(clips, group, pinned) if waiting is None else waiting.result()
            if number + 1 < len(groups):
                waiting = beside.submit(_batch, clips, groups[number + 1], pinned)
            for place, found in zip(batch.places, _hear(decoder, lanes, batch), strict=True):
                tokens[place] = found
    return tokens


def _groups(frames: Sequence[int], batch_frames: int, decoder: SegmentDecoder) -> Iterator[list[int]]:
    """Places of recordings that go together; those too short for a single encoder frame are in none."""
    heard = [place for place, count in enumerate(frames) if settled_frames(count, decoder.model.config)]
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


def _hear(decoder: SegmentDecoder, lanes: Lanes, batch: _Batch) -> list[tuple[int, ...]]:
    device = decoder.model.device
    lengths = torch.tensor(batch.lengths)
    features, _ = features_batch(
        batch.samples.to(device, non_blocking=True), lengths.to(device, non_blocking=True), decoder.features
    )
    counts = [frame_count(length) for length in batch.lengths]
    limits = [min(token_limit(n / FEATURE_FRAMES_PER_SECOND), decoder.search.max_new_tokens) for n in counts]
    found = lanes.hear(features, counts, limits, decoder.prefix)
    return [decoder.whole((), best[0].tokens if best else ()) for best in found]

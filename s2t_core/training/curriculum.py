"""The order of lessons, and what is kept on disk between them: a run that was stopped goes on where it was."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from s2t_core.decoding.segment import SegmentDecoder
from s2t_core.errors import CheckpointError
from s2t_core.manifest import Utterance
from s2t_core.tokenizer import Tokenizer
from s2t_core.training.augment import Surroundings
from s2t_core.training.distil_encoder import Report, encode_clips, random_chunk
from s2t_core.training.examples import ExampleConfig, examples, joined_texts
from s2t_core.training.lessons import Lesson, Listener, Read, Window, windows
from s2t_core.training.text_loss import EncodedExample

_BATCH = 6  # windows that the teacher hears at once
_TRUST = 0.9  # in its opinion of what it has heard itself


def listen_once(listener: Listener, utterances: Sequence[Utterance], folder: Path, report: Report) -> None:
    """Have the teacher hear all windows of the utterances; those whose file is in `folder` already are left out."""
    folder.mkdir(parents=True, exist_ok=True)
    planned = windows(utterances)
    for first in range(0, len(planned), _BATCH):
        path = folder / f"{first:06d}.pt"
        if not path.exists():
            heard = list(listener.listen(planned[first : first + _BATCH]))
            part = path.with_suffix(".part")
            torch.save(heard, part)
            part.replace(path)
        done = min(first + _BATCH, len(planned))
        report(done / len(planned), f"{done} of {len(planned)} windows")


def read_windows(folder: Path) -> list[Window]:
    """All windows the teacher has heard. Raises CheckpointError for a file that was not written by `listen_once`."""
    torch.serialization.add_safe_globals([Window, Lesson, type(Path())])
    found: list[Window] = []
    for path in sorted(folder.glob("*.pt")):
        try:
            found += torch.load(path, weights_only=True)
        except Exception as error:
            raise CheckpointError(f"{path} cannot be read ({type(error).__name__}).", "Remove it.") from None
    return found


def as_heard(heard: Sequence[Window], tokenizer: Tokenizer) -> list[EncodedExample]:
    """The windows as the teacher encoded and wrote them: where its opinion holds word for word."""
    found = []
    for window in heard:
        if window.hidden is None or not window.is_written:
            continue
        ids, opinion = joined_texts(window.lessons, window.texts, tokenizer)
        if opinion is not None:
            found.append(EncodedExample(window.hidden, ids, opinion, _TRUST))
    return found


@torch.inference_mode()
def encoded_examples(
    pupil: SegmentDecoder,
    heard: Sequence[Window],
    read: Read,
    around: Surroundings,
    rng: np.random.Generator,
    report: Report,
) -> list[EncodedExample]:
    """One round over the lessons, changed at random and encoded by the pupil, whole or in chunks."""
    groups = [window.lessons for window in heard]
    lessons = sum(len(group) for group in groups)
    taught = []
    for one in examples(groups, read, pupil.tokenizer, around, ExampleConfig(), rng):
        encoded = encode_clips(pupil.model.model.encoder, [one.samples], pupil.features, random_chunk(rng))
        taught.append(EncodedExample(encoded.values[0].half(), one.ids))
        report(min(1.0, len(taught) / lessons), f"{len(taught)} examples")
    return taught

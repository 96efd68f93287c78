"""`dictate train finetune`: the checkpoint in the box, adapted to one speaker's corrected recordings; can be undone."""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import AppError
from app.evaluate import check_recordings
from app.paths import embedded_model, personal_model
from app.private_files import narrow_tree, private_folder
from app.terminal import note, out
from app.train import SETTINGS, VOCABULARY, copy_files, progress, read_recording

if TYPE_CHECKING:
    from s2t_core.manifest import Utterance
    from s2t_core.recognizer import Recognizer
    from s2t_core.training.examples import Example

FEWEST = 8  # recordings: two of them are kept apart to judge by
_LONGEST_S = 30.0


def add_finetune(actions: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Declare the command below `dictate train`."""
    command = actions.add_parser("finetune", help="adapt the checkpoint in the box to your voice", parents=[common])
    what = command.add_mutually_exclusive_group(required=True)
    what.add_argument("manifest", nargs="?", type=Path, metavar="MANIFEST", help="your recordings and their right text")
    what.add_argument("--undo", action="store_true", help="go back to the checkpoint in the box")
    command.add_argument("--audio", type=Path, metavar="DIR", help="where the paths begin; default: at the manifest")
    command.add_argument("--minutes", type=float, default=4.0, metavar="M", help="of training; default: 4")
    command.set_defaults(run=run_finetune)


def run_finetune(options: argparse.Namespace) -> int:
    """Adapt, judge on recordings kept apart, and keep only what helps; returns 0 when it did or was undone."""
    if options.undo:
        return _undo()
    from s2t_core.manifest import read_manifest
    from s2t_core.model.checkpoint import save_model
    from s2t_core.recognizer import load
    from s2t_core.training.finetune import FinetuneStage, Verdict, finetune, keep_what_helps, split

    utterances = read_manifest(options.manifest, options.audio)
    check_recordings(utterances)
    recognizer = load(embedded_model(), "cpu", precision="float32")
    examples, texts = _examples(options.manifest, utterances, recognizer)
    learnt, judged = split(examples)
    _, right = split(texts)
    model = recognizer.decoder.model
    before = {name: weight.detach().clone() for name, weight in model.state_dict().items()}
    before_rate = error_rate(recognizer, judged, right)
    with progress("fine-tuning") as report:
        finetune(model, learnt, recognizer.decoder.features, FinetuneStage(options.minutes), report)
    verdict: Verdict = keep_what_helps(model, before, lambda: error_rate(recognizer, judged, right), before_rate)
    said = f"word errors on {len(judged)} recordings kept apart: {verdict.before:.1%} before, {verdict.after:.1%} after"
    if not verdict.kept:
        note(f"Nothing was changed: {said}. More recordings, or more exact texts, may help.")
        return 1
    folder = personal_model()
    fresh = folder.with_name("personal.new")
    shutil.rmtree(fresh, ignore_errors=True)
    private_folder(fresh)
    copy_files(embedded_model(), fresh, (*SETTINGS, *VOCABULARY, "ctc.safetensors", "LICENSE.txt"))
    save_model(model, fresh)  # as it was judged: packing would round away part of what was learnt
    origin = {"before": verdict.before, "after": verdict.after, "recordings": len(examples), "kept": verdict.kept}
    (fresh / "personal.json").write_text(json.dumps(origin) + "\n", encoding="utf-8")
    narrow_tree(fresh)
    shutil.rmtree(folder, ignore_errors=True)
    fresh.replace(folder)
    out(f"Adapted; {said}. It is used from now on; `dictate train finetune --undo` goes back.")
    return 0


def error_rate(recognizer: Recognizer, examples: Sequence[Example], texts: Sequence[str]) -> float:
    """Word error rate of the examples against their texts, case and marks left out."""
    from s2t_core.metrics import Errors, plain, word_errors

    found = Errors()
    for example, text in zip(examples, texts, strict=True):
        written = recognizer.decoder.hear(example.samples).text
        found += word_errors(plain(text), plain(written))
    return found.total / max(found.reference, 1)


def _examples(
    manifest: Path, utterances: Sequence[Utterance], recognizer: Recognizer
) -> tuple[list[Example], list[str]]:
    """The recordings that can be learnt from, with their texts. Raises AppError when there are too few."""
    from s2t_core.training.examples import Example
    from s2t_core.training.labels import known_text, sentence

    examples, texts = [], []
    for one in utterances:
        text = known_text(one) or sentence(one.transcript)
        samples = read_recording(one.path)
        if text and 0.3 < len(samples) / 16000 <= _LONGEST_S:
            examples.append(Example(samples, tuple(recognizer.decoder.tokenizer.encode(text)[:-1])))
            texts.append(text)
    if len(examples) < FEWEST:
        has = f"{len(examples)} recordings of at most {_LONGEST_S:.0f} s with a text"
        raise AppError(f"{manifest} has {has}; {FEWEST} are needed.", "Add more.")
    return examples, texts


def _undo() -> int:
    folder = personal_model()
    if not folder.exists():
        note("There is no personal checkpoint; the one in the box is in use.")
        return 0
    shutil.rmtree(folder)
    out("The checkpoint in the box is in use again.")
    return 0

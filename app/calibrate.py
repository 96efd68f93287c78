"""`dictate train calibrate`: a checkpoint is told how sure it may be of its words, and where live words lie."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.errors import AppError
from app.evaluate import add_recordings, check_recordings, read_utterances
from app.terminal import note, out

if TYPE_CHECKING:
    from s2t_core.calibration import Judged
    from s2t_core.recognizer import Recognizer


def add_calibrate(
    actions: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser
) -> None:
    """Declare the command; `common` brings --debug."""
    calibrate = actions.add_parser(
        "calibrate", help="make a checkpoint's confidence and live word times right", parents=[common]
    )
    calibrate.add_argument("model", type=Path, metavar="MODEL", help="the checkpoint; two of its files are written")
    add_recordings(calibrate)
    calibrate.set_defaults(run=run_calibrate)


def run_calibrate(options: argparse.Namespace) -> int:
    """Hear the recordings, fit, print how far confidence is off without a scaling and with it, and write the files.

    "Scaled" was fitted on every other recording and measured on the rest. If that helps, one that is fitted on all of
    them is written; if not, the model's own certainty is the better confidence. Returns 0.
    """
    from app.figures import markdown, percent
    from s2t_core.calibration import calibration_error, fit_confidence

    utterances = [one for one in read_utterances(options.manifests, options.audio, options.limit) if one.transcript]
    if len(utterances) < 2:
        raise AppError("That takes at least two recordings with speech.", "Name a manifest with transcripts.")
    check_recordings(utterances)
    recognizer = _plain(options.model)
    judged, reach = _hear(recognizer, utterances)
    half = fit_confidence([one for words in judged[::2] for one in words])
    rest = [one for words in judged[1::2] for one in words]
    scaled = [(half.apply(value), right) for value, right in rest]
    errors = [calibration_error(words) or 0.0 for words in (rest, scaled)]
    out(markdown(("confidence", "error %"), [["as it is", percent(errors[0])], ["scaled", percent(errors[1])]]))
    if errors[1] < errors[0]:
        _write(options.model / "confidence.json", asdict(fit_confidence([one for words in judged for one in words])))
    else:
        _write(options.model / "confidence.json", None)
    start_ms, end_ms = reach
    heads = [list(pair) for pair in recognizer.decoder.alignment.heads]
    _write(options.model / "alignment.json", {"heads": heads, "word_start_ms": start_ms, "word_end_ms": end_ms})
    note(f"{sum(map(len, judged))} words of {len(utterances)} recordings -> {options.model}")
    return 0


def _plain(model: Path) -> Recognizer:
    """The recogniser without any scaling of its confidence."""
    from dataclasses import replace

    from s2t_core.config import ConfidenceConfig
    from s2t_core.recognizer import load

    recognizer = load(model)
    return replace(recognizer, decoder=replace(recognizer.decoder, confidence=ConfidenceConfig()))


def _hear(recognizer: Recognizer, utterances: Sequence[Any]) -> tuple[list[list[Judged]], tuple[int, int]]:
    """The judged words of every recording, and how far words reach around what is attended to."""
    from tqdm import tqdm

    from app.audio.file import read_chunks
    from app.evaluate import joined
    from s2t_core.calibration import judged_words
    from s2t_core.metrics import plain
    from s2t_core.training.calibrate import fit_reach

    decoder, judged, texts = recognizer.decoder, [], []
    for one in tqdm(utterances, desc="hearing", disable=not sys.stderr.isatty(), leave=False):
        heard = decoder.hear(joined(list(read_chunks(one.path, block_s=1.0))))
        stated = [(word.text, word.confidence) for word in heard.words]
        judged.append(judged_words(plain(one.transcript).split(), stated))
        texts.append(heard)
    return judged, fit_reach(texts, 1000 / decoder.frames_per_second, decoder.tokenizer)


def _write(file: Path, content: dict[str, Any] | None) -> None:
    """None: no such file."""
    try:
        if content is None:
            file.unlink(missing_ok=True)
        else:
            file.write_text(json.dumps(content) + "\n", encoding="utf-8")
    except OSError as error:
        raise AppError(f"{file} cannot be written ({error.strerror}).", "Calibrate a copy of the folder.") from None

"""Word error rates of a checkpoint over manifests: whole utterances, the segmented path, and the live path.

usage: word_errors.py MANIFEST.tsv... [--model DIR] [--limit N] [--live] [--json FILE]

A manifest is tab-separated with the columns path, duration, speaker, transcript; paths are relative to it. Words are
compared after Whisper's English normaliser on both sides. `--live` also feeds every file in pieces of 100 ms with live
drafts and reports how long after its end (as the final alignment has it) a word was committed.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from pathlib import Path

import jiwer
import numpy as np
import soundfile
from transformers.models.whisper.english_normalizer import EnglishTextNormalizer

from app.paths import embedded_model
from s2t_core.events import SegmentClosed
from s2t_core.features.fbank import fbank
from s2t_core.recognizer import Recognizer, load
from s2t_core.session import SessionConfig
from s2t_core.types import AudioChunk

PIECE = 1600  # samples


def read(manifest: Path, limit: int | None) -> list[tuple[np.ndarray, str]]:
    """The clips of a manifest, evenly thinned to `limit`, with their transcripts."""
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    step = max(1, len(rows) // limit) if limit else 1
    rows = rows[::step][:limit]
    clips = [soundfile.read(manifest.parent / row["path"], dtype="float32") for row in rows]
    assert all(rate == 16000 for _, rate in clips)
    return [(samples, row["transcript"]) for (samples, _), row in zip(clips, rows, strict=True)]


def whole(recognizer: Recognizer, samples: np.ndarray) -> str:
    return recognizer.decoder.finish(fbank(samples, recognizer.decoder.features)).text


def segmented(recognizer: Recognizer, samples: np.ndarray) -> str:
    session = recognizer.open_session(SessionConfig(partials=False))
    events = [*session.push(AudioChunk(samples, 16000, 0)), *session.finish()]
    return " ".join(event.segment.committed for event in events if isinstance(event, SegmentClosed))


def live(recognizer: Recognizer, samples: np.ndarray, delays_s: list[float]) -> str:
    """The final text; `delays_s` gets, for every word, the audio time from its end to its commitment."""
    session = recognizer.open_session()
    texts, committed_at = [], []
    pieces = [samples[at : at + PIECE] for at in range(0, len(samples), PIECE)]
    at = 0
    for piece in [*pieces, None]:
        events = session.finish() if piece is None else session.push(AudioChunk(piece, 16000, at))
        at += 0 if piece is None else len(piece)
        for event in events:
            words = len(event.segment.committed.split())
            committed_at += [at] * (words - len(committed_at))
            if isinstance(event, SegmentClosed):
                texts.append(event.segment.committed)
                ends = [word.end_sample for word in event.segment.words]
                delays_s += [(a - b) / 16000 for a, b in zip(committed_at, ends, strict=False)]
                committed_at = []
    return " ".join(texts)


def measure(recognizer: Recognizer, clips: list[tuple[np.ndarray, str]], with_live: bool) -> dict[str, object]:
    normal = EnglishTextNormalizer({})
    references = [normal(text) for _, text in clips]
    seconds = sum(len(samples) for samples, _ in clips) / 16000
    figures: dict[str, object] = {"clips": len(clips), "seconds": round(seconds, 1)}
    delays_s: list[float] = []
    paths = {"whole": whole, "segmented": segmented} | ({"live": live} if with_live else {})
    for name, path in paths.items():
        began = time.process_time()
        more = (delays_s,) if name == "live" else ()
        texts = [normal(path(recognizer, samples, *more)) for samples, _ in clips]
        figures[f"{name}_wer"] = round(100 * jiwer.wer(references, texts), 2)
        figures[f"{name}_cpu_per_s"] = round((time.process_time() - began) / seconds, 3)
    if delays_s:
        mean, p50, p90 = np.mean(delays_s), *np.percentile(delays_s, [50, 90])
        figures["commit_delay_s"] = {key: round(float(v), 2) for key, v in (("mean", mean), ("p50", p50), ("p90", p90))}
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("manifests", nargs="+", type=Path)
    parser.add_argument("--model", type=Path, default=embedded_model())
    parser.add_argument("--limit", type=int)
    parser.add_argument("--live", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    recognizer = load(options.model)
    results = {}
    for manifest in options.manifests:
        results[manifest.parent.name] = measure(recognizer, read(manifest, options.limit), options.live)
        print(manifest.parent.name, json.dumps(results[manifest.parent.name]), flush=True)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

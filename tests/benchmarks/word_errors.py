"""Word error rates of a checkpoint over manifests: whole utterances, the segmented path, and the live path.

usage: word_errors.py MANIFEST.tsv... [--model DIR] [--limit N] [--live] [--json FILE]

Manifests are those of `dictate eval`, which says more of the first two; rows without speech are left out. Words are
compared after Whisper's English normaliser on both sides. `--live` also feeds every file in pieces of 100 ms with live
drafts and reports how long after its end (as the final alignment has it) a word was committed.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

from app.audio.file import read_chunks
from app.evaluate import joined, read_utterances, recognised, whisper_normaliser
from app.figures import normal_reference
from app.paths import embedded_model
from s2t_core.events import SegmentClosed
from s2t_core.manifest import Utterance
from s2t_core.metrics import word_errors
from s2t_core.recognizer import Recognizer, load
from s2t_core.types import SAMPLE_RATE_HZ, AudioChunk, Samples

PIECE = 1600  # samples


def whole(recognizer: Recognizer, samples: Samples) -> str:
    return recognised(recognizer, [AudioChunk(samples, SAMPLE_RATE_HZ, 0)], whole=True)


def segmented(recognizer: Recognizer, samples: Samples) -> str:
    return recognised(recognizer, [AudioChunk(samples, SAMPLE_RATE_HZ, 0)], whole=False)


def live(recognizer: Recognizer, samples: Samples, delays_s: list[float]) -> str:
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


def measure(recognizer: Recognizer, utterances: list[Utterance], with_live: bool) -> dict[str, object]:
    normal = whisper_normaliser()
    clips = [joined(list(read_chunks(utterance.path))) for utterance in utterances]
    references = [normal_reference(utterance, normal) for utterance in utterances]
    seconds = sum(map(len, clips)) / SAMPLE_RATE_HZ
    figures: dict[str, object] = {"clips": len(clips), "seconds": round(seconds, 1)}
    delays_s: list[float] = []
    paths = {"whole": whole, "segmented": segmented} | ({"live": live} if with_live else {})
    for name, path in paths.items():
        began = time.process_time()
        more = (delays_s,) if name == "live" else ()
        texts = [normal(path(recognizer, samples, *more)) for samples in clips]
        edits = [word_errors(*pair) for pair in zip(references, texts, strict=True)]
        figures[f"{name}_wer"] = round(100 * sum(e.total for e in edits) / sum(e.reference for e in edits), 2)
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
    corpora: dict[str, list[Utterance]] = {}
    for utterance in read_utterances(options.manifests, None, options.limit):
        if utterance.transcript:
            corpora.setdefault(utterance.corpus, []).append(utterance)
    results = {}
    for corpus, utterances in corpora.items():
        results[corpus] = measure(recognizer, utterances, options.live)
        print(corpus, json.dumps(results[corpus]), flush=True)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""The embedded model beside other offline recognisers: the same clips, one run, one normaliser, one table.

usage: peers.py MANIFEST.tsv... [--audio DIR] [--limit N] [--model DIR] [--whisper-base DIR] [--whisper-tiny-en DIR]
                [--threads N] [--json FILE]

Manifests are those of `dictate eval`. Whisper runs in faster-whisper (int8, beam 1, English, no VAD, each clip on its
own), from folders with model.bin, config.json, tokenizer.json and the vocabulary; pocketsphinx brings its own English
model. What is not installed or has no folder is left out and said so.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from app.evaluate import hear_all, joined, read_utterances, recognised, whisper_normaliser
from app.figures import HEADINGS, cells, corpus_figures, markdown
from app.paths import embedded_model
from s2t_core.config import read_search_config
from s2t_core.recognizer import load
from s2t_core.types import AudioChunk

Recognise = Callable[[list[AudioChunk]], str]


@dataclass(frozen=True, slots=True)
class Peer:
    """A recogniser: the package it needs, the option with its folder if it needs one, and how it is made."""

    name: str
    package: str
    folder: str | None
    make: Callable[[argparse.Namespace], Any]


def embedded(options: argparse.Namespace, beams: int | None) -> Recognise:
    recognizer = load(options.model, "cpu", beams)
    return lambda chunks: recognised(recognizer, chunks, whole=False)


def whisper(options: argparse.Namespace, folder: Path) -> Recognise:
    import ctranslate2
    from faster_whisper import WhisperModel

    ctranslate2.set_random_seed(0)  # what it decodes again at a temperature is drawn
    model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=options.threads)

    def recognise(chunks: list[AudioChunk]) -> str:
        segments, _ = model.transcribe(
            joined(chunks), language="en", beam_size=1, condition_on_previous_text=False, vad_filter=False
        )
        return " ".join(segment.text for segment in segments)

    return recognise


def pocketsphinx(options: argparse.Namespace) -> Recognise:
    from pocketsphinx import Decoder

    decoder = Decoder(samprate=16000, loglevel="FATAL")

    def recognise(chunks: list[AudioChunk]) -> str:
        decoder.start_utt()
        pcm = (joined(chunks).clip(-1, 1) * 32767).astype(np.int16)
        decoder.process_raw(pcm.tobytes(), full_utt=True)
        decoder.end_utt()
        found = decoder.hyp()
        return found.hypstr if found else ""

    return recognise


PEERS = (
    Peer("embedded, beam 1", "torch", "model", lambda options: embedded(options, 1)),
    Peer("embedded", "torch", "model", lambda options: embedded(options, None)),
    Peer("Whisper base", "faster_whisper", "whisper_base", lambda options: whisper(options, options.whisper_base)),
    Peer(
        "Whisper tiny.en",
        "faster_whisper",
        "whisper_tiny_en",
        lambda options: whisper(options, options.whisper_tiny_en),
    ),
    Peer("PocketSphinx", "pocketsphinx", None, pocketsphinx),
)


def lacking(peer: Peer, options: argparse.Namespace) -> str:
    """Why a peer cannot run here; empty if it can."""
    if importlib.util.find_spec(peer.package) is None:
        return f"the package {peer.package} is not installed"
    folder = getattr(options, peer.folder) if peer.folder else None
    if peer.folder and (folder is None or not folder.is_dir()):
        return f"--{peer.folder.replace('_', '-')} names no folder"
    if peer.name == "embedded" and read_search_config(options.model).num_beams == 1:
        return "its own width of search is 1 as well"
    return ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("manifests", nargs="+", type=Path)
    parser.add_argument("--audio", type=Path)
    parser.add_argument("--limit", type=int, help="utterances per corpus, evenly thinned")
    parser.add_argument("--model", type=Path, default=embedded_model())
    parser.add_argument("--whisper-base", type=Path)
    parser.add_argument("--whisper-tiny-en", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    normal = whisper_normaliser()
    utterances = read_utterances(options.manifests, options.audio, options.limit)
    figures, texts = [], {}
    for peer in PEERS:
        if reason := lacking(peer, options):
            print(f"{peer.name} is left out: {reason}.", file=sys.stderr)
            continue
        print(f"{peer.name} hears {len(utterances)} clips.", file=sys.stderr, flush=True)
        heard = hear_all(utterances, peer.make(options))
        figures += [(peer.name, row) for row in corpus_figures(heard, normal)]
        texts[peer.name] = [{"path": str(item.utterance.path), "text": item.text} for item in heard]
    corpora = list(dict.fromkeys(row.corpus for _, row in figures))
    figures.sort(key=lambda pair: corpora.index(pair[1].corpus))  # stable: the peers of a corpus side by side
    print(markdown(("recogniser", *HEADINGS), [[name, *cells(row)] for name, row in figures]))
    if options.json:
        content = {"figures": [{"recogniser": name} | asdict(row) for name, row in figures], "texts": texts}
        options.json.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

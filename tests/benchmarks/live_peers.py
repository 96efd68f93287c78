"""The embedded model beside other recognisers that write live: the same recordings, one simulated clock, one table.

usage: live_peers.py MANIFEST.tsv... [--audio DIR] [--limit N] [--model DIR] [--whisper-base DIR]
                     [--whisper-tiny-en DIR] [--threads N] [--clock work|cpu] [--json FILE]

Recordings are strung together and fed as `dictate bench live` does it: while a recogniser works, audio goes on coming
in. Whisper runs in faster-whisper (int8, beam 1, English, its guards as the package has them) behind LocalAgreement-2;
pocketsphinx brings its own English model and its own endpointer, and commits nothing before the end of a segment. Each
runs in a process of its own. Where the words of the reference lie the embedded model says, for all of them. The
normalised WER is that after Whisper's English normaliser, to which 8 and eight are one word. What is not installed or
has no folder is left out and said so.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from local_agreement import HeardWord, LocalAgreementSession
from peers import Peer, lacking

from app.bench import by_corpus
from app.bench_figures import HEADINGS, Measured, cells, measured
from app.evaluate import check_recordings, read_utterances, whisper_normaliser
from app.feed import Live, Recording, strung_together
from app.figures import Normalise, markdown, normal_reference, percent
from app.memory import resident_mb
from app.paths import embedded_model
from s2t_core.events import SegmentClosed, SegmentUpdated, TranscriptEvent
from s2t_core.manifest import Utterance
from s2t_core.metrics import Errors, word_errors
from s2t_core.recognizer import load
from s2t_core.streaming.vad import SileroDetector
from s2t_core.types import SAMPLE_RATE_HZ, AudioChunk, Samples, Segment

Open = Callable[[], Live]


def embedded(options: argparse.Namespace) -> Open:
    torch.set_num_threads(options.threads)
    recognizer = load(options.model, "cpu")
    recognizer.decoder.hear(np.zeros(SAMPLE_RATE_HZ, np.float32))  # the first pass of all allocates
    return recognizer.open_session


def whisper(options: argparse.Namespace, folder: Path) -> Open:
    import ctranslate2
    from faster_whisper import WhisperModel

    ctranslate2.set_random_seed(0)  # what it decodes again at a temperature is drawn
    model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=options.threads)

    def hear(samples: Samples, before: str) -> tuple[list[HeardWord], list[float]]:
        found, _ = model.transcribe(
            samples, language="en", beam_size=1, word_timestamps=True, initial_prompt=before or None
        )
        segments = list(found)
        words = [HeardWord(word.word, word.start, word.end) for one in segments for word in one.words or ()]
        return words, [one.end for one in segments]

    hear(np.zeros(SAMPLE_RATE_HZ, np.float32), "")
    return lambda: LocalAgreementSession(hear, SileroDetector())


class SphinxSession:
    """PocketSphinx as its own example of live recognition runs it: an endpointer hands speech to the decoder."""

    def __init__(self, decoder) -> None:
        from pocketsphinx import Endpointer

        self._decoder = decoder
        self._endpointer = Endpointer()
        self._waiting = b""
        self._heard_s = 0.0
        self._shown = ""
        self._next_id = 0

    def push(self, chunk: AudioChunk) -> list[TranscriptEvent]:
        events: list[TranscriptEvent] = []
        self._waiting += (chunk.samples.clip(-1, 1) * 32767).astype(np.int16).tobytes()
        size = self._endpointer.frame_bytes
        while len(self._waiting) >= size:
            frame, self._waiting = self._waiting[:size], self._waiting[size:]
            self._heard_s += size / 2 / SAMPLE_RATE_HZ
            before = self._endpointer.in_speech
            self._take(self._endpointer.process(frame), before, events)
        return events

    def finish(self) -> list[TranscriptEvent]:
        events: list[TranscriptEvent] = []
        before = self._endpointer.in_speech
        self._take(self._endpointer.end_stream(self._waiting), before, events)
        return events

    def _take(self, speech: bytes | None, was_speaking: bool, events: list[TranscriptEvent]) -> None:
        if speech is None:
            return
        if not was_speaking:
            self._decoder.start_utt()
        self._decoder.process_raw(speech)
        if self._endpointer.in_speech:
            text = self._text()
            if text != self._shown:
                self._shown = text
                events.append(SegmentUpdated(self._segment(self._heard_s, tentative=text)))
            return
        self._decoder.end_utt()
        text = self._text()
        if text or self._shown:
            events.append(SegmentClosed(self._segment(self._endpointer.speech_end, text)))
            self._next_id += 1
        self._shown = ""

    def _segment(self, end_s: float, committed: str = "", tentative: str = "") -> Segment:
        start, end = (round(at_s * SAMPLE_RATE_HZ) for at_s in (self._endpointer.speech_start, end_s))
        return Segment(self._next_id, start, end, committed, tentative)

    def _text(self) -> str:
        found = self._decoder.hyp()
        return found.hypstr if found else ""


def pocketsphinx(options: argparse.Namespace) -> Open:
    from pocketsphinx import Decoder

    decoder = Decoder(samprate=16000, loglevel="FATAL")
    return lambda: SphinxSession(decoder)


PEERS = (
    Peer("embedded, live", "torch", "model", embedded),
    Peer("Whisper base", "faster_whisper", "whisper_base", lambda options: whisper(options, options.whisper_base)),
    Peer(
        "Whisper tiny.en",
        "faster_whisper",
        "whisper_tiny_en",
        lambda options: whisper(options, options.whisper_tiny_en),
    ),
    Peer("PocketSphinx", "pocketsphinx", None, pocketsphinx),
)


class Noted:
    """A session whose final texts are noted."""

    def __init__(self, session: Live) -> None:
        self._session = session
        self.texts: list[str] = []

    def push(self, chunk: AudioChunk) -> list[TranscriptEvent]:
        return self._note(self._session.push(chunk))

    def finish(self) -> list[TranscriptEvent]:
        return self._note(self._session.finish())

    def _note(self, events: Sequence[TranscriptEvent]) -> list[TranscriptEvent]:
        self.texts += [event.segment.committed for event in events if isinstance(event, SegmentClosed)]
        return list(events)


def run_peer(
    number: int, options: argparse.Namespace, recordings: Sequence[Recording]
) -> tuple[Measured, list[list[str]]]:
    """Load a peer and measure it: the call of a process of its own. Of each recording the final texts as well."""
    before_mb = resident_mb()
    make, sessions = PEERS[number].make(options), []

    def opened() -> Noted:
        sessions.append(Noted(make()))
        return sessions[-1]

    found = measured(recordings, opened, PEERS[number].name, options.clock, before_mb)
    return found, [session.texts for session in sessions]


def normalised(corpora: Sequence[Sequence[Utterance]], texts: Sequence[Sequence[str]], normal: Normalise) -> Errors:
    """Word errors where something is spoken after Whisper's normaliser."""
    total = Errors()
    for rows, written in zip(corpora, texts, strict=True):
        if any(row.transcript for row in rows):
            spoken = " ".join(normal_reference(row, normal) for row in rows)
            total += word_errors(spoken, normal(" ".join(written)))
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("manifests", nargs="+", type=Path)
    parser.add_argument("--audio", type=Path)
    parser.add_argument("--limit", type=int, help="utterances per corpus, evenly thinned")
    parser.add_argument("--model", type=Path, default=embedded_model())
    parser.add_argument("--whisper-base", type=Path)
    parser.add_argument("--whisper-tiny-en", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--clock", choices=("work", "cpu"), default="work", help="as for dictate bench live")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # for the processes of the peers, as the program itself has it
    utterances = read_utterances(options.manifests, options.audio, options.limit)
    check_recordings(utterances)
    normal = whisper_normaliser()
    decoder = load(options.model, "cpu").decoder
    corpora = list(by_corpus(utterances))
    recordings = [strung_together(rows, decoder) for rows in corpora]
    minutes = sum(one.length_s for one in recordings) / 60
    table, content = [], {}
    for number, peer in enumerate(PEERS):
        if reason := lacking(peer, options):
            print(f"{peer.name} is left out: {reason}.", file=sys.stderr)
            continue
        print(f"{peer.name} hears {minutes:.1f} minutes.", file=sys.stderr, flush=True)
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
            found, texts = process.submit(run_peer, number, options, recordings).result()
        errors = normalised(corpora, texts, normal)
        table.append([peer.name, percent(errors.rate), *cells(peer.name, found)[1:]])
        content[peer.name] = {**found.content, "normalised": asdict(errors), "texts": texts}
    headings = ("recogniser", "normalised WER %", *HEADINGS[1:-2], "peak MiB (of model and sessions)", HEADINGS[-1])
    print(markdown(headings, table))
    if options.json:
        options.json.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

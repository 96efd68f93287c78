"""`dictate eval`: how well a checkpoint recognises the utterances of manifests, corpus by corpus."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.errors import AppError, WrongUse
from app.steering import decoding_options
from app.terminal import note, out

if TYPE_CHECKING:
    from app.figures import Heard, Normalise
    from s2t_core.manifest import Utterance
    from s2t_core.recognizer import Recognizer
    from s2t_core.types import AudioChunk, Samples


def add_eval(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    parents: list[argparse.ArgumentParser],
    width: Callable[[str], int],
) -> None:
    """Declare the command; `parents` bring --debug, --model and --device, `width` reads that of the search."""
    command = commands.add_parser("eval", help="error rates on recordings with known text", parents=parents)
    add_recordings(command)
    command.add_argument("--beam", type=width, metavar="N", help="width of the search; default: the model's own")
    command.add_argument("--whole", action="store_true", help="each recording in one piece, not cut at its pauses")
    command.add_argument("--chunk-ms", type=count, metavar="N", help="hear chunk by chunk, as a stream does")
    command.add_argument(
        "--look-ahead-ms", type=_amount, default=0, metavar="N", help="with chunks: heard again till then"
    )
    command.add_argument("--json", type=Path, metavar="FILE", help="write all figures and texts there")
    command.set_defaults(run=run_eval)


def add_recordings(command: argparse.ArgumentParser) -> None:
    """Declare the words that say which recordings are heard, as `read_utterances` takes them."""
    command.add_argument("manifests", nargs="+", type=Path, metavar="MANIFEST", help="tab-separated: path, transcript")
    command.add_argument("--audio", type=Path, metavar="DIR", help="where the paths begin; default: at the manifest")
    command.add_argument("--limit", type=count, metavar="N", help="utterances per corpus, evenly thinned")


def count(text: str) -> int:
    """A count of 1 or more. Raises ArgumentTypeError."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return int(text)


def _amount(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return int(text)


def run_eval(options: argparse.Namespace) -> int:
    """Measure, print the table, write the file. Raises what reading, loading or writing raises; returns 0."""
    from app.export import write_text
    from app.figures import corpus_figures, table

    check_folder(options.json)
    if options.look_ahead_ms and options.chunk_ms is None:
        raise WrongUse("A look-ahead needs chunks to look beyond.", "Give --chunk-ms as well.")
    wishes = decoding_options(options)
    normal = whisper_normaliser()
    utterances = read_utterances(options.manifests, options.audio, options.limit)
    check_recordings(utterances)
    from s2t_core.recognizer import load

    recognizer = load(options.model, options.device, options.beam, wishes=wishes)
    if options.chunk_ms is not None:
        recognizer = recognizer.in_chunks(options.chunk_ms, options.look_ahead_ms)
    heard = hear_all(utterances, lambda chunks: recognised(recognizer, chunks, options.whole))
    figures = corpus_figures(heard, normal)
    out(table(figures))
    if options.json is not None:
        content = {
            "model": recognizer.name,
            "device": recognizer.device,
            "beams": recognizer.decoder.search.num_beams,
            "phrases": len(wishes.phrases),
            "suppress": wishes.suppress,
            "whole": options.whole,
            "chunk_ms": options.chunk_ms,
            "look_ahead_ms": options.look_ahead_ms,
            "corpora": [asdict(row) for row in figures],
            "texts": [{"path": str(item.utterance.path), "text": item.text} for item in heard],
        }
        write_text(options.json, json.dumps(content, ensure_ascii=False, indent=1) + "\n", overwrite=True)
        note(f"figures -> {options.json}")
    return 0


def check_folder(file: Path | None, option: str = "--json") -> None:
    """Raises AppError where figures could not be written, before hours go into them."""
    if file is not None and not file.parent.is_dir():
        raise AppError(f"There is no folder {file.parent}.", f"Name one that is there after {option}.")


def check_recordings(utterances: Iterable[Utterance]) -> None:
    """Raises AppError for a file that is missing or no audio, before the model takes its seconds."""
    from app.audio.file import duration_s

    for utterance in utterances:
        if not utterance.path.exists():
            raise AppError(
                f"There is no recording {utterance.path}.",
                "Name the folder in which the manifest's paths begin: --audio DIR",
            )
        duration_s(utterance.path)


def whisper_normaliser() -> Normalise:
    """Whisper's English normaliser (Radford et al. 2022, appendix C), as transformers has it, British spelling kept.

    Raises AppError without that package.
    """
    try:
        from transformers.models.whisper.english_normalizer import EnglishTextNormalizer
    except ImportError:
        raise AppError(
            "Measuring needs the package transformers.", "Install the extra: pip install 'dictate[eval]'."
        ) from None
    make: Any = EnglishTextNormalizer  # transformers has no types for it
    normalise: Normalise = make({})
    return normalise


def read_utterances(manifests: Iterable[Path], audio: Path | None, limit: int | None) -> list[Utterance]:
    """All utterances, those of each corpus evenly thinned to `limit`. Raises ManifestError."""
    from s2t_core.manifest import read_manifest

    corpora: dict[str, list[Utterance]] = {}
    for manifest in manifests:
        for utterance in read_manifest(manifest, audio):
            corpora.setdefault(utterance.corpus, []).append(utterance)
    return [utterance for rows in corpora.values() for utterance in thinned(rows, limit)]


def thinned(rows: Sequence[Utterance], limit: int | None) -> list[Utterance]:
    """At most `limit` of the rows, evenly spread from the first on."""
    count = len(rows) if limit is None else min(limit, len(rows))
    return [rows[index * len(rows) // count] for index in range(count)]


def hear_all(utterances: Sequence[Utterance], recognise: Callable[[list[AudioChunk]], str]) -> list[Heard]:
    """Every utterance as `recognise` writes it; reading the file is not counted as work. Raises AudioError."""
    from tqdm import tqdm

    from app.audio.file import read_chunks
    from app.figures import Heard

    heard = []
    for utterance in tqdm(utterances, desc="recognising", disable=not sys.stderr.isatty(), leave=False):
        chunks = list(read_chunks(utterance.path, block_s=1.0))
        seconds = sum(len(chunk.samples) / chunk.rate for chunk in chunks)
        began, began_cpu = time.perf_counter(), time.process_time()
        text = recognise(chunks)
        work_s, cpu_s = time.perf_counter() - began, time.process_time() - began_cpu
        heard.append(Heard(utterance, " ".join(text.split()), seconds, work_s, cpu_s))
    return heard


def recognised(recognizer: Recognizer, chunks: list[AudioChunk], whole: bool) -> str:
    """The final text of one recording: cut at its pauses as `dictate transcribe` does it, or as one `whole`."""
    from s2t_core.events import SegmentClosed

    if whole:
        return recognizer.decoder.hear(joined(chunks)).text
    session = recognizer.open_session(partials=False)
    events = [event for chunk in chunks for event in session.push(chunk)]
    events += session.finish()
    return " ".join(event.segment.committed for event in events if isinstance(event, SegmentClosed))


def joined(chunks: Sequence[AudioChunk]) -> Samples:
    """The chunks of one recording as samples (n,) at 16 kHz."""
    import numpy as np

    from s2t_core.features.resample import StreamingResampler

    resampler = StreamingResampler(chunks[0].rate)
    parts = [*(resampler.push(chunk.samples) for chunk in chunks), resampler.finish()]
    samples: Samples = np.concatenate(parts)
    return samples

"""What the program reads from outside, each as a function that is given hostile bytes.

A reader may refuse them with one of the program's own errors. Anything else that it raises is a finding, and so is
one that takes longer than it may.
"""

from __future__ import annotations

import io
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
import soundfile
import torch

from app.audio.file import open_sound
from app.errors import AppError
from app.export import EXPORTERS, Transcript
from app.export.options import DEFAULTS, file_stem
from app.history import History
from app.journal.entries import Head
from app.journal.reader import read
from app.journal.writer import Journal
from app.listen import show_event_lines
from app.messages import Clock, Transcribed
from app.paths import embedded_model
from app.recovery import rebuilt
from app.settings import Settings
from app.settings_file import read_settings, write_settings
from s2t_core.config import (
    ModelConfig,
    read_alignment_config,
    read_confidence_config,
    read_feature_config,
    read_model_config,
    read_search_config,
    read_tokenizer_config,
)
from s2t_core.errors import S2TError
from s2t_core.events import AudioLost, SegmentClosed, SegmentUpdated
from s2t_core.manifest import read_manifest
from s2t_core.model.checkpoint import load_model, read_weights, save_model
from s2t_core.model.ctc import CtcHead, load_ctc, save_ctc
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration
from s2t_core.streaming.mark import OpenMark, SessionMark
from s2t_core.text.formatter import Formatter
from s2t_core.text.rules import TextRules
from s2t_core.tokenizer import load_tokenizer
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import AudioChunk, Segment, Word

REFUSED = (S2TError, AppError)
LONGEST_S = 2.0  # that a reader may take for a small file
_HEARD = 100  # blocks of sound that are read: a header may promise a year of it
TINY = ModelConfig(
    vocab_size=60, d_model=16, encoder_layers=1, decoder_layers=1, encoder_ffn_dim=16, decoder_ffn_dim=16,
    conv_channels=8, encoder_attention_heads=2, decoder_attention_heads=2, max_source_positions=64,
    max_target_positions=32,
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """A reader: valid inputs to begin from, whether they are JSON, and what it does with any."""

    name: str
    seeds: Callable[[], list[bytes]]
    feed: Callable[[bytes], None]
    is_json: bool = False


class TooSlow(Exception):
    """A reader took longer than it may."""


def survive(target: Target, data: bytes) -> None:
    """Feed it; what is left to be raised is a finding."""
    began = time.process_time()
    with suppress(REFUSED):
        target.feed(data)
    if time.process_time() - began > LONGEST_S:
        raise TooSlow(f"{target.name}: {time.process_time() - began:.1f} s for {len(data)} bytes")


@contextmanager
def _folder(**files: bytes) -> Iterator[Path]:
    """A folder with these files; "_" in a name stands for a dot at its last place."""
    with tempfile.TemporaryDirectory(prefix="fuzz") as name:
        folder = Path(name)
        for file, content in files.items():
            (folder / file.replace("__", ".")).write_bytes(content)
        yield folder


# --- sound


@cache
def _sounds() -> list[bytes]:
    samples = (0.3 * np.sin(np.arange(4000) / 9)).astype(np.float32)
    made = []
    for form, kind in (
        ("WAV", "PCM_16"), ("WAV", "FLOAT"), ("FLAC", "PCM_16"), ("OGG", "OPUS"), ("OGG", "VORBIS"), ("AIFF", "PCM_24"),
        ("MP3", "MPEG_LAYER_III"), ("CAF", "ALAC_16"), ("W64", "PCM_16"), ("AU", "ULAW"),
    ):  # fmt: skip
        file = io.BytesIO()
        soundfile.write(file, samples, 16000, format=form, subtype=kind)
        made.append(file.getvalue())
    return [*made, *(_film(form, codec, samples) for form, codec in (("mp4", "aac"), ("matroska", "pcm_s16le")))]


def _film(form: str, codec: str, samples: np.ndarray) -> bytes:
    import av

    file = io.BytesIO()
    with av.open(file, "w", format=form) as container:
        stream = container.add_stream(codec, rate=16000, layout="mono")
        frame = av.AudioFrame.from_ndarray((samples[None] * 32767).astype(np.int16), format="s16", layout="mono")
        frame.sample_rate = 16000
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    return file.getvalue()


def _read_sound(data: bytes) -> None:
    with _folder(sound__wav=data) as folder, closing(open_sound(folder / "sound.wav", 0.1)) as sound:
        assert sound.length_s >= 0
        for _, chunk in zip(range(_HEARD), sound.chunks, strict=False):
            assert np.isfinite(chunk.samples).all() and chunk.start >= 0 and chunk.rate > 0


# --- checkpoints


@cache
def _model() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="fuzz-model"))
    torch.manual_seed(0)
    save_model(Speech2TextForConditionalGeneration(TINY), folder)
    save_ctc(CtcHead(TINY.d_model), folder)
    return folder


def _configs() -> list[bytes]:
    names = ("config", "preprocessor_config", "tokenizer_config", "generation_config", "alignment")
    own = (_model() / "config.json").read_bytes()
    return [own, *((embedded_model() / f"{name}.json").read_bytes() for name in names)]


def _read_configs(data: bytes) -> None:
    names = ("config", "preprocessor_config", "tokenizer_config", "generation_config", "alignment", "confidence")
    with _folder(**{f"{name}__json": data for name in names}) as folder:
        for read in (read_feature_config, read_tokenizer_config, read_search_config, read_confidence_config):
            _tried(lambda read=read: read(folder))
        _tried(lambda: read_alignment_config(folder, TINY))
        _tried(lambda: read_model_config(folder))


def _tried(read: Callable[[], object]) -> None:
    with suppress(REFUSED):
        read()


def _build_model(data: bytes) -> None:
    """Whatever the configuration says, nothing is allocated that the weights do not hold."""
    weights = (_model() / "model.safetensors").read_bytes()
    with _folder(config__json=data, model__safetensors=weights) as folder:
        load_model(folder)


def _weights() -> list[bytes]:
    return [(_model() / "model.safetensors").read_bytes()]


def _read_safetensors(data: bytes) -> None:
    config = (_model() / "config.json").read_bytes()
    with _folder(config__json=config, model__safetensors=data) as folder:
        load_model(folder)


def _pickles() -> list[bytes]:
    file = io.BytesIO()
    torch.save({"model.decoder.layer_norm.weight": torch.zeros(4)}, file)
    old = io.BytesIO()
    torch.save({"x": torch.zeros(2)}, old, _use_new_zipfile_serialization=False)
    return [file.getvalue(), old.getvalue()]


def _read_pickle(data: bytes) -> None:
    with _folder(pytorch_model__bin=data) as folder:
        read_weights(folder / "pytorch_model.bin")


def _read_ctc(data: bytes) -> None:
    with _folder(ctc__safetensors=data) as folder:
        load_ctc(folder, TINY.d_model)


def _read_pieces(data: bytes) -> None:
    own = {name: (embedded_model() / f"{name}.json").read_bytes() for name in ("vocab", "tokenizer_config")}
    files = {f"{name}__json": content for name, content in own.items()}
    with _folder(**files) as folder:
        (folder / "sentencepiece.bpe.model").write_bytes(data)
        load_tokenizer(folder).encode("Hello there, world.")


def _small_vocabulary() -> list[bytes]:
    whole = json.loads((embedded_model() / "vocab.json").read_bytes())
    return [json.dumps(dict(list(whole.items())[:60])).encode(), b'{"<s>": 0, "</s>": 2, "<pad>": 1, "<unk>": 3}']


def _read_vocabulary(data: bytes) -> None:
    with _folder(vocab__json=data) as folder:
        (folder / "sentencepiece.bpe.model").symlink_to(embedded_model() / "sentencepiece.bpe.model")
        load_tokenizer(folder)


# --- what the user has


def _settings() -> list[bytes]:
    with _folder() as folder:
        write_settings(folder / "settings.json", Settings())
        return [(folder / "settings.json").read_bytes()]


def _read_settings(data: bytes) -> None:
    with _folder(settings__json=data) as folder:
        settings, _ = read_settings(folder / "settings.json")
        write_settings(folder / "settings.json", settings)


def _document(text: str = "Hello there.") -> TranscriptDocument:
    words = tuple(Word(word, i * 100, i * 100 + 90, 0.5) for i, word in enumerate(text.split()))
    items = (Segment(0, 0, 16000, text, words=words, speaker="Me"), AudioLost(16000, 20000))
    return TranscriptDocument(items, session_starts=(0,))


@cache
def _databases() -> list[bytes]:
    with _folder() as folder:
        history = History(folder / "history.sqlite", folder)
        id = history.begin(datetime(2026, 3, 1, tzinfo=UTC), "m", "i", "j")
        history.write(id, _document())
        history.add_recording(id, (0, "Me"), folder / "sound.ogg")
        history._base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        history.close()
        return [(folder / "history.sqlite").read_bytes()]


def _read_history(data: bytes) -> None:
    with (
        _folder(history__sqlite=data) as folder,
        closing(History(folder / "history.sqlite", folder / "recordings")) as history,
    ):
        for row in history.transcripts("hello", limit=5) + history.transcripts(limit=5):
            _tried(lambda row=row: history.document(row.id))
            assert all(file.parent == folder / "recordings" for file in history.recordings(row.id).values())
        history.count("hello")
        _tried(lambda: history.write(1, _document("Other words.")))
        _tried(lambda: history.delete([1]))


@cache
def _journals() -> list[bytes]:
    with _folder() as folder:
        head = Head(datetime(2026, 3, 1, tzinfo=UTC), "m", "i", 1, 0)
        journal = Journal(folder / "one", head, print)
        journal.sound(AudioChunk(np.zeros(200, np.float32), 16000, 0, "Me"))
        mark = OpenMark(1, 0, 0, 100, (5, 6), 0, "so far")
        journal.text("Me", (SegmentClosed(_document().closed[0]), AudioLost(1, 2)), SessionMark(100, 1))
        journal.text("Me", (SegmentUpdated(Segment(1, 0, 9, "so far", "or", speaker="Me")),), SessionMark(0, 2, mark))
        journal.close()
        sound = next(folder.glob("one/sound-*")).read_bytes()
        return [(folder / "one" / "text.journal").read_bytes() + sound]


def _read_journal(data: bytes) -> None:
    with _folder(text__journal=data) as folder:
        (folder / "sound-1.journal").write_bytes(data)
        left = read(folder)
        if left is not None:
            with closing(History(folder / "history.sqlite", folder)) as history:
                recovery = rebuilt(left, history, Formatter(TextRules()))
            assert isinstance(recovery.document.text, str)
            assert all(np.isfinite(chunk.samples).all() for chunk in left.sound())


def _manifests() -> list[bytes]:
    return [b"path\ttranscript\tduration\na.flac\tHELLO\t1.5\nb.flac\t\t2\n"]


def _read_manifest(data: bytes) -> None:
    with _folder(manifest__tsv=data) as folder:
        read_manifest(folder / "manifest.tsv")


# --- what others send, and what goes out


def _lines() -> list[bytes]:
    return [b"show token\n", b"toggle\n", b"status\n"]


def _hear_line(data: bytes) -> None:
    from app.single_instance import Instance

    obeyed: list[str] = []
    instance = Instance.__new__(Instance)
    instance._commands = {"show": obeyed.append}
    answer = instance._reply(data)
    assert answer == "ok" or answer.startswith("error ")
    assert "\n" not in answer and len(obeyed) == (answer == "ok")


def _texts() -> list[bytes]:
    return [b"Hello there.", b"=cmd()", b"a --> b\n\n1\n00:00", "‮../x\u2028y\x1b[2J\x9b".encode()]


def _write_text(data: bytes) -> None:
    """Hostile words, names and titles in everything that is written for others."""
    text = data.decode("utf-8", "replace")
    document = _document(text or "x")
    transcript = Transcript(document, text, 1.25, text, text, text)
    for exporter in EXPORTERS.values():
        exporter(transcript, DEFAULTS)
    stem = file_stem(text)
    assert stem == Path(stem).name and stem not in (".", "..") and "\0" not in stem
    segment = Segment(0, 0, 16000, text, words=document.closed[0].words, speaker=text)
    written = io.StringIO()
    with redirect_stdout(written):
        show_event_lines(Transcribed((SegmentClosed(segment),), Clock(1.0, 1.0)))
    (line,) = written.getvalue().splitlines()
    assert json.loads(line)["text"] == text and not _controls(line)


def _controls(line: str) -> bool:
    return any(ord(sign) < 32 or 127 <= ord(sign) < 160 for sign in line)


TARGETS = {
    target.name: target
    for target in (
        Target("sound", _sounds, _read_sound),
        Target("config", _configs, _read_configs, is_json=True),
        Target("model", lambda: _configs()[:1], _build_model, is_json=True),
        Target("safetensors", _weights, _read_safetensors),
        Target("pickle", _pickles, _read_pickle),
        Target("ctc", lambda: [(_model() / "ctc.safetensors").read_bytes()], _read_ctc),
        Target("sentencepiece", lambda: [(embedded_model() / "sentencepiece.bpe.model").read_bytes()], _read_pieces),
        Target("vocabulary", _small_vocabulary, _read_vocabulary, is_json=True),
        Target("settings", _settings, _read_settings, is_json=True),
        Target("history", _databases, _read_history),
        Target("journal", _journals, _read_journal),
        Target("manifest", _manifests, _read_manifest),
        Target("socket", _lines, _hear_line),
        Target("text", _texts, _write_text),
    )
}

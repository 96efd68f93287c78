"""`dictate train`: make a checkpoint from Whisper, teach it, and adapt the one in the box to a speaker."""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from app.errors import AppError
from app.evaluate import joined
from app.terminal import note

if TYPE_CHECKING:
    from s2t_core.decoding.alignment import Heads
    from s2t_core.manifest import Utterance
    from s2t_core.recognizer import Recognizer
    from s2t_core.training.distil_encoder import Report
    from s2t_core.training.lessons import Window
    from s2t_core.types import Samples

SETTINGS = ("preprocessor_config.json", "generation_config.json", "alignment.json", "confidence.json")
VOCABULARY = ("sentencepiece.bpe.model", "vocab.json", "tokenizer_config.json", "special_tokens_map.json")
_FITTED_ON = 100  # recordings that the front end is fitted on
T = TypeVar("T")


def add_train(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser
) -> argparse._SubParsersAction[argparse.ArgumentParser]:
    """Declare the commands and return the place for more of them; `common` brings --debug."""
    parser = commands.add_parser("train", help="make, teach and adapt checkpoints", parents=[common])
    actions = parser.add_subparsers(metavar="ACTION", required=True)

    warm = actions.add_parser("warm-start", help="a checkpoint transplanted from Whisper", parents=[common])
    warm.add_argument("whisper", type=Path, metavar="WHISPER", help="folder, as transformers or CTranslate2 saves it")
    warm.add_argument("--speech", type=Path, nargs="+", required=True, metavar="MANIFEST", help="to fit the front end")
    warm.add_argument("--text", type=Path, nargs="*", default=[], metavar="FILE", help="lines to carve pieces for")
    warm.add_argument("--pieces", type=int, default=28000, metavar="N", help="size of the vocabulary")
    warm.add_argument("--layers", type=_numbers, metavar="0,1,..", help="decoder layers to keep; default: all")
    warm.add_argument("--from", dest="trained", type=Path, metavar="DIR", help="an earlier one, whose hearing is kept")
    warm.set_defaults(run=run_warm_start)

    distil = actions.add_parser("distil", help="teach a checkpoint what Whisper hears and writes", parents=[common])
    distil.add_argument("model", type=Path, metavar="MODEL", help="the checkpoint to begin with")
    distil.add_argument("--teacher", type=Path, metavar="WHISPER", help="hears the speech first; needed once")
    distil.add_argument("--speech", type=Path, nargs="*", default=[], metavar="MANIFEST", help="for the teacher")
    distil.add_argument("--more", type=Path, nargs="*", default=[], metavar="MANIFEST", help="learnt without it")
    distil.add_argument("--noise", type=Path, metavar="MANIFEST", help="recordings without speech, to mix in")
    distil.add_argument("--rooms", type=Path, metavar="MANIFEST", help="impulse responses of rooms")
    distil.add_argument("--work", type=Path, required=True, metavar="DIR", help="keeps what the teacher has said")
    distil.add_argument(
        "--encoder-minutes", type=float, default=30.0, metavar="M", help="0 leaves the encoder as it is"
    )
    distil.add_argument("--decoder-minutes", type=float, default=30.0, metavar="M", help="0: the decoder, too")
    distil.add_argument("--joint-minutes", type=float, default=30.0, metavar="M", help="0: never both together")
    distil.add_argument("--ctc-minutes", type=float, default=5.0, metavar="M", help="0: no head that places the words")
    distil.set_defaults(run=run_distil)
    for command in (warm, distil):
        command.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder for the checkpoint")
        command.add_argument("--packed", action="store_true", help="six bits a weight, the form the program ships")
    return actions


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of numbers like 0,1,2") from None


def run_warm_start(options: argparse.Namespace) -> int:
    """Carve the vocabulary, transplant the network, fit its front end; returns 0."""
    from s2t_core.model.checkpoint import load_model, save_model
    from s2t_core.training.teacher import load_teacher
    from s2t_core.training.transplant import fit_front_end, transplant, transplant_again
    from s2t_core.training.vocabulary import carve
    from s2t_core.training.whisper import read_whisper

    _new_folder(options.out)
    whisper = read_whisper(options.whisper)
    speech = _utterances(options.speech)
    layers = options.layers or tuple(range(whisper.shape.decoder_layers))
    texts = [(one.transcript, 1.0) for one in speech] + list(_weighted_lines(options.text))
    vocabulary = carve(whisper, texts, options.pieces)
    note(f"{len(vocabulary.pieces)} pieces of {len(whisper.token_ids)}.")
    if options.trained is not None:
        model = transplant_again(whisper, vocabulary, layers, load_model(options.trained))
    else:
        model = transplant(whisper, vocabulary, layers)
        clips = [read_recording(one.path) for one in speech[:: max(1, len(speech) // _FITTED_ON)]]
        explained = fit_front_end(model, load_teacher(whisper), clips)
        note(f"The front end explains {100 * explained:.0f} % of Whisper's.")
    heads = tuple((layers.index(layer), head) for layer, head in whisper.heads if layer in layers)
    write_settings(options.out, heads)
    vocabulary.save(options.out)
    save_model(model, options.out, options.packed)
    note(f"{options.whisper} -> {options.out}")
    return 0


def run_distil(options: argparse.Namespace) -> int:
    """Let the teacher listen once, then train encoder, decoder, both together, and the CTC head; returns 0."""
    import numpy as np

    from s2t_core.model.checkpoint import save_model
    from s2t_core.model.ctc import save_ctc
    from s2t_core.recognizer import load
    from s2t_core.training.augment import Surroundings
    from s2t_core.training.curriculum import as_heard, encoded_examples
    from s2t_core.training.distil_ctc import CtcStage, distil_ctc
    from s2t_core.training.distil_decoder import DecoderStage, distil_decoder
    from s2t_core.training.distil_encoder import EncoderStage, distil_encoder
    from s2t_core.training.distil_jointly import JointStage, distil_jointly

    _new_folder(options.out)
    recognizer = load(options.model, precision="float32")
    pupil = recognizer.decoder
    noises, rooms = _recordings(options.noise), _recordings(options.rooms)
    heard = _heard(options, recognizer)
    if not any(lesson.text for window in heard for lesson in window.lessons):
        raise AppError("There is nothing to learn from.", "Name manifests with --speech and --teacher, or with --more.")
    around = Surroundings(noises, rooms, voices=_voices(heard))
    if options.encoder_minutes:
        encoder_stage = EncoderStage(options.encoder_minutes)
        with progress("encoder") as report:
            distil_encoder(pupil.model, heard, read_recording, around, pupil.features, encoder_stage, report)
    taught = as_heard(heard, pupil.tokenizer)
    if options.decoder_minutes and taught:
        with progress("decoder") as report:
            distil_decoder(pupil.model, taught, DecoderStage(options.decoder_minutes), report)
    if options.joint_minutes:
        joint_stage = JointStage(options.joint_minutes)
        with progress("both") as report:
            distil_jointly(pupil, heard, read_recording, around, joint_stage, report)
    copy_files(options.model, options.out, (*SETTINGS, *VOCABULARY))
    save_model(pupil.model, options.out, options.packed)
    if options.ctc_minutes:
        with progress("encoding") as report:
            encoded = encoded_examples(pupil, heard, read_recording, around, np.random.default_rng(0), report)
        with progress("ctc") as report:
            save_ctc(distil_ctc(encoded, pupil.tokenizer, CtcStage(options.ctc_minutes), report), options.out)
    note(f"{options.model} -> {options.out}")
    return 0


def _heard(options: argparse.Namespace, recognizer: Recognizer) -> list[Window]:
    """What the teacher heard, now or before, and what is learnt without it."""
    from s2t_core.training.curriculum import listen_once, read_windows
    from s2t_core.training.lessons import Listener, windows, without_teacher
    from s2t_core.training.teacher import load_teacher
    from s2t_core.training.whisper import read_whisper

    if options.teacher is not None:
        whisper = read_whisper(options.teacher)
        tokenizer = recognizer.decoder.tokenizer
        listener = Listener(load_teacher(whisper), tokenizer, whisper, read_recording)
        with progress("listening") as report:
            listen_once(listener, _utterances(options.speech), options.work / "lessons", report)
    more = _utterances(options.more)
    with progress("writing") as report:
        learnt = without_teacher(more, read_recording, functools.partial(_write, recognizer))
        return read_windows(options.work / "lessons") + list(counted(learnt, len(windows(more)), report))


def read_recording(path: Path) -> Samples:
    """A whole recording at 16 kHz. Raises AudioError for a file that is no audio."""
    from app.audio.file import read_chunks

    return joined(list(read_chunks(path, block_s=1.0)))


@contextlib.contextmanager
def progress(name: str) -> Iterator[Report]:
    """A bar on stderr for a stage that says how far it is, 0..1; a line at its end."""
    from tqdm import tqdm

    said = ""
    with tqdm(total=100, desc=name, disable=not sys.stderr.isatty(), leave=False, bar_format=_BAR) as bar:

        def report(done: float, text: str) -> None:
            nonlocal said
            said = text
            bar.set_postfix_str(text, refresh=False)
            bar.update(round(100 * done, 1) - bar.n)

        yield report
    note(f"{name}: {said or 'nothing to do'}")


_BAR = "{desc}: {percentage:3.0f}% |{bar}| {elapsed}, {remaining} left, {postfix}"


def counted(made: Iterable[T], total: int, report: Report) -> Iterator[T]:
    """What is made, with a report at each."""
    for number, one in enumerate(made, 1):
        report(min(1.0, number / max(total, 1)), f"{number} of {total}")
        yield one


def copy_files(source: Path, target: Path, names: Sequence[str]) -> None:
    """Those of the named files that `source` has."""
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)


def write_settings(folder: Path, heads: Heads) -> None:
    """How a transplanted checkpoint listens and searches, in the files that transformers reads, and where it looks."""
    features: dict[str, object] = {
        "feature_extractor_type": "Speech2TextFeatureExtractor",
        "processor_class": "Speech2TextProcessor",
    }
    features |= {"feature_size": 80, "num_mel_bins": 80, "sampling_rate": 16000, "padding_value": 0.0}
    features |= {"do_ceptral_normalize": False, "normalize_means": False, "normalize_vars": False}
    search = {"bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 2}
    search |= {"max_new_tokens": 200, "num_beams": 1}
    folder.mkdir(parents=True, exist_ok=True)
    files = {"preprocessor_config.json": features, "generation_config.json": search}
    if heads:
        files["alignment.json"] = {"heads": heads}
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _new_folder(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise AppError(f"{folder} is not an empty folder.", "Name a new folder with --out.")


def _utterances(manifests: Sequence[Path]) -> list[Utterance]:
    """Of all manifests; each says how long it is, which decides what is heard together."""
    from dataclasses import replace

    from app.audio.file import duration_s
    from s2t_core.manifest import read_manifest

    rows = [one for manifest in manifests for one in read_manifest(manifest)]
    return [one if one.duration_s is not None else replace(one, duration_s=duration_s(one.path)) for one in rows]


def _weighted_lines(files: Sequence[Path]) -> Iterator[tuple[str, float]]:
    """Lines of text, each with the weight behind its tab, else 1."""
    for path in files:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
            for line in lines:
                text, _, weight = line.partition("\t")
                yield text, float(weight or 1.0)
        except (OSError, ValueError) as error:
            raise AppError(
                f"{path} cannot be read ({error}).", "Write a text a line, if needed a tab and a weight."
            ) from None


def _recordings(manifest: Path | None) -> list[Samples]:
    return [read_recording(one.path) for one in _utterances([manifest] if manifest else [])]


def _voices(heard: Sequence[Window]) -> list[Samples]:
    """Some of the speech that is learnt, to be background for the rest."""
    return [read_recording(window.lessons[0].paths[0]) for window in heard[:: max(1, len(heard) // 100)]]


def _write(recognizer: Recognizer, samples: Samples) -> str:
    return recognizer.decoder.hear(samples).text

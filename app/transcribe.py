"""`dictate transcribe`: the text of files, one after the other."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from app.audio.file import Sound, open_sound
from app.errors import AppError, AudioError, WrongUse, sentence
from app.export import DEFAULTS, EXPORTERS, FORMATS, ExportOptions, Transcript, write_bytes
from app.file_batches import hear_files
from app.file_text import BLOCK_S, Heard, hear_file
from app.targets import find_files, plan_targets
from app.terminal import harmless, note, out, out_bytes
from s2t_core.errors import S2TError
from s2t_core.transcript import TranscriptDocument

if TYPE_CHECKING:
    from s2t_core.recognizer import Recognizer

_BAR = "{desc}: {percentage:3.0f}% |{bar}| {n:.0f} of {total:.0f} s, {remaining} left"


def make_folder(folder: Path) -> None:
    """Make the folder for the transcripts. Raises AppError when it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AppError(f"The folder {folder} cannot be made ({error.strerror}).", "Choose another one.") from None


def check_stdout(form: str, count: int) -> None:
    """Raises WrongUse where so many transcripts of this format cannot go to stdout, AppError where nothing can."""
    if sys.__stdout__ is None:  # closed by the caller
        raise AppError("There is no output to which the text could be written.", "Give -o DIR.")
    if not FORMATS[form].is_text and sys.stdout.isatty():
        raise WrongUse(f"A {form} file cannot be shown in a terminal.", f"Give -o DIR, or redirect: > talk.{form}")
    if count > 1 and not FORMATS[form].in_a_row:
        raise WrongUse(f"Several {form} files cannot follow one another.", "Give -o DIR: each gets a file of its own.")


def transcribe_files(
    load: Callable[[], Recognizer],
    paths: Iterable[Path],
    form: str,
    folder: Path | None,
    options: ExportOptions = DEFAULTS,
) -> bool:
    """Write the transcript of every file to stdout, or into `folder`; a bad file does not keep the others back.

    The model is loaded at the first file that can be read. Returns whether all went well; raises what `load` raises,
    and AppError where the transcripts could go nowhere.
    """
    well = True
    files = find_files(paths)
    targets: Sequence[Path | None] = [None] * len(files)
    if folder is None:
        check_stdout(form, len(files))
    else:
        make_folder(folder)
        targets = plan_targets(files, form, folder)
    found, follows = _transcribed(load, [file.path for file in files]), False
    for (path, transcript, fault), target in zip(found, targets, strict=True):
        try:
            if transcript is not None and target is not None:
                _write(transcript, form, target, options)
                note(f"{path} -> {target}")
            elif transcript is not None and (transcript.document.text or fault is None):
                _show(EXPORTERS[form](transcript, options), form, path if len(files) > 1 else None, follows)
                follows = True
        except BrokenPipeError:
            raise
        except Exception as error:  # whatever it is, the other files are not to blame
            fault = error
        if fault is not None:
            note(f"dictate: {sentence(fault)}")
            well = False
    return well


def save_transcript(
    recognizer: Recognizer, sound: Sound, form: str, target: Path, options: ExportOptions
) -> tuple[Transcript, Exception | None]:
    """Write the transcript of one file over an earlier one; with it, why it ends early if the file is damaged.

    Raises AppError where it cannot be written.
    """
    transcript, fault = transcribe_file(recognizer, sound)
    _write(transcript, form, target, options)
    return transcript, fault


def _write(transcript: Transcript, form: str, target: Path, options: ExportOptions) -> None:
    make_folder(target.parent)
    write_bytes(target, EXPORTERS[form](transcript, options), overwrite=True)


def _transcribed(
    load: Callable[[], Recognizer], paths: list[Path]
) -> Iterator[tuple[Path, Transcript | None, Exception | None]]:
    """Of every file, in their order, its transcript, and why that ends early or is none."""
    recognizer: Recognizer | None = None
    for number, path in enumerate(paths):
        try:
            sound = open_sound(path, BLOCK_S)  # a wrong name is said before the model takes its seconds
        except S2TError as error:
            yield path, None, error
            continue
        with contextlib.closing(sound):
            recognizer = recognizer or load()
            if not recognizer.hears_in_batches:
                yield path, *_one(recognizer, sound)
                continue
        yield from _in_batches(recognizer, paths[number:])
        return


def _one(recognizer: Recognizer, sound: Sound) -> tuple[Transcript | None, Exception | None]:
    try:
        return transcribe_file(recognizer, sound)
    except Exception as error:  # whatever it is, the other files are not to blame
        return None, error


def _in_batches(
    recognizer: Recognizer, paths: list[Path]
) -> Iterator[tuple[Path, Transcript | None, Exception | None]]:
    bar: Any = None
    shown = ""

    def progress(name: str, done_s: float, all_s: float) -> None:
        nonlocal bar, shown
        if bar is None or name != shown:
            if bar is not None:
                bar.close()
            bar, shown = _bar(name, all_s), name
        bar.update(done_s - bar.n)

    for path, heard, fault in hear_files(recognizer, paths, progress):
        if bar is not None:
            bar.clear()  # the text is written where it stands
        yield path, None if heard is None else _transcript(recognizer, path, heard), fault
    if bar is not None:
        bar.close()


def transcribe_file(recognizer: Recognizer, sound: Sound) -> tuple[Transcript, Exception | None]:
    """The transcript of one file, and why it ends early if the file is damaged."""
    heard, fault = Heard(TranscriptDocument(), 0.0), None
    with _bar(sound.path.name, sound.length_s) as progress:
        try:
            for heard in hear_file(recognizer, sound):
                progress.update(heard.done_s - progress.n)
        except AudioError as error:
            fault = error
    return _transcript(recognizer, sound.path, heard), fault


def _transcript(recognizer: Recognizer, path: Path, heard: Heard) -> Transcript:
    return Transcript(heard.document, str(path), heard.done_s, recognizer.name)


def _bar(name: str, length_s: float) -> Any:
    """A bar for so many seconds, 0 where nobody knows."""
    return tqdm(
        total=round(length_s, 1) or None,
        desc=harmless(" ".join(name.split())),
        unit="s",
        disable=not sys.stderr.isatty(),
        leave=False,
        bar_format=_BAR if length_s else None,
    )


def _show(data: bytes, form: str, path: Path | None, follows: bool) -> None:
    """Plain text in the terminal's own spelling, below its path where there are several; else the file as it is.

    follows  there is one before it
    """
    if form == "txt":
        text = data.decode("utf-8")
        out(text.rstrip("\n") if path is None else f"==> {' '.join(str(path).splitlines())} <==\n{text}")
    else:
        out_bytes(b"\n" + data if follows and form == "md" else data)

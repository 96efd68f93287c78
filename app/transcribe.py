"""`dictate transcribe`: the text of files, one after the other."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from app.audio.file import duration_s, read_chunks
from app.errors import AppError
from app.export import EXPORTERS, Transcript, write_text
from app.terminal import note, out
from s2t_core.errors import S2TError
from s2t_core.transcript import TranscriptDocument

if TYPE_CHECKING:
    from s2t_core.recognizer import Recognizer


def make_folder(folder: Path) -> None:
    """Make the folder for the transcripts. Raises AppError when it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AppError(f"The folder {folder} cannot be made ({error.strerror}).", "Choose another one.") from None


def transcribe_files(load: Callable[[], Recognizer], paths: list[Path], form: str, folder: Path | None) -> bool:
    """Write the transcript of every file to stdout, or into `folder`; a bad file does not keep the others back.

    The model is loaded at the first file that can be read. Returns whether all went well; raises what `load` raises.
    """
    well = True
    recognizer: Recognizer | None = None
    targets: set[Path] = set()
    for path in paths:
        try:
            duration_s(path)  # a wrong name is said before the model takes its seconds
        except S2TError as error:
            note(f"dictate: {error}")
            well = False
            continue
        recognizer = recognizer or load()
        try:
            text = EXPORTERS[form](transcribe_file(recognizer, path))
            if folder is None:
                out(f"==> {path} <==\n{text}" if len(paths) > 1 and form == "txt" else text.rstrip("\n"))
            else:
                _write(text, path, form, folder, targets)
        except S2TError as error:
            note(f"dictate: {error}")
            well = False
    return well


def transcribe_file(recognizer: Recognizer, path: Path) -> Transcript:
    """The transcript of one file. Raises AudioError."""
    session = recognizer.open_session(partials=False)
    document = TranscriptDocument()
    seconds = 0.0
    with tqdm(
        total=round(duration_s(path), 1),
        desc=path.name,
        unit="s",
        disable=not sys.stderr.isatty(),
        leave=False,
        bar_format="{desc}: {percentage:3.0f}% |{bar}| {n:.0f} of {total:.0f} s, {remaining} left",
    ) as progress:
        for chunk in read_chunks(path, block_s=1.0):
            for event in session.push(chunk):
                document = document.apply(event)
            seconds = (chunk.start + len(chunk.samples)) / chunk.rate
            progress.update(len(chunk.samples) / chunk.rate)
    for event in session.finish():
        document = document.apply(event)
    return Transcript(document, str(path), seconds, recognizer.name)


def _write(text: str, path: Path, form: str, folder: Path, targets: set[Path]) -> None:
    """Save beside the others; two files of one name in different folders or forms keep apart."""
    names = [path.stem, path.name, *(f"{path.name}-{number}" for number in range(2, 1000))]
    target = next(folder / f"{name}.{form}" for name in names if folder / f"{name}.{form}" not in targets)
    targets.add(target)
    write_text(target, text)
    note(f"{path} -> {target}")

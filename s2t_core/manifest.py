"""Lists of recorded utterances: a tab-separated table that names the audio and says what is spoken in it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from s2t_core.errors import ManifestError

REQUIRED = ("path", "transcript")


@dataclass(frozen=True, slots=True)
class Utterance:
    """One recording and its text.

    path        of the audio
    transcript  the words as they are known, in any case; empty: nothing is spoken
    duration_s  None where the manifest does not say it
    speaker     empty where it is not known
    corpus      the collection it belongs to; by default the name of the manifest's folder
    cased       the transcript with capitals and punctuation; empty where it is not known
    """

    path: Path
    transcript: str
    duration_s: float | None = None
    speaker: str = ""
    corpus: str = ""
    cased: str = ""


def read_manifest(path: Path, audio: Path | None = None) -> list[Utterance]:
    """The utterances of a manifest, in its order. The audio itself is not looked at.

    The first line names the columns: path and transcript, and in any order duration (s), speaker, corpus, cased; other
    columns are ignored. Fields are separated by tabs and never quoted; empty lines are skipped.

    audio  the folder to which paths are relative; None: that of the manifest
    Raises ManifestError for a table that cannot be read or is not of this form.
    """
    lines = _lines(path)
    _, header = next(lines, (1, ""))
    columns = header.split("\t")
    for name in REQUIRED:
        if columns.count(name) != 1:
            raise ManifestError(
                f"{path}, line 1: there is {'no' if name not in columns else 'more than one'} column {name!r}.",
                "The first line names the columns, separated by tabs: path and transcript at least.",
            )
    folder = path.parent if audio is None else audio
    corpus = path.resolve().parent.name
    utterances = []
    for number, line in lines:
        fields = line.split("\t")
        if len(fields) != len(columns):
            raise ManifestError(
                f"{path}, line {number}: {len(fields)} fields, but {len(columns)} columns.",
                "Separate fields by single tabs; a field that is not known stays empty.",
            )
        row = {name: field.strip() for name, field in zip(columns, fields, strict=True)}
        utterances.append(_utterance(row, folder, corpus, f"{path}, line {number}"))
    if not utterances:
        raise ManifestError(f"{path} lists no utterances.", "Write one below the first line: a path and its words.")
    return utterances


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines that are not empty, with their numbers; the first one always."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ManifestError(f"{path} cannot be read ({error.strerror}).", "Name a manifest, a .tsv file.") from None
    # Not splitlines: it would break lines at characters that may stand inside a text.
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        try:
            text = line.decode("utf-8").removesuffix("\r")
        except UnicodeDecodeError:
            raise ManifestError(f"{path}, line {number}: this is not UTF-8.", "Save the table as UTF-8 text.") from None
        if text.strip() or number == 1:
            yield number, text


def _utterance(row: dict[str, str], folder: Path, corpus: str, place: str) -> Utterance:
    if not row["path"] or "\0" in row["path"]:
        raise ManifestError(f"{place}: no path of an audio file.", "Name it, or delete the line.")
    return Utterance(
        path=folder / row["path"],
        transcript=row["transcript"],
        duration_s=_duration_s(row.get("duration", ""), place),
        speaker=row.get("speaker", ""),
        corpus=row.get("corpus", "") or corpus,
        cased=row.get("cased", ""),
    )


def _duration_s(text: str, place: str) -> float | None:
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not (math.isfinite(seconds) and seconds > 0):
        raise ManifestError(f"{place}: {text!r} is no duration.", "Write seconds, such as 3.25, or leave it empty.")
    return seconds

"""Which files are transcribed, and where the transcript of each of them goes."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.errors import AudioError
from app.file_queue import found_in

_LONGEST_NAME = 240  # bytes, without what comes behind it; most systems take 255


@dataclass(frozen=True, slots=True)
class Found:
    """A file as it was named, and how deep it lies in the folder that was named: so deep lies its transcript."""

    path: Path
    below: Path = Path()


def find_files(paths: Iterable[Path]) -> list[Found]:
    """The files, and the audio and video files of folders. Raises AudioError for a folder without any."""
    files: list[Found] = []
    for path in paths:
        found = found_in([path])
        if not found:
            raise AudioError(f"The folder {path} holds no audio or video.", "Name another folder, or files.")
        files += [Found(one, Path() if one == path else one.parent.relative_to(path)) for one in found]
    return files


def plan_targets(
    files: Sequence[Found], form: str, folder: Path, known: Mapping[Path, Path] | None = None
) -> list[Path]:
    """The place of each transcript; files of one name in different folders or forms keep apart.

    Every file has its place, whether it can be read or not, so that the places stay when it is tried again. What is
    `known` by its path keeps the place that it has. No recording is ever overwritten by a text.
    """
    known = known or {}
    taken = {_place(file.path) for file in files} | {_place(target) for target in known.values()}
    targets = []
    left: dict[tuple[Path, str], Iterator[Path]] = {}  # names for files of one name: what came before is taken for good
    for file in files:
        names = left.setdefault((file.below, file.path.name), _names(file, form, folder))
        target = known.get(file.path) or next(name for name in names if _place(name) not in taken)
        taken.add(_place(target))
        targets.append(target)
    return targets


def _names(file: Found, form: str, folder: Path) -> Iterator[Path]:
    stem, whole = (name.encode("utf-8", "surrogateescape")[:_LONGEST_NAME] for name in (file.path.stem, file.path.name))
    names = itertools.chain((stem, whole), (whole + f"-{number}".encode() for number in itertools.count(2)))
    return (folder / file.below / f"{os.fsdecode(name)}.{form}" for name in names)


def _place(path: Path) -> Path:
    """Where a name leads; the name itself where links lead in a circle."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return path.absolute()

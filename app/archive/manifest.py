"""What has become of the files of an archive: a line of JSON each, appended as they end; later runs go on from it.

    {"path":..,"size":..,"mtime_ns":..,"format":..,"settings":..,"state":"done"|"failed","target":..,"reason":..,
     "audio_s":..,"wall_s":..}

`target` is relative to the folder that the manifest lies in. Of a file in a format the last line counts; lines that
are torn or of no such shape count for nothing.
"""

from __future__ import annotations

import contextlib
import json
import math
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from app.errors import AppError
from app.journal.append_file import AppendFile, sync_folder

NAME = "archive.jsonl"


@dataclass(frozen=True, slots=True)
class Entry:
    """How one file ended. `settings` is a digest of all that its text depends on beside its sound."""

    path: str
    size: int
    mtime_ns: int
    format: str
    settings: str
    state: str
    target: str
    reason: str = ""
    audio_s: float = 0.0
    wall_s: float = 0.0


class Manifest:
    """Of one folder, and of one command at a time. Whoever opened it closes it."""

    def __init__(self, folder: Path) -> None:
        """Raises AppError where it cannot be read or written, or another command is at work in the folder."""
        self.file = folder / NAME
        try:
            self._append = AppendFile(self.file)
        except OSError as error:
            raise _unusable(self.file, error) from None
        try:
            _claim(self._append, folder)
            data = self.file.read_bytes()
            if data and not data.endswith(b"\n"):
                self._append.append(b"\n")  # what follows a torn line is whole
            sync_folder(folder)
        except OSError as error:
            self.close()
            raise _unusable(self.file, error) from None
        except AppError:
            self.close()
            raise
        self._entries = {(entry.path, entry.format): entry for line in data.splitlines() for entry in _entries(line)}

    def find(self, path: str, form: str) -> Entry | None:
        """How this file ended in this format the last time."""
        return self._entries.get((path, form))

    def add(self, *entries: Entry) -> None:
        """On the disk when this returns. Raises AppError where the disk refuses."""
        lines = "".join(f"{json.dumps(asdict(entry))}\n" for entry in entries)
        try:
            self._append.append(lines.encode())
            self._append.sync()
        except OSError as error:
            raise _unusable(self.file, error) from None
        self._entries |= {(entry.path, entry.format): entry for entry in entries}

    def close(self) -> None:
        """Every line is synced already."""
        with contextlib.suppress(OSError):
            self._append.close()


def _claim(file: AppendFile, folder: Path) -> None:
    try:
        file.claim()
    except (BlockingIOError, PermissionError):
        raise AppError(f"Another dictate is at work in {folder}.", "Wait for its end, or choose another -o.") from None
    except OSError:
        pass  # a file system without locks


def _entries(line: bytes) -> list[Entry]:
    """The one of this line, or none."""
    try:
        value = json.loads(line)
        entry = Entry(**{field.name: value[field.name] for field in fields(Entry)})
    except (ValueError, KeyError, TypeError, RecursionError):
        return []
    return [entry] if _is_sound(entry) else []


def _is_sound(entry: Entry) -> bool:
    texts = (entry.path, entry.format, entry.settings, entry.state, entry.target, entry.reason)
    target = Path(entry.target) if isinstance(entry.target, str) else Path("/")
    return (
        all(isinstance(text, str) for text in texts)
        and "\0" not in entry.path + entry.target
        and not target.is_absolute()
        and ".." not in target.parts  # nothing outside the folder is ever written
        and all(isinstance(number, int) for number in (entry.size, entry.mtime_ns))
        and all(_is_number(number) for number in (entry.audio_s, entry.wall_s))
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _unusable(file: Path, error: OSError) -> AppError:
    return AppError(f"{file} cannot be kept ({error.strerror}).", "Choose another folder with -o.")

"""Files are written whole or not at all, and over others only where that is wished."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from app.errors import AppError
from app.export.options import file_stem


def write_bytes(target: Path, data: bytes, overwrite: bool = False) -> None:
    """Put `data` into `target`: a full disk leaves the old file as it was.

    Raises AppError where it cannot be written, or is there already and `overwrite` is not said.
    """
    draft = target.with_name(f".{file_stem(target.name)}.part")
    try:
        if not overwrite and os.path.lexists(target):
            raise AppError(f"There is a file {target} already.", "Choose another name, or move it away.")
        draft.unlink(missing_ok=True)
        with draft.open("xb") as file:  # never through a link that lies there
            file.write(data)
        draft.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise AppError(f"{target} cannot be written ({error.strerror}).", "Save it somewhere else.") from None
    except ValueError:
        raise AppError("The name of the file holds a sign that no name can have.", "Choose another name.") from None


def write_text(target: Path, text: str, overwrite: bool = False) -> None:
    """Put `text` into `target` as UTF-8. Raises as `write_bytes` does."""
    write_bytes(target, encode(text), overwrite)


def encode(text: str) -> bytes:
    """UTF-8; halves of surrogate pairs, as names of files may hold them, are spelt out."""
    return text.encode("utf-8", errors="backslashreplace")


def free_path(folder: Path, name: str, suffix: str) -> Path:
    """A path in `folder` where no file is yet: `name`, as every system takes it, or with a number behind it."""
    stem = file_stem(name)
    target = folder / f"{stem}{suffix}"
    number = 1
    while os.path.lexists(target):
        number += 1
        target = folder / f"{stem}-{number}{suffix}"
    return target

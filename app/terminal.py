"""What the commands write: text and JSON on stdout, everything else on stderr."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

# A terminal obeys control characters, wherever they come from; of those a text needs two.
_OBEYED = {code: None for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}
# What some readers take for the end of a line, or a terminal for a command; JSON has an escape for each.
_ESCAPED = {code: f"\\u{code:04x}" for code in (*range(127, 160), 0x2028, 0x2029)}


def harmless(text: str) -> str:
    """`text` without what a terminal obeys."""
    return text.translate(_OBEYED)


def out(text: str) -> None:
    """A line on stdout, flushed at once: others read it while we run. No control character gets through."""
    print(harmless(text), flush=True)


def out_bytes(data: bytes) -> None:
    """The bytes of a file on stdout, whatever the terminal's spelling; a terminal gets no control characters."""
    sys.stdout.flush()
    if sys.stdout.isatty():
        out(data.decode("utf-8", errors="replace").removesuffix("\n"))
        return
    stream = getattr(sys.stdout, "buffer", None)
    if stream is None:  # somebody caught stdout as text
        sys.stdout.write(data.decode("utf-8", errors="replace"))
    else:
        stream.write(data)
    sys.stdout.flush()


def out_json(value: Any) -> None:
    """One JSON object on one line of stdout."""
    out(json.dumps(value, ensure_ascii=False).translate(_ESCAPED))


def note(text: str) -> None:
    """One line on stderr, whatever is in it."""
    print(harmless(" ".join(text.splitlines())), file=sys.stderr, flush=True)


def counted(count: int, one: str, more: str = "") -> str:
    """So many of them: "1 file", "2 files"."""
    return f"{count} {one if count == 1 else more or one + 's'}"


def lasting(seconds: float) -> str:
    """A time in the unit in which it is easily read."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 3600 else f"{seconds / 3600:.2f} h"


def prepare_streams() -> None:
    """Make writing safe where a stream was closed by the caller, or cannot spell every letter."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")

"""The user's settings on disk: read with forgiveness, written whole or not at all."""

from __future__ import annotations

import contextlib
import json
import math
import os
import time
import types
import typing
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from app.errors import AppError
from app.settings import Settings

_VERSION = 1
# The values that make sense, by the place of the setting; a boolean or a free text needs no entry.
RANGES: dict[str, tuple[float, float]] = {
    "text.boost": (0, 20),
    "text.rules.digits_from": (0, 1_000_000),
    "view.text_scale": (0.5, 4),
    "view.doubt": (0, 1),
    "captions.lines": (1, 5),
    "captions.size_pt": (12, 72),
    "captions.opacity": (0.1, 1),
    "captions.x": (-100_000, 100_000),
    "captions.y": (-100_000, 100_000),
    "captions.width": (0, 100_000),
    "history.days": (0, 36_500),
}


def read_settings(path: Path) -> tuple[Settings, str]:
    """The settings in a file, and a notice of what in it could not be used; without a file the defaults.

    A file that is no JSON object is set aside under another name.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings(), ""
    except OSError as error:
        return Settings(), f"The settings in {path} cannot be read ({error.strerror}). The defaults are used."
    except (ValueError, RecursionError):
        return Settings(), _set_aside(path)
    if not isinstance(content, dict):
        return Settings(), _set_aside(path)
    refused: list[str] = []
    settings = _made(Settings, content, "", refused)
    notice = f"These settings were not usable and have their default: {', '.join(refused)}." if refused else ""
    return settings, notice


def write_settings(path: Path, settings: Settings) -> None:
    """Save; what a newer version has written besides stays in the file. Raises AppError."""
    known = _plain(settings)
    draft = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        content = {**_over(_present(path), known), "version": _VERSION}
        draft.touch(mode=0o600)
        with draft.open("w", encoding="utf-8") as file:
            json.dump(content, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise AppError(
            f"The settings cannot be saved in {path} ({error.strerror}).", "They hold until the program ends."
        ) from None


def _present(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _over(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    merged = dict(old)
    for key, value in new.items():
        before = merged.get(key)
        merged[key] = _over(before, value) if isinstance(value, dict) and isinstance(before, dict) else value
    return merged


def _set_aside(path: Path) -> str:
    aside = path.with_name(f"{path.stem}.broken-{time.strftime('%Y%m%d-%H%M%S')}{path.suffix}")
    try:
        path.replace(aside)
    except OSError as error:
        return f"The settings in {path} are damaged and cannot be set aside ({error.strerror}). The defaults are used."
    return f"The settings were damaged; they are kept as {aside.name}, and the defaults are used."


def _plain(value: object) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def _made(kind: Any, content: dict[str, Any], place: str, refused: list[str]) -> Any:
    """An instance of a group of settings; what `content` lacks or has wrong keeps its default."""
    made = kind()
    kinds = typing.get_type_hints(kind)
    for field in fields(kind):
        if field.name not in content:
            continue
        value, where, wanted = content[field.name], f"{place}{field.name}", kinds[field.name]
        if is_dataclass(wanted):
            inner = _made(wanted, value, f"{where}.", refused) if isinstance(value, dict) else None
            if inner is None:
                refused.append(where)
            else:
                made = replace(made, **{field.name: inner})
            continue
        try:
            made = replace(made, **{field.name: _in_range(_converted(value, wanted), where)})
        except (TypeError, ValueError):
            refused.append(where)
    return made


def _converted(value: Any, wanted: Any) -> Any:
    """The value as the type of its setting. Raises TypeError or ValueError."""
    origin, arguments = typing.get_origin(wanted), typing.get_args(wanted)
    if origin is typing.Literal:
        if value in arguments and isinstance(value, str):
            return value
        raise ValueError(value)
    if origin is types.UnionType:
        return None if value is None else _converted(value, arguments[0])
    if origin is tuple:
        return _sequence(value, arguments)
    return _SIMPLE[wanted](value)


def _sequence(value: Any, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise TypeError(value)
    if arguments[-1] is not Ellipsis:
        return tuple(_converted(one, kind) for one, kind in zip(value, arguments, strict=True))
    return tuple(_converted(one, arguments[0]) for one in value)


def _strictly(*kinds: type) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if type(value) not in kinds:  # True is an int elsewhere
            raise TypeError(value)
        return kinds[0](value)

    return check


_SIMPLE = {bool: _strictly(bool), int: _strictly(int), float: _strictly(float, int), str: _strictly(str)}


def _in_range(value: Any, where: str) -> Any:
    if where in RANGES and value is not None:
        least, most = RANGES[where]
        if not math.isfinite(value) or not least <= value <= most:
            raise ValueError(value)
    return value

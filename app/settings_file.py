"""The user's choices on disk: read leniently, written whole or not at all."""

from __future__ import annotations

import contextlib
import json
import logging
import os
from datetime import datetime
from pathlib import Path
from typing import Any, get_origin

from app.errors import AppError
from app.private_files import private_folder
from app.setting_paths import TYPES, entry_fits, expected, fits, most_entries, value_at, with_value
from app.settings import Settings

_VERSION = 1  # of the form; a newer one in the file stays
_NAMED = 3  # faults that a notice names
_ABSENT = object()
_OPEN = "Settings that are changed now last until the program ends."

logger = logging.getLogger(__name__)


def read_settings(path: Path) -> tuple[Settings, str]:
    """What the file holds, and a line about what could not be used ("" if nothing); it never raises.

    A wrong value becomes the default, a wrong entry of a list is left out, what is missing is the default. A file that
    is no settings at all is set aside under a name with its date.
    """
    try:
        content, notice = _load(path)
    except AppError as error:
        return Settings(), str(error)
    settings, faults = Settings(), dict[str, None]()
    for leaf in TYPES:
        where, raw = _look_up(content, leaf)
        if where != leaf:
            faults[f"{where} must be a group of settings"] = None
        elif raw is not _ABSENT:
            value, good = _understood(leaf, raw)
            settings = with_value(settings, leaf, value)
            if not good:
                faults[f"{leaf} must be {expected(leaf)}"] = None
    return settings, notice or _fault_line(path, list(faults))


def write_settings(path: Path, settings: Settings) -> None:
    """Put `settings` into the file, readable by this user alone; keys that this version does not know stay as they are.

    Raises AppError: nothing has been written then.
    """
    content, notice = _load(path)
    if notice:
        logger.warning("%s", notice)
    known = content.pop("version", _VERSION)
    newer = type(known) is int and known > _VERSION
    content = {"version": known if newer else _VERSION, **content}
    for leaf in TYPES:
        _put(content, leaf, value_at(settings, leaf))
    # Half a character can stand in what others wrote; the escape of the same letters is what JSON calls it.
    data = (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "backslashreplace")
    try:
        _replace_file(path.resolve() if path.is_symlink() else path, data)
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
        reason = getattr(error, "strerror", None) or str(error)
        raise AppError(f"{path} cannot be written ({reason}).", f"Make room and its folder writable. {_OPEN}") from None


def _load(path: Path) -> tuple[dict[str, Any], str]:
    """The file's content, and a line if it was none. Raises AppError where there is a file that cannot be read."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return {}, ""
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise AppError(f"{path} cannot be read ({reason}).", f"Make it readable for you. {_OPEN}") from None
    try:
        content = json.loads(data.decode("utf-8-sig"))
        json.dumps(content, indent=1)  # what is nested too deeply to be written again is of no use
    except (ValueError, RecursionError):
        content = None
    if isinstance(content, dict):
        return content, ""
    return {}, _set_aside(path)


def _set_aside(path: Path) -> str:
    stamp = f"{datetime.now():%Y%m%d-%H%M%S}"
    aside, count = path.with_name(f"{path.stem}.broken-{stamp}.json"), 1
    while aside.exists():
        count += 1
        aside = path.with_name(f"{path.stem}.broken-{stamp}-{count}.json")
    try:
        path.rename(aside)
    except OSError as error:
        what = f"{path} is damaged and cannot be moved aside ({error.strerror})."
        raise AppError(what, f"Move or delete it. {_OPEN}") from None
    return f"The settings were damaged, so the defaults are used. The damaged file is kept: {aside}"


def _look_up(content: dict[str, Any], leaf: str) -> tuple[str, Any]:
    """The value and its path; the path of a group instead where that is none."""
    at: Any = content
    names = leaf.split(".")
    for depth, name in enumerate(names):
        if not isinstance(at, dict):
            return ".".join(names[:depth]), None
        if name not in at:
            return leaf, _ABSENT
        at = at[name]
    return leaf, at


def _understood(leaf: str, raw: Any) -> tuple[Any, bool]:
    """The value of a setting from what JSON made of it, and whether all of it could be used."""
    if get_origin(TYPES[leaf]) is tuple and isinstance(raw, list):
        entries = [tuple(entry) if isinstance(entry, list) else entry for entry in raw]
        good = tuple(entry for entry in entries if entry_fits(leaf, entry))[: most_entries(leaf)]
        return good, len(good) == len(raw)
    if not fits(leaf, raw):
        return value_at(Settings(), leaf), False
    return float(raw) if TYPES[leaf] is float else raw, True


def _fault_line(path: Path, faults: list[str]) -> str:
    if not faults:
        return ""
    more = f", and {len(faults) - _NAMED} more" if len(faults) > _NAMED else ""
    return f"Some settings in {path} could not be used and are the defaults: {'; '.join(faults[:_NAMED])}{more}."


def _put(content: dict[str, Any], leaf: str, value: Any) -> None:
    *groups, name = leaf.split(".")
    for group in groups:
        if not isinstance(content.get(group), dict):
            content[group] = {}
        content = content[group]
    content[name] = value


def _replace_file(target: Path, data: bytes) -> None:
    """After a crash at any moment the file is the old one or the new one. Raises OSError."""
    private_folder(target.parent)
    draft = target.with_name(f".{target.name}.part")
    try:
        draft.unlink(missing_ok=True)
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123 (a number)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
    if os.name == "posix":  # the new name is on the disk as well
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

"""Every setting by its dotted path ("captions.size_pt"): its type, what it may hold, its value, another value."""

from __future__ import annotations

import re
from dataclasses import dataclass, is_dataclass, replace
from functools import reduce
from typing import Any, Literal, get_args, get_origin, get_type_hints

from app.export.options import FORMATS, LINE_COUNTS, LINE_LENGTHS, READING_SPEEDS
from app.hotkey.keys import PATTERN as KEY_PATTERN
from app.hotkey.keys import SAYS as KEY_SAYS
from app.settings import Settings

_SIGN = r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"  # neither controls and line ends nor half a character
_LINES = r"[^\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"  # the same, with tabs and line ends


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from `low` to `high`, both included."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Wording:
    """Texts of a form, said in words by `says`. Of a list: its entries, or their first halves, at the most `most`."""

    pattern: str
    says: str
    most: int = 1
    second: str = _LINES + "{0,1000}"


_PHRASE = rf"(?=.*\S){_SIGN}{{1,100}}"
LIMITS: dict[str, Range | Wording] = {
    "sound.input": Wording(_SIGN + "{0,500}", "the name of a device"),
    "sound.own_name": Wording(rf"(?=.*\S){_SIGN}{{1,60}}", "a name of up to 60 signs"),
    "sound.other_name": Wording(rf"(?=.*\S){_SIGN}{{1,60}}", "a name of up to 60 signs"),
    "text.rules.digits_from": Range(0, 1_000_000),
    "text.rules.replacements": Wording(_PHRASE, "what is said, of up to 100 signs, and what is written for it", 1000),
    "text.vocabulary": Wording(_PHRASE, "a word or phrase of up to 100 signs", 1000),
    "text.boost": Range(0.1, 20),
    "view.text_scale": Range(0.5, 5),
    "view.doubt": Range(0, 1),
    "captions.lines": Range(1, 5),
    "captions.font": Wording(_SIGN + "{0,200}", "the name of a font"),
    "captions.size_pt": Range(12, 72),
    "captions.ink": Wording("(#[0-9a-fA-F]{6})?", 'a colour such as "#1e90ff", or empty'),
    "captions.paper": Wording("(#[0-9a-fA-F]{6})?", 'a colour such as "#1e90ff", or empty'),
    "captions.opacity": Range(0.2, 1),
    "captions.screen": Wording(_SIGN + "{0,200}", "the name of a monitor"),
    "captions.x": Range(-1, 32_767),
    "captions.y": Range(-1, 32_767),
    "captions.width": Range(0, 32_767),
    "history.days": Range(0, 36_500),
    "keys.toggle": Wording(KEY_PATTERN, KEY_SAYS),
    "keys.insert_last": Wording(KEY_PATTERN, KEY_SAYS),
    "keys.take_back": Wording(KEY_PATTERN, KEY_SAYS),
    "keys.hold_ms": Range(150, 2000),
    "model.rest_min": Range(0, 1440),
    "export.form": Wording("|".join(FORMATS), "a kind of file"),
    "export.folder": Wording(_SIGN + "{0,4000}", "a folder"),
    "export.options.line_length": Range(*LINE_LENGTHS),
    "export.options.max_lines": Range(*LINE_COUNTS),
    "export.options.chars_per_second": Range(*READING_SPEEDS),
    "export.options.min_cue_s": Range(0.1, 2),
    "export.options.max_cue_s": Range(2, 60),
    "export.options.gap_s": Range(0, 2),
}


def _types(group: type, prefix: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, kind in get_type_hints(group).items():
        if is_dataclass(kind) and isinstance(kind, type):
            found |= _types(kind, f"{prefix}{name}.")
        else:
            found[prefix + name] = kind
    return found


TYPES = _types(Settings, "")  # by path, in the order of the groups


def value_at(settings: Settings, path: str) -> Any:
    """The value of a setting, or a whole group ("captions")."""
    return reduce(getattr, path.split("."), settings)


def with_value(settings: Settings, path: str, value: Any) -> Settings:
    """The same settings but for one value, or one group."""
    changed: Settings = _replaced(settings, path.split("."), value)
    return changed


def expected(path: str) -> str:
    """What a setting holds, in words that follow "must be"."""
    kind, limit = TYPES[path], LIMITS.get(path)
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(get_args(kind))
    if isinstance(limit, Wording):
        return limit.says if limit.most == 1 else f"a list of up to {limit.most}, each {limit.says}"
    if isinstance(limit, Range):
        whole = "" if kind is float else "whole "
        nothing = "null or " if kind == (int | None) else ""
        return f"{nothing}a {whole}number from {limit.low:g} to {limit.high:.7g}"
    return "true or false"


def fits(path: str, value: Any) -> bool:
    """Whether `value` is one that the setting may hold: of a list every entry, and not too many."""
    kind, limit = TYPES[path], LIMITS.get(path)
    if get_origin(kind) is tuple:
        return isinstance(value, tuple) and len(value) <= most_entries(path) and all(entry_fits(path, e) for e in value)
    if get_origin(kind) is Literal:
        return isinstance(value, str) and value in get_args(kind)
    if isinstance(limit, Wording):
        return isinstance(value, str) and re.fullmatch(limit.pattern, value) is not None
    if isinstance(limit, Range):
        if value is None:
            return bool(kind == (int | None))
        number = isinstance(value, int if kind is not float else (int, float)) and not isinstance(value, bool)
        return number and limit.low <= value <= limit.high
    return isinstance(value, bool)


def entry_fits(path: str, entry: Any) -> bool:
    """Whether an entry may be in the list that the setting is: a text, or a pair of texts."""
    limit = LIMITS[path]
    assert isinstance(limit, Wording)
    if TYPES[path] == tuple[str, ...]:
        return isinstance(entry, str) and re.fullmatch(limit.pattern, entry) is not None
    if not isinstance(entry, tuple) or len(entry) != 2 or not all(isinstance(half, str) for half in entry):
        return False
    return all(re.fullmatch(*both) for both in zip((limit.pattern, limit.second), entry, strict=True))


def most_entries(path: str) -> int:
    """How long the list that the setting is may be."""
    limit = LIMITS[path]
    assert isinstance(limit, Wording)
    return limit.most


def _replaced(group: Any, names: list[str], value: Any) -> Any:
    first, *rest = names
    return replace(group, **{first: _replaced(getattr(group, first), rest, value) if rest else value})

"""Which letter a word begins with, where the model's own choice cannot stand."""

from __future__ import annotations

from enum import Enum

from s2t_core.text.tokens import word_set


class Case(Enum):
    """How the next word is written."""

    KEEP = "as the model wrote it"
    RAISE = "with a capital: a sentence begins"
    LOWER = "small: the model took it for the beginning of a sentence, and it is none"
    CAPITAL = "with a capital: it was asked for"
    ALL = "in capitals: it was asked for"


# Without a dictionary of names these alone are known to keep their capital; "march" and "may" are words, too.
_ALWAYS_CAPITAL = word_set(
    "monday tuesday wednesday thursday friday saturday sunday january february april june july september october "
    "november december mr mrs ms dr prof english french german spanish italian chinese american british"
)
# A full stop behind these ends no sentence.
_ABBREVIATIONS = word_set("mr mrs ms dr prof st vs etc no fig approx inc ltd jr sr")


def cased(text: str, case: Case) -> str:
    """`text` as `case` wants it. A capital further inside was meant: no sentence gives such a word another."""
    if case is Case.ALL:
        return text.upper()
    if case is Case.CAPITAL or (case is Case.RAISE and not _is_mixed(text)):
        return text[:1].upper() + text[1:]
    return _lowered(text) if case is Case.LOWER else text


def is_certain(text: str, case: Case) -> bool:
    """Whether the beginning of a word is written the same whatever letters still follow `text`."""
    if case is Case.RAISE:
        return not text[:1].islower()
    return case is not Case.LOWER or not text[:1].isupper()


def ends_sentence(text: str, marks: str) -> bool:
    """Whether a word with these marks behind it ends a sentence, so that the next one needs a capital.

    Behind a quote and an ellipsis a sentence may go on; there the model's own choice stands.
    """
    if not marks or marks[-1] not in ".?!" or marks.endswith(".."):
        return False
    if marks != ".":
        return True
    if "." in text and text[:1].isalpha():
        return False
    return not (text.lower() in _ABBREVIATIONS or (len(text) == 1 and text.isalpha() and text != "I"))


def _is_mixed(text: str) -> bool:
    return text[1:] != text[1:].lower()


def _lowered(text: str) -> str:
    lower = text.lower()
    if len(text) == 1:
        return lower if text == "A" else text
    if text.startswith(("I'", "I\u2019")) or _is_mixed(text) or lower in _ALWAYS_CAPITAL:
        return text
    return lower[:1] + text[1:]

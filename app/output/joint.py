"""How dictated text joins what was inserted before it: the space between them, and the capital it begins with."""

from __future__ import annotations

from collections.abc import Collection

from s2t_core.text.capitals import Case, cased
from s2t_core.text.tokens import QUOTES, cut_word

_CLOSING = ".,;:!?\u2026)]}%\u00b0\u201d\u2019"
_OPENING = "([{\u201c\u2018\u00bf\u00a1/\\_@#$\u2014"  # behind these no space stands
# Behind these a sentence may begin: the capital that was written stands. Behind an abbreviation a name may come, too.
_MAY_END = frozenset('.?!\u2026:"\u201c\u201d')


def joined(
    before: str, text: str, *, continues: bool = False, in_terminal: bool = False, names: Collection[str] = ()
) -> str:
    """`text` as it is to be inserted behind `before`, what was inserted last in the same place; empty if unknown.

    continues    it goes on with what began with the last insertion, and has its own spaces: no letter is changed
    in_terminal  a line end would run a command there: it becomes a space
    names        words, as they are written, that keep their capital in the middle of a sentence
    """
    text = one_line(text) if in_terminal else text
    if continues or not before or not text.strip():
        return text
    if before[-1].isspace():
        text = text.lstrip(" ")
    if text.lstrip(" ").startswith("\n"):
        return text
    if _goes_on(before):
        text = _small(text, names)
    return " " + text if _is_parted(before, text) else text


def settles(text: str) -> bool:
    """Whether the beginning of a dictation says enough to be joined: its first word has ended, whatever follows."""
    return any(letter.isspace() for letter in text.lstrip())


def one_line(text: str) -> str:
    """`text` with a space for every line end, so that nothing is run by it."""
    return text.replace("\r\n", " ").replace("\n", " ").replace("\r", " ")


def _goes_on(before: str) -> bool:
    """Whether the sentence at the end of `before` has surely not ended."""
    if before.rstrip(" ").endswith("\n") or not before.strip():
        return False
    last = cut_word(before.split()[-1])[-1]
    return not set(last.trail) & _MAY_END and not set(last.lead) & QUOTES


def _small(text: str, names: Collection[str]) -> str:
    """`text` without the capital that only the beginning of a sentence gave it."""
    first = text.split(maxsplit=1)[0]
    atom = cut_word(first)[0]
    if set(atom.lead) & QUOTES or atom.text in names:  # what is quoted begins as it began
        return text
    begin = text.index(first) + len(atom.lead)
    return text[:begin] + cased(atom.text, Case.LOWER) + text[begin + len(atom.text) :]


def _is_parted(before: str, text: str) -> bool:
    """Whether a space is missing between the two."""
    last, first = before[-1], text[0]
    if last.isspace() or first.isspace() or last in _OPENING or first in _CLOSING:
        return False
    if last == "-" and before[-2:-1].isalnum():  # half of a word with a hyphen
        return False
    if first == "-" and text[1:2].isalpha():
        return False
    if first == "'":  # an apostrophe, unless it quotes a word: then a second one follows
        return text.split(maxsplit=1)[0].count("'") > 1 or not text[1:2].isalpha() or not before[-1].isalpha()
    if '"' in (first, last):
        is_open = before.count('"') % 2 == 1
        return not is_open if first == '"' else not (last == '"' and is_open)
    return True

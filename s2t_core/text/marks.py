"""The marks that can be said, as a table: what is said, what is written, how it is spaced, and when it is a mere word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from s2t_core.text.capitals import Case

Glue = Literal["left", "right", "both", "none"]  # where no space stands

# Behind these a mark's name is a word like others: "the comma", "the word comma".
DETERMINERS = frozenset("a an the my your our their its every another word words".split())
LITERALLY = "literally"  # said before a mark or a command: its words are written

_OWNERS = frozenset("this that these those her his each some any no one first second last next same".split())
_SPANS = frozenset(
    "long short brief whole entire time grace trial transition waiting rest holding cooling reporting billing "
    "incubation victorian colonial medieval classical romantic postwar interwar year month week day hour".split()
)
_VERB_HELPERS = frozenset("to will would can could should must may might".split())
_NOUNS_FOLLOW = frozenset("a an the his her its my your our their prices costs taxes spending jobs".split())


@dataclass(frozen=True, slots=True)
class Spoken:
    """Something that is said to have something else written.

    said           its names, small
    unless_behind  words behind which it is meant as a word, besides `DETERMINERS`
    unless_before  words before which it is meant as a word
    keeps_behind   a mark that the model wrote behind it stays, as behind a word
    case           how the next word is written for its sake; KEEP: as the marks demand
    """

    said: tuple[str, ...]
    written: str
    glue: Glue
    unless_behind: frozenset[str] = frozenset()
    unless_before: frozenset[str] = frozenset()
    keeps_behind: bool = False
    case: Case = Case.KEEP


_OF = frozenset({"of"})

SPOKEN_MARKS: tuple[Spoken, ...] = (
    Spoken(("comma",), ",", "left", frozenset({"oxford", "serial"})),
    Spoken(("period",), ".", "left", _OWNERS | _SPANS, frozenset({"of", "pain", "pains", "drama", "piece"})),
    Spoken(("full stop",), ".", "left"),
    Spoken(("question mark",), "?", "left", unless_before=frozenset({"over"})),
    Spoken(("exclamation mark", "exclamation point"), "!", "left"),
    Spoken(("colon",), ":", "left", frozenset({"her", "his"}), frozenset("cancer surgery polyps cleanse".split())),
    Spoken(("semicolon", "semi colon"), ";", "left"),
    Spoken(("ellipsis", "dot dot dot"), "...", "left"),
    Spoken(
        ("dash",), "\u2013", "none", _VERB_HELPERS | {"meter", "yard"}, frozenset("of to into off out across".split())
    ),
    Spoken(("em dash",), "\u2014", "both"),
    Spoken(("hyphen",), "-", "both"),
    Spoken(("open quote", "open quotes"), '"', "right"),
    Spoken(("close quote", "close quotes", "end quote"), '"', "left", keeps_behind=True),
    Spoken(("open parenthesis", "open paren", "open bracket"), "(", "right"),
    Spoken(("close parenthesis", "close paren", "close bracket"), ")", "left", keeps_behind=True),
    Spoken(("open square bracket",), "[", "right"),
    Spoken(("close square bracket",), "]", "left", keeps_behind=True),
    Spoken(("percent sign",), "%", "left", keeps_behind=True),
    Spoken(("degree sign",), "\u00b0", "left", keeps_behind=True),
    Spoken(("dollar sign",), "$", "right"),
    Spoken(("hash sign",), "#", "right"),
    Spoken(("slash", "forward slash"), "/", "both", _VERB_HELPERS, _NOUNS_FOLLOW | _OF),
    Spoken(("backslash",), "\\", "both"),
    Spoken(("underscore",), "_", "both", _VERB_HELPERS, _NOUNS_FOLLOW),
    Spoken(("at sign",), "@", "both"),
    Spoken(("ampersand",), "&", "none"),
    Spoken(("asterisk",), "*", "none"),
    Spoken(("plus sign",), "+", "none"),
    Spoken(("equals sign",), "=", "none"),
)

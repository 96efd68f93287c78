"""The marks that can be said, as a table: what is said and written, how it is spaced, when it is a mere word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from s2t_core.text.capitals import Case
from s2t_core.text.tokens import word_set

Glue = Literal["left", "right", "both", "none"]  # where no space stands

# Behind these a mark's name is a word like others, as it is behind "the word".
DETERMINERS = word_set("a an the my your our their its every another")
LITERALLY = "literally"  # said before a mark or a command: its words are written

# These end sentences, too: "during that period we", but "I like that period".
_AMID = word_set(
    "this that these those her his each some any no one first second last next long short time rest year month week "
    "day hour"
)
_PERIODS = word_set(
    "same brief entire grace trial transition waiting holding cooling reporting billing incubation victorian colonial "
    "medieval classical romantic postwar interwar"
)
_VERB_HELPERS = word_set("to will would can could should must may might")
_NOUNS_FOLLOW = word_set("of a an the his her its my your our their prices costs taxes spending jobs")


@dataclass(frozen=True, slots=True)
class Spoken:
    """Something that is said to have something else written.

    said           its names, small
    unless_behind  words behind which it is meant as a word, besides `DETERMINERS`
    unless_amid    words behind which it is meant as a word where the sentence goes on
    unless_before  words before which it is meant as a word
    keeps_behind   a mark that the model wrote behind it stays, as behind a word
    does           what is to be known of it where `written` does not say it
    case           how the next word is written for its sake; KEEP: as the marks demand
    """

    said: tuple[str, ...]
    written: str
    glue: Glue
    unless_behind: frozenset[str] = frozenset()
    unless_amid: frozenset[str] = frozenset()
    unless_before: frozenset[str] = frozenset()
    keeps_behind: bool = False
    case: Case = Case.KEEP
    does: str = ""


SPOKEN_MARKS: tuple[Spoken, ...] = (
    Spoken(("comma",), ",", "left", unless_behind=word_set("oxford serial")),
    Spoken(
        ("period",),
        ".",
        "left",
        unless_behind=_PERIODS,
        unless_amid=_AMID,
        unless_before=word_set("of pain pains drama piece"),
    ),
    Spoken(("full stop",), ".", "left"),
    Spoken(("question mark",), "?", "left", unless_before=word_set("over")),
    Spoken(("exclamation mark", "exclamation point"), "!", "left"),
    Spoken(
        ("colon",),
        ":",
        "left",
        unless_amid=word_set("her his"),
        unless_before=word_set("cancer surgery polyps cleanse"),
    ),
    Spoken(("semicolon", "semi colon"), ";", "left"),
    Spoken(("ellipsis", "dot dot dot"), "...", "left"),
    Spoken(
        ("dash", "en dash"),
        "\u2013",
        "none",
        unless_behind=_VERB_HELPERS | word_set("meter yard"),
        unless_before=word_set("of to into"),
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
    Spoken(("slash", "forward slash"), "/", "both", unless_behind=_VERB_HELPERS, unless_before=_NOUNS_FOLLOW),
    Spoken(("backslash",), "\\", "both"),
    Spoken(("underscore",), "_", "both", unless_behind=_VERB_HELPERS, unless_before=_NOUNS_FOLLOW),
    Spoken(("at sign",), "@", "both"),
    Spoken(("dot com",), ".com", "left", keeps_behind=True),
    Spoken(("ampersand",), "&", "none"),
    Spoken(("asterisk",), "*", "none"),
    Spoken(("plus sign",), "+", "none"),
    Spoken(("equals sign",), "=", "none"),
)

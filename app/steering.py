"""The options that steer what is written, declared and read once for all commands."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from app.errors import AppError, WrongUse
from s2t_core.types import DEFAULT_BOOST, DecodingOptions, Phrase

MOST_PHRASES = 1000  # thousands of names favour everything, and so nothing
_LONGEST = 100  # signs of a phrase
_STRONGEST = 20.0  # a natural log probability; beyond it the sound has no say


def add_steering(parser: argparse.ArgumentParser) -> None:
    """Declare the words, accepted before and after the command: a default would overwrite what stood before it."""
    unset = argparse.SUPPRESS
    parser.add_argument("--phrases", type=Path, default=unset, metavar="FILE", help="names to expect, one a line")
    parser.add_argument(
        "--boost",
        type=boost,
        default=unset,
        metavar="X",
        help=f"how much to favour them; default: {DEFAULT_BOOST:g}",
    )
    parser.add_argument(
        "--suppress", type=_text, action="append", default=unset, metavar="TEXT", help="never write it; can be repeated"
    )


def decoding_options(options: argparse.Namespace) -> DecodingOptions:
    """What was asked for. Raises AppError for phrases that cannot be read, WrongUse for a boost without any."""
    file, strength = getattr(options, "phrases", None), getattr(options, "boost", None)
    if file is None and strength is not None:
        raise WrongUse("A boost needs phrases to favour.", "Give --phrases as well.")
    return DecodingOptions(
        phrases=() if file is None else read_phrases(file, DEFAULT_BOOST if strength is None else strength),
        suppress=tuple(getattr(options, "suppress", ())),
        n_best=getattr(options, "n_best", 1),
    )


def read_phrases(file: Path, default: float) -> tuple[Phrase, ...]:
    """The phrases of a UTF-8 text, one a line, some with a tab and a boost of their own; lines with # are comments.

    Raises AppError where there is no such text, or for a line that is none.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise AppError(f"{file} is not UTF-8.", "Save it as UTF-8 text.") from None
    except OSError as error:
        raise AppError(f"{file} cannot be read ({error.strerror}).", "Name a text file after --phrases.") from None
    phrases = tuple(
        _phrase(line, f"{file}, line {number}", default)
        for number, line in enumerate(lines, start=1)
        if line.strip() and not line.lstrip().startswith("#")
    )
    if len(phrases) > MOST_PHRASES:
        raise AppError(f"{file} has {len(phrases)} phrases.", f"Keep the {MOST_PHRASES} likeliest.")
    return phrases


def boost(text: str) -> float:
    """A boost above 0. Raises ArgumentTypeError."""
    try:
        strength = float(text)
    except ValueError:
        strength = math.nan
    if not 0 < strength <= _STRONGEST:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0 and up to {_STRONGEST:g}")
    return strength


def _text(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("there is no text in it")
    return text.strip()


def _phrase(line: str, where: str, default: float) -> Phrase:
    text, *rest = (part.strip() for part in line.split("\t"))
    if not text or len(text) > _LONGEST or len(rest) > 1:
        raise AppError(f"{where} is no phrase of up to {_LONGEST} signs.", "Write a phrase, or one, a tab, a boost.")
    try:
        return Phrase(text, boost(rest[0]) if rest else default)
    except argparse.ArgumentTypeError as error:
        raise AppError(f"{where}: {error}.", "Write a phrase, a tab and its boost.") from None

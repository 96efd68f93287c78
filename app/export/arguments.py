"""The words of the command line that choose a format and what it shows, for every command that writes transcripts."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from app.errors import WrongUse
from app.export.options import DEFAULTS, FORMATS, LINE_COUNTS, LINE_LENGTHS, READING_SPEEDS, ExportOptions


def add_export_options(parser: argparse.ArgumentParser) -> None:
    """Declare the format and its options."""
    parser.add_argument("-f", "--format", choices=tuple(FORMATS), default="txt", help="default: txt")
    parser.add_argument("--timestamps", action="store_true", default=None, help="txt, md, docx: times of paragraphs")
    parser.add_argument("--no-speakers", action="store_false", default=None, dest="speakers", help="without names")
    parser.add_argument(
        "--line-length",
        type=_number(*LINE_LENGTHS),
        metavar="N",
        help=f"srt, vtt: characters in a line; default: {DEFAULTS.line_length}",
    )
    parser.add_argument(
        "--max-lines", type=_number(*LINE_COUNTS), metavar="N", help=f"srt, vtt: default: {DEFAULTS.max_lines}"
    )
    parser.add_argument(
        "--reading-speed",
        type=_number(*READING_SPEEDS),
        metavar="N",
        dest="chars_per_second",
        help=f"srt, vtt: characters a second; default: {DEFAULTS.chars_per_second:g}",
    )


def export_options(options: argparse.Namespace) -> ExportOptions:
    """What was asked for. Raises WrongUse for an option that the format has no use for."""
    words = {"chars_per_second": "--reading-speed", "speakers": "--no-speakers"}
    given = {
        name: getattr(options, name)
        for name in ("timestamps", "speakers", "line_length", "max_lines", "chars_per_second")
        if getattr(options, name) is not None
    }
    for name in given.keys() - FORMATS[options.format].options:
        word = words.get(name, f"--{name.replace('_', '-')}")
        fitting = ", ".join(form.name for form in FORMATS.values() if name in form.options)
        raise WrongUse(f"{word} has no meaning for {options.format}.", f"It is for {fitting}; leave it out.")
    return ExportOptions(**given)


def _number(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = int(text) if text.isdecimal() else -1
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {least} to {most}")
        return number

    return read

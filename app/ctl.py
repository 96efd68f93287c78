"""`dictate ctl`: asks the running program, so that any key, script or desktop can start and stop the dictation."""

from __future__ import annotations

import argparse
import json
import os

from app.errors import AppError
from app.paths import runtime_folder
from app.terminal import note, out, out_json, prepare_streams

WORDS = {  # what can be asked, and what comes of it; bound to keys of desktops and written into scripts
    "toggle": "start to dictate, or stop",
    "start": "start to dictate, if nothing is dictated yet",
    "stop": "stop; the last words still come",
    "cancel": "stop; what is still to come is not inserted",
    "status": "what it does: idle, arming, listening, pausing, paused, draining or failed",
}


def add_ctl(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser
) -> argparse.ArgumentParser:
    """The command and its words."""
    parser = commands.add_parser(
        "ctl",
        help="start and stop the running program from outside",
        description="Talks to the program that runs. Where a desktop gives no global keys to programs, bind a key to: "
        "dictate ctl toggle",
        parents=[common],
    )
    words = parser.add_subparsers(metavar="WORD", required=True)
    for word, text in WORDS.items():
        one = words.add_parser(word, help=text, description=f"{text[0].upper()}{text[1:]}.", parents=[common])
        if word == "status":
            one.add_argument("--json", action="store_true", help="for other programs")
        one.set_defaults(run=ctl, word=word)
    return parser


def main(arguments: list[str]) -> int:
    """The command alone: a key that starts to dictate must not wait for what else `dictate` can do."""
    prepare_streams()
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help="show tracebacks")
    parser = argparse.ArgumentParser(prog="dictate")
    parser.set_defaults(debug=False)
    add_ctl(parser.add_subparsers(metavar="COMMAND"), common)
    options = parser.parse_args(arguments)
    try:
        return ctl(options)
    except KeyboardInterrupt:
        return 1
    except (AppError, OSError) as error:
        if options.debug:
            raise
        note(f"dictate: {error}")
        return 1


def ctl(options: argparse.Namespace) -> int:
    """Ask one word and print the answer, if there is one. Raises AppError where nobody answers or obeys."""
    if os.name == "posix":
        from app.running import say
    else:
        from app.single_instance import ask as say
    kind, _, text = say(runtime_folder(), options.word).partition(" ")
    if kind != "ok":
        raise AppError(text or "The program that runs gives no answer that is known.", "")
    if options.word == "status":
        status = _status(text)
        if options.json:
            out_json(status)
        else:
            out(str(status.get("state", "")))
    return 0


def _status(text: str) -> dict[str, object]:
    try:
        status = json.loads(text)
    except ValueError:
        status = None
    if not isinstance(status, dict):
        raise AppError("The program that runs is of another version.", "End it and start it again.")
    return status

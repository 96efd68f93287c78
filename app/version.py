"""`dictate --version`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from app.terminal import out


class VersionAction(argparse.Action):
    """Looks the version up only where it is asked for: that takes as long as a sixth of `--help`."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        out(f"dictate {version()}")
        parser.exit()


def version() -> str:
    """Of the installed package."""
    import importlib.metadata

    try:
        return importlib.metadata.version("dictate")
    except importlib.metadata.PackageNotFoundError:
        return "(not installed)"

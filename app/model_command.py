"""`dictate model`: which checkpoints there are, where they come from, and their weights for other programs."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.paths import embedded_model, model_in_use, personal_model
from app.terminal import note, out, out_json


def add_model(commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Declare the commands; `common` brings --debug."""
    parser = commands.add_parser("model", help="the checkpoint in the box", parents=[common])
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    for name, run, text in (
        ("list", _list, "the checkpoints there are"),
        ("info", _info, "origin, licence and measured quality"),
    ):
        action = actions.add_parser(name, help=text, parents=[common])
        action.add_argument("--json", action="store_true", help="for other programs")
        action.set_defaults(run=run)
    export = actions.add_parser("export-hf", help="write it in the form that transformers loads", parents=[common])
    export.add_argument("folder", type=Path, metavar="DIR")
    export.set_defaults(run=_export)


def _list(options: argparse.Namespace) -> int:
    folders = [folder for folder in (embedded_model(), personal_model()) if folder.is_dir()]
    used = model_in_use()
    if options.json:
        out_json([{"name": folder.name, "folder": str(folder), "in_use": folder == used} for folder in folders])
    else:
        for folder in folders:
            out(f"{'*' if folder == used else ' '} {folder.name} {folder}")
    return 0


def _info(options: argparse.Namespace) -> int:
    card = (embedded_model() / "README.md").read_text(encoding="utf-8")
    if options.json:
        out_json({"name": embedded_model().name, "folder": str(embedded_model()), "card": card})
    else:
        out(card)
    return 0


def _export(options: argparse.Namespace) -> int:
    from s2t_core.model.checkpoint import export_folder

    export_folder(embedded_model(), options.folder)
    note(f"{embedded_model().name} -> {options.folder}")
    return 0

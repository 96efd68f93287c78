"""`dictate sessions`: the kept transcripts in the terminal."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import AppError
from app.export.arguments import add_export_options, export_options
from app.export.options import FORMATS, file_stem
from app.paths import history_file, journals_folder, recordings_folder
from app.terminal import note, out, out_bytes, out_json

if TYPE_CHECKING:
    from app.export import Transcript
    from app.history import History, TranscriptRow
    from app.recovery import Recovery
    from s2t_core.text.formatter import Formatter


def add_sessions(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    common: argparse.ArgumentParser,
    model: argparse.ArgumentParser,
) -> None:
    """Declare the commands; `common` brings --debug, `model` --model and --device."""
    parser = commands.add_parser("sessions", help="the transcripts that were kept", parents=[common])
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listed = actions.add_parser("list", help="the latest first", parents=[common])
    listed.add_argument("--search", default="", metavar="WORDS", help="only those with words that begin so")
    listed.add_argument("--json", action="store_true", help="for other programs")
    listed.set_defaults(run=_list)
    for name, run, text in (("show", _show, "the text of one"), ("export", _export, "save one in a file")):
        action = actions.add_parser(name, help=text, parents=[common])
        action.add_argument("id", type=int, metavar="ID", help="its number, see: dictate sessions list")
        action.set_defaults(run=run)
        if name == "show":
            action.add_argument("--json", action="store_true", help="with its words and times")
        else:
            add_export_options(action)
            action.add_argument("-o", "--output", type=Path, metavar="FILE", help="write it there, not to stdout")
    recover = actions.add_parser("recover", help="bring back what was cut off", parents=[common, model])
    recover.add_argument("id", type=int, nargs="?", metavar="ID", help="of this one only")
    recover.add_argument("--json", action="store_true", help="for other programs")
    recover.set_defaults(run=_recover)
    rename = actions.add_parser("rename", help="give one another name", parents=[common])
    rename.add_argument("id", type=int, metavar="ID")
    rename.add_argument("title", metavar="TITLE")
    rename.set_defaults(run=_rename)
    delete = actions.add_parser("delete", help="remove text and sound for good", parents=[common])
    delete.add_argument("ids", type=int, nargs="+", metavar="ID")
    delete.set_defaults(run=_delete)


def _list(options: argparse.Namespace) -> int:
    from app.journal.reader import left_behind

    rows = _history().transcripts(options.search, limit=-1) if history_file().exists() else []
    if options.json:
        out_json([_row_json(row) for row in rows])
    elif not rows:
        note("Nothing is kept." if not options.search else "Nothing was found.")
    for row in () if options.json else rows:
        minutes, seconds = divmod(int(_length_s(row)), 60)
        at = row.started_at.astimezone().strftime("%Y-%m-%d %H:%M")
        out(f"{row.id:5} {at} {minutes:3}:{seconds:02} {row.words:6} words  {row.title}")
    if left_behind(journals_folder()):
        note("Something was cut off and can be brought back: dictate sessions recover")
    return 0


def _show(options: argparse.Namespace) -> int:
    from app.export import EXPORTERS
    from app.export.options import DEFAULTS

    out_bytes(EXPORTERS["json" if options.json else "txt"](_transcript(_history(), options.id), DEFAULTS))
    return 0


def _export(options: argparse.Namespace) -> int:
    from app.export import EXPORTERS, write_bytes
    from app.transcribe import check_stdout

    chosen = export_options(options)
    if options.output is None:
        check_stdout(options.format, 1)
    transcript = _transcript(_history(), options.id)
    data = EXPORTERS[options.format](transcript, chosen)
    if options.output is None:
        out_bytes(data)
        return 0
    target = options.output
    if target.is_dir():
        target = target / (file_stem(transcript.heading) + FORMATS[options.format].suffix)
    write_bytes(target, data, overwrite=True)
    note(f"{transcript.heading} -> {target}")
    return 0


def _recover(options: argparse.Namespace) -> int:
    from app.paths import runtime_folder
    from app.recovery import find
    from app.running import is_running

    if is_running(runtime_folder()):  # it may have one of these transcripts open, and would write over it
        raise AppError("Dictate is running.", "Press Recover in its window, or close it and try again.")
    history = _open_history()
    found = [one for one in find(journals_folder(), history, _shaper()) if options.id in (None, one.id)]
    history.close()
    brought = _brought_back(found, options) if found else []
    if options.json:
        out_json(brought)
    elif not found:
        note("Nothing was cut off.")
    return 0


def _shaper() -> Callable[[], Formatter]:
    """What writes text as the settings say."""
    from app.paths import settings_file
    from app.settings_file import read_settings
    from s2t_core.text.formatter import Formatter

    rules = read_settings(settings_file())[0].text.rules
    return lambda: Formatter(rules)


def _brought_back(found: list[Recovery], options: argparse.Namespace) -> list[dict[str, object]]:
    """Every recording in the history, said as it gets there; the earliest first."""
    from tqdm import tqdm

    from app.bring_back import bring_back
    from s2t_core.recognizer import load

    recognizer, shaper, brought = load(options.model, options.device), _shaper(), list[dict[str, object]]()
    for one in reversed(found):
        with tqdm(total=round(one.end_s), unit="s", desc="Recovering", disable=None, leave=False) as bar:
            id = bring_back(one, recognizer, _open_history, shaper, note, lambda done_s: bar.update(done_s - bar.n))
        if id is None:
            continue
        row = _history().find(id)
        brought.append(_row_json(row))
        if not options.json:
            out(f"{row.id:5} {row.words:6} words  {row.title}")
    return brought


def _rename(options: argparse.Namespace) -> int:
    _history().rename(options.id, options.title)
    return 0


def _delete(options: argparse.Namespace) -> int:
    history = _history()
    for id in options.ids:
        history.find(id)  # all of them or none
    history.delete(options.ids)
    return 0


def _history() -> History:
    if not history_file().exists():
        raise AppError("Nothing has been kept yet.", "Dictate something in the window: dictate")
    history = _open_history()
    if history.notice:
        note(history.notice)
    return history


def _open_history() -> History:
    from app.history import History

    return History(history_file(), recordings_folder())


def _transcript(history: History, id: int) -> Transcript:
    from app.export import Transcript

    row = history.find(id)
    at = row.started_at.astimezone().strftime("%Y-%m-%d %H:%M")
    return Transcript(history.document(id), row.source, _length_s(row), row.model, row.title, at)


def _row_json(row: TranscriptRow) -> dict[str, object]:
    return {
        "id": row.id,
        "title": row.title,
        "started_at": row.started_at.isoformat(),
        "length_s": _length_s(row),
        "words": row.words,
        "model": row.model,
        "source": row.source,
        "finished": row.finished,
    }


def _length_s(row: TranscriptRow) -> float:
    from s2t_core.types import samples_to_seconds

    return samples_to_seconds(row.length_samples)

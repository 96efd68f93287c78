"""Formats and their options on the command line, and what goes to stdout."""

from __future__ import annotations

import io
import json
import sys
from argparse import ArgumentParser
from types import SimpleNamespace

import docx
import pytest
from support.documents import document, segment

from app import cli
from app.audio.file import Sound
from app.errors import AppError
from app.export import Transcript
from app.export.arguments import add_export_options, export_options
from app.export.options import DEFAULTS, ExportOptions

DONE = (Transcript(document(segment("Zwölf Boxkämpfer.", 1.0, "Me")), "a.wav", 2.0, "m"), None)


def parsed(*words):
    parser = ArgumentParser()
    add_export_options(parser)
    return parser.parse_args(words)


@pytest.fixture
def transcribed(monkeypatch):
    monkeypatch.setattr("app.transcribe.open_sound", lambda path, _: Sound(path, 2.0, iter(()), lambda: None))
    monkeypatch.setattr("app.transcribe.transcribe_file", lambda *_: DONE)
    monkeypatch.setattr("s2t_core.recognizer.load", lambda *_, **__: SimpleNamespace(hears_in_batches=False))


def test_options_are_those_of_the_words():
    assert (parsed().format, export_options(parsed())) == ("txt", DEFAULTS)
    words = ["--line-length", "32", "--max-lines", "3", "--reading-speed", "15", "--no-speakers"]
    wanted = ExportOptions(line_length=32, max_lines=3, chars_per_second=15, speakers=False)
    assert export_options(parsed("-f", "srt", *words)) == wanted
    assert export_options(parsed("-f", "docx", "--timestamps")) == ExportOptions(timestamps=True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("-f srt --timestamps", "--timestamps has no meaning for srt. It is for txt, md, docx; leave it out."),
        ("--reading-speed 15", "--reading-speed has no meaning for txt. It is for srt, vtt; leave it out."),
        ("-f json --no-speakers", "--no-speakers has no meaning for json. It is for txt, md, docx, srt, vtt; leave it"),
    ],
)
def test_an_option_that_a_format_does_not_have_is_refused(words, said):
    with pytest.raises(AppError) as caught:
        export_options(parsed(*words.split()))
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize("words", ["-f pdf", "--line-length 5", "--max-lines 0", "--reading-speed fast"])
def test_a_value_out_of_range_is_wrong_use(words, capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(["transcribe", "a.wav", *words.split()])
    assert left.value.code == 2 and "usage:" in capsys.readouterr().err


def test_a_word_document_is_not_sent_to_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert cli.main(["transcribe", "a.wav", "-f", "docx"]) == cli.WRONG_USE
    assert capsys.readouterr().err == (
        "dictate: A docx file cannot be shown in a terminal. Give -o DIR, or redirect: > talk.docx\n"
    )


def test_files_that_cannot_follow_one_another_need_a_folder(capsys):
    assert cli.main(["transcribe", "a.wav", "b.wav", "-f", "vtt"]) == cli.WRONG_USE
    assert "Several vtt files cannot follow one another. Give -o DIR" in capsys.readouterr().err


def test_a_redirected_stdout_gets_the_bytes_of_the_file(transcribed, monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert cli.main(["transcribe", "a.wav", "-f", "docx", "--timestamps"]) == cli.DONE
    page = docx.Document(io.BytesIO(sys.stdout.buffer.getvalue()))
    assert page.paragraphs[-1].text == "[0:00:01] Me: Zwölf Boxkämpfer."
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert cli.main(["transcribe", "a.wav", "-f", "srt"]) == cli.DONE
    assert "Me: Zwölf Boxkämpfer.\n" in sys.stdout.buffer.getvalue().decode("utf-8")


def test_pages_of_markdown_follow_one_another_after_an_empty_line(transcribed, capsysbinary):
    assert cli.main(["transcribe", "a.wav", "b.wav", "-f", "md"]) == cli.DONE
    written = capsysbinary.readouterr().out.decode("utf-8")
    assert written.startswith("# a.wav\n") and written.count("\n\n# a.wav\n") == 1
    assert cli.main(["transcribe", "a.wav", "b.wav", "-f", "json"]) == cli.DONE
    one, rest = json.JSONDecoder().raw_decode(capsysbinary.readouterr().out.decode("utf-8"))
    assert one["source"] == "a.wav" and rest > 0


def test_a_caller_that_catches_stdout_as_text_gets_text(transcribed, monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert cli.main(["transcribe", "a.wav", "-f", "vtt"]) == cli.DONE
    assert sys.stdout.getvalue().endswith("<v Me>Zwölf Boxkämpfer.\n")


def test_a_folder_gets_a_file_of_the_format_and_an_earlier_one_is_replaced(transcribed, tmp_path):
    for _ in range(2):
        words = ["transcribe", "talk.wav", "-f", "csv", "-o", str(tmp_path)]
        assert cli.main(words) == cli.DONE
    assert [path.name for path in tmp_path.iterdir()] == ["talk.csv"]


def test_files_of_any_name_keep_apart_in_a_folder_and_overwrite_nothing_else(
    tmp_path, transcribed, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "precious").write_text("mine")
    out = tmp_path / "out"
    out.mkdir()
    (out / "loop.txt").symlink_to(out / "loop.txt")
    (out / "link.txt").symlink_to(tmp_path / "precious")
    names = ["é" * 127 + ".w", "a\x1b[2J\nb.wav", "loop.wav", "link.wav", "CON.wav", ".hidden", "a.txt", "-o.wav"]
    (tmp_path / "circle.wav").symlink_to(tmp_path / "circle.wav")
    made = ["transcribe", "-o", str(out), *(f"./{name}" for name in (*names, "circle.wav"))]
    assert cli.main(made) == cli.DONE
    assert (tmp_path / "precious").read_text() == "mine"
    written = [path for path in out.iterdir() if path.is_file() and not path.is_symlink()]
    assert len(written) == len(names) + 1
    said = capsys.readouterr().err
    assert "\x1b" not in said and len(said.splitlines()) == len(names) + 1

"""The kept transcripts in the terminal."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from app import cli
from app.history import History
from app.paths import history_file, recordings_folder
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import SAMPLE_RATE_HZ, Segment, Word


@pytest.fixture
def kept():
    history = History(history_file(), recordings_folder())
    for number, text in enumerate(("The first text.", "Another one.")):
        id = history.begin(datetime(2026, 3, 1, 12, number, tzinfo=UTC), "model", "input")
        words = tuple(Word(word, i * 8000, i * 8000 + 7000, 0.9) for i, word in enumerate(text.split()))
        segment = Segment(0, 0, 75 * SAMPLE_RATE_HZ, text, words=words)
        history.write(id, TranscriptDocument((segment,), session_starts=(0,)))
        history.finish(id)
    yield history
    history.close()


def run(*words):
    return cli.main(["sessions", *words])


def test_the_list_names_the_latest_first_and_can_be_searched(kept, capsys):
    assert run("list") == cli.DONE
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("words  ")[1] for line in lines] == ["Another one.", "The first text."]
    assert "1:15" in lines[0]
    assert run("list", "--search", "firs", "--json") == cli.DONE
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["id"], row["length_s"], row["words"], row["finished"]) == (1, 75.0, 3, True)


def test_a_text_is_shown_and_exported(kept, capsysbinary, tmp_path):
    assert run("show", "1") == cli.DONE
    assert capsysbinary.readouterr().out == b"The first text.\n"
    assert run("show", "1", "--json") == cli.DONE
    assert json.loads(capsysbinary.readouterr().out)["segments"][0]["words"][1]["word"] == "first"
    assert run("export", "2", "-f", "srt", "-o", str(tmp_path)) == cli.DONE
    assert "Another one." in (tmp_path / "Another one.srt").read_text()


def test_a_transcript_is_renamed_and_deleted(kept, capsys):
    assert run("rename", "1", "Mine") == cli.DONE
    assert kept.find(1).title == "Mine"
    assert run("delete", "1", "99") == cli.FAILED
    assert "no transcript 99" in capsys.readouterr().err
    assert kept.count() == 2
    assert run("delete", "1", "2") == cli.DONE
    assert kept.count() == 0


def test_without_a_history_a_line_says_so(capsys):
    assert run("list") == cli.DONE
    assert capsys.readouterr() == ("", "Nothing is kept.\n")
    assert run("list", "--json") == cli.DONE
    assert capsys.readouterr() == ("[]\n", "")
    assert run("show", "1") == cli.FAILED
    assert "Nothing has been kept" in capsys.readouterr().err
    assert not history_file().exists()

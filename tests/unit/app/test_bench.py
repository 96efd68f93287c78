"""Recordings for live sessions, the clock that feeds them, and the table of what came out."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from conftest import SAMPLE, SAMPLE_TEXT

import app.feed
from app import cli
from app.feed import PIECE, feed, strung_together
from s2t_core.decoding.segment import DecodedWord
from s2t_core.manifest import Utterance

RATE = 16000


class SlowSession:
    """Takes so many seconds of work for each push, by a clock of its own, and notes what it was given."""

    def __init__(self, clock: list[float], work_s: list[float]) -> None:
        self._clock, self._work_s = clock, iter(work_s)
        self.pushed: list[tuple[int, int]] = []
        self.finished = 0

    def push(self, chunk):
        self._clock[0] += next(self._work_s, 0.0)
        self.pushed.append((chunk.start, len(chunk.samples)))
        return (len(self.pushed),)

    def finish(self):
        self.finished += 1
        return ("over",)


@pytest.fixture
def clock(monkeypatch):
    now = [5.0]
    monkeypatch.setattr(app.feed, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    return now


def test_a_session_that_keeps_up_gets_a_piece_at_a_time(clock):
    session = SlowSession(clock, [0.0] * 9)
    events, work_s = feed(session, np.zeros(3 * PIECE + 7, np.float32))
    assert session.pushed == [(0, PIECE), (PIECE, PIECE), (2 * PIECE, PIECE), (3 * PIECE, 7)]
    assert session.finished == 1 and work_s == 0
    assert [one.time_s for one in events] == pytest.approx([0.1, 0.2, 0.3, 0.3 + 7 / RATE, 0.3 + 7 / RATE], abs=0.1)
    assert [one.event for one in events] == [1, 2, 3, 4, "over"]


def test_a_slow_session_gets_all_that_has_come_meanwhile_and_its_events_come_late(clock):
    session = SlowSession(clock, [0.35, 0.0, 0.25])
    events, work_s = feed(session, np.zeros(10 * PIECE, np.float32))
    assert session.pushed[:4] == [(0, PIECE), (PIECE, 3 * PIECE), (4 * PIECE, PIECE), (5 * PIECE, 2 * PIECE)]
    assert sum(length for _, length in session.pushed) == 10 * PIECE
    assert events[0].time_s == pytest.approx(0.45) and events[0].heard_s == pytest.approx(0.1)
    assert work_s == pytest.approx(0.6)


def test_an_empty_recording_is_finished_at_once(clock):
    session = SlowSession(clock, [])
    assert [one.event for one in feed(session, np.zeros(0, np.float32))[0]] == ["over"]
    assert session.pushed == []


def test_utterances_are_strung_together_with_pauses_and_their_words_keep_their_places(tmp_path):
    for name in "ab":
        soundfile.write(tmp_path / f"{name}.wav", np.full(RATE, 0.5, np.float32), RATE)
    told = []

    def place(samples, text):
        told.append(text)
        return (DecodedWord("Well-known", 5, 10, 1.0), DecodedWord("here.", 20, 30, 1.0))

    decoder = SimpleNamespace(place=place, frames_per_second=50)
    rows = [Utterance(tmp_path / "a.wav", "X", cased="Well-known here."), Utterance(tmp_path / "b.wav", "SOME WORDS")]
    made = strung_together(rows, decoder)
    assert told == ["Well-known here.", "some words"]
    assert [word.text for word in made.words] == ["well", "known", "here"] * 2
    loud = np.flatnonzero(np.abs(made.samples) > 0.1)
    first, second = loud[0], loud[np.flatnonzero(np.diff(loud) > 1)[0] + 1]
    assert second - first - RATE > 0.4 * RATE
    assert made.words[0].start_s == pytest.approx(first / RATE + 0.1, abs=0.01)
    assert made.words[5].end_s == pytest.approx(second / RATE + 0.6, abs=0.01)
    assert 0 < np.abs(made.samples[:100]).max() < 0.001  # a pause is not digital silence
    again = strung_together(rows, decoder)
    assert np.array_equal(again.samples, made.samples)


def test_the_bench_prints_a_row_for_each_policy_and_writes_all_figures(tmp_path, capsys):
    manifest = tmp_path / "manifest.tsv"
    manifest.write_text(f"path\ttranscript\tcased\n{SAMPLE}\t{SAMPLE_TEXT.upper()}\t{SAMPLE_TEXT}\n")
    figures = tmp_path / "figures.json"
    words = ["bench", "live", str(manifest), "--policy", "agree-and-hold", "hold-5", "--json", str(figures)]
    assert cli.main(words) == cli.DONE
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:]] == ["agree-and-hold", "hold-5", "no drafts"]
    found = json.loads(figures.read_text())
    assert found["agree-and-hold"]["revised"] == found["hold-5"]["revised"] == 0
    for name in ("agree-and-hold", "hold-5"):
        assert found[name]["words"] > 30 and len(found[name]["seen_s"]) > 20
        assert found[name]["final"]["reference"] == 40
        assert np.median(found[name]["seen_s"]) <= np.median(found[name]["committed_s"])
    assert found["no drafts"]["erased"] == 0


def test_recordings_without_speech_are_refused(tmp_path, capsys):
    manifest = tmp_path / "manifest.tsv"
    manifest.write_text(f"path\ttranscript\n{SAMPLE}\t\n")
    assert cli.main(["bench", "live", str(manifest)]) == cli.FAILED
    assert "Nothing is spoken in these recordings." in capsys.readouterr().err


def test_what_could_not_be_heard_or_written_is_said_before_the_work(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("s2t_core.recognizer.load", None)  # the model is not even loaded
    manifest = tmp_path / "manifest.tsv"
    manifest.write_text("path\ttranscript\nmissing.wav\tX\n")
    assert cli.main(["bench", "live", str(manifest)]) == cli.FAILED
    assert "missing.wav" in capsys.readouterr().err
    assert cli.main(["bench", "live", str(manifest), "--json", str(tmp_path / "no" / "x.json")]) == cli.FAILED
    assert "There is no folder" in capsys.readouterr().err

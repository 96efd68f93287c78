"""Recordings for live sessions, the clock that feeds them, and the table of what came out."""

from __future__ import annotations

import importlib.util
import itertools
import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from conftest import SAMPLE, SAMPLE_TEXT
from support.fakes import ScriptedSession

import app.feed
from app import cli
from app.bench_figures import HEADINGS, cells, measured
from app.feed import PIECE, Recording, endless, feed, pieces_of, strung_together, turns
from app.plot import Mark, draw
from app.sweep import CURVES, points
from s2t_core.decoding.segment import DecodedWord
from s2t_core.live_history import SpokenWord
from s2t_core.manifest import Utterance
from s2t_core.streaming.policy import POLICIES

RATE = 16000
S = PIECE / RATE  # seconds of a piece


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

    def sleep(seconds):
        now[0] += seconds

    # Half of the work is another program's: the clock goes on, the processors' time does not.
    times = SimpleNamespace(perf_counter=lambda: now[0], process_time=lambda: now[0] / 2, sleep=sleep)
    monkeypatch.setattr(app.feed, "time", times)
    return now


def test_a_session_that_keeps_up_gets_a_piece_at_a_time(clock):
    session = SlowSession(clock, [0.0] * 9)
    events, work_s, _ = feed(session, np.zeros(3 * PIECE + 7, np.float32))
    assert session.pushed == [(0, PIECE), (PIECE, PIECE), (2 * PIECE, PIECE), (3 * PIECE, 7)]
    assert session.finished == 1 and work_s == 0
    assert [one.time_s for one in events] == pytest.approx([S, 2 * S, 3 * S, 3 * S + 7 / RATE, 3 * S + 7 / RATE], abs=S)
    assert [one.event for one in events] == [1, 2, 3, 4, "over"]


def test_a_slow_session_gets_all_that_has_come_meanwhile_and_its_events_come_late(clock):
    session = SlowSession(clock, [3.5 * S, 0.0, 2.5 * S])
    events, work_s, cpu_s = feed(session, np.zeros(10 * PIECE, np.float32))
    assert session.pushed[:4] == [(0, PIECE), (PIECE, 3 * PIECE), (4 * PIECE, PIECE), (5 * PIECE, 2 * PIECE)]
    assert sum(length for _, length in session.pushed) == 10 * PIECE
    assert events[0].time_s == pytest.approx(4.5 * S) and events[0].heard_s == pytest.approx(S)
    assert work_s == pytest.approx(6 * S) and cpu_s == pytest.approx(3 * S)


def test_in_real_time_the_harness_waits_for_the_audio_and_the_session_for_nothing(clock):
    session = SlowSession(clock, [0.5 * S, 2.5 * S])
    made = list(turns(session, pieces_of(np.zeros(5 * PIECE, np.float32)), "real"))
    assert session.pushed == [(0, PIECE), (PIECE, PIECE), (2 * PIECE, 2 * PIECE), (4 * PIECE, PIECE)]
    assert [one.time_s for one in made] == pytest.approx([1.5 * S, 4.5 * S, 4.5 * S, 5 * S, 5 * S])
    assert clock[0] == pytest.approx(5.0 + 5 * S)


def test_by_the_processors_clock_other_programs_make_nothing_late(clock):
    session = SlowSession(clock, [3.5 * S, 0.0, 2.5 * S])
    events, work_s, cpu_s = feed(session, np.zeros(10 * PIECE, np.float32), "cpu")
    assert session.pushed[:3] == [(0, PIECE), (PIECE, PIECE), (2 * PIECE, PIECE)]
    assert events[0].time_s == pytest.approx(S + 3.5 * S / 2)
    assert work_s == pytest.approx(6 * S) and cpu_s == pytest.approx(3 * S)


def test_endless_audio_comes_in_whole_pieces_and_begins_again(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.full(RATE // 2, 0.5, np.float32), RATE)
    pieces = list(itertools.islice(endless([Utterance(tmp_path / "a.wav", "")]), round(6 / S)))
    assert {len(one) for one in pieces} == {PIECE}
    loud = np.abs(np.concatenate(pieces)) > 0.1
    assert np.count_nonzero(np.diff(loud.astype(int)) == 1) > 1


def test_recordings_without_words_are_strung_together_without_asking_where_words_lie(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.full(RATE, 0.5, np.float32), RATE)
    made = strung_together([Utterance(tmp_path / "a.wav", "")], SimpleNamespace())
    assert made.words == () and made.length_s > 1


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
    assert [word.utterance for word in made.words] == [0, 0, 0, 1, 1, 1]
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
    picture = tmp_path / "curves.png"
    words += ["--plot", str(picture)]
    assert cli.main(words) == cli.DONE
    captured = capsys.readouterr()
    assert re.search(
        r"^1 recording of 1 corpus, strung together corpus by corpus: \d\d\.\d s in all\.$", captured.err, re.M
    )
    lines = captured.out.splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:5]] == ["agree-and-hold", "hold-5", "no drafts"]
    assert lines[6].split() == ["|", "words", "|", "confidence", "%", "|", "right", "%", "|"]
    found = json.loads(figures.read_text())
    assert found["agree-and-hold"]["revised"] == found["hold-5"]["revised"] == 0
    for name in ("agree-and-hold", "hold-5"):
        assert found[name]["words"] > 30 and len(found[name]["seen_s"]) > 20
        assert found[name]["final"]["reference"] == 40
        assert np.median(found[name]["seen_s"]) <= np.median(found[name]["committed_s"])
        assert found[name]["shown"]["reference"] == 40 and len(found[name]["first_s"]) > 0
        assert found[name]["unstable"] <= found[name]["erased"]
    assert found["no drafts"]["erased"] == 0
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_row_has_a_cell_for_each_heading_and_cost_counts_only_where_something_is_spoken():
    sound = np.zeros(4 * PIECE, np.float32)
    spoken = Recording(sound, (SpokenWord("yes", 0.0, 0.004), SpokenWord("sir", 0.004, 0.012)))
    sessions = iter([ScriptedSession(["Yes", "sir."]), ScriptedSession(["Hm"])])
    found = measured([spoken, Recording(sound, ())], lambda: next(sessions), "fake", before_mb=1.0)
    assert found.audio_s == pytest.approx(4 * S)
    assert found.figures.silent_words == 1 and found.figures.silence_s == pytest.approx(8 * S - 0.012)
    assert found.figures.final.total == 0
    for drafted in (True, False):
        row = dict(zip(HEADINGS, cells("fake", found, drafted=drafted), strict=True))
        assert row["WER %"] == "0.0" and row["words in silence"] == "1 in 0.0 min"
        assert (row["first s: 50, 90 %"] == "-") != drafted
    assert json.loads(json.dumps(found.content))["audio_s"] == pytest.approx(4 * S)


def test_a_sweep_goes_through_the_settings_of_each_policy_its_own_among_them():
    assert [one.name for one in points(["hold-5"], sweep=False)] == ["hold-5"]
    swept = points(POLICIES, sweep=True)
    assert {one.policy for one in swept} == set(POLICIES) == set(CURVES)
    assert len({one.name for one in swept}) == len(swept)
    for name, (setting, _) in CURVES.items():
        assert sum(one.policy == name and one.rule == POLICIES[name] for one in swept) == 1
        assert f"{name}, {setting} " in " ".join(one.name for one in swept)


def test_a_curve_leaves_out_what_is_not_known(tmp_path):
    marks = [Mark("hold_ms 1", 0.5, 0.1, 0.2), Mark("hold_ms 2", None, 0.1, None), Mark("hold_ms 3", 0.9, 0.1, 0.1)]
    draw({"one": marks, "two": [Mark("", None, 0.3, None)]}, None, tmp_path / "a.svg")
    drawn = (tmp_path / "a.svg").read_text()
    assert "<!-- hold_ms 1 -->" in drawn and "<!-- hold_ms 2 -->" not in drawn


@pytest.mark.parametrize(("file", "said"), [("x.txt", "no name of a picture"), ("no/x.png", "There is no folder")])
def test_a_picture_that_could_not_be_drawn_is_refused_before_the_work(tmp_path, capsys, file, said):
    assert cli.main(["bench", "live", "no manifest", "--plot", str(tmp_path / file)]) == cli.FAILED
    assert said in capsys.readouterr().err


def test_without_the_package_for_drawing_one_line_names_the_extra(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert cli.main(["bench", "live", "no manifest", "--plot", str(tmp_path / "x.png")]) == cli.FAILED
    assert "dictate[eval]" in capsys.readouterr().err


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
    said = capsys.readouterr().err
    assert "There is no recording" in said and "missing.wav" in said and said.endswith("--audio DIR\n")
    assert cli.main(["bench", "live", str(manifest), "--json", str(tmp_path / "no" / "x.json")]) == cli.FAILED
    assert "There is no folder" in capsys.readouterr().err

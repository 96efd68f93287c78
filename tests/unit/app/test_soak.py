"""One long session: rows by the minute, trends over the hours, and the whole command with a fake recogniser."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
import soundfile
from support.fakes import FakeRecognizer, ScriptedSession

import app.memory
import app.soak
from app import cli
from app.feed import Turn
from app.memory import forget_peak, give_back, peak_mb, resident_mb
from app.soak import Row, minutes, trend, warm_up
from s2t_core.events import SegmentClosed, SegmentUpdated
from s2t_core.types import Segment

UPDATED, CLOSED = SegmentUpdated(Segment(0, 0, 1, "a")), SegmentClosed(Segment(0, 0, 1, "a b c"))


def test_turns_are_added_up_by_the_minute():
    made = [
        Turn(30.0, 30.5, 0.5, 0.25, (UPDATED,)),
        Turn(60.0, 60.1, 5.5, 5.75, (UPDATED, CLOSED)),
        Turn(90.0, 92.0, 3.0, 1.5, ()),
        Turn(90.0, 92.0, 0.0, 0.0, (CLOSED,)),
    ]
    rows = list(minutes(made, lambda: 7.0))
    assert rows[0] == Row(60.0, 60.0, pytest.approx(0.1), pytest.approx(0.1), 7.0, 3, 3, pytest.approx(0.5))
    assert rows[1] == Row(90.0, 30.0, pytest.approx(0.05), pytest.approx(0.1), 7.0, 1, 3, pytest.approx(2.0))
    assert len(rows) == 2


def test_the_end_on_a_whole_minute_belongs_to_that_minute():
    (only,) = minutes([Turn(60.0, 60.0, 3, 3, ()), Turn(60.0, 61.0, 3, 3, (CLOSED,))], lambda: None)
    assert (only.cpu, only.words, only.lag_s) == (pytest.approx(0.1), 3, pytest.approx(1.0))


def row(minute: int, cpu: float = 0.0, memory_mb: float | None = None) -> Row:
    return Row(60.0 * minute, 60.0, cpu, 0.0, memory_mb, 0, 0, 0.0)


def test_a_trend_is_the_change_an_hour():
    found = trend([row(minute, cpu=0.2 + minute / 60 * 0.5) for minute in range(1, 31)], "cpu")
    assert found.per_hour == pytest.approx(0.5)
    assert found.doubt == pytest.approx(0.0, abs=1e-9)
    assert found.mean == pytest.approx(0.2 + 0.5 * 15.5 / 60)


def test_the_doubt_of_a_trend_is_the_standard_error_of_its_slope():
    values = [1.0, 3.0, 2.0, 5.0]
    found = trend([row(60 * hour, cpu=value) for hour, value in enumerate(values)], "cpu")
    fit, covariance = np.polyfit(range(4), values, 1, cov=True)
    assert found.per_hour == pytest.approx(fit[0])
    assert found.doubt == pytest.approx(covariance[0, 0] ** 0.5)


def test_too_little_has_no_trend():
    assert trend([], "cpu").mean is None
    assert trend([row(1), row(2)], "memory_mb").mean is None
    assert trend([row(1, cpu=2.0)], "cpu") == app.soak.Trend(2.0, None, None)
    assert trend([row(1, cpu=2.0), row(31, cpu=3.0)], "cpu") == app.soak.Trend(2.5, pytest.approx(2.0), None)


def test_the_first_minutes_are_left_out():
    assert [warm_up(count) for count in (1, 3, 30, 60, 600)] == [1, 1, 3, 5, 5]


@pytest.mark.parametrize("pace", ["0", "1"])
def test_the_command_writes_rows_and_trends(tmp_path, capsys, monkeypatch, pace):
    recognizer = FakeRecognizer(ScriptedSession(["one", "two"]))
    monkeypatch.setattr(app.soak, "load", lambda folder, device: recognizer)
    monkeypatch.setattr(app.soak, "ROW_S", 0.2)
    soundfile.write(tmp_path / "a.wav", np.full(1600, 0.5, np.float32), 16000)
    (tmp_path / "m.tsv").write_text("path\ttranscript\na.wav\t\n")
    words = ["bench", "soak", str(tmp_path / "m.tsv"), "--minutes", "0.01", "--pace", pace]
    assert cli.main([*words, "--json", str(tmp_path / "x.json")]) == cli.DONE
    said = capsys.readouterr().out
    assert said.splitlines()[0].startswith("| minute |") and "| memory_mb |" in said
    found = json.loads((tmp_path / "x.json").read_text())
    assert sum(one["events"] for one in found["rows"]) >= 2
    assert found["rows"][-1]["end_s"] == pytest.approx(0.6)


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "soon"])
def test_no_time_at_all_is_wrong_use(text):
    with pytest.raises(SystemExit):
        cli.main(["bench", "soak", "m.tsv", f"--minutes={text}"])


def test_memory_is_told_where_the_system_tells_it_and_otherwise_its_peak(monkeypatch, tmp_path):
    now, most = resident_mb(), peak_mb()
    assert now is None or 1 < now <= most
    forget_peak()
    monkeypatch.setattr(app.memory, "_STATUS", tmp_path / "no such file")
    monkeypatch.setattr(app.memory, "_CLEAR", tmp_path / "no" / "file")
    forget_peak()
    assert resident_mb() == peak_mb() and (peak_mb() is None or peak_mb() > 1)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc keeps what is freed")
def test_memory_that_is_free_is_given_back():
    blocks = [bytearray(100_000) for _ in range(600)]  # too small to be given back one by one
    kept = blocks[::100]
    held = resident_mb()
    del blocks
    give_back()
    assert resident_mb() < held - 40 and len(kept) == 6

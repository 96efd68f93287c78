"""What was kept is found, read and deleted as it was, and survives what happens to the program and its file."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import history_store
from app.errors import AppError
from app.history import History
from app.history_journals import Known
from app.history_store import _SCHEMA, _STEPS
from s2t_core.events import AudioLost
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import Segment, Word

ROOT = Path(__file__).parent.parent.parent.parent
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def segment(text, number=0, speaker=""):
    words = tuple(Word(one, i * 100, i * 100 + 90, 0.25) for i, one in enumerate(text.split()))
    return Segment(number, number * 1000, number * 1000 + 900, text, words=words, speaker=speaker)


def said(*texts):
    return TranscriptDocument(tuple(segment(text, number) for number, text in enumerate(texts)), session_starts=(0,))


@pytest.fixture
def place(tmp_path):
    return tmp_path / "data" / "history.sqlite"


@pytest.fixture
def history(place, tmp_path):
    made = History(place, tmp_path / "recordings")
    yield made
    made.close()


def kept(history, *texts, at=NOW):
    id = history.begin(at, "model", "input")
    history.write(id, said(*texts))
    return id


def test_a_transcript_comes_back_as_it_was(history):
    document = TranscriptDocument(
        (segment("One.\n"), AudioLost(900, 2000), segment("Zwei 😀", 2, "Ann"), segment("Three", 0)),
        session_starts=(0, 3),
    )
    id = history.begin(NOW, "model", "input")
    history.write(id, document)
    assert history.document(id) == document


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(min_size=1).filter(str.strip), max_size=4), st.sets(st.integers(0, 3)))
def test_any_text_comes_back(history, texts, starts):
    document = TranscriptDocument(
        tuple(segment(text, number) for number, text in enumerate(texts)),
        session_starts=tuple(sorted(start for start in starts if start < len(texts))),
    )
    id = history.begin(NOW, "model", "input")
    history.write(id, document)
    assert history.document(id) == document


def test_a_transcript_grows_segment_by_segment_and_its_row_with_it(history):
    id = history.begin(NOW, "s2t", "Yeti")
    texts = ("The invention of movable metal letters", "in the middle of the 15th century may justly", "be considered")
    for count in range(1, 4):
        history.write(id, said(*texts[:count]), first=count - 1)
    (row,) = history.transcripts()
    assert history.document(id) == said(*texts)
    assert row.title == "The invention of movable metal letters in the middle of the…"
    assert (row.words, row.model, row.source, row.finished) == (17, "s2t", "Yeti", False)
    assert row.length_samples == 2900
    history.finish(id)
    assert history.find(id).finished
    assert row.started_at == NOW


def test_words_are_found_by_their_beginnings_in_any_order_over_segments_and_titles(history):
    first = kept(history, "The invention of metal letters.", "It was a fine café.")
    second = kept(history, "Nothing of the kind.")
    history.rename(second, "Budget")
    for search, ids in {
        "invent": [first], "CAFE letter": [first], "of": [second, first], "budg": [second], "zebra": [],
        "": [second, first], "invent zebra": [],
    }.items():  # fmt: skip
        assert [row.id for row in history.transcripts(search)] == ids, search
        assert history.count(search) == len(ids)
    assert history.transcripts("invent")[0].snippet == "The \x02invention\x03 of metal letters."


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=12) | st.text("\"*()^:-AND OR NOT NEAR'", max_size=12))
def test_any_search_is_answered(history, search):
    history.transcripts(search)
    history.count(search)


def test_what_is_written_over_is_found_no_more(history):
    id = kept(history, "first text", "second text")
    history.write(id, said("first text", "another"), first=1)
    assert history.count("second") == 0
    assert history.count("another") == 1


def test_a_name_stays_when_the_text_grows_and_an_empty_one_gives_the_first_words_back(history):
    id = kept(history, "Some words")
    history.rename(id, "  Mine ")
    history.write(id, said("Some words", "more"))
    assert history.find(id).title == "Mine"
    history.rename(id, " ")
    assert history.find(id).title == "Some words more"


def test_what_is_deleted_leaves_neither_text_nor_sound(history, place, tmp_path):
    sound = tmp_path / "recordings" / "1-0.flac"
    sound.parent.mkdir()
    sound.write_bytes(b"sound")
    id, other = kept(history, "topsecretword"), kept(history, "kept")
    history.add_recording(id, (0, "Ann"), sound)
    assert history.recordings(id) == {(0, "Ann"): sound}
    history.delete([id])
    assert [row.id for row in history.transcripts()] == [other]
    assert not sound.exists()
    assert b"topsecretword" not in b"".join(file.read_bytes() for file in place.parent.iterdir())
    with pytest.raises(AppError, match="no transcript"):
        history.document(id)


def test_what_was_taken_back_or_written_over_is_on_the_disk_no_more_once_the_recording_is_over(history, place):
    id = history.begin(NOW, "model", "input")
    history.write(id, said("topsecretword", "other"))
    history.write(id, said("harmless", "other"))
    history.write(id, said("harmless", "other", "secondsecret"), first=2)
    history.write(id, said("harmless", "other"), first=2)
    history.rename(id, "thirdsecret")
    history.rename(id, "")
    history.finish(id)
    disk = b"".join(file.read_bytes() for file in place.parent.iterdir())
    assert b"secret" not in disk and b"harmless" in disk


def test_sound_that_cannot_be_deleted_is_said_and_the_text_is_gone(history, tmp_path):
    id = kept(history, "text")
    (tmp_path / "recordings" / "1.ogg").mkdir(parents=True)
    history.add_recording(id, (0, ""), tmp_path / "recordings" / "1.ogg")
    with pytest.raises(AppError, match="its sound in .* is not"):
        history.delete([id])
    assert history.transcripts() == ()


def test_a_history_of_the_first_version_is_brought_up_to_date_once_though_many_open_it(place, tmp_path):
    place.parent.mkdir()
    base = sqlite3.connect(place, isolation_level=None)
    base.execute("PRAGMA journal_mode = WAL")
    base.executescript(_SCHEMA)
    base.execute("PRAGMA user_version = 1")
    base.execute("INSERT INTO transcripts VALUES (1, 'old', 0, '2026-01-01T00:00:00+00:00', 'm', 's', 1, 0, 0)")
    base.execute("INSERT INTO texts (rowid, text) VALUES (1 << 24, 'old')")
    base.close()
    together = threading.Barrier(4)

    def look(_):
        together.wait()
        history = History(place, tmp_path)
        try:
            return history.notice, history.unchanged_since(NOW)
        finally:
            history.close()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(look, range(4))) == [("", [1])] * 4
    history = History(place, tmp_path)
    history.rename(1, "new")
    assert history.transcripts("new")[0].title == "new"
    assert history.unchanged_since(NOW) == []
    history.close()


def test_a_history_that_is_just_being_renewed_is_not_taken_for_a_damaged_one(place, tmp_path, monkeypatch):
    """Another program renews it between a look at its version and one at its tables."""
    place.parent.mkdir()
    with contextlib.closing(sqlite3.connect(place, isolation_level=None)) as base:
        base.execute("PRAGMA journal_mode = WAL")
        base.executescript(_SCHEMA + "PRAGMA user_version = 1;")
    really_check, others = history_store._check, []

    def check(base):
        monkeypatch.setattr(history_store, "_check", really_check)
        thread = threading.Thread(target=lambda: History(place, tmp_path).close())
        thread.start()
        thread.join(0.5)  # it waits for this one
        others.append(thread)
        really_check(base)

    monkeypatch.setattr(history_store, "_check", check)
    with contextlib.closing(History(place, tmp_path)) as history:
        assert history.notice == ""
    others[0].join(10)
    assert not any("broken" in file.name for file in place.parent.iterdir())


def test_what_the_second_version_knew_of_a_journal_is_still_known(place, tmp_path):
    place.parent.mkdir()
    with contextlib.closing(sqlite3.connect(place, isolation_level=None)) as base:
        base.executescript("".join((_SCHEMA, _STEPS[0], "PRAGMA user_version = 2;")))
        row = "(1, 'old', 0, '2026-01-01T00:00:00+00:00', 'm', 's', 0, 0, 0, NULL, 'one', 7)"
        base.execute(f"INSERT INTO transcripts VALUES {row}")
        base.execute(
            "INSERT INTO transcripts VALUES (2, 'o', 0, '2026-01-01T00:00:00+00:00', 'm', 's', 1, 0, 0, '', '', 0)"
        )
        for place_, starts in enumerate((1, 0, 2)):
            base.execute(f"INSERT INTO items VALUES (1, {place_}, {starts}, 0, 0, 9, '', 'word', '[]')")
    with contextlib.closing(History(place, tmp_path)) as history:
        assert history.notice == "" and history.of_journal("one") == Known("one", 1, 2, 7)
        assert history.of_journal("") is None and history.document(1).text.startswith("word word")


def test_the_file_is_this_user_s_alone(history, place):
    kept(history, "text")
    for file in place.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700


def test_a_damaged_file_is_set_aside_and_said(place, tmp_path):
    place.parent.mkdir()
    place.write_bytes(b"no database" * 1000)
    history = History(place, tmp_path)
    assert "damaged" in history.notice
    kept(history, "new")
    assert history.count() == 1
    history.close()
    assert any("broken" in file.name for file in place.parent.iterdir())


def test_a_newer_version_s_file_is_left_alone(history, place, tmp_path):
    kept(history, "text")
    history.close()
    with sqlite3.connect(place) as base:
        base.execute("PRAGMA user_version = 99")
    base.close()
    before = place.read_bytes()
    with pytest.raises(AppError, match="newer version"):
        History(place, tmp_path)
    assert place.read_bytes() == before


def test_two_programs_share_the_file(history, place, tmp_path):
    other = History(place, tmp_path)
    id = kept(history, "from one")
    kept(other, "from the other")
    assert {row.title for row in other.transcripts()} == {row.title for row in history.transcripts()} != set()
    other.delete([id])
    assert history.count() == 1
    other.close()


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(AppError, match="cannot be used"):
        History(tmp_path / "file" / "history.sqlite", tmp_path)


def test_a_full_disk_is_said_and_what_was_there_stays(history):
    id, other = kept(history, "here to stay"), history.begin(NOW, "model", "input")
    pages = history._base.execute("PRAGMA page_count").fetchone()[0]
    history._base.execute("PRAGMA cache_size = 1")  # it is written before the transaction ends
    history._base.execute(f"PRAGMA max_page_count = {pages + 10}")
    for _ in range(2):
        with pytest.raises(AppError, match="is full"):
            history.write(other, said(*(f"number{number} " * 500 for number in range(50))))
    assert history.document(id) == said("here to stay")
    assert history.document(other) == TranscriptDocument()


def test_what_was_acknowledged_is_there_after_a_kill(place, tmp_path):
    code = """
import sys, itertools
sys.path[:0] = ["tests/unit/app"]
from test_history import *
history = History(Path(sys.argv[1]), Path(sys.argv[1]).parent)
id = history.begin(NOW, "m", "s")
texts = []
for number in itertools.count():
    texts.append(f"word{number}")
    history.write(id, said(*texts), first=number)
    print(number, flush=True)
"""
    env = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT}/tests"}
    for lines in (1, 7, 23):
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(place)], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True
        )
        for _ in range(lines):
            acknowledged = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        history = History(place, tmp_path)
        latest = history.transcripts()[0]
        assert not latest.finished
        assert len(history.document(latest.id).closed) > acknowledged
        history.close()
        assert history.notice == ""


def spoilt(place, tmp_path, *statements):
    """A history with one transcript, to which somebody did this."""
    history = History(place, tmp_path / "recordings")
    kept(history, "Hello there.")
    history.close()
    with contextlib.closing(sqlite3.connect(place, isolation_level=None)) as base:
        for statement in statements:
            base.execute(statement)
    return History(place, tmp_path / "recordings")


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TRIGGER t AFTER INSERT ON items BEGIN DELETE FROM transcripts; END"],
        ["DROP TABLE items", "CREATE VIEW items AS SELECT 1, 2, 3, 4, 5, 6, 7, 8, 9"],
        ["ALTER TABLE items RENAME TO old", "CREATE TABLE items AS SELECT * FROM old"],
        ["DROP TABLE items", "CREATE VIRTUAL TABLE items USING fts5 (transcript, place)"],
        ["ALTER TABLE transcripts ADD COLUMN more TEXT GENERATED ALWAYS AS (hex(zeroblob(1000000000))) VIRTUAL"],
        ["DROP TABLE recordings"],
        ["DROP TABLE texts"],
        ["PRAGMA user_version = -3"],
        ["PRAGMA user_version = 0"],
        ["UPDATE transcripts SET id = 9000000000000000000"],
        ["UPDATE transcripts SET id = -1"],
    ],
)
def test_a_file_with_other_tables_or_code_in_it_is_set_aside(place, tmp_path, statements):
    with contextlib.closing(spoilt(place, tmp_path, "PRAGMA foreign_keys = OFF", *statements)) as history:
        assert "damaged" in history.notice
        assert kept(history, "new") and history.count() == 1
    assert any("broken" in file.name for file in place.parent.iterdir())


@pytest.mark.parametrize("value", ["NULL", "'x'", "X'ff00'", "1e300", "-5", "9223372036854775807", "'[[1]]'", "X'5b'"])
@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("items", ("starts", "segment", "start_sample", "end_sample", "speaker", "words")),
        ("transcripts", ("title", "started_at", "length_samples", "words", "model", "source")),
        ("journals", ("number", "heard")),
    ],
)
def test_wrong_values_in_the_file_leave_the_text_readable(place, tmp_path, table, columns, value):
    statements = [f"UPDATE OR IGNORE {table} SET {column} = {value}" for column in columns]
    with contextlib.closing(spoilt(place, tmp_path, *statements)) as history:
        assert history.notice == ""
        (row,) = history.transcripts()
        document = history.document(row.id)
        assert document.closed[0].__class__ is AudioLost or document.text.endswith("Hello there.")
        assert len(document.session_starts) <= 1000 and row.started_at.astimezone()
        history.transcripts("hello")
        history.of_journal("x")
        history.write(row.id, document)
        history.delete([row.id])


@pytest.mark.parametrize("words", ['[["a", 0, 1, NaN]]', '[["a", 0, 1, 1e999]]', '[["a"', '[["a", 0, 1, "b"]]',
                                   "[" * 100_000, '{"a": 1}', '[["a", 0, 1, 1' + "0" * 400 + "]]"])  # fmt: skip
def test_words_that_are_none_are_left_out_and_the_text_stays(place, tmp_path, words):
    with contextlib.closing(spoilt(place, tmp_path, f"UPDATE items SET words = '{words}'")) as history:
        (item,) = history.document(1).closed
        assert item.committed == "Hello there." and item.words == ()


def test_a_title_that_is_no_utf_8_costs_nothing_else(place, tmp_path):
    with contextlib.closing(
        spoilt(place, tmp_path, "UPDATE transcripts SET title = CAST(X'41ff42' AS TEXT)")
    ) as history:
        assert [row.title for row in history.transcripts()] == ["A\ufffdB"]


@pytest.mark.parametrize("journal", ["..", ".", "/", "../..", "a/../..", "a\0b"])
def test_a_row_that_names_another_folder_as_its_journal_removes_nothing(place, tmp_path, journal):
    (place.parent / "journals" / "other").mkdir(parents=True)
    precious = place.parent / "settings.json"
    precious.write_text("{}")
    history = History(place, tmp_path)
    id = history.begin(NOW, "m", "s", journal)
    history.delete([id])
    history.close()
    assert precious.exists() and (place.parent / "journals" / "other").is_dir()


@pytest.mark.parametrize("name", ["..", "", ".", "/etc/passwd", "../../etc/passwd", "a\0b", "dir/"])
def test_a_row_names_no_sound_outside_the_folder(place, tmp_path, name):
    with contextlib.closing(spoilt(place, tmp_path)) as history:
        history.add_recording(1, (0, ""), Path("x"))
        history._base.execute("UPDATE recordings SET file = ?", (name,))
        for file in history.recordings(1).values():
            assert file.parent == tmp_path / "recordings" and file.name not in ("", "..")


def test_a_link_among_the_recordings_is_neither_read_nor_followed_when_it_goes(place, tmp_path):
    outside = tmp_path / "mine.flac"
    outside.write_bytes(b"sound")
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / "x.ogg").symlink_to(outside)
    with contextlib.closing(spoilt(place, tmp_path)) as history:
        history.add_recording(1, (0, ""), Path("x.ogg"))
        assert history.recordings(1) == {}
        history.delete([1])
    assert outside.read_bytes() == b"sound" and not (tmp_path / "recordings" / "x.ogg").is_symlink()


def test_halves_of_characters_are_spelt_out(history):
    id = history.begin(NOW, "\ud800", "talk\udce4.wav")
    history.write(id, TranscriptDocument((Segment(0, 0, 9, "a\ud800", speaker="\udfff"),), session_starts=(0,)))
    history.rename(id, "\udce4.wav")
    assert history.find(id).title == "\\udce4.wav"
    assert history.document(id).closed[0].committed == "a\\ud800"


@pytest.mark.parametrize("id", [0, -1, 2**39, 2**63, 10**30])
def test_no_number_is_too_large_for_the_answer_that_there_is_none(history, id):
    with pytest.raises(AppError, match=f"There is no transcript {id}"):
        history.find(id)

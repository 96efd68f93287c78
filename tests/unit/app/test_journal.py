"""What is in a journal comes back, whatever was torn from it, and nothing is in it any longer than it is needed."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import random
import stat
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import AppError
from app.journal import writer
from app.journal.append_file import AppendFile
from app.journal.entries import Head, Text, pack_sound, pack_text, unpack_head, unpack_sound, unpack_text
from app.journal.reader import discard, left_behind, read, sweep
from app.journal.records import MAGIC, Kind, pack, unpack
from app.journal.writer import TEXT_FILE, Journal
from s2t_core.events import AudioLost, SegmentClosed, SegmentUpdated
from s2t_core.streaming.mark import OpenMark, SessionMark
from s2t_core.types import AudioChunk, Segment, Word

HEAD = Head(datetime(2026, 3, 1, tzinfo=UTC), "model", "Yeti", 7, 2)
RATE = 16000
records_of_any_kind = st.lists(st.tuples(st.sampled_from(list(Kind)), st.binary(max_size=80)), max_size=12)


def closed(text, number=0, speaker=""):
    words = tuple(Word(word, i * 100, i * 100 + 90, 0.5) for i, word in enumerate(text.split()))
    return SegmentClosed(Segment(number, number * RATE, number * RATE + 900, text, words=words, speaker=speaker))


def opened(committed, tentative="", number=0):
    return SegmentUpdated(Segment(number, number * RATE, number * RATE + 900, committed, tentative))


def tone(start_s, length_s=0.1, speaker="", rate=RATE):
    samples = 0.5 * np.sin(np.arange(round(length_s * rate)) / 10).astype(np.float32)
    return AudioChunk(samples, rate, round(start_s * rate), speaker)


@pytest.fixture
def said():
    return []


@pytest.fixture
def journal(tmp_path, said):
    made = Journal(tmp_path / "journals" / "one", HEAD, said.append)
    yield made
    made.close()


def found(journal):
    """What another program finds in it."""
    journal.close()
    (left,) = left_behind(journal.folder.parent)
    return left


@given(records_of_any_kind)
def test_records_come_back_as_they_were(records):
    data = b"".join(pack(*record) for record in records)
    assert [(record.kind, record.payload) for record in unpack(data)] == records


@given(records_of_any_kind, st.data())
@settings(max_examples=200)
def test_damage_costs_the_records_that_it_touches_and_no_other(records, data):
    packed = [pack(*record) for record in records]
    whole = bytearray(b"".join(packed))
    first = data.draw(st.integers(0, len(whole)))
    length = data.draw(st.integers(0, 40))
    whole[first : first + length] = data.draw(st.binary(min_size=length, max_size=length))[: len(whole) - first]
    came = [(record.kind, record.payload) for record in unpack(bytes(whole))]
    at, untouched = 0, []
    for record, one in zip(records, packed, strict=True):
        if at + len(one) <= first or at >= first + length:
            untouched.append(record)
        at += len(one)
    assert all(record in came for record in untouched)
    assert len(came) <= len(records)


@given(st.binary(max_size=300), st.integers(0, 300))
def test_any_bytes_between_records_are_passed_over(noise, cut):
    record = pack(Kind.TEXT, b"word")
    data = noise + record + (MAGIC + noise)[:cut] + record
    assert [one.payload for one in unpack(data)].count(b"word") == 2


def test_text_comes_back_with_its_numbers_and_the_mark():
    mark = SessionMark(123, 4, OpenMark(3, 100, 110, 900, (5, 6), 1, "two words"))
    events = ((8, closed("ein Wört “x”\n\ud800")), (10, opened("a", "b", 1)), (11, AudioLost(5, 9)))
    text = unpack_text(pack_text(Text("", events, mark)))
    assert text == Text("", events, mark)
    other = unpack_text(pack_text(Text("Me", ((1, closed("x", speaker="Me")),), SessionMark(1, 2))))
    assert other.events[0][1].segment.speaker == "Me"


@given(st.binary(max_size=200))
@settings(max_examples=200)
def test_what_is_no_entry_is_refused_as_a_value(payload):
    for unpacked in (unpack_head, unpack_text, unpack_sound):
        with contextlib.suppress(ValueError):
            unpacked(payload)


@pytest.mark.parametrize("value", [-1, 2**63, 10**30, float("inf"), float("nan"), "5", None, [], True, 1e300])
def test_numbers_that_cannot_be_are_refused_as_a_value(value):
    head = {"started_at": HEAD.started_at.isoformat(), "model": "m", "source": "s", "transcript": None, "recording": 0}
    for change in ({"recording": value}, {"transcript": 0 if value is None else value}):
        if change != {"transcript": 0}:
            with pytest.raises(ValueError, match="damaged"):
                unpack_head(json.dumps(head | change).encode())
    mark = {"position": 1, "next_id": 1, "open": None}
    opened = {"number": 0, "start": 0, "own_start": 0, "heard": 0, "tokens": [1], "hidden": 0, "text": ""}
    spoilt = [mark | {"position": value}, mark | {"next_id": value}, mark | {"open": opened | {"hidden": 2}}]
    spoilt += [mark | {"open": opened | {name: value}} for name in ("number", "start", "heard", "hidden", "tokens")]
    for one in spoilt if value != [] else spoilt[:2]:
        with pytest.raises(ValueError):
            unpack_text(json.dumps({"speaker": "", "events": [], "mark": one}).encode())
    for event in ({"lost": [value, 1]}, {"closed": {"id": value, "from": 0, "to": 1, "text": "a"}},
                  {"closed": {"id": 0, "from": 0, "to": 1, "text": "a", "words": [["a", 0, value, 1.0]]}}):  # fmt: skip
        with pytest.raises(ValueError):
            unpack_text(json.dumps({"speaker": "", "events": [[1, event]], "mark": mark}).encode())


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59-12:00", "2026-03-01T12:00:00", "now"])
def test_a_time_that_no_clock_can_show_is_refused_as_a_value(at):
    head = {"started_at": at, "model": "m", "source": "s", "transcript": None, "recording": 0}
    with pytest.raises(ValueError):
        unpack_head(json.dumps(head).encode())


@pytest.mark.parametrize("name", ["..", ".", "", "../journals", "/", "link"])
def test_only_a_journal_of_the_folder_is_removed(tmp_path, name):
    journals, outside = tmp_path / "data" / "journals", tmp_path / "outside"
    for folder in (journals / "one", outside):
        folder.mkdir(parents=True)
        (folder / "text").touch()
    (journals / "link").symlink_to(outside)
    discard(journals, name)
    assert (journals / "one" / "text").exists() and (outside / "text").exists()
    discard(journals, "one")
    assert not (journals / "one").exists()


def test_sound_comes_back_within_a_step_of_its_16_bits():
    loud = AudioChunk(np.array([1.5, -2.0, 0.25, 1e-6], np.float32), 44100, 1 << 40, "Ö")
    back = unpack_sound(pack_sound(loud))
    assert (back.rate, back.start, back.speaker) == (44100, 1 << 40, "Ö")
    assert np.abs(back.samples - np.clip(loud.samples, -1, 1)).max() <= 1 / 32768


def test_everything_that_was_told_is_there_after_the_process_without_its_end(journal):
    journal.sound(tone(0))
    journal.sound(tone(0.1))
    journal.text("", (opened("one", "two"), AudioLost(3, 5)), SessionMark(800, 0))
    journal.text("", (closed("one two"),), SessionMark(2000, 1))
    left = read(journal.folder)  # the file is still open
    assert left.head == HEAD
    assert left.events == ((1, opened("one", "two")), (2, AudioLost(3, 5)), (3, closed("one two")))
    assert left.marks == {"": SessionMark(2000, 1)} and left.count == 3
    (rest,) = left.sound()
    assert (rest.start, len(rest.samples)) == (2000, 1200)
    assert left_behind(journal.folder.parent) == ()  # a program that runs writes it
    assert found(journal).events == left.events


def test_what_only_repeats_the_committed_words_is_numbered_but_not_written(journal):
    for tentative in ("b", "c", "d"):
        journal.text("", (opened("a", tentative),), SessionMark(100, 0))
    journal.text("", (opened("a b"),), SessionMark(100, 0))
    assert [number for number, _ in found(journal).events] == [1, 4]


def test_a_segment_behind_a_pause_is_written_though_it_repeats_number_and_words(journal):
    journal.text("", (opened("yes"), closed("yes")), SessionMark(900, 1))
    journal.text("", (opened("yes"),), SessionMark(2000, 0))
    assert [number for number, _ in found(journal).events] == [1, 2, 3]


def test_the_place_is_written_in_a_long_silence_too(journal):
    journal.text("", (closed("a"),), SessionMark(100, 1))
    for second in range(1, 12):
        journal.text("", (), SessionMark(second * RATE, 1))
    assert found(journal).marks[""].position > 9 * RATE


def test_the_place_is_written_where_a_stream_ends(journal):
    journal.text("", (closed("a"),), SessionMark(100, 1))
    journal.text("", (), SessionMark(RATE, 1), ends=True)
    assert found(journal).marks[""].position == RATE


def test_it_goes_on_behind_what_was_torn(journal, said):
    journal.text("", (closed("one"),), SessionMark(100, 1))
    journal.close()
    path = journal.folder / TEXT_FILE
    with path.open("ab") as file:
        file.write(pack(Kind.TEXT, b"x" * 500)[:77])
    second = Journal(journal.folder, None, said.append)
    second.count_from(read(journal.folder).count)
    second.text("", (closed("two", 1),), SessionMark(200, 2))
    left = found(second)
    assert [event.segment.committed for _, event in left.events] == ["one", "two"]
    assert [number for number, _ in left.events] == [1, 2] and left.head == HEAD


def test_words_outlive_a_head_that_was_torn(journal):
    journal.text("", (closed("one"),), SessionMark(100, 1))
    journal.close()
    path = journal.folder / TEXT_FILE
    data = bytearray(path.read_bytes())
    data[20] ^= 255
    path.write_bytes(data)
    (left,) = left_behind(journal.folder.parent)
    assert left.events[0][1].segment.committed == "one" and left.head.transcript is None


def test_sound_that_has_its_text_goes_and_the_rest_stays(journal, monkeypatch):
    monkeypatch.setattr(writer, "_PART_S", 0.0)  # a part for every chunk
    for tenth in range(10):
        journal.sound(tone(tenth / 10, speaker="Me"))
        journal.sound(tone(tenth / 10, speaker="Others"))
    journal.text("Me", (closed("hello"),), SessionMark(RATE // 2, 1))
    journal.sound(tone(1.0, speaker="Me"))
    assert len(list(journal.folder.glob("sound-*"))) == 20 - 1 + 1  # only the first: the others' has no text yet
    journal.text("Others", (closed("there"),), SessionMark(RATE, 1))
    journal.sound(tone(1.1, speaker="Me"))
    left = found(journal)
    assert len(list(left.folder.glob("sound-*"))) == 12
    me = [chunk for chunk in left.sound() if chunk.speaker == "Me"]
    assert me[0].start == RATE // 2 and left.sound_s() == pytest.approx(0.7)


def test_it_is_the_users_alone_and_leaves_nothing_when_it_is_removed(journal):
    before = os.umask(0)
    try:
        journal.sound(tone(0))
        journal.text("", (closed("secret"),), SessionMark(100, 1))
    finally:
        os.umask(before)
    for path in (journal.folder.parent, journal.folder, *journal.folder.iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    journal.remove()
    assert list(journal.folder.parent.iterdir()) == []


def test_a_journal_that_nothing_was_said_in_is_no_folder(journal):
    journal.close()
    assert not journal.folder.exists()


def full_disk(monkeypatch, room):
    """The disk takes so many bytes more, in half a write at the end; what is deleted makes room."""
    write, unlink = os.write, os.unlink
    left = [room]

    def refusing(number, data):
        if left[0] == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        count = min(left[0], len(data))
        left[0] -= count
        return write(number, data[:count])

    def freeing(path, **more):
        left[0] += Path(path).stat().st_size
        unlink(path, **more)

    monkeypatch.setattr(os, "write", refusing)
    monkeypatch.setattr(os, "unlink", freeing)
    return left


def test_on_a_full_disk_words_are_still_kept_and_sound_is_again_as_soon_as_there_is_room(journal, said, monkeypatch):
    journal.sound(tone(0))
    journal.text("", (closed("one"),), SessionMark(100, 1))
    left = full_disk(monkeypatch, 1000)
    monkeypatch.setattr(writer, "_AGAIN_S", 0.0)
    journal.sound(tone(0.1))
    assert left[0] == 0 and len(said) == 1 and "No space left" in said[0]
    for number in range(1, 50):
        journal.text("", (closed(f"word{number}", number),), SessionMark(100 + number, number + 1))
    journal.sound(tone(0.2))
    assert len(said) == 1  # once
    left[0] += 10_000_000
    journal.sound(tone(0.3))
    found_again = found(journal)
    assert [event.segment.committed for _, event in found_again.events][1:] == [f"word{n}" for n in range(1, 50)]
    assert [round(chunk.start / RATE, 1) for chunk in found_again.sound()][-1] == 0.3


def test_a_disk_that_takes_nothing_at_all_is_said_and_stops_nothing(tmp_path, said):
    (tmp_path / "journals").write_text("no folder")
    journal = Journal(tmp_path / "journals" / "one", HEAD, said.append)
    journal.sound(tone(0))
    journal.text("", (closed("one"),), SessionMark(100, 1))
    journal.close()
    assert len(said) == 1 and "cannot be kept" in said[0]


def test_a_record_that_the_disk_refused_half_way_is_taken_back(tmp_path, monkeypatch):
    file = AppendFile(tmp_path / "file")
    file.append(b"whole")
    left = full_disk(monkeypatch, 3)
    with pytest.raises(OSError):
        file.append(b"refused")
    left[0] = 100
    file.append(b"next")
    file.close()
    assert (tmp_path / "file").read_bytes() == b"wholenext"


def test_folders_without_a_word_are_swept_and_others_left_alone(tmp_path, journal, said):
    journal.sound(tone(0))
    journal.close()
    for name in ("empty", "fresh", ".removed"):
        (tmp_path / "journals" / name).mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "journals" / "link").symlink_to(tmp_path / "elsewhere")
    long_ago = time.time() - 3600
    for path in ("empty", "one", ".removed"):
        os.utime(tmp_path / "journals" / path, (long_ago, long_ago))
    sweep(tmp_path / "journals")
    assert sorted(path.name for path in (tmp_path / "journals").iterdir()) == ["fresh", "link", "one"]


def test_a_journal_of_a_newer_program_is_left_to_that(journal):
    journal.text("", (closed("one"),), SessionMark(100, 1))
    journal.close()
    path = journal.folder / TEXT_FILE
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.journal.records.VERSION", 2)
        path.write_bytes(pack(Kind.HEAD, b"{}"))
    with pytest.raises(AppError, match="newer version"):
        left_behind(journal.folder.parent)


@pytest.mark.parametrize("seed", range(5))
def test_after_a_loss_of_power_all_that_was_synced_is_there(tmp_path, seed):
    """What was not synced may be there, may be zeros, may be missing: page by page."""
    dice = random.Random(seed)
    journal = Journal(tmp_path / "journals" / "one", HEAD, print)
    for number in range(60):
        journal.text("", (closed(f"word{number} " * 20, number),), SessionMark(number, number + 1))
    file = journal._text
    file.sync()
    synced = file._length
    for number in range(60, 120):
        journal.text("", (closed(f"word{number} " * 20, number),), SessionMark(number, number + 1))
    journal.close()
    path = journal.folder / TEXT_FILE
    data = bytearray(path.read_bytes())
    for page in range(synced // 4096, len(data) // 4096 + 1):
        begin, end = max(synced, page * 4096), min(len(data), (page + 1) * 4096)
        if begin < end and dice.random() < 0.5:
            data[begin:end] = bytes(end - begin)
    path.write_bytes(data[: dice.randint(synced, len(data))])
    (left,) = left_behind(journal.folder.parent)
    numbers = [number for number, _ in left.events]
    assert numbers[:60] == list(range(1, 61)) and numbers == sorted(numbers)

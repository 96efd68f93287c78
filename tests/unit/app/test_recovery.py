"""A recording that broke off is put together again: every committed word once, edits and all, and the rest is heard."""

from __future__ import annotations

import contextlib
import itertools
import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.fakes import ClockDecoder, LoudnessDetector, Unshaped

from app import cli
from app.bring_back import bring_back
from app.errors import AppError
from app.file_lock import lock
from app.history import History
from app.history_journals import Known
from app.journal.entries import Head
from app.journal.reader import left_behind
from app.journal.writer import Journal
from app.live_stream import LiveStream
from app.messages import Stream, Transcribed
from app.paths import history_file, journals_folder, recordings_folder, runtime_folder
from app.private_files import private_folder
from app.recovery import find, in_blocks, take_up
from s2t_core.editing import rewritten
from s2t_core.events import AudioLost, SegmentClosed
from s2t_core.session import StreamSession
from s2t_core.streaming.config import SessionConfig
from s2t_core.streaming.mark import SessionMark
from s2t_core.text.formatter import Formatter
from s2t_core.text.rules import TextRules
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import AudioChunk, Segment

RATE = 16000
NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Recognizer:
    """Real sessions on a decoder that hears two words a second."""

    def open_session(self, config=None, *, mark=None):
        return StreamSession(ClockDecoder(), LoudnessDetector(), SessionConfig(), mark)


def sound(speaker="", seconds=(3, 1, 4, 1, 2.5)):
    """Speech and silence in turn, as a microphone gives it."""
    samples = np.concatenate([np.full(int(s * RATE), 0.5 * (i % 2 == 0), np.float32) for i, s in enumerate(seconds)])
    return [AudioChunk(samples[at : at + 1600], RATE, at, speaker) for at in range(0, len(samples), 1600)]


class Program:
    """What a running program does with a recording, until it is killed."""

    def __init__(self, home, head=None, document=None, id=None, shaper=None, name="one"):
        self.home, self.name = home, name
        self.history = History(home / "history.sqlite", home)
        self.journal = Journal(home / "journals" / name, head or Head(NOW, "m", "i", id, 0), print)
        self.document = (document or TranscriptDocument()).begin_session()
        self.shaper = shaper or Unshaped()
        self.id = id
        if id is None:
            self.id = self.history.begin(NOW, "m", "i", "one")
        else:
            self.history.go_on(id, name, len(self.document.session_starts) - 1)
        self.heard = 0

    def run(self, chunks, keeps=lambda: True):
        """Up to the end of these chunks, of which all sound is kept and nothing is finished."""

        def take(message):
            if isinstance(message, Transcribed):
                self.heard += len(message.events)
                before = self.document
                for event in message.events:
                    for shaped in self.shaper.push(event):
                        self.document = self.document.apply(shaped)
                if before.closed != self.document.closed and keeps():
                    self.keep()

        class Killed(Exception):
            pass

        def cut_off():
            for chunk in chunks:
                self.journal.sound(chunk)
                yield chunk
            raise Killed

        stream = LiveStream(
            Stream(cut_off(), journal=self.journal), lambda m, _: Recognizer().open_session(mark=m), take
        )
        with pytest.raises(Killed):
            for chunk in stream._stream.chunks:
                stream._push(chunk, 1.0)

    def keep(self):
        self.history.write(self.id, self.document, heard=[self.known])

    @property
    def known(self):
        return Known(self.name, self.id, len(self.document.session_starts) - 1, self.heard)

    def die(self):
        self.journal.close()  # the system lets go of the lock
        self.history.close()


def recovered(home, shaper=Unshaped, progress=lambda _: None):
    """The document and the text of what is found in this home, once it is brought back."""
    history = History(home / "history.sqlite", home)
    found = find(home / "journals", history, shaper)
    assert len(found) == 1
    id = bring_back(found[0], Recognizer(), lambda: History(home / "history.sqlite", home), shaper, print, progress)
    document = history.document(id)
    assert history.find(id).finished and not list((home / "journals").iterdir())
    history.close()
    return document


def words(document):
    return document.text.split()


def whole(chunks):
    session, document = Recognizer().open_session(), TranscriptDocument()
    for chunk in chunks:
        for event in session.push(chunk):
            document = document.apply(event)
    for event in session.finish():
        document = document.apply(event)
    return document


@given(killed_after=st.integers(1, 114), kept=st.lists(st.booleans(), min_size=8, max_size=8))
@settings(deadline=None, max_examples=15, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whenever_it_is_killed_and_whatever_the_history_had_by_then_every_word_is_there_once(
    tmp_path_factory, killed_after, kept
):
    home, had = tmp_path_factory.mktemp("home"), iter(kept)
    program = Program(home)
    program.run(sound()[:killed_after], lambda: next(had))
    seen = program.document.settled_text
    program.die()
    back = recovered(home)
    assert back.text.startswith(seen)
    expected = whole(sound()[:killed_after])
    assert abs(len(words(back)) - len(words(expected))) <= 1
    assert [len(item.committed) > 0 for item in back.closed].count(False) == 0
    starts = [item.start_sample for item in back.closed]
    assert starts == sorted(starts)


def test_what_was_edited_stays_edited_and_what_was_deleted_stays_away(tmp_path):
    program = Program(tmp_path)
    program.run(sound()[:100])
    assert len(program.document.closed) == 2 and program.document.open
    program.document = rewritten(rewritten(program.document, 0, 0, "Mine."), 1, 1, "")
    program.keep()
    open_text = program.document.open[0].committed
    program.die()
    back = recovered(tmp_path)
    assert [item.committed for item in back.closed][:1] == ["Mine."] and len(back.closed) == 2
    assert back.closed[1].committed.startswith(open_text)


def test_it_goes_on_in_the_transcript_that_it_belonged_to(tmp_path):
    history = History(tmp_path / "history.sqlite", tmp_path)
    id = history.begin(NOW, "m", "i")
    first = TranscriptDocument().begin_session().apply(SegmentClosed(Segment(0, 0, 900, "Before.")))
    history.write(id, first)
    history.finish(id)
    document = history.document(id)
    history.close()
    program = Program(tmp_path, Head(NOW, "m", "i", id, 1), document, id)
    program.run(sound()[:35])
    program.die()
    back = recovered(tmp_path)
    assert back.text.startswith("Before.\n\nw0 w1") and back.session_starts == (0, 1)


def test_a_transcript_that_the_history_never_got_is_made(tmp_path):
    program = Program(tmp_path)
    program.history.delete([program.id])
    program.run(sound()[:60], lambda: False)
    seen = program.document.settled_text
    program.die()
    assert recovered(tmp_path).text.startswith(seen)


def test_killed_again_while_it_is_brought_back_nothing_comes_twice(tmp_path):
    program = Program(tmp_path)
    program.run(sound()[:35])
    program.journal.close()
    again = Journal(program.journal.folder, None, print)
    again.count_from(10_000)
    for chunk in sound()[35:]:  # much sound that was never transcribed
        again.sound(chunk)
    again.close()
    program.history.close()

    class Killed(BaseException):
        pass

    def kill(done_s):
        if done_s > 5:
            raise Killed

    with pytest.raises(Killed):
        recovered(tmp_path, progress=kill)
    assert words(recovered(tmp_path)) == words(whole(sound()))


def test_two_channels_of_a_meeting_come_back_with_their_names(tmp_path):
    me, others = sound("Me"), sound("Others", (1, 2, 4, 1, 3.5))
    both = [chunk for pair in zip(me, others, strict=True) for chunk in pair]
    program = Program(tmp_path)
    program.run(both[:150])
    seen = [(one.speaker, one.committed) for one in program.document.open if one.committed]
    program.die()
    back = recovered(tmp_path)
    assert {item.speaker for item in back.closed} == {"Me", "Others"}
    for speaker, committed in seen:
        assert any(item.speaker == speaker and item.committed.startswith(committed) for item in back.closed)


def test_text_is_written_as_the_user_wishes_through_the_break(tmp_path):
    def shaper():
        return Formatter(TextRules())

    program = Program(tmp_path, shaper=shaper())
    program.run(sound()[:60])
    seen = program.document.settled_text
    program.die()
    back = recovered(tmp_path, shaper)
    assert seen.startswith("W0 w1") and back.text.startswith(seen)


def test_a_gap_in_the_recording_stays_a_gap_and_lost_sound_of_the_journal_becomes_one(tmp_path):
    chunks = [chunk for chunk in sound() if not 20 * 1600 <= chunk.start < 25 * 1600]
    program = Program(tmp_path)
    program.run(chunks[:60])
    program.die()
    later = [chunk for chunk in chunks if chunk.start > 90 * 1600]
    journal = Journal(program.journal.folder, None, print)
    journal.count_from(10_000)
    for chunk in later:
        journal.sound(chunk)
    journal.close()
    gaps = [item for item in recovered(tmp_path).closed if isinstance(item, AudioLost)]
    assert [(gap.start_sample // 1600, gap.end_sample // 1600) for gap in gaps] == [(20, 25), (65, 91)]


def test_what_the_history_has_already_is_not_offered(tmp_path):
    program = Program(tmp_path)
    program.run(sound()[:1])
    program.history.write(program.id, program.document, heard=[program.known])
    program.journal.text("", (), SessionMark(100 * RATE, 0))
    program.die()
    history = History(tmp_path / "history.sqlite", tmp_path)
    assert find(tmp_path / "journals", history, Unshaped) == ()
    assert history.find(program.id).finished and not list((tmp_path / "journals").iterdir())
    history.close()


def test_a_record_that_is_missing_costs_no_other_word(tmp_path):
    program = Program(tmp_path)
    program.run(sound()[:105], lambda: False)
    seen = program.document
    program.die()
    path = program.journal.folder / "text.journal"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)
    back = recovered(tmp_path)
    assert back.closed[0].committed == seen.closed[0].committed
    assert len(words(back)) >= len(words(seen)) - 8


def test_sound_is_taken_in_blocks_channel_by_channel():
    both = itertools.chain(*zip(sound("a"), sound("b"), strict=True))
    blocks = list(in_blocks(both, 2.0))
    for name in "ab":
        own = [block for block in blocks if block.speaker == name]
        assert [len(block.samples) for block in own[:-1]] == [2 * RATE] * 5
        assert np.array_equal(
            np.concatenate([b.samples for b in own]), np.concatenate([c.samples for c in sound(name)])
        )


def test_it_is_brought_back_once_whoever_asks_first(tmp_path):
    program = Program(tmp_path)
    program.run(sound()[:60])
    program.die()
    history = History(tmp_path / "history.sqlite", tmp_path)
    first, second = (find(tmp_path / "journals", history, Unshaped)[0] for _ in range(2))
    _, running = take_up(first, history, Unshaped(), print)
    with pytest.raises(AppError, match="cannot be brought back now"):
        take_up(second, history, Unshaped(), print)
    running.remove()
    with pytest.raises(AppError, match="it is gone"):
        take_up(second, history, Unshaped(), print)
    history.close()


def test_a_deleted_transcript_s_words_do_not_get_into_one_that_has_its_number_now(tmp_path):
    journal = Journal(tmp_path / "journals" / "one", Head(NOW, "m", "i", 1, 1), print)
    journal.text("", (SegmentClosed(Segment(0, 0, 900, "cut off")),), SessionMark(900, 1))
    journal.close()
    with contextlib.closing(History(tmp_path / "history.sqlite", tmp_path)) as history:
        id = history.begin(NOW + timedelta(hours=1), "m", "i")
        history.write(id, TranscriptDocument().begin_session().apply(SegmentClosed(Segment(0, 0, 900, "Another."))))
        (found,) = find(tmp_path / "journals", history, Unshaped)
        assert found.id is None and found.document.text == "cut off"
        assert history.document(id).text == "Another."


def test_text_that_was_settled_when_its_session_broke_off_comes_once(tmp_path):
    program = Program(tmp_path)
    program.run(sound()[:100])
    assert program.document.open
    program.document = program.document.without_open()
    program.keep()
    program.die()
    assert words(recovered(tmp_path)) == words(whole(sound()[:100]))


def test_where_nothing_was_said_there_is_nothing_to_keep_and_the_journal_goes(tmp_path):
    journal = Journal(tmp_path / "journals" / "one", Head(NOW, "m", "i", None, 0), print)
    for chunk in sound(seconds=(0, 3)):
        journal.sound(chunk)
    journal.close()
    with contextlib.closing(History(tmp_path / "history.sqlite", tmp_path)) as history:
        found = find(tmp_path / "journals", history, Unshaped)
    open_history = lambda: History(tmp_path / "history.sqlite", tmp_path)  # noqa: E731
    assert bring_back(found[0], Recognizer(), open_history, Unshaped, print, lambda _: None) is None
    assert not list((tmp_path / "journals").iterdir())


def test_what_is_known_of_journals_that_are_gone_is_forgotten(tmp_path):
    with contextlib.closing(History(tmp_path / "history.sqlite", tmp_path)) as history:
        history.begin(NOW, "m", "i", "gone")
        assert history.journals() == ("gone",)
        find(tmp_path / "journals", history, Unshaped)
        assert history.journals() == ()


def cut_off_twice(home):
    """A transcript with two recordings that broke off, and the texts of both as they were seen."""
    first = Program(home)
    first.run(sound()[:60])
    first.die()
    history = History(home / "history.sqlite", home)
    document = history.document(first.id)
    history.close()
    second = Program(home, Head(NOW, "m", "i", first.id, 1), document, first.id, name="two")
    second.run(sound()[:60])
    second.die()
    return first, second


def back_in(home, found):
    """The document of each of these once they are brought back one after the other, with the history's."""
    ids = [
        bring_back(one, Recognizer(), lambda: History(home / "history.sqlite", home), Unshaped, print, lambda _: None)
        for one in found
    ]
    with contextlib.closing(History(home / "history.sqlite", home)) as history:
        assert len(history.transcripts()) == 1
        return ids, history.document(ids[0])


@pytest.mark.parametrize("order", [1, -1])
def test_two_recordings_of_one_transcript_come_back_into_it_each_word_once(tmp_path, order):
    first, _ = cut_off_twice(tmp_path)
    with contextlib.closing(History(tmp_path / "history.sqlite", tmp_path)) as history:
        found = find(tmp_path / "journals", history, Unshaped)
    assert [one.left.folder.name for one in found] == ["two", "one"]
    ids, document = back_in(tmp_path, found[::order])
    assert ids == [first.id, first.id]
    expected = words(whole(sound()[:60]))
    assert sorted(words(document)) == sorted(expected + expected)
    assert not list((tmp_path / "journals").iterdir())


def test_what_was_written_since_it_was_found_stays(tmp_path):
    program = Program(tmp_path)
    program.run(sound()[:60])
    program.die()
    with contextlib.closing(History(tmp_path / "history.sqlite", tmp_path)) as history:
        found = find(tmp_path / "journals", history, Unshaped)
        document = rewritten(history.document(program.id), 0, 0, "Edited.")
        document = document.begin_session().apply(SegmentClosed(Segment(0, 0, 900, "Said since.")))
        history.write(program.id, document, heard=[Known("two", program.id, 1, 1)])
    _, back = back_in(tmp_path, found)
    assert back.text.startswith("Edited.") and back.text.count("Said since.") == 1
    late = [word for item in whole(sound()[:60]).closed[1:] for word in item.committed.split()]
    assert late and words(back)[-len(late) :] == late


def test_killed_while_it_comes_back_behind_another_recording_nothing_comes_twice(tmp_path):
    first, _ = cut_off_twice(tmp_path)
    again = Journal(first.journal.folder, None, print)
    again.count_from(10_000)
    for chunk in sound()[60:]:  # much sound that was never transcribed
        again.sound(chunk)
    again.close()

    class Killed(BaseException):
        pass

    def kill(done_s):
        if done_s > 5:
            raise Killed

    with contextlib.closing(History(tmp_path / "history.sqlite", tmp_path)) as history:
        _, one = find(tmp_path / "journals", history, Unshaped)
    with pytest.raises(Killed):
        bring_back(one, Recognizer(), lambda: History(tmp_path / "history.sqlite", tmp_path), Unshaped, print, kill)
    with contextlib.closing(History(tmp_path / "history.sqlite", tmp_path)) as history:
        found = find(tmp_path / "journals", history, Unshaped)
    _, document = back_in(tmp_path, found)
    assert sorted(words(document)) == sorted(words(whole(sound())) + words(whole(sound()[:60])))


@pytest.fixture
def cut_off(monkeypatch):
    """A recording of this user's that broke off, and a recogniser for the command."""
    journals = journals_folder()
    home = history_file().parent
    home.mkdir(parents=True, exist_ok=True)
    assert (journals.parent, recordings_folder().parent) == (home, home)
    program = Program(home)
    program.run(sound()[:60])
    program.die()
    monkeypatch.setattr("s2t_core.recognizer.load", lambda *_: Recognizer())
    return program


def test_the_command_brings_it_back_and_says_so(cut_off, capsys):
    assert cli.main(["sessions", "recover", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["finished"] and row["words"] >= 10 and not left_behind(journals_folder())
    assert cli.main(["sessions", "recover"]) == 0
    assert "Nothing was cut off" in capsys.readouterr().err


def test_the_command_leaves_it_to_a_window_that_runs(cut_off, capsys):
    private_folder(runtime_folder())
    with (runtime_folder() / "lock").open("w") as window:
        lock(window.fileno())
        assert cli.main(["sessions", "recover"]) == 1
        assert "Dictate is running" in capsys.readouterr().err and left_behind(journals_folder())


def test_the_command_can_bring_back_one_alone(cut_off, capsys):
    assert cli.main(["sessions", "recover", "999"]) == 0
    assert left_behind(journals_folder())
    assert cli.main(["sessions", "recover", str(cut_off.id)]) == 0
    assert "words" in capsys.readouterr().out and not left_behind(journals_folder())


def test_what_is_deleted_is_not_brought_back(cut_off, capsys):
    assert cli.main(["sessions", "list"]) == 0
    assert "dictate sessions recover" in capsys.readouterr().err
    assert cli.main(["sessions", "delete", str(cut_off.id)]) == 0
    assert not left_behind(journals_folder())
    assert cli.main(["sessions", "recover"]) == 0
    assert "Nothing was cut off" in capsys.readouterr().err

"""The command line: what it writes where, and how it says that something is wrong."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import signal
import socket
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import SAMPLE
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fakes import FakeRecognizer, FakeSource, ScriptedSession

from app import cli, display, doctor, listen
from app.errors import AppError, AudioError
from app.export import Transcript, to_json, to_txt
from app.listen import show_event_lines
from app.live_lines import LiveLines
from app.messages import Clock, ModelReady, SessionEnded, Transcribed
from app.steering import decoding_options
from app.terminal import note, out_bytes
from s2t_core.errors import CheckpointError, S2TError
from s2t_core.events import AudioLost, SegmentClosed, SegmentUpdated
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import Alternative, DecodingOptions, Phrase, Segment, Word

WORDS = (Word("Hello", 1600, 8000, 0.9876), Word("world.", 8000, 15840, 0.5))
CLOSED = SegmentClosed(Segment(3, 1600, 16000, "Hello world.", words=WORDS))


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_event_lines_have_the_documented_form(capsys):
    clock = Clock(1.23456, 1.3)
    for message in (
        ModelReady("m", "cpu"),
        Transcribed((SegmentUpdated(Segment(3, 0, 1, "Hello", "wor", WORDS[:1])),), clock),
        Transcribed((AudioLost(16000, 24000), CLOSED), clock),
        SessionEnded(clock, 0.5),
    ):
        listen.show_event_lines(message)
    ready, partial, gap, final, end = lines(capsys)
    times = {"audio_s": 1.235, "wall_s": 1.3}
    assert ready == {"type": "ready", "model": "m", "device": "cpu"}
    hello = {"word": "Hello", "start_s": 0.1, "end_s": 0.5, "confidence": 0.9876}
    assert partial == {
        "type": "partial", "segment": 3, "committed": "Hello", "tentative": "wor", "words": [hello], **times,
    }  # fmt: skip
    assert gap == {"type": "gap", "start_s": 1.0, "end_s": 1.5}
    assert end == {"type": "end", "dropped_s": 0.5, **times}
    assert final == {
        "type": "final", "segment": 3, "text": "Hello world.", "start_s": 0.1, "end_s": 1.0, **times,
        "words": [
            hello,
            {"word": "world.", "start_s": 0.5, "end_s": 0.99, "confidence": 0.5},
        ],
    }  # fmt: skip


def test_in_a_meeting_events_and_lines_say_who_speaks(capsys):
    closed, lost = SegmentClosed(replace(CLOSED.segment, speaker="Ann")), AudioLost(0, 16000, "Ann")
    listen.show_event_lines(Transcribed((lost, closed, SegmentUpdated(closed.segment)), Clock()))
    assert [(line["type"], line["speaker"]) for line in lines(capsys)] == [
        ("gap", "Ann"), ("final", "Ann"), ("partial", "Ann"),
    ]  # fmt: skip
    view = LiveLines(every_update=True)
    for event in (SegmentUpdated(Segment(0, 0, 1, "Hello", "wor", speaker="Bob")), closed, lost):
        view.show(event)
    assert capsys.readouterr().out.splitlines() == [
        "  Bob: Hello (wor)", "Ann: Hello world.", "Ann: [1.0 s of sound lost]",
    ]  # fmt: skip


def test_a_file_is_no_meeting(capsys):
    assert cli.main(["listen", "--file", "x.wav", "--meeting"]) == cli.WRONG_USE
    assert "no second side" in capsys.readouterr().err


def test_exports_hold_the_text_and_the_times():
    transcript = Transcript(TranscriptDocument().apply(CLOSED).apply(AudioLost(16000, 24000)), "a.wav", 2.0, "m")
    assert to_txt(transcript) == "Hello world. [0.5 s of sound lost]\n"
    content = json.loads(to_json(transcript))
    assert (content["source"], content["duration_s"], content["model"], content["text"]) == (
        "a.wav", 2.0, "m", "Hello world.",
    )  # fmt: skip
    (segment,) = content["segments"]
    assert segment["speaker"] is None and (segment["start_s"], segment["end_s"]) == (0.1, 1.0)
    assert [word["word"] for word in segment["words"]] == ["Hello", "world."]


def test_live_lines_without_a_terminal_are_the_final_ones_or_every_one(capsys):
    for every in (False, True):
        view = LiveLines(every)
        view.show(SegmentUpdated(Segment(0, 0, 1, "Hello", "wor")))
        view.show(CLOSED)
        view.show(AudioLost(0, 16000))
    assert capsys.readouterr().out.splitlines() == [
        "Hello world.", "[1.0 s of sound lost]", "  Hello (wor)", "Hello world.", "[1.0 s of sound lost]",
    ]  # fmt: skip


def test_live_lines_on_a_terminal_are_redrawn_in_its_width(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "20")
    view = LiveLines()
    view.show(SegmentUpdated(Segment(0, 0, 1, "A long committed sentence", "ends")))
    view.show(CLOSED)
    out = capsys.readouterr().out
    assert out.startswith("\r\x1b[2K…") and "\x1b[2mends\x1b[0m" in out
    assert out.endswith("\r\x1b[2KHello world.\n")


def test_no_words_names_or_titles_are_commands_to_a_terminal(capsys, monkeypatch):
    hostile = "a\x1b[2J\x1b]0;x\x07\x9b31m\rb\nc\x00"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    view = LiveLines()
    view.show(SegmentUpdated(Segment(0, 0, 1, hostile, hostile, speaker=hostile)))
    view.show(SegmentClosed(Segment(0, 0, 1, hostile, speaker=hostile)))
    note(f"dictate: {hostile}")
    out_bytes(hostile.encode())
    written = capsys.readouterr()
    ours = written.out.replace("\r\x1b[2K", "").replace("\x1b[2m", "").replace("\x1b[0m", "")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", ours + written.err)
    assert len(written.err.splitlines()) == 1


@given(st.text() | st.text(st.sampled_from('\x00\x1b\n\r\x85\x9b\u2028\u2029\ud800"\\<ab')))
@settings(deadline=None, max_examples=60)
def test_every_event_is_one_line_of_json_whatever_was_said(text):
    written = io.StringIO()
    segment = Segment(3, 0, 16000, text, text, (Word(text, 0, 9, 0.5),), speaker=text)
    with contextlib.redirect_stdout(written):
        show_event_lines(ModelReady(text, text))
        show_event_lines(Transcribed((SegmentUpdated(segment), SegmentClosed(segment)), Clock(1.0, 1.0)))
        show_event_lines(Transcribed((AudioLost(0, 9, text),), Clock(1.0, 1.0)))
    told = written.getvalue()
    lines = told.splitlines()
    assert len(lines) == told.count("\n") == 4 and not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", told)
    assert json.loads(lines[0])["model"] == json.loads(lines[2])["text"] == text


class Sources:
    """Runs `listen.listen` on fakes and collects what it shows."""

    def __init__(self, monkeypatch, *sessions, load=None):
        monkeypatch.setattr(listen, "load", load or (lambda *_, **__: FakeRecognizer(*sessions)))
        self.shown = []

    def listen(self, source):
        listen.listen(source, None, "cpu", self.shown.append)
        return [type(message).__name__ for message in self.shown]


def test_listening_ends_with_the_source(monkeypatch):
    source = FakeSource()
    source.stop()
    kinds = Sources(monkeypatch, ScriptedSession(["a", "b"])).listen(source)
    assert kinds[0] == "ModelReady" and kinds[-1] == "SessionEnded"


@pytest.mark.parametrize("pressed", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_the_source_and_still_shows_the_last_words(monkeypatch, pressed):
    before = signal.getsignal(signal.SIGINT)
    run = Sources(monkeypatch, ScriptedSession(["a", "b"]))
    source = FakeSource()
    presser = threading.Timer(0.3, os.kill, [os.getpid(), pressed])
    presser.start()
    kinds = run.listen(source)
    presser.join()
    assert kinds[-1] == "SessionEnded"
    assert run.shown[-2].events[0].segment.committed == "a b"
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_while_the_recogniser_is_compiled_waits_for_nothing(monkeypatch):
    def load(*_, **__):
        threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGINT]).start()
        assert over.wait(20)
        raise S2TError("The program has ended.")

    over = threading.Event()
    monkeypatch.setattr("s2t_core.ahead._over", over)
    with pytest.raises(KeyboardInterrupt):
        Sources(monkeypatch, load=load).listen(FakeSource())
    assert over.is_set()


def test_a_source_that_breaks_is_said_after_its_last_words(monkeypatch):
    run = Sources(monkeypatch, ScriptedSession(["a"]))
    source = FakeSource()
    source.broken = "The microphone was disconnected."
    with pytest.raises(AudioError, match="disconnected"):
        run.listen(source)
    assert isinstance(run.shown[-1], SessionEnded)


def test_nobody_is_told_that_it_listens_where_nothing_is_heard(monkeypatch, capsys):
    run = Sources(monkeypatch, ScriptedSession([]))
    source = FakeSource(silent=True)
    source.broken = "No microphone was found.\nThe sound server does not answer."
    with pytest.raises(AudioError, match=r"^The sound server does not answer\.$"):
        run.listen(source)
    assert capsys.readouterr().err == "dictate: No microphone was found.\n"
    assert not any(isinstance(message, ModelReady) for message in run.shown)


def test_a_model_that_does_not_load_is_raised(monkeypatch):
    def load(*_, **__):
        raise CheckpointError("No weights.", "Get some.")

    with pytest.raises(CheckpointError):
        Sources(monkeypatch, load=load).listen(FakeSource())


@pytest.mark.parametrize(
    "words",
    [["transcribe"], ["nonsense"], ["transcribe", "a", "-f", "pdf"], ["transcribe", "a", "--beam", "0"],
     ["listen", "--boost", "0"], ["listen", "--boost", "nan"], ["listen", "--suppress", " "],
     ["listen", "--pace", "2"], ["listen", "--file", "a", "--input", "b"], ["model"]],
)  # fmt: skip
def test_wrong_use_exits_with_2(words, capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(words)
    assert left.value.code == 2
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["transcribe", "/nowhere/a.wav"], "There is no file /nowhere/a.wav"),
        (["transcribe", str(SAMPLE), "--model", "/nowhere"], "/nowhere is not a folder"),
        (["listen", "--file", "/nowhere/a.wav"], "There is no file"),
    ],
)
def test_failures_are_one_line_on_stderr_and_exit_with_1(words, said, capsys):
    assert cli.main(words) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert line.startswith("dictate: ") and said in line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["listen"], "with --file: 1, as fast as speech, or 0, flat out; default: 1"),
        (["bench", "soak"], "1: wait as in real time, 0: do not; default: 0"),
        ([], "how fast the model's parts are"),
        (["doctor"], "what tries to reach it; takes some seconds"),
    ],
)
def test_help_names_defaults_and_all_that_a_command_does(words, said, capsys):
    with pytest.raises(SystemExit):
        cli.main([*words, "--help"])
    assert said in " ".join(capsys.readouterr().out.split())


def test_who_waits_for_the_compiler_is_told_that_it_is_at_work(capsys, monkeypatch):
    def load(*_, **__):
        raise CheckpointError("No weights.", "Get some.")

    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr("s2t_core.recognizer.takes_compiling", lambda _: True)
    monkeypatch.setattr("s2t_core.recognizer.load", load)
    assert cli.main(["transcribe", str(SAMPLE)]) == cli.FAILED
    told, _ = capsys.readouterr().err.splitlines()
    assert told == "The recogniser is being compiled for this processor: once, about 15 seconds."


def test_a_text_is_not_written_to_an_output_that_is_closed(capsys, monkeypatch):
    monkeypatch.setattr("sys.__stdout__", None)
    assert cli.main(["transcribe", str(SAMPLE)]) == 1
    assert "Give -o DIR" in capsys.readouterr().err


def test_an_unexpected_error_is_one_line_with_the_log_and_a_traceback_only_with_debug(capsys, monkeypatch):
    def fail(*_):
        raise RuntimeError("boom")

    monkeypatch.setattr("app.audio.devices.list_inputs", fail)
    assert cli.main(["devices"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "boom" in line and "dictate.log" in line
    with pytest.raises(RuntimeError):
        cli.main(["devices", "--debug"])


def _no_home(*_, **__):
    raise RuntimeError("Could not determine home directory.")


@pytest.mark.parametrize("found", [_no_home, lambda *_, **__: Path("~/.local/share/dictate")])
@pytest.mark.parametrize("words", [["devices"], ["--help"], []])
def test_a_user_without_a_home_is_told_what_to_set(capsys, monkeypatch, found, words):
    monkeypatch.setattr("platformdirs.user_data_path", found)
    assert cli.main(words) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("dictate: The home folder of this user is not known. Set HOME")


def test_without_a_display_the_window_is_refused_with_a_remedy(capsys, monkeypatch):
    monkeypatch.setattr(display, "display_fault", lambda: "There is no display. Run it on a desktop.")
    assert cli.main([]) == 1
    assert capsys.readouterr().err == "dictate: There is no display. Run it on a desktop.\n"


class TestDisplay:
    @pytest.fixture(autouse=True)
    def linux(self, monkeypatch):
        monkeypatch.setattr("sys.platform", "linux")
        for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr("ctypes.util.find_library", lambda name: name)

    def test_no_display_is_a_fault_and_offscreen_needs_none(self, monkeypatch):
        assert "no display" in display.display_fault()
        monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
        assert display.display_fault() == ""

    def test_a_dead_display_is_a_fault(self, monkeypatch):
        monkeypatch.setenv("DISPLAY", ":9876")
        assert "does not answer" in display.display_fault()

    def test_a_wayland_socket_that_answers_is_enough(self, monkeypatch, tmp_path):
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
        monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-7")
        assert display.display_fault() != ""
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(tmp_path / "wayland-7"))
            server.listen()
            assert display.display_fault() == ""

    def test_missing_libraries_are_named_by_their_packages(self, monkeypatch):
        monkeypatch.setenv("DISPLAY", ":5")
        monkeypatch.setattr(display, "x11_answers", lambda name: True)
        monkeypatch.setattr("ctypes.util.find_library", lambda name: None if name == "xcb-cursor" else name)
        assert display.display_fault().endswith("sudo apt install libxcb-cursor0")


def test_the_doctor_says_what_is_well_and_what_is_not(monkeypatch):
    def no_microphone():
        raise AppError("No microphone was found.", "Plug one in.")

    monkeypatch.setattr(doctor, "_microphone", no_microphone)
    monkeypatch.setattr(doctor, "_model", lambda *_: "fine")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    findings = {finding.check: finding for finding in doctor.examine(None, "cpu")}
    assert findings["model"].ok and not findings["microphone"].ok
    assert findings["microphone"].detail == "No microphone was found. Plug one in."
    assert "torch" in findings["versions"].detail
    if sys.platform.startswith("linux"):
        assert findings["global keys"].detail == "X11: There is no X display. Start Dictate on a desktop."


def steered(words, tmp_path=None, text=None):
    """The decoding options of a command line; "LIST" stands for a file with this text."""
    if text is not None:
        (tmp_path / "list.txt").write_bytes(text if isinstance(text, bytes) else text.encode())
        words = [str(tmp_path / "list.txt") if word == "LIST" else word for word in words]
    return decoding_options(cli._parser().parse_args(words))


@pytest.mark.parametrize("command", [[], ["listen"], ["transcribe", "a.wav"], ["eval", "a.tsv"], ["demo"]])
def test_phrases_and_suppressed_texts_are_taken_before_and_after_every_command(command, tmp_path):
    text = "\ufeffUncas\n\n# a comment\n  C# code \nNew York\t2.5\n"
    wanted = DecodingOptions((Phrase("Uncas", 6), Phrase("C# code", 6), Phrase("New York", 2.5)), ("um", "%"))
    words = ["--phrases", "LIST", "--boost", "6", "--suppress", "um", "--suppress", "%"]
    for line in ([*words, *command], [*command, *words]):
        assert steered(line, tmp_path, text) == wanted
    assert steered(command) == DecodingOptions()
    assert steered([*command, *words[:2]], tmp_path, "a").phrases == (Phrase("a"),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"caf\xe9", "is not UTF-8. Save it"),
        ("a\tloud", "line 1: 'loud' is not a number above 0"),
        ("a\n\tb", "line 2 is no phrase"),
        ("a\t1\t2", "line 1 is no phrase"),
        ("a" * 101, "line 1 is no phrase of up to 100 signs"),
        ("a\n" * 1001, "has 1001 phrases. Keep the 1000"),
    ],
)
def test_a_list_of_phrases_that_is_none_is_one_line_with_a_remedy(text, said, tmp_path):
    with pytest.raises(AppError) as caught:
        steered(["--phrases", "LIST"], tmp_path, text)
    assert said in str(caught.value) and caught.value.remedy and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["transcribe", "a.wav", "--boost", "3"], "Give --phrases as well"),
        (["transcribe", "a.wav", "--n-best", "3"], "Give -f json as well"),
        (["transcribe", "a.wav", "-f", "srt", "--timestamps"], "leave it out"),
        (["transcribe", "a.wav", "--ray", "local"], "Give -o DIR"),
        (["transcribe", "a.wav", "b.wav", "-f", "srt"], "Give -o DIR"),
        (["listen", "--file", "a.wav", "--names", "Ann", "Bob"], "Give --meeting as well, or leave out --names."),
        (["listen", "--meeting", "--names", "Ann", "Ann"], "need two names. For example: --names Me Others"),
    ],
)
def test_words_that_do_not_go_together_are_wrong_use_in_one_line(words, said, capsys):
    assert cli.main(words) == cli.WRONG_USE
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("dictate: ") and said in line


def test_phrases_that_cannot_be_read_are_said_before_anything_is_loaded(capsys):
    assert cli.main(["listen", "--phrases", "/nowhere/a.txt"]) == cli.FAILED
    said = capsys.readouterr().err
    assert said.startswith("dictate: /nowhere/a.txt cannot be read (No such file or directory). Name")


def test_the_options_reach_the_recogniser(tmp_path, monkeypatch):
    taken = []

    def load(*_, **given):
        taken.append(given)
        return FakeRecognizer(ScriptedSession(["a"]))

    monkeypatch.setattr("s2t_core.recognizer.load", load)
    monkeypatch.setattr("app.listen.load", load)
    cli.main(["transcribe", str(SAMPLE), "--suppress", "um", "-f", "json", "--n-best", "4"])
    cli.main(["listen", "--file", str(SAMPLE), "--pace", "0", "--suppress", "um"])
    assert taken == [{"wishes": DecodingOptions(suppress=("um",), n_best=n)} for n in (4, 1)]


def test_the_options_reach_the_window(monkeypatch):
    taken = []
    monkeypatch.setattr(display, "display_fault", lambda: "")
    monkeypatch.setattr("app.application.run_window", lambda *given: taken.append(given[2]) or 0)
    assert cli.main(["--suppress", "um"]) == 0
    assert taken == [DecodingOptions(suppress=("um",))]


def test_the_json_file_holds_the_best_texts_of_a_segment():
    best = (Alternative("Hello world.", -0.1), Alternative("Hello word.", -0.3))
    closed = SegmentClosed(Segment(0, 0, 16000, "Hello world.", alternatives=best))
    (segment,) = json.loads(to_json(Transcript(TranscriptDocument().apply(closed), "a.wav", 1.0, "m")))["segments"]
    assert segment["alternatives"] == [
        {"text": "Hello world.", "score": -0.1}, {"text": "Hello word.", "score": -0.3},
    ]  # fmt: skip

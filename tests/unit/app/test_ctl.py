"""`dictate ctl`: what the running program is asked, and what is said where none runs or none obeys."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from app import ctl
from app.cli import _parser
from app.desk.ctl_desk import CtlDesk
from app.errors import AppError
from app.running import NotRunning, say
from app.single_instance import claim
from app.state import State

pytestmark = pytest.mark.skipif(os.name != "posix", reason="elsewhere Qt asks")
ROOT = Path(__file__).parent.parent.parent.parent


class Program:
    """Answers as the window does."""

    def __init__(self, instance):
        self.state, self.done, self.starts = State.IDLE, [], True
        cancel = lambda: self.done.append("cancel")  # noqa: E731
        CtlDesk(lambda: self.state, self.start, self.stop, cancel, lambda: "ready").answer(instance)

    def start(self):
        self.done.append("start")
        self.state = State.ARMING if self.starts else State.IDLE

    def stop(self):
        self.done.append("stop")
        self.state = State.DRAINING


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "run"


@pytest.fixture
def program(qapp, folder):
    instance = claim(folder)
    yield Program(instance)
    instance.close()


@pytest.fixture
def asked(qtbot, folder, program):
    def ask(line):
        """On a thread: the program answers while its event loop runs."""
        told = []
        thread = threading.Thread(target=lambda: told.append(say(folder, line)))
        thread.start()
        qtbot.waitUntil(lambda: bool(told), timeout=5000)
        thread.join()
        return told[0]

    return ask


def test_every_word_does_what_it_says_once(asked, program):
    assert [asked(word) for word in ("start", "start", "toggle")] == ["ok", "ok", "ok"]
    assert program.done == ["start", "stop"]
    assert asked("start").startswith("error The last words") and asked("toggle").startswith("error The last words")
    program.state = State.IDLE
    assert [asked(word) for word in ("stop", "cancel", "toggle", "cancel")] == ["ok"] * 4
    assert program.done == ["start", "stop", "start", "cancel"]


def test_the_state_is_told(asked, program):
    for state in State:
        program.state = state
        kind, _, text = asked("status").partition(" ")
        told = {"state": state.value, "recording": state.is_recording, "model": "ready"}
        assert kind == "ok" and json.loads(text) == told


def test_what_cannot_start_is_an_error(asked, program):
    program.starts = False
    assert asked("start") == "error It could not start. The window says why."
    program.state = State.FAILED
    assert asked("toggle").startswith("error The program cannot dictate")


@pytest.mark.parametrize("line", ["start now", "toggle toggle", "START", "", "status --json", "stop\tnow", "x" * 3000])
def test_what_is_not_quite_a_word_is_answered_and_not_obeyed(asked, program, line):
    assert asked(line).startswith("error ")
    assert program.done == []


def test_a_line_end_in_a_word_does_not_make_two_words(asked, program):
    assert asked("start\nstop").startswith("error ") and program.done == []


def run(folder, *words):
    env = os.environ | {"XDG_RUNTIME_DIR": str(folder.parent)}
    return subprocess.Popen(
        [sys.executable, "-m", "app", "ctl", *words],
        cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def test_without_a_running_program_there_is_one_line_and_a_fault(tmp_path):
    for word in ctl.WORDS:
        process = run(tmp_path / "dictate", word)
        out, err = process.communicate(timeout=60)
        assert (out, err, process.returncode) == ("", "dictate: Dictate is not running. Start it with: dictate\n", 1)


def test_a_socket_that_a_crash_left_is_no_running_program(folder):
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(folder / "socket"))
    with pytest.raises(NotRunning):
        say(folder, "status")


def test_a_folder_of_somebody_else_is_not_talked_to(folder, monkeypatch):
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as theirs:
        theirs.bind(str(folder / "socket"))
        theirs.listen()
        monkeypatch.setattr(os, "getuid", lambda: 12345)
        with pytest.raises(NotRunning):
            say(folder, "status")


@pytest.mark.parametrize("answer", [b"", b"ok without an end", b"x" * 20_000])
def test_an_answer_that_never_ends_is_not_waited_for(folder, answer):
    folder.mkdir()
    (folder / "lock").write_text("77")
    with socket.socket(socket.AF_UNIX) as odd:
        odd.bind(str(folder / "socket"))
        odd.listen()
        kept = []

        def serve():
            kept.append(odd.accept()[0])
            kept[0].sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        began = time.monotonic()
        with pytest.raises(AppError, match=r"process 77\) but does not answer"):
            say(folder, "status")
        assert time.monotonic() - began < 4
        thread.join()
        kept[0].close()


def test_the_command_prints_the_state(qtbot, tmp_path, program, folder):
    folder.rename(tmp_path / "dictate")
    program.state = State.LISTENING
    for words, said in ((["status"], "listening\n"), (["status", "--json"], None), (["stop"], "")):
        process = run(tmp_path / "dictate", *words)
        qtbot.waitUntil(lambda process=process: process.poll() is not None, timeout=20_000)
        out, err = process.communicate()
        assert (err, process.returncode) == ("", 0)
        assert (
            json.loads(out) == {"state": "listening", "recording": True, "model": "ready"}
            if said is None
            else out == said
        )
    assert program.done == ["stop"]


def test_an_answer_of_another_version_is_said_to_be_one(monkeypatch):
    for answer in ("ok", "ok []", "ok nonsense"):
        monkeypatch.setattr("app.running.say", lambda folder, line, answer=answer: answer)
        with pytest.raises(AppError, match="another version"):
            ctl.ctl(_parser().parse_args(["ctl", "status"]))
    monkeypatch.setattr("app.running.say", lambda folder, line: "error No. Ask later.")
    with pytest.raises(AppError, match=r"^No. Ask later.$"):
        ctl.ctl(_parser().parse_args(["ctl", "start"]))


def test_a_wrong_word_is_wrong_use(tmp_path):
    process = run(tmp_path / "dictate", "dance")
    out, err = process.communicate(timeout=60)
    assert out == "" and "invalid choice" in err and process.returncode == 2

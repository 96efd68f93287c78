"""What is to be compiled is compiled in another process, before anything is loaded in this one."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time

import pytest

from app.paths import embedded_model
from s2t_core import ahead, recognizer
from s2t_core.errors import S2TError


@pytest.fixture
def commands(monkeypatch):
    """The commands that would have been run, which fail."""
    found = []

    def run(command, **options):
        found.append((command, options["env"]))
        raise OSError("not now")

    monkeypatch.setattr(subprocess, "Popen", run)
    return found


def test_a_processor_without_compiled_code_gets_some_first(commands, monkeypatch, tmp_path):
    monkeypatch.setattr(recognizer, "is_to_be_compiled", lambda: True)
    monkeypatch.setattr(recognizer, "load_here", lambda *rest: len(commands))
    assert recognizer.takes_compiling("cpu")
    assert recognizer.load(tmp_path, "cpu") == 1  # command, which came first
    command, env = commands[0]
    assert command == [sys.executable, "-P", "-m", "s2t_core.ahead", str(tmp_path)]
    assert env["PYTHONPATH"].split(":")[0] == str(ahead._ROOT)


def test_where_there_is_code_or_none_is_needed_nothing_is_run(commands, monkeypatch, tmp_path):
    monkeypatch.setattr(recognizer, "load_here", lambda *rest: len(commands))
    for is_lacking, precision in ((False, "auto"), (True, "float32")):
        monkeypatch.setattr(recognizer, "is_to_be_compiled", lambda is_lacking=is_lacking: is_lacking)
        assert recognizer.load(tmp_path, "cpu", precision=precision) == 0


def test_the_other_process_passes_silence_through_the_model(monkeypatch):
    passed = []
    monkeypatch.setattr(recognizer.Recognizer, "warm_up", lambda self: passed.append(self.precision))
    monkeypatch.setattr(sys, "argv", ["ahead", str(embedded_model())])
    ahead.main()
    assert passed == ["int8"]


def test_it_is_this_program_that_is_compiled_wherever_it_is_called(monkeypatch, tmp_path):
    """Not a copy in the folder at hand."""
    other = tmp_path / "s2t_core"
    other.mkdir()
    for name in ("__init__", "ahead"):
        (other / f"{name}.py").write_text("raise SystemExit('the wrong one')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    really_run, found = subprocess.Popen, []
    monkeypatch.setattr(
        subprocess, "Popen", lambda *rest, **options: found.append(really_run(*rest, **options)) or found[0]
    )
    ahead.compile_ahead(embedded_model())
    assert found[0].returncode == 0


@pytest.mark.parametrize("python", [None, "", "/is/not/there"])
def test_where_no_other_process_can_be_started_this_one_compiles(monkeypatch, caplog, tmp_path, python):
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(sys, "executable", python)
    ahead.compile_ahead(tmp_path)
    assert "nothing can be compiled ahead" in caplog.text


def test_that_the_other_process_failed_is_logged(caplog, tmp_path):
    caplog.set_level(logging.INFO)
    ahead.compile_ahead(tmp_path)  # in which there is no model
    assert "compiling ahead has failed: 1" in caplog.text


@pytest.fixture
def children(monkeypatch, tmp_path):
    """The processes that were started; they take for ever."""
    if os.name != "posix":
        pytest.skip("it is a script of a shell")
    python, found, really_run = tmp_path / "python", [], subprocess.Popen
    python.write_text("#!/bin/sh\nexec sleep 600\n", encoding="utf-8")
    python.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setattr(ahead, "_over", threading.Event())
    monkeypatch.setattr(
        subprocess, "Popen", lambda *rest, **options: found.append(really_run(*rest, **options)) or found[-1]
    )
    yield found
    for child in found:
        child.kill()
        child.wait()


def test_when_the_program_ends_nobody_waits_for_the_other_process(children, tmp_path):
    threading.Timer(0.3, ahead.give_up).start()
    began = time.monotonic()
    for _ in range(2):  # nor later on
        with pytest.raises(S2TError):
            ahead.compile_ahead(tmp_path)
    assert time.monotonic() - began < 10
    assert [child.returncode < 0 for child in children] == [True, True]


def test_whoever_is_interrupted_ends_the_other_process(children, monkeypatch, tmp_path):
    class Interrupted:
        def wait(self, seconds):
            raise KeyboardInterrupt

    monkeypatch.setattr(ahead, "_over", Interrupted())
    with pytest.raises(KeyboardInterrupt):
        ahead.compile_ahead(tmp_path)
    assert children[0].returncode < 0


def test_the_other_process_ends_with_the_one_that_started_it(monkeypatch):
    monkeypatch.chdir(ahead._ROOT)
    command = [sys.executable, "-m", "s2t_core.ahead", str(embedded_model())]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    child.stdin.close()
    assert child.wait(60) == 1

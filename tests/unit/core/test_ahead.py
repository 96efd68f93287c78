"""What is to be compiled is compiled in another process, before anything is loaded in this one."""

from __future__ import annotations

import subprocess
import sys

import pytest

from app.paths import embedded_model
from s2t_core import ahead, recognizer


@pytest.fixture
def commands(monkeypatch):
    """The commands that would have been run."""
    found = []
    monkeypatch.setattr(subprocess, "run", lambda command, **options: found.append((command, options["env"])))
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
    really_run, found = subprocess.run, []
    monkeypatch.setattr(subprocess, "run", lambda *rest, **options: found.append(really_run(*rest, **options)))
    ahead.compile_ahead(embedded_model())
    assert found[0].returncode == 0

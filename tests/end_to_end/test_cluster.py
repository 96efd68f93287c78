"""An archive on a real Ray cluster of this computer: workers and the command are killed, the texts are the same."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
import soundfile
from conftest import SAMPLE
from support.desktop import wait_for

ROOT = Path(__file__).parent.parent.parent
MARK = "DICTATE_TEST_RUN"

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs the extra ray: pip install '.[ray]'"),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for processes in /proc"),
]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """A folder of them, all different, and the transcripts that one machine makes."""
    folder = tmp_path_factory.mktemp("archive")
    samples, rate = soundfile.read(SAMPLE, dtype="float32")
    for number in range(14):
        path = folder / "in" / f"tape {number % 3}" / f"{number:02}.flac"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, samples[number * 3000 : number * 3000 + (4 + number % 5) * rate], rate)
    command = [sys.executable, "-m", "app", "transcribe", folder / "in", "-f", "json", "-o", folder / "one"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=300)
    return folder


class Command:
    """`dictate transcribe --ray local` and all the processes that it starts, told by a mark in their environment."""

    def __init__(self, folder, out):
        self._mark = f"{MARK}={uuid.uuid4()}"
        self._manifest = out / "archive.jsonl"
        self._lines = self.lines()
        name, value = self._mark.split("=")
        words = ["transcribe", folder / "in", "-f", "json", "-o", out, "--ray", "local"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app", *map(str, words)],
            cwd=ROOT, env=os.environ | {name: value}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def lines(self):
        return self._manifest.read_bytes().count(b"\n") if self._manifest.exists() else 0

    def wait_for_files(self, count):
        """Until so many have ended in this run."""
        wait_for(lambda: self.lines() >= self._lines + count or self.process.poll() is not None, 120, "files")
        assert self.process.poll() is None, self.process.communicate()

    def processes(self, title=b""):
        found = []
        for folder in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                number = int(folder.name)
                marked = self._mark.encode() in (folder / "environ").read_bytes()
                if marked and (folder / "cmdline").read_bytes().startswith(title):
                    found.append(number)
        return found

    def end(self, what=b""):
        """Its exit code and what it said, once nothing is left of it, or no process of this title."""
        out, said = self.process.communicate(timeout=240)
        assert out == ""
        wait_for(lambda: not self.processes(what), 60, "the end of all processes")
        return self.process.returncode, said


def texts(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.json")}


def test_a_worker_that_is_killed_in_the_middle_takes_no_file_with_it(recordings, tmp_path):
    command = Command(recordings, tmp_path)
    command.wait_for_files(2)
    victim, *_ = command.processes(b"ray::Worker")
    os.kill(victim, signal.SIGKILL)
    code, said = command.end()
    assert code == 0, said
    assert "Done: 14 files" in said and "0 failed" in said
    assert texts(tmp_path) == texts(recordings / "one") and len(texts(tmp_path)) == 14


def test_what_was_interrupted_and_then_killed_goes_on_where_it_was(recordings, tmp_path):
    command = Command(recordings, tmp_path)
    command.wait_for_files(2)
    command.process.send_signal(signal.SIGINT)
    code, said = command.end()
    assert code == 1 and "Interrupted: " in said and "the same command goes on with them" in said
    done = command.lines()

    command = Command(recordings, tmp_path)
    command.wait_for_files(2)
    command.process.kill()
    assert command.end(b"ray::Worker")[0] == -signal.SIGKILL  # agents of Ray's own notice a minute later
    assert done + 2 <= command.lines() < 14
    done = command.lines()
    with (tmp_path / "archive.jsonl").open("ab") as file:
        file.write(b'{"path": "/a/torn li')

    command = Command(recordings, tmp_path)
    code, said = command.end()
    assert code == 0, said
    assert f"Done: {14 - done} files" in said and f"{done} were done before" in said
    assert texts(tmp_path) == texts(recordings / "one")
    paths = [
        json.loads(line)["path"] for line in (tmp_path / "archive.jsonl").read_bytes().splitlines() if b"}" in line
    ]
    assert len(paths) == len(set(paths)) == 14  # nothing was heard twice


def test_a_cluster_that_is_not_there_is_said_in_one_line(recordings, tmp_path):
    words = ["transcribe", recordings / "in", "-o", tmp_path, "--ray", "auto"]
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    done = subprocess.run(
        [sys.executable, "-m", "app", *map(str, words)],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "cannot be joined" in line and "ray start --head" in line

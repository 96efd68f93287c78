"""What the running program leaves on the disk: nobody else can read it, and nothing stays where nothing was wanted."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from support.desktop import at_most, no_sound, wait_for

ROOT = Path(__file__).parent.parent.parent
DRIVER = ROOT / "tests" / "support" / "drive_window.py"
WORDS = ("invention", "movable", "metal", "letters", "middle", "century")  # that the sample begins with

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the user's folders cannot be moved elsewhere")


class Disk:
    """All places in which the program could write, and nothing else in them."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("home", "tmp", "run", "home/.config"):
            (folder / name).mkdir(parents=True, mode=0o700)
        home = folder / "home"
        self.env = (
            {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
            | no_sound(folder / "run")
            | {"HOME": str(home), "TMPDIR": str(folder / "tmp"), "XDG_RUNTIME_DIR": str(folder / "run")}
            | {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        )
        self.settings = home / ".config" / "dictate" / "settings.json"
        (folder / "run" / "no-sound.conf").chmod(0o600)

    def wish(self, **history):
        self.settings.parent.mkdir()
        self.settings.write_text(json.dumps({"history": history}))

    def listed(self):
        """Every file and folder, by its path in here."""
        return {str(path.relative_to(self.folder)): path for path in self.folder.rglob("*")}

    def holding(self, words):
        """The files in which one of these words is, in any spelling that a file may have."""
        found = []
        for name, path in self.listed().items():
            with contextlib.suppress(OSError):  # a socket
                data = path.read_bytes().lower() if path.is_file() else b""
                if any(word.encode(code) in data for word in words for code in ("utf-8", "utf-16-le", "utf-32-le")):
                    found.append(name)
        return found

    def open_to_others(self):
        modes = {name: path.lstat().st_mode for name, path in self.listed().items()}
        return {name: oct(mode) for name, mode in modes.items() if stat.S_IMODE(mode) & 0o077}

    def dictate(self, *words):
        command = [sys.executable, "-m", "app", *words]
        done = subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=200)
        assert done.returncode == 0, done.stderr
        return done.stdout


class Program:
    """The program in its window, which nobody sees."""

    def __init__(self, process):
        self._process = process

    def do(self, command):
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def wait(self, condition, what):
        return wait_for(lambda: (seen := self.do("text")) and condition(seen) and seen, 120, what)

    def say_something(self, meanwhile=lambda: None):
        """Dictate the beginning of the sample."""
        self.wait(lambda seen: "Model:" in seen["status"] and seen["inputs"], "loaded model")
        self.do("click")
        self.wait(lambda seen: "century" in seen["shown"], "words")
        meanwhile()
        self.do("click")
        seen = self.wait(lambda seen: seen["state"] == "idle", "end of the recording")
        assert all(word in seen["settled"].lower() for word in WORDS)

    def end(self):
        """As a system that shuts down does: without a question."""
        self._process.terminate()
        assert self._process.wait(30) == 0

    def close(self):
        self.do("close")
        assert self._process.wait(30) == 0


@pytest.fixture
def disk(tmp_path):
    return Disk(tmp_path / "disk")


@contextlib.contextmanager
def opened(disk, tmp_path, umask=0o022):
    with (tmp_path / "stderr.log").open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, str(DRIVER), str(tmp_path)],
            cwd=ROOT, env=disk.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
            umask=umask,
        )  # fmt: skip
        try:
            with at_most(300, process):
                assert json.loads(process.stdout.readline())["open"]
                yield Program(process)
        finally:
            process.kill()
            process.wait()
            process.stdin.close()
            process.stdout.close()


@pytest.mark.parametrize("umask", [0, 0o022], ids=oct)
def test_what_is_kept_is_its_user_s_alone_while_it_is_written_and_afterwards(disk, tmp_path, umask):
    disk.wish(save=True, audio=True)
    disk.settings.chmod(0o666)
    disk.settings.parent.chmod(0o777)
    wide = []
    with opened(disk, tmp_path, umask) as program:
        program.say_something(lambda: wide.append(disk.open_to_others()))
        program.do("do timestamps")
        kinds = {Path(name).suffix for name in disk.listed()}
        program.close()
    assert {".sqlite", ".sqlite-wal", ".sqlite-shm", ".ogg", ".json"} <= kinds
    assert wide == [{}]
    assert disk.open_to_others() == {}
    assert disk.holding(WORDS) == ["home/.local/share/dictate/history.sqlite"]


def test_do_not_save_leaves_nothing_while_it_runs_and_afterwards(disk, tmp_path):
    disk.wish(save=False, audio=True)
    before = set(disk.listed())
    seen = []
    with opened(disk, tmp_path) as program:
        program.say_something(lambda: seen.append((disk.holding(WORDS), set(disk.listed()))))
        program.do("close")
        assert "Not closed yet" in program.do("text")["notice"]
        program.end()
    ((held, during),) = seen
    after = set(disk.listed())
    assert held == disk.holding(WORDS) == []
    folders = {"home/.local", "home/.local/state", "home/.local/state/dictate", "home/.local/state/dictate/log"}
    folders |= {"home/.local/share", "home/.local/share/dictate", "run/dictate"}
    harmless = folders | {"home/.local/state/dictate/log/dictate.log", "run/dictate/lock"}
    assert during - before <= harmless | {"run/dictate/socket"}
    assert after - before <= harmless


def test_what_is_deleted_is_nowhere_on_the_disk_though_the_program_goes_on(disk, tmp_path):
    disk.wish(save=True, audio=True)
    with opened(disk, tmp_path) as program:
        program.say_something()
        program.do("do new")
        assert "invention" in disk.dictate("sessions", "list")
        assert any(name.endswith(".ogg") for name in disk.listed())
        disk.dictate("sessions", "delete", "1")
        assert disk.holding(WORDS) == []
        assert not any(name.endswith(".ogg") for name in disk.listed())
        program.close()
    assert disk.holding(WORDS) == []

"""One running window a user: what the second start meets, in real processes."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.errors import AppError
from app.single_instance import ask, claim

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and modes are POSIX's")
ROOT = Path(__file__).parent.parent.parent.parent
FIRST = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from app.errors import AppError
from app.single_instance import claim

def refuse(argument):
    raise AppError("No.", "Ask\\nlater.")

application = QCoreApplication([])
instance = claim(Path(sys.argv[1]))
if instance is None:
    sys.exit(3)
instance.answer("show", lambda argument: print("shown", argument, flush=True))
instance.answer("refuse", refuse)
print("ready", flush=True)
application.exec()
"""
SECOND = """
import sys
from pathlib import Path
from app.single_instance import ask, claim
folder = Path(sys.argv[1])
if claim(folder) is None:
    print(ask(folder, sys.argv[2]))
"""


def run(code, *arguments):
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "run"


@pytest.fixture
def first(folder):
    process = run(FIRST, str(folder))
    assert process.stdout.readline() == "ready\n"
    yield process
    process.send_signal(signal.SIGCONT)
    process.kill()
    process.communicate()


def test_a_second_start_asks_the_first_to_show_itself(first, folder):
    second = run(SECOND, str(folder), "show token-1")
    out, err = second.communicate(timeout=60)
    assert (out, err, second.returncode) == ("ok\n", "", 0)
    assert first.stdout.readline() == "shown token-1\n"


def test_only_one_of_many_that_start_at_once_is_the_one(folder):
    starts = [run(FIRST, str(folder)) for _ in range(4)]
    deadline = time.monotonic() + 60
    while sum(start.poll() == 3 for start in starts) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    running = [start for start in starts if start.poll() is None]
    assert len(running) == 1 and ask(folder, "show") == "ok"
    for start in starts:
        start.kill()
        start.communicate()


def test_after_a_kill_the_next_start_is_the_one(first, folder, qapp):
    first.kill()
    first.wait()
    assert (folder / "socket").exists()
    instance = claim(folder)
    assert instance is not None
    instance.close()


def test_a_first_that_hangs_is_named_with_a_remedy_in_two_seconds(first, folder):
    first.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    with pytest.raises(AppError, match=rf"process {first.pid}\) but does not answer. .*end it") as told:
        ask(folder, "show")
    assert time.monotonic() - began < 4
    assert "\n" not in str(told.value)


def test_a_first_that_hangs_before_it_listens_is_named_as_well(first, folder):
    (folder / "socket").unlink()
    with pytest.raises(AppError, match=rf"process {first.pid}\) but does not answer"):
        ask(folder, "show")


def test_unknown_words_are_answered_and_nothing_else(first, folder):
    for line in ("stop", "", "SHOW", "show\0", "ok", "x" * 900):
        assert ask(folder, line) == "error unknown word"
    assert ask(folder, "refuse") == "error No. Ask later."
    assert ask(folder, "show last") == "ok"
    assert first.stdout.readline() == "shown last\n"


def raw(folder, *parts, timeout_s=10.0):
    """What the first answers to bytes as they are."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(timeout_s)
        client.connect(str(folder / "socket"))
        for part in parts:
            client.sendall(part)
        got = b""
        while not got.endswith(b"\n") or got.count(b"\n") < sum(part.count(b"\n") for part in parts):
            more = client.recv(4096)
            if not more:
                break
            got += more
    return got


def test_lines_may_come_in_pieces_or_together_or_be_no_text(first, folder):
    assert raw(folder, b"sh", b"ow a\nsho", b"w b\n") == b"ok\nok\n"
    assert [first.stdout.readline() for _ in "ab"] == ["shown a\n", "shown b\n"]
    assert raw(folder, b"\xff\xfe\n") == b"error unknown word\n"


def test_a_line_without_an_end_is_refused(first, folder):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(str(folder / "socket"))
        client.sendall(b"x" * 1500)
        assert client.recv(100).startswith(b"error the line is too long")
    assert ask(folder, "show") == "ok"


def test_a_client_that_says_nothing_is_in_nobodys_way(first, folder):
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect(str(folder / "socket"))
        assert ask(folder, "show") == "ok"


def test_only_this_user_can_connect(first, folder):
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "socket").stat().st_mode) & 0o077 == 0
    assert stat.S_IMODE((folder / "lock").stat().st_mode) == 0o600


def test_a_folder_that_others_may_write_to_is_not_used(folder):
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    with pytest.raises(AppError, match="not this user's alone"):
        claim(folder)
    folder.rmdir()
    folder.write_text("")
    with pytest.raises(AppError, match="cannot be used"):
        claim(folder)


def test_a_folder_whose_name_is_too_long_for_a_socket_says_so(tmp_path):
    folder = tmp_path / ("x" * 120)
    for _ in range(2):  # the lock is given back
        with pytest.raises(AppError, match="cannot be used"):
            claim(folder)


def test_who_ends_leaves_the_place_to_the_next(qapp, folder):
    instance = claim(folder)
    assert instance is not None and claim(folder) is None
    instance.close()
    following = claim(folder)
    assert following is not None
    following.close()


def test_who_asks_without_end_and_reads_no_answer_is_sent_away(first, folder):
    with socket.socket(socket.AF_UNIX) as greedy:
        greedy.settimeout(20)
        greedy.connect(str(folder / "socket"))
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            for _ in range(20_000):
                greedy.sendall(b"nothing\n" * 100)
    assert ask(folder, "show") == "ok"


def test_a_thousand_clients_that_say_half_a_line_are_in_nobodys_way(first, folder):
    clients = []
    for _ in range(1000):
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(folder / "socket"))
        with contextlib.suppress(BrokenPipeError):  # the oldest have to go
            client.sendall(b"sho")
        clients.append(client)
    assert ask(folder, "show") == "ok"
    assert len(list(Path(f"/proc/{first.pid}/fd").iterdir())) < 80
    for client in clients:
        client.close()


def test_a_client_stays_for_a_few_seconds_only(qtbot, folder, monkeypatch):
    monkeypatch.setattr("app.single_instance._STAY_MS", 20)
    instance = claim(folder)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect(str(folder / "socket"))
        qtbot.waitUntil(lambda: bool(instance._clients))
        qtbot.waitUntil(lambda: not instance._clients)
        assert silent.recv(1) == b""
    instance.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells who asks")
def test_another_user_is_sent_away_even_where_the_socket_is_open_to_all(qtbot, folder, monkeypatch):
    instance, obeyed = claim(folder), []
    instance.answer("show", obeyed.append)
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with socket.socket(socket.AF_UNIX) as other:
        other.connect(str(folder / "socket"))
        other.sendall(b"show\n")
        other.setblocking(False)

        def sent_away():
            try:
                return other.recv(10) == b""
            except BlockingIOError:
                return False
            except ConnectionResetError:
                return True

        qtbot.waitUntil(sent_away)
    instance.close()
    assert obeyed == []

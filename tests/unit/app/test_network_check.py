"""What reaches for a network is caught, in Python and in native code, and told; what stays in this computer is not."""

from __future__ import annotations

import json
import os
import platform
import sys

import pytest

import app.network_check as network_check
from app.cli import main
from app.network_check import follow

held = pytest.mark.skipif(
    not sys.platform.startswith("linux") or platform.machine() not in ("x86_64", "aarch64"),
    reason="the kernel holds native code on Linux alone",
)
BEFORE = """
import ctypes, os, socket, subprocess, sys, threading
from app.network_tour import walk
libc = ctypes.CDLL(None)
"""


def tour(tmp_path, *steps):
    """What is found in a tour of these pieces of code, each a function's body."""
    bodies = "\n".join(f"def step{number}():\n    {step}\n    return 'done'" for number, step in enumerate(steps))
    names = ", ".join(f"('step {number}', step{number})" for number in range(len(steps)))
    begun = []
    command = [sys.executable, "-c", f"{BEFORE}\n{bodies}\nsys.exit(walk([{names}]))"]
    findings = {one.check: (one.ok, one.detail) for one in follow(command, tmp_path, begun.append)}
    assert begun == [name for name in findings if name.startswith("step")]
    return findings


def test_what_stays_in_this_computer_goes_through(tmp_path):
    pair = "a, b = socket.socketpair(); a.send(b'x'); assert b.recv(1) == b'x'; a.close(); b.close()"
    findings = tour(tmp_path, pair, "socket.if_nameindex(); print('nothing of this is taken for a report')")
    assert [findings[name] for name in ("step 0", "step 1")] == [(True, "done")] * 2
    assert findings["network"] == (True, "nothing tried to reach one in 2 steps")


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("socket.create_connection(('192.0.2.1', 80), 1)", "socket.getaddrinfo"),
        ("socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)", "socket.__new__"),
        ("socket.gethostbyname('example.org')", "socket.gethostbyname"),
        ("import urllib.request; urllib.request.urlopen('https://example.org')", "urllib.Request"),
        ("import http.client; http.client.HTTPConnection('example.org').request('GET', '/')", "http.client.connect"),
    ],
)
def test_a_call_of_python_is_refused_and_told_though_the_caller_hides_it(tmp_path, call, name):
    hidden = f"try:\n        {call}\n    except OSError: pass"
    findings = tour(tmp_path, hidden, "pass")
    ok, detail = findings["step 0"]
    assert not ok and name in detail and "step0" in detail
    assert findings["step 1"][0]
    assert not findings["network"][0]


@held
@pytest.mark.parametrize(
    "call",
    [
        "libc.socket(2, 1, 0)",
        "libc.socket(10, 2, 0)",
        "libc.socket(17, 3, 0)",
        "thread = threading.Thread(target=lambda: libc.socket(2, 1, 0)); thread.start(); thread.join()",
    ],
    ids=["v4", "v6", "packets", "thread"],
)
def test_native_code_is_stopped_at_its_first_network_socket_and_the_way_to_it_told(tmp_path, call):
    findings = tour(tmp_path, "pass", call, "pass")
    assert findings["step 0"] == (True, "done")
    ok, detail = findings["step 1"]
    assert not ok and "Native code asked" in detail and "line" in detail
    assert "step 2" not in findings
    assert not findings["network"][0]


@held
def test_programs_that_it_starts_have_no_network_either(tmp_path):
    started = "subprocess.run([sys.executable, '-c', 'import socket; socket.socket()']).returncode"
    assert tour(tmp_path, f"assert {started} == -31")["step 0"] == (True, "done")


@held
def test_io_uring_is_no_way_round_it(tmp_path):
    assert tour(tmp_path, "assert libc.syscall(425, 8, 0) == -1")["step 0"] == (True, "done")


def test_a_step_that_fails_for_another_reason_says_that_one(tmp_path):
    findings = tour(tmp_path, "raise RuntimeError('no room')", "pass")
    assert findings["step 0"] == (False, "RuntimeError: no room")
    assert findings["step 1"][0] and not findings["network"][0]


def test_a_tour_that_breaks_off_is_no_proof(tmp_path):
    findings = tour(tmp_path, "sys.stderr.write('killed'); sys.stderr.flush(); os._exit(3)")
    assert findings["step 0"][0] is False and "killed" in findings["step 0"][1]
    assert not findings["network"][0]


@pytest.mark.parametrize(("step", "code"), [("pass", 0), ("socket.socket()", 1)])
def test_the_command_tells_it_in_json_and_by_its_exit_code(monkeypatch, capsys, tmp_path, step, code):
    program = f"{BEFORE}\nsys.exit(walk([('it', lambda: {step if code else 'str(1)'})]))"
    real = network_check.follow
    monkeypatch.setattr(
        network_check, "follow", lambda _, folder, begun: real([sys.executable, "-c", program], folder, begun)
    )
    assert main(["doctor", "--network", "--json"]) == code
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert [one["check"] for one in found] == ["closed network", "it", "network"]
    assert found[-1]["ok"] is (code == 0)
    assert "Without a network: it" in told.err


def test_the_user_s_folders_are_out_of_reach(tmp_path):
    look = "assert all(os.environ[name] == os.getcwd() for name in ('HOME', 'XDG_DATA_HOME', 'XDG_RUNTIME_DIR'))"
    assert tour(tmp_path, look)["step 0"][0]
    assert os.environ["HOME"] != str(tmp_path)

"""For every test: no screen, no network, no home of its own, no thread left behind."""

from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ["HF_HUB_OFFLINE"] = "1"
if "PYTEST_XDIST_WORKER" in os.environ:  # one of several processes: more threads in each are in each other's way
    os.environ.setdefault("OMP_NUM_THREADS", "1")

MODEL = Path(__file__).parent.parent / "resources" / "models" / "s2t-base-en"
SAMPLE = Path(__file__).parent.parent / "resources" / "audio" / "sample.flac"
SAMPLE_TEXT = (
    "The invention of movable metal letters in the middle of the 15th century may justly be considered as the "
    "invention of the art of printing. The sleepers covered the entire floor with the exception of a passage in the "
    "middle."
)
# Of the end-to-end tests those that need no screen, no microphone and no loudspeaker.
WITHOUT_DESKTOP = ("test_cluster.py", "test_evaluate.py", "test_files.py", "test_network.py", "test_terminal.py")


def _is_of_a_desktop(file: str) -> bool:
    return "end_to_end/" in file and not file.endswith(WITHOUT_DESKTOP)


def pytest_runtest_setup(item):
    """Beside tests that have bounds in seconds others take what processor time those leave."""
    beside = "PYTEST_XDIST_WORKER" in os.environ and not _is_of_a_desktop(item.nodeid.partition("::")[0])
    if beside and hasattr(os, "SCHED_IDLE") and os.sched_getscheduler(0) != os.SCHED_IDLE:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Of several processes one takes all tests with real windows and real sound, and takes them first: they mostly
    wait, have bounds in seconds, and would be late beside one another. Any other file goes to whichever is free.
    """
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file = super()._split_scope(nodeid)
            return "a desktop" if _is_of_a_desktop(file) else file

    config.option.loadscopereorder = False  # it would put the files with the most tests first, not the slowest
    return Scheduling(config, log)


@pytest.fixture(autouse=True)
def own_home(monkeypatch, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    for name in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(home))


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(self, address):
        if self.family != socket.AF_UNIX:
            raise AssertionError(f"a test opened a connection to {address}")
        return connect(self, address)

    connect = socket.socket.connect
    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(autouse=True)
def no_thread_left_behind():
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + 30
    while left := [thread for thread in set(threading.enumerate()) - before if thread.is_alive()]:
        if all(thread.name.startswith(("pytest", "tqdm", "Thread-auto_conversion")) for thread in left):
            return
        assert time.monotonic() < deadline, f"threads left running: {left}"
        time.sleep(0.01)


@pytest.fixture(scope="session")
def recognizer():
    """The embedded checkpoint, loaded once."""
    from s2t_core.recognizer import load

    return load(MODEL, "cpu")


@pytest.fixture(scope="session")
def plain():
    """The embedded checkpoint in float32."""
    from s2t_core.recognizer import load

    return load(MODEL, "cpu", precision="float32")


@pytest.fixture(scope="session")
def sample():
    """The bundled recording: (samples, rate)."""
    import soundfile

    return soundfile.read(SAMPLE, dtype="float32")

"""The log says what happened and where, to this user alone, and never quotes what was dictated."""

from __future__ import annotations

import logging
import stat
import threading

import pytest

from app.errors import AppError, sentence
from app.logs import log_thread, start_logging
from app.paths import log_file
from s2t_core.events import SegmentClosed, SegmentUpdated
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import Segment

RARE = "quokkas"
logger = logging.getLogger("app.somewhere")


@pytest.fixture
def log():
    """What the log of this program holds."""
    root = logging.getLogger()
    before, level, raises = list(root.handlers), root.level, logging.raiseExceptions
    start_logging(debug=False)
    yield lambda: log_file().read_text() if log_file().exists() else ""
    for handler in set(root.handlers) - set(before):
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
    logging.raiseExceptions = raises


def text_that_is_taken_back():
    document = TranscriptDocument().apply(SegmentUpdated(Segment(0, 0, 9, f"two {RARE}")))
    document.apply(SegmentClosed(Segment(0, 0, 9, "none")))


def quoted():
    raise ValueError(f"cannot read {RARE}")


def looked_up():
    return {}[RARE]


def asserted():
    assert RARE == "", f"{RARE} was left"


def caused():
    try:
        quoted()
    except ValueError as error:
        raise RuntimeError(f"because of {RARE}") from error


def in_the_midst():
    try:
        quoted()
    except ValueError:
        looked_up()


def spelt():
    (RARE + "\ud800").encode()


@pytest.mark.parametrize(
    "fail",
    [text_that_is_taken_back, quoted, looked_up, asserted, caused, in_the_midst, spelt],
    ids=lambda f: f.__name__,
)
def test_an_error_is_in_the_log_with_its_way_and_without_its_words(log, fail):
    try:
        fail()
    except Exception as error:
        sentence(error)
        logger.warning("it failed: %s", error)
        logger.exception("again")
    assert RARE not in log()
    assert f"in {fail.__name__}" in log() and "left out" in log()


def test_an_error_in_a_thread_is_in_the_log_without_its_words(log, monkeypatch, capfd):
    monkeypatch.setattr(threading, "excepthook", log_thread)
    thread = threading.Thread(target=caused, name="Thread-of-a-kind")
    thread.start()
    thread.join()
    assert "Thread-of-a-kind" in log() and "which led to" in log()
    assert RARE not in log() + capfd.readouterr().err


def test_what_the_program_and_the_system_say_themselves_is_in_the_log(log):
    logger.warning("no: %s", AppError("The disk is full.", "Free space."))
    try:
        open("/nowhere/at/all")  # noqa: PTH123, SIM115
    except OSError:
        logger.exception("not opened")
    assert "The disk is full. Free space." in log() and "/nowhere/at/all" in log()


def test_with_debug_the_terminal_has_the_words_and_the_file_has_not(log, capsys):
    start_logging(debug=True)
    try:
        quoted()
    except ValueError:
        logger.exception("it failed")
    assert RARE in capsys.readouterr().err
    assert "it failed" in log() and RARE not in log()


def test_the_log_is_this_user_s_alone_also_after_it_was_turned_over(log, monkeypatch):
    logger.info("first")
    path = str(log_file())
    (handler,) = [one for one in logging.getLogger().handlers if getattr(one, "baseFilename", "") == path]
    handler.maxBytes = 50
    logger.info("second")
    files = list(log_file().parent.iterdir())
    assert len(files) == 2
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_log_that_was_open_to_others_is_narrowed(log):
    logger.info("first")
    log_file().chmod(0o644)
    log_file().parent.chmod(0o755)
    start_logging(debug=False)
    assert stat.S_IMODE(log_file().stat().st_mode) == 0o600
    assert stat.S_IMODE(log_file().parent.stat().st_mode) == 0o700

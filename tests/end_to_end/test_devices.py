"""Every way in which a real sound server and its devices fail under a recording: all time is heard or is a gap."""

from __future__ import annotations

import os
import time

import pytest
from support.desktop import VirtualMicrophone, missing_tools
from support.listener import listening

pytestmark = [
    pytest.mark.desktop,
    # In CI a missing tool must not turn into a skipped test that looks green.
    pytest.mark.skipif(bool(missing_tools()) and "CI" not in os.environ, reason=f"not installed: {missing_tools()}"),
]


def unplugged(microphone, _):
    microphone.unplug()
    time.sleep(1)
    microphone.plug()


def another_rate(microphone, _):
    microphone.unplug()
    microphone.plug(48000)


def another_default(microphone, _):
    microphone.add_microphone("other", 44100)


def killed(microphone, _):
    microphone.kill()
    time.sleep(1)
    microphone.restart()


def server_stopped(microphone, _):
    microphone.hang()
    time.sleep(5)
    microphone.go_on()


def program_stopped(_, listener):
    listener.stand_still(5)


# What happens, the least and the most that may be missing, and whether the user is told of a failure.
FAULTS = [
    (program_stopped, 0.0, 0.3, False),
    (server_stopped, 0.3, 8.0, True),
    (unplugged, 1.0, 8.0, True),
    (another_rate, 0.2, 8.0, True),
    (another_default, 0.0, 4.0, None),
    (killed, 1.0, 8.0, True),
]


def test_whatever_fails_the_recording_goes_on_and_all_of_its_time_is_heard_or_a_gap(tmp_path):
    with VirtualMicrophone(tmp_path / "sound").serve() as microphone, listening(microphone.env, tmp_path) as listener:
        behind_s = listener.behind_s()
        for fault, least_s, most_s, is_told in FAULTS:
            listener.news.clear()
            listener.gaps.clear()
            fault(microphone, listener)
            listener.wait(1.5)
            name = fault.__name__
            assert listener.behind_s() == pytest.approx(behind_s, abs=0.25), name
            assert least_s <= sum(listener.gaps) <= most_s, (name, listener.gaps)
            if is_told is not None:
                assert any("heard again" in news for news in listener.news) is is_told, (name, listener.news)

"""Every way in which a real sound server and its devices fail under a recording: all time is heard or is a gap."""

from __future__ import annotations

import os

import pytest
from support import faults
from support.desktop import VirtualMicrophone, missing_tools
from support.listener import listening

pytestmark = [
    pytest.mark.desktop,
    # In CI a missing tool must not turn into a skipped test that looks green.
    pytest.mark.skipif(bool(missing_tools()) and "CI" not in os.environ, reason=f"not installed: {missing_tools()}"),
]

# What happens, for how long, the least and the most that may be missing, and whether the user is told of a failure;
# None: the sound server may do either.
FAULTS = [
    (faults.program_stopped, 5, 0.0, 0.3, False),
    (faults.server_stopped, 5, 0.3, 9.0, True),
    (faults.unplugged, 1, 1.0, 9.0, True),
    (faults.another_rate, 0, 0.2, 9.0, True),
    (faults.another_default, 0, 0.0, 9.0, None),
    (faults.server_killed, 1, 1.0, 9.0, True),
]


def test_whatever_fails_the_recording_goes_on_and_all_of_its_time_is_heard_or_a_gap(tmp_path):
    with VirtualMicrophone(tmp_path / "sound").serve() as microphone, listening(microphone.env, tmp_path) as listener:
        behind_s = listener.behind_s()
        for fault, seconds, least_s, most_s, is_told in FAULTS:
            listener.forget()
            fault(microphone, listener, seconds)
            listener.wait(1.5)
            name = fault.__name__
            assert listener.behind_s() == pytest.approx(behind_s, abs=0.25), name
            assert least_s <= sum(listener.gaps) <= most_s, (name, listener.gaps)
            if is_told is not None:
                assert any("heard again" in news for news in listener.news) is is_told, (name, listener.news)

"""The real program is killed while it starts, records and brings back: what was seen of the text is never gone.

tests/benchmarks/kills.py does the same 200 times.
"""

from __future__ import annotations

import os
import random

import pytest
import soundfile
from support.desktop import VirtualMicrophone, missing_tools
from support.killing import Kills, environment, home_of, kill_once, lost, recover_all, speech

from app.paths import sample_audio

pytestmark = [
    pytest.mark.desktop,
    pytest.mark.skipif(bool(missing_tools()) and "CI" not in os.environ, reason=f"not installed: {missing_tools()}"),
]


def test_what_was_seen_survives_every_kill_and_sound_is_on_disk_at_once(tmp_path):
    kills, spoken = Kills(), tmp_path / "speech.wav"
    soundfile.write(spoken, *soundfile.read(sample_audio(), dtype="float32"))
    with VirtualMicrophone(tmp_path / "sound").serve() as microphone:
        env = environment(microphone, tmp_path / "home")
        with speech(microphone, spoken):
            for awaited in ("settled", "draining", "settled"):
                kill_once(env, random.Random(1), kills, (awaited, 2.0))
        recover_all(env)
    assert kills.settled and kills.short_s
    assert lost(env, kills) == []
    assert max(kills.short_s) <= 0.25
    assert list((home_of(env) / "journals").iterdir()) == []

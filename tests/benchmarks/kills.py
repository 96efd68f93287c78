"""Kills the real program 200 times at random moments, while it records real speech, and counts what was lost.

    python tests/benchmarks/kills.py [--kills 200] [--seed 0]

The window is opened offscreen and hears a virtual microphone of PulseAudio through PortAudio. Every start presses
"Recover" as long as it is offered, then records; about a third of the kills come while it starts. In the end all is
brought back, and every text that a user had seen settled before a kill must be the beginning of a transcript.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import soundfile  # noqa: E402
from support.desktop import VirtualMicrophone  # noqa: E402
from support.killing import Kills, environment, home_of, kill_once, lost, recover_all, speech  # noqa: E402

from app.paths import sample_audio  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    dice, kills, began = random.Random(options.seed), Kills(), time.monotonic()
    with tempfile.TemporaryDirectory() as folder, VirtualMicrophone(Path(folder) / "sound").serve() as microphone:
        spoken = Path(folder) / "speech.wav"
        samples, rate = soundfile.read(sample_audio(), dtype="float32")
        soundfile.write(spoken, samples, rate)
        env = environment(microphone, Path(folder) / "home")
        with speech(microphone, spoken):
            for number in range(1, options.kills + 1):
                kill_once(env, dice, kills)
                print(f"{number} kills, {time.monotonic() - began:.0f} s, {kills.moments}", flush=True)
        recover_all(env)
        missing = lost(env, kills)
        left = list((home_of(env) / "journals").iterdir())
    words = sum(len(text.split()) for text in kills.settled)
    print(
        "| kills | under a recording | settled words seen | lost | sound not on disk, median / worst | journals left |"
    )
    print(
        f"| {options.kills} | {len(kills.short_s)} | {words} | {len(missing)} | "
        f"{statistics.median(kills.short_s) * 1000:.0f} / {max(kills.short_s) * 1000:.0f} ms | {len(left)} |"
    )
    for text in missing:
        print("LOST:", text)
    return 1 if missing or left else 0


if __name__ == "__main__":
    sys.exit(main())

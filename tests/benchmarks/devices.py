"""How a recording survives what happens to its device, with a PulseAudio server of its own.

usage: devices.py [--rounds N] [--seconds S ...]

For every fault: whether sound was heard again, the gaps that the recording shows, and the time in which nothing was
heard by the clock. Where these two are alike, nothing was lost in silence and nothing counted twice.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from support import faults
from support.desktop import VirtualMicrophone
from support.listener import Listener, listening

from app.figures import markdown
from app.terminal import note, out

FAULTS = (
    faults.program_stopped,
    faults.server_stopped,
    faults.unplugged,
    faults.another_rate,
    faults.another_default,
    faults.server_killed,
)


def row(fault: faults.Fault, seconds: float, microphone: VirtualMicrophone, listener: Listener) -> list[str]:
    """Do it, and say what came of it."""
    listener.forget()
    unheard_s, survived = listener.unheard_s(), "yes"
    fault(microphone, listener, seconds)
    try:
        listener.wait(3.0)
    except AssertionError as error:
        survived = f"no: {error}"
    note(f"{fault.__name__}, {seconds:g} s: {' '.join(listener.news)}")
    true_s = listener.unheard_s() - unheard_s
    name = fault.__name__.replace("_", " ")
    return [name, f"{seconds:g}", survived, f"{sum(listener.gaps):.2f}", f"{true_s:.2f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seconds", type=float, nargs="+", default=[1, 5, 20])
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sound = VirtualMicrophone(folder / "sound")
        with sound.serve() as microphone, listening(microphone.env, folder) as listener:
            for _ in range(options.rounds):
                for seconds in options.seconds:
                    rows += [row(fault, seconds, microphone, listener) for fault in FAULTS]
    out(markdown(["fault", "for, s", "survived", "gap reported, s", "gap true, s"], rows))


if __name__ == "__main__":
    main()

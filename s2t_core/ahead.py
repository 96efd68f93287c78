"""Compiling ahead, in a process of its own: `python -m s2t_core.ahead FOLDER`.

A window stays alive meanwhile. And every process then runs the code that is on the disk: what has just been compiled is
linked in another order, which changes sums in their last digits.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[1]  # the program that is compiled is this one, not another that is installed or near


def compile_ahead(folder: Path) -> None:
    """Let another process pass silence through the model of `folder`. If that fails, the first pass here compiles."""
    found = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([str(_ROOT), *([found] if found else [])])
    command = [sys.executable, "-P", "-m", "s2t_core.ahead", str(folder.resolve())]
    subprocess.run(
        command,
        env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # of Windows, where a console would open
        check=False,
    )


def main() -> None:
    from s2t_core.recognizer import load_here

    load_here(Path(sys.argv[1]), "cpu", beams=None, precision="int8", wishes=None).warm_up()


if __name__ == "__main__":
    main()

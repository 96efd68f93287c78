"""Compiling ahead, in a process of its own: `python -m s2t_core.ahead FOLDER`, which ends when its input does.

A window stays alive meanwhile. And every process then runs the code that is on the disk: what has just been compiled is
linked in another order, which changes sums in their last digits.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from pathlib import Path

from s2t_core.errors import S2TError

logger = logging.getLogger(__name__)

_ROOT = Path(__file__).parents[1]  # the program that is compiled is this one, not another that is installed or near
_LOOK_S = 0.05
_over = threading.Event()  # the program ends


def give_up() -> None:
    """The program ends: whoever waits for the other process, or ever will, waits no longer, and it is ended."""
    _over.set()


def compile_ahead(folder: Path) -> None:
    """Let another process pass silence through the model of `folder`. If that fails, the first pass here compiles.

    Raises S2TError when the program ends meanwhile.
    """
    found = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([str(_ROOT), *([found] if found else [])])
    try:
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "s2t_core.ahead", str(folder.resolve())],
            env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,  # which is closed when this process ends, however it does
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # of Windows, where a console would open
            start_new_session=True,  # Ctrl+C is for this process to hear
        )
    except Exception as error:  # no Python is known, or the system lets nobody start
        logger.info("nothing can be compiled ahead: %r", error)
        return
    with child:
        try:
            while child.poll() is None:
                if _over.wait(_LOOK_S):
                    raise S2TError("The program has ended while its recogniser was being compiled.")
        finally:
            child.kill()
    if child.returncode:
        logger.info("compiling ahead has failed: %d", child.returncode)


def _end_with_input() -> None:
    os.read(0, 1)
    os._exit(1)


def main() -> None:
    from s2t_core.recognizer import load_here

    load_here(Path(sys.argv[1]), "cpu", beams=None, precision="int8", wishes=None).warm_up()


if __name__ == "__main__":
    threading.Thread(target=_end_with_input, daemon=True).start()
    main()

"""The real program, to be ended by a signal: tells when it may come, and "ended" if it has ended in order.

usage: drive_end.py opening | compiling; the first opens its window for a second, so that the signal comes before Qt's
loop of events runs; the other compiles for ever, and tells the number of the process that does.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import app.application as application
from s2t_core.ahead import compile_ahead


def open_slowly(self) -> None:
    really_open(self)
    print(0x7FFFFFFF, flush=True)  # nobody has this number
    time.sleep(1)


def load(*_):
    python.write_text("#!/bin/sh\nexec sleep 600\n", encoding="utf-8")
    python.chmod(0o700)
    sys.executable = str(python)
    compile_ahead(python)


def run_and_tell(command, *rest, **options):
    child = really_run(command, *rest, **options)
    if "s2t_core.ahead" in command:  # others ask the system for something
        print(child.pid, flush=True)
    return child


really_open, really_run = application.Desktop.open, subprocess.Popen
with tempfile.TemporaryDirectory() as folder:
    python = Path(folder) / "python"
    if sys.argv[1] == "opening":
        application.Desktop.open = open_slowly
    else:
        application.load_recognizer = load
        subprocess.Popen = run_and_tell
    code = application.run_window(python, "cpu")
print("ended", flush=True)
sys.exit(code)

"""What a program in a terminal gets, written to a file at every change; a backspace takes a character back.

usage: text_terminal.py FILE; it writes "ready" to standard error's place, FILE with the ending .ready.
"""

from __future__ import annotations

import os
import sys
import tty
from pathlib import Path

path, data = Path(sys.argv[1]), b""
tty.setraw(0)
path.write_bytes(b"")
path.with_suffix(".ready").touch()
while piece := os.read(0, 65536):
    for byte in piece:
        if byte in (0x08, 0x7F):
            data = data.decode(errors="ignore")[:-1].encode()
        else:
            data += bytes([byte])
    new = path.with_suffix(".new")
    new.write_bytes(data)
    new.replace(path)

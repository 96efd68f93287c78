"""Inserts the same text again and again into real windows under X11 and counts what was lost or doubled.

    python tests/benchmarks/insertion.py [--times 200]

Xvfb with openbox; a Qt window takes all of them, xterm and a page in Chromium (if installed) a sixth. After each ten
insertions the field must hold exactly what was inserted; where it does not, letters are counted one by one.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.desktop import screen, wait_for  # noqa: E402
from support.text_fields import TEXT, chromium, qt_window, xterm  # noqa: E402

from app.output.contract import NotInserted  # noqa: E402
from app.output.x11 import focus, ways  # noqa: E402

ROUND = 10


def measure(field, target, way, times: int) -> tuple[int, int, int, list[float]]:
    """How many insertions were right, how many letters were lost and doubled, and how long each took."""
    right, lost, doubled, seconds = 0, 0, 0, []
    for begin in range(0, times, ROUND):
        field.clear()
        expected = ""
        for number in range(begin, min(begin + ROUND, times)):
            text = f"{TEXT} {number}. "
            began = time.monotonic()
            try:
                way.insert(text, target)
                expected += text
                right += 1
            except NotInserted as error:
                expected += text.removesuffix(error.left)
                print("NOT INSERTED:", error, flush=True)
            seconds.append(time.monotonic() - began)
        try:
            wait_for(lambda expected=expected: field.holds(expected), 10, "text")
        except AssertionError:
            seen = field.seen()
            right -= min(ROUND, times - begin)
            for change, a, b, c, d in difflib.SequenceMatcher(None, expected, seen, autojunk=False).get_opcodes():
                lost += b - a if change in ("delete", "replace") else 0
                doubled += d - c if change in ("insert", "replace") else 0
            print("WRONG:", repr(seen), flush=True)
    return right, lost, doubled, seconds


parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
parser.add_argument("--times", type=int, default=200)
times = parser.parse_args().times
rows, wrong = [], 0
windows = {"Qt text edit": (qt_window, times), "xterm": (xterm, max(30, times // 6))}
if shutil.which("chromium"):
    windows["Chromium textarea"] = (chromium, max(30, times // 6))
for title, (opened, count) in windows.items():
    # A screen for each: a window manager takes its time over every key that was lent and given back.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, screen(Path(name)) as env:
        os.environ["DISPLAY"] = env["DISPLAY"]
        who = focus()
        with opened(env, Path(name)) as field, contextlib.ExitStack() as closing:
            for way in ways()[:2]:
                closing.callback(way.close)
                right, lost, doubled, seconds = measure(field, who.target(), way, count)
                wrong += count - right
                rows.append(
                    f"| {title} | {way.name} | {count} | {right} | {lost} | {doubled} | "
                    f"{statistics.median(seconds) * 1000:.0f} / {max(seconds) * 1000:.0f} ms |"
                )
                print(rows[-1], flush=True)
        who.close()
print("\n| window | way | insertions | right | letters lost | letters doubled | median / worst |")
print("|---|---|---|---|---|---|---|")
print("\n".join(rows))
sys.exit(1 if wrong else 0)

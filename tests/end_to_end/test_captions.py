"""The captions on a real X server with a real window manager: above others, without the focus, clicks go through."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.desktop import at_most, screen, wait_for

ROOT = Path(__file__).parent.parent.parent
DRIVER = ROOT / "tests" / "support" / "drive_captions.py"
MISSING = [tool for tool in ("Xvfb", "openbox", "xdotool") if shutil.which(tool) is None]
FLOATING = {"edge": "floating", "x": 300, "y": 300, "width": 400}

pytestmark = [
    pytest.mark.desktop,
    # In CI a missing tool must not turn into a skipped test that looks green.
    pytest.mark.skipif(bool(MISSING) and "CI" not in os.environ, reason=f"not installed: {MISSING}"),
]


class Stage:
    """The two windows, driven over pipes, and the mouse."""

    def __init__(self, process, env):
        self._process, self._env = process, env

    def do(self, command):
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def captions(self, **settings):
        return self.do(f"captions {json.dumps(FLOATING | settings)}")

    def wait(self, condition, what):
        return wait_for(lambda: (seen := self.do("look")) and condition(seen) and seen, 20, what)

    def xdotool(self, *words):
        subprocess.run(["xdotool", *map(str, words)], env=self._env, check=True, capture_output=True)

    def window(self, title):
        done = subprocess.run(
            ["xdotool", "search", "--onlyvisible", "--name", f"^{title}$"],
            env=self._env,
            capture_output=True,
            text=True,
        )
        return int(done.stdout.split()[0]) if done.stdout else 0

    def under(self, x, y):
        """The window that gets what the mouse does there."""
        self.xdotool("mousemove", x, y)
        done = subprocess.run(
            ["xdotool", "getmouselocation", "--shell"], env=self._env, check=True, capture_output=True, text=True
        )
        return int(re.search(r"WINDOW=(\d+)", done.stdout)[1])

    def wait_for_captions(self, x, y):
        wait_for(lambda: self.window("Captions") == self.under(x, y), 20, "captions under the mouse")


@pytest.fixture
def stage(tmp_path):
    with screen(tmp_path) as display, (tmp_path / "stderr.log").open("wb") as errors:
        env = os.environ | display | {"PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(
            [sys.executable, str(DRIVER)], cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=errors, text=True,
        )  # fmt: skip
        try:
            with at_most(120, process):
                process.stdout.readline()
                made = Stage(process, env)
                made.do("below")
                made.wait(lambda seen: seen["focus"], "focus of the window below")
                yield made
        finally:
            process.kill()
            process.wait()
            process.stdin.close()
            process.stdout.close()


def test_captions_stay_above_all_windows_without_taking_the_focus(stage):
    x, y, *_ = stage.captions()["captions"]
    stage.do("say some words")
    stage.wait_for_captions(x + 50, y + 50)
    stage.do("raise")
    seen = stage.do("look")
    assert seen["focus"] and seen["lines"] == ["some words"]
    stage.do("full")
    wait_for(lambda: stage.under(5, 5) == stage.under(1270, 790), 20, "window that fills the screen")
    stage.wait_for_captions(x + 50, y + 50)


def test_a_click_reaches_the_window_below_only_where_clicks_go_through(stage):
    x, y, *_ = stage.captions()["captions"]
    at = (x + 50, y + 50)
    stage.wait_for_captions(*at)
    stage.xdotool("click", 1)
    assert stage.do("look")["clicks"] == 0
    stage.captions(click_through=True)
    wait_for(lambda: stage.under(*at) != stage.window("Captions"), 20, "captions that let clicks through")
    stage.xdotool("click", 1)
    stage.wait(lambda seen: seen["clicks"] == 1, "click below")
    stage.captions()
    stage.wait_for_captions(*at)
    stage.xdotool("click", 1)
    stage.xdotool("mousemove", 120, 150, "click", 1)  # it comes after the click on the captions
    assert stage.wait(lambda seen: seen["clicks"] > 1, "click beside")["clicks"] == 2


def test_they_let_clicks_through_from_the_first_moment(stage):
    x, y, *_ = stage.captions(click_through=True)["captions"]
    wait_for(lambda: stage.window("Captions"), 20, "captions")
    stage.xdotool("mousemove", x + 50, y + 50, "click", 1)
    assert stage.wait(lambda seen: seen["clicks"] == 1, "click below")["focus"]


def test_dragging_and_escape_work_with_a_window_manager(stage):
    x, y, width, height = stage.captions()["captions"]
    stage.wait_for_captions(x + 50, y + 50)
    stage.xdotool("mousedown", 1)
    stage.xdotool("mousemove", x + 100, y + 110, "mouseup", 1)
    stage.wait(lambda seen: seen["captions"] == [x + 50, y + 60, width, height], "captions at their new place")
    stage.xdotool("mousemove", x + width + 48, y + 80, "mousedown", 1)
    stage.xdotool("mousemove", x + width + 148, y + 80, "mouseup", 1)
    stage.wait(lambda seen: seen["captions"] == [x + 50, y + 60, width + 100, height], "wider captions")
    stage.xdotool("mousemove", 120, 150, "click", 1)
    stage.wait(lambda seen: seen["focus"], "focus of the window below")
    stage.xdotool("mousemove", x + 100, y + 110, "click", 1, "key", "Escape")
    stage.wait(lambda seen: not seen["shown"], "captions to close")

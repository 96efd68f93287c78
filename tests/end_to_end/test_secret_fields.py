"""Whether a password field is recognised through accessibility, on a bus of the test's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from support.desktop import running, screen, wait_for
from support.text_fields import qt_window

LAUNCHER = Path("/usr/libexec/at-spi-bus-launcher")
TOOLS = ("Xvfb", "openbox", "xdotool", "dbus-daemon")
MISSING = [tool for tool in TOOLS if shutil.which(tool) is None] + [LAUNCHER.name] * (not LAUNCHER.exists())

pytestmark = [pytest.mark.desktop, pytest.mark.skipif(bool(MISSING), reason=f"not installed: {MISSING}")]


def test_a_password_field_is_told_from_others(tmp_path, monkeypatch):
    with screen(tmp_path) as env:
        address = f"unix:path={tmp_path}/bus"
        bus = ["dbus-daemon", "--session", "--nofork", f"--address={address}"]
        env = os.environ | env | {"DBUS_SESSION_BUS_ADDRESS": address, "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1"}
        monkeypatch.setenv("DISPLAY", env["DISPLAY"])
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        with running(bus, env, tmp_path / "bus.log"):
            wait_for((tmp_path / "bus").exists, 10, "bus")
            with running([str(LAUNCHER), "--launch-immediately", "--a11y=1"], env, tmp_path / "a11y.log"):
                asked = [
                    "dbus-send",
                    "--print-reply",
                    "--dest=org.a11y.Bus",
                    "/org/a11y/bus",
                    "org.a11y.Bus.GetAddress",
                ]
                wait_for(lambda: not subprocess.run(asked, env=env, capture_output=True).returncode, 10, "a11y bus")
                told = {kind: is_secret(env, tmp_path, kind) for kind in ("--password", "--line")}
    assert told == {"--password": True, "--line": False}


def is_secret(env, folder, kind):
    from app.output.x11 import focus

    with qt_window(env, folder, kind.strip("-"), kind):
        who = focus()
        answers = []
        for _ in range(15):
            began = time.monotonic()
            answers.append(who.target().is_secret)
            assert time.monotonic() - began < 0.3
            time.sleep(0.1)
        who.close()
        return any(answers)

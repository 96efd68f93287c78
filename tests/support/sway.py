"""A Wayland desktop of our own, without a screen: sway, run as nobody because it refuses root."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from support.desktop import running, wait_for

TOOLS = ("sway", "wtype", "wl-copy", "wl-paste", "foot")
_NOBODY = 65534


def missing_tools() -> list[str]:
    """What has to be installed before these tests can run."""
    return [tool for tool in TOOLS if shutil.which(tool) is None]


@contextlib.contextmanager
def sway() -> Iterator[dict[str, str]]:
    """The compositor; yields the environment that finds it. Its folder must be open to nobody: none of a test's is."""
    with tempfile.TemporaryDirectory(prefix="sway-") as name:
        folder = Path(name)
        config = folder / "config"
        config.write_text("output HEADLESS-1 resolution 1280x800\n")
        env = {
            "XDG_RUNTIME_DIR": name, "HOME": name, "WLR_BACKENDS": "headless", "WLR_LIBINPUT_NO_DEVICES": "1",
            "WLR_RENDERER": "pixman", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8",
        }  # fmt: skip
        as_nobody = []
        if os.getuid() == 0:
            for path in (folder, config):
                os.chown(path, _NOBODY, _NOBODY)
            as_nobody = ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]
        outer = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
        log = folder / "sway.log"
        with running([*as_nobody, "sway", "-c", str(config)], outer | env, log):
            display = wait_for(lambda: [path for path in folder.glob("wayland-?")], 10, "Wayland display")[0]
            control = wait_for(lambda: [path for path in folder.glob("sway-ipc.*")], 10, "sway's socket")[0]
            yield env | {"WAYLAND_DISPLAY": display.name, "SWAYSOCK": str(control)}

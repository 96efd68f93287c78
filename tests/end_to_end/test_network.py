"""The whole program runs with its network closed: nothing in it, nor in what it is built on, tries to reach one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_nothing_in_the_program_tries_to_reach_a_network():
    done = subprocess.run(
        [sys.executable, "-m", "app", "doctor", "--network", "--json"],
        cwd=ROOT, capture_output=True, text=True, timeout=500,
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert [one for one in found if not one["ok"]] == []
    assert done.returncode == 0
    assert [one["check"] for one in found] == [
        "closed network", "loading the model", "a file", "live text", "the window", "the history", "exports", "network",
    ]  # fmt: skip
    assert "the window …" in done.stderr


def test_what_could_download_something_is_not_even_imported():
    code = (
        "import sys, app.application, app.doctor, app.listen, app.transcribe, s2t_core.recognizer;"
        "clients = {'transformers', 'huggingface_hub', 'requests', 'urllib3', 'httpx', 'aiohttp'};"
        "print(sorted(clients & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

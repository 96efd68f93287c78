"""Who may import whom. An exception to the house is an edit of this file."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in ("s2t_core", "app")
    for path in (ROOT / package).rglob("*.py")
}
# What each room may import of the house itself. The longest matching name counts; a room may always import itself.
MAY_IMPORT = {
    "s2t_core.errors": [],
    "s2t_core.types": ["s2t_core.errors"],
    "s2t_core.events": ["s2t_core.types"],
    "s2t_core.transcript": ["s2t_core.types", "s2t_core.events"],
    "s2t_core.editing": ["s2t_core.transcript", "s2t_core.types"],
    "s2t_core.config": ["s2t_core.errors"],
    "s2t_core.manifest": ["s2t_core.errors"],
    "s2t_core.metrics": ["s2t_core.types"],
    "s2t_core.calibration": ["s2t_core.config", "s2t_core.metrics"],
    "s2t_core.live_history": ["s2t_core.events", "s2t_core.metrics", "s2t_core.transcript", "s2t_core.types"],
    "s2t_core.live_metrics": ["s2t_core.calibration", "s2t_core.live_history", "s2t_core.metrics"],
    "s2t_core.tokenizer": ["s2t_core.types", "s2t_core.config", "s2t_core.errors"],
    "s2t_core.kernels": [],
    "s2t_core.model": ["s2t_core.types", "s2t_core.config", "s2t_core.errors", "s2t_core.kernels"],
    "s2t_core.features": ["s2t_core.types", "s2t_core.config", "s2t_core.errors"],
    "s2t_core.decoding": ["s2t_core.types", "s2t_core.config", "s2t_core.errors", "s2t_core.kernels", "s2t_core.model",
                          "s2t_core.tokenizer", "s2t_core.features"],
    "s2t_core.streaming": ["s2t_core.types", "s2t_core.events", "s2t_core.features", "s2t_core.decoding",
                           "s2t_core.tokenizer"],
    "s2t_core.text": ["s2t_core.types", "s2t_core.events", "s2t_core.transcript"],
    "s2t_core.session": ["s2t_core.types", "s2t_core.events", "s2t_core.features", "s2t_core.decoding",
                         "s2t_core.streaming"],
    "s2t_core.recognizer": ["s2t_core"],
    "s2t_core.ahead": ["s2t_core.errors", "s2t_core.recognizer"],
    "s2t_core.training": ["s2t_core"],
    "app.errors": ["app.paths", "s2t_core.errors"],
    "app.paths": ["s2t_core.errors"],
    "app.logs": ["app.paths", "app.private_files", "s2t_core.errors"],
    "app.terminal": [],
    "app.live_lines": ["app.terminal", "s2t_core.events", "s2t_core.transcript"],
    "app.state": [],
    "app.settings": ["app.export.options", "s2t_core.text.rules", "s2t_core.types"],
    "app.setting_paths": ["app.export.options", "app.hotkey.keys", "app.settings"],
    "app.settings_file": ["app.errors", "app.private_files", "app.setting_paths", "app.settings"],
    "app.settings_writer": ["app.errors", "app.settings", "app.settings_file"],
    "app.running": ["app.errors", "app.file_lock"],
    "app.single_instance": ["app.errors", "app.file_lock", "app.private_files", "app.running"],
    "app.ctl": ["app.errors", "app.paths", "app.running", "app.single_instance", "app.terminal"],
    "app.steering": ["app.errors", "s2t_core.types"],
    "app.export": ["app.errors", "s2t_core.events", "s2t_core.transcript", "s2t_core.types"],
    "app.export.options": [],
    "app.display": [],
    "app.portal": ["app.errors"],
    "app.hotkey.portal": ["app.errors", "app.hotkey.contract", "app.portal"],
    "app.output.joint": ["s2t_core.text.capitals", "s2t_core.text.tokens"],
    "app.output.remote_desktop": ["app.errors", "app.output", "app.paths", "app.portal", "app.private_files"],
    "app.audio": ["app.errors", "app.private_files", "s2t_core.errors", "s2t_core.features.resample", "s2t_core.types"],
    "app.audio.channel": ["app.audio", "app.errors", "s2t_core.features.resample", "s2t_core.types"],
    "app.messages": ["s2t_core.events", "s2t_core.streaming.mark", "s2t_core.types"],
    "app.hearing": ["s2t_core"],
    "app.live_stream": ["app.hearing", "app.memory", "app.messages", "s2t_core.events", "s2t_core.types"],
    "app.engine": ["app.collector", "app.live_stream", "app.memory", "app.messages", "s2t_core"],
    "app.spool": ["s2t_core.types"],
    "app.file_lock": [],
    "app.journal": ["app.errors", "app.file_lock", "app.private_files", "s2t_core.events", "s2t_core.streaming.mark",
                    "s2t_core.types"],
    "app.recovery": ["app.errors", "app.history", "app.history_items", "app.journal", "app.messages", "s2t_core.events",
                     "s2t_core.transcript", "s2t_core.types"],
    "app.history_items": ["s2t_core.events", "s2t_core.transcript", "s2t_core.types"],
    "app.history_journals": ["app.history_items"],
    "app.history_store": ["app.errors", "app.history_search", "app.private_files"],
    "app.history_search": [],
    "app.private_files": [],
    "app.history": ["app.errors", "app.history_items", "app.history_journals", "app.history_search",
                    "app.history_store", "app.journal", "app.private_files", "s2t_core.transcript"],
    "app.retention": ["app.errors", "app.history", "app.private_files"],
    "app.keeping": ["app.errors", "app.history", "app.history_journals", "app.journal", "s2t_core.transcript"],
    "app.bring_back": ["app.errors", "app.history", "app.keeping", "app.live_stream", "app.messages", "app.recovery",
                       "s2t_core"],
    "app.sessions": ["app.bring_back", "app.errors", "app.export", "app.history", "app.journal", "app.paths",
                     "app.recovery", "app.running", "app.settings_file", "app.terminal", "app.transcribe", "s2t_core"],
    "app.edits": ["s2t_core.editing", "s2t_core.transcript"],
    "app.controller": ["app.engine", "app.errors", "app.messages", "app.state", "app.audio.source", "s2t_core"],
    "app.hotkey": ["app.display", "app.errors"],
    "app.hotkey.contract": [],
    "app.hotkey.gesture": [],
    "app.output": ["app.errors"],
    "app.output.dictated": ["s2t_core.transcript", "s2t_core.types"],
    "app.output.x11": ["app.display", "app.errors", "app.output"],
    "app.ui": ["app.export.options", "app.hotkey.keys", "app.paths", "app.setting_paths", "app.settings", "app.state",
               "s2t_core.transcript", "s2t_core.types"],
    "app.desk": ["app", "s2t_core"],
    "app.file_text": ["app.audio", "app.errors", "s2t_core"],
    "app.file_queue": ["app.audio", "app.errors", "app.file_text", "s2t_core"],
    "app.targets": ["app.errors", "app.file_queue"],
    "app.cutting": ["app.audio.file", "app.errors", "app.file_text", "s2t_core"],
    "app.file_batches": ["app.cutting", "app.file_text", "s2t_core"],
    "app.transcribe": ["app.file_batches", "app.file_text", "app.audio", "app.errors", "app.export", "app.targets",
                       "app.terminal", "s2t_core"],
    "app.archive": ["app.audio.file", "app.errors", "app.export", "app.file_text", "app.journal.append_file",
                    "app.paths", "app.targets", "app.terminal", "app.transcribe", "s2t_core"],
    "app.figures": ["s2t_core.manifest", "s2t_core.metrics", "s2t_core.types"],
    "app.calibrate": ["app.audio", "app.errors", "app.evaluate", "app.figures", "app.terminal", "s2t_core"],
    "app.evaluate": ["app.audio", "app.errors", "app.export", "app.figures", "app.steering", "app.terminal",
                     "s2t_core"],
    "app.feed": ["app.audio", "app.evaluate", "app.memory", "s2t_core"],
    "app.memory": [],
    "app.collector": [],
    "app.hear_signals": [],
    "app.sweep": ["s2t_core.streaming"],
    "app.plot": ["app.errors"],
    "app.speed": ["app.audio", "app.errors", "app.evaluate", "app.export", "app.figures", "app.paths", "app.plot",
                  "app.terminal", "s2t_core"],
    "app.bench_figures": ["app.feed", "app.figures", "app.memory", "s2t_core"],
    "app.soak": ["app.evaluate", "app.export", "app.feed", "app.figures", "app.memory", "app.terminal", "s2t_core"],
    "app.bench": ["app.bench_figures", "app.errors", "app.evaluate", "app.export", "app.feed", "app.figures",
                  "app.memory", "app.plot", "app.soak", "app.speed", "app.sweep", "app.terminal", "s2t_core"],
    "app.train": ["app.audio", "app.errors", "app.evaluate", "app.terminal", "s2t_core"],
    "app.personal": ["app.errors", "app.evaluate", "app.paths", "app.private_files", "app.terminal", "app.train",
                     "s2t_core"],
    "app.listen": ["app.audio", "app.engine", "app.errors", "app.export", "app.live_lines", "app.messages",
                   "app.terminal", "s2t_core"],
    "app.finding": [],
    "app.model_command": ["app.paths", "app.terminal", "s2t_core.model.checkpoint"],
    "app.version": ["app.terminal"],
    "app.network_guard": ["app.errors"],
    "app.network_tour": ["app", "s2t_core"],
    "app.network_check": ["app.finding", "app.network_tour"],
    "app.doctor": ["app.audio", "app.display", "app.errors", "app.finding", "app.hotkey", "app.output", "app.paths",
                   "s2t_core"],
    "app.application": ["app", "s2t_core"],
    "app.cli": ["app", "s2t_core"],
    "app.__main__": ["app.cli", "app.collector", "app.ctl"],
}  # fmt: skip
# Heavy or fragile packages and the only rooms that may name them.
ONLY_IN = {
    "jeepney": ["app.output.x11.secret", "app.portal"],
    "sounddevice": ["app.audio.devices"],
    "soundcard": ["app.audio.loopback"],
    "PySide6": [
        "app.ui",
        "app.desk",
        "app.controller",
        "app.application",
        "app.hear_signals",
        "app.single_instance",
        "app.network_tour",
    ],
    "torch": ["app.speed", "s2t_core"],
    "soundfile": ["app.audio.file", "app.audio.player", "app.audio.recorder"],
    "av": ["app.audio.container"],
    "transformers": ["app.evaluate", "app.speed.peers"],
    "faster_whisper": ["app.speed.peers"],
    "pocketsphinx": ["app.speed.peers"],
    "matplotlib": ["app.plot"],
    "torchaudio": [],
    "docx": ["app.export.office"],
    "Xlib": ["app.hotkey.x11", "app.hotkey.x11_keys", "app.hotkey.x11_listener", "app.output.x11"],
    "ray": ["app.archive.cluster"],
}
# There is nothing to download and nobody to tell: no client of a network anywhere. What opens sockets opens local ones.
NO_CLIENTS = (
    "urllib.request", "http", "ftplib", "smtplib", "poplib", "imaplib", "xmlrpc", "socketserver", "asyncio", "ssl",
    "requests", "urllib3", "httpx", "aiohttp", "websockets", "huggingface_hub", "torch.hub", "PySide6.QtWebSockets",
)  # fmt: skip
SOCKETS_IN = (
    "app.display",
    "app.network_guard",
    "app.output.compositor",
    "app.output.wayland_globals",
    "app.running",
    "app.single_instance",
)
LOCAL_OF_QT = {"QLocalServer", "QLocalSocket"}


def within(name: str, rooms: list[str]) -> bool:
    return any(name == room or name.startswith(room + ".") for room in rooms)


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            found.add(node.module or "")
    return found


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_imports_only_what_its_room_may(name):
    rooms = [room for room in MAY_IMPORT if within(name, [room])]
    if name in ("app", "s2t_core"):
        assert imports(FILES[name]) == set()
        return
    assert rooms, f"{name} is in no room: say in this file what it may import"
    room = max(rooms, key=len)
    for imported in imports(FILES[name]):
        if within(imported, ["app", "s2t_core"]):
            assert within(imported, [*MAY_IMPORT[room], room]), f"{name} must not import {imported}"
        package = imported.split(".")[0]
        if package in ONLY_IN:
            assert within(name, ONLY_IN[package]), f"{name} must not import {imported}"


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_says_its_job_first_and_stays_readable(name):
    source = FILES[name].read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(source)), f"{name} does not say what it is for"
    assert len(source.splitlines()) <= 300, f"{name} is too long"


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_has_no_way_to_a_network(name):
    source = FILES[name].read_text(encoding="utf-8")
    for imported in imports(FILES[name]):
        assert not within(imported, list(NO_CLIENTS)), f"{name} must not import {imported}"
        assert imported != "socket" or name in SOCKETS_IN, f"{name} must not import {imported}"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("PySide6"):
            names = {alias.name for alias in node.names}
            assert node.module != "PySide6.QtNetwork" or names <= LOCAL_OF_QT, f"{name} must not import {names}"
            assert "QDesktopServices" not in names, f"{name} must not open addresses"
            assert "QtNetwork" not in names, f"{name}: name what you need of QtNetwork"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "from_pretrained":
            words = {word.arg: ast.unparse(word.value) for word in node.keywords}
            assert words.get("local_files_only") == "True", f"{name} line {node.lineno} might download"


def test_the_core_runs_without_qt_devices_or_the_program():
    code = (
        "import sys, s2t_core.recognizer;"
        "print(sorted(m for m in sys.modules if m.split('.')[0] in ('app','PySide6','sounddevice','soundfile')))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_speech_is_cut_out_without_torch():
    code = "import sys, s2t_core.session as made; made.cutting_session(print); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_window_does_not_wait_for_torch():
    code = "import sys, app.application; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_help_answers_without_loading_torch_or_qt():
    code = (
        "import sys, app.cli; heavy = {'torch', 'PySide6', 'sounddevice', 'docx'};"
        "print(sorted({m.split('.')[0] for m in sys.modules} & heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_running_program_is_asked_without_loading_anything_heavy():
    code = (
        "import sys; sys.argv = ['dictate', 'ctl', 'status']; import app.__main__; app.__main__.main();"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'torch', 'PySide6', 'numpy', 's2t_core'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['s2t_core']"  # the base of all errors

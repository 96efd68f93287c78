"""Imports beside Qt, as quick as without it.

PySide reads the source of every module that is imported after it, and Python keeps what was read: for torch that is
half a second of the start and 50 MiB. It looks for modules that may ask for other spellings of Qt's names
(`__feature__`), which none does here. The function that looks is undocumented: a PySide without it stays as it is.
"""

from __future__ import annotations

import sys
from typing import Any

import PySide6.QtCore  # noqa: F401 - brings in what is looked up here


def ask_for_no_features() -> None:
    """From now on PySide reads no sources: no module of this process wants Qt's names spelt otherwise."""
    features: Any = sys.modules.get("shibokensupport.feature")
    if hasattr(features, "_mod_uses_pyside"):
        features._mod_uses_pyside = lambda module: False

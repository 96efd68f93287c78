"""What is imported beside Qt is imported, and not read by PySide as well."""

from __future__ import annotations

import subprocess
import sys


def sources_read(before: str) -> str:
    """The files that Python keeps the source of, in a new process that imports a module of the program beside Qt."""
    code = (
        f"import PySide6.QtCore; {before}; from app.figures import markdown; import linecache; print(*linecache.cache)"
    )
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_a_module_imported_beside_qt_is_not_read():
    asked = "from app.ui.quick_imports import ask_for_no_features; ask_for_no_features()"
    assert "figures.py" in sources_read("pass")  # else PySide has changed: the module under test can go
    assert "figures.py" not in sources_read(asked)

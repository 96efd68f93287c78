"""Files for this user's eyes alone: made so whatever the umask is, narrowed where they are wider, removed for good."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

_OTHERS = 0o077


def private_folder(folder: Path) -> None:
    """Make it, with what is missing above it, or narrow the one that is there. Raises OSError."""
    if not folder.parent.exists():
        private_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    narrow(folder)


def private_file(file: Path) -> None:
    """Make it, empty, or narrow the one that is there. Raises OSError."""
    file.touch(mode=0o600)
    narrow(file)


def narrow(path: Path) -> None:
    """Take what others may do from a file or a folder. Links, and what belongs to somebody else, stay as they are."""
    if os.name != "posix":  # elsewhere the user's folders are the user's own
        return
    with contextlib.suppress(OSError):
        mode = path.lstat().st_mode
        if not stat.S_ISLNK(mode) and mode & _OTHERS:
            path.chmod(stat.S_IMODE(mode) & ~_OTHERS)


def narrow_tree(folder: Path) -> None:
    """The folder and all that is in it; nothing where there is none."""
    narrow(folder)
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            narrow(Path(parent, name))


def removed(file: Path) -> bool:
    """Remove a file; whether it is gone."""
    try:
        file.unlink(missing_ok=True)
    except OSError:
        return False
    return True

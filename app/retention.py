"""What is forgotten in time: transcripts, sound and journals that none of them knows, databases set aside as broken."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from app.errors import AppError
from app.history import History
from app.private_files import removed


@dataclass(frozen=True, slots=True)
class Places:
    """Where what may be forgotten is: the database, the folder of the sound, that of a folder for every recording."""

    database: Path
    recordings: Path
    journals: Path


def forget(history: History, places: Places, days: int, now: datetime, spared: Collection[int] = ()) -> int:
    """Remove for good what has not changed for so many days; 0 days: nothing.

    spared: transcripts that are open and stay. Returns how many transcripts, files and journals went.
    Raises AppError where something cannot be removed.
    """
    if days <= 0:
        return 0
    oldest = now - timedelta(days=days)
    old = [id for id in history.unchanged_since(oldest) if id not in spared]
    if old:
        history.delete(old)
    known = history.sound_files()
    found = [path for path in _within(places.recordings) if path.name not in known]
    found += [path for path in _within(places.database.parent) if path.name.startswith(_broken(places.database))]
    found += _within(places.journals)
    stale = [path for path in found if _changed_s(path) < oldest.timestamp()]
    stuck = [path for path in stale if not _gone(path)]
    if stuck:
        raise AppError(f"{stuck[0]} is older than {days} days and cannot be removed.", "Remove it by hand.")
    return len(old) + len(stale)


def _broken(database: Path) -> str:
    """How the names of databases begin that were set aside."""
    return f"{database.name}.broken-"


def _within(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _changed_s(path: Path) -> float:
    """When it, or anything in it, was changed last."""
    return max(one.lstat().st_mtime for one in (path, *path.rglob("*")))


def _gone(path: Path) -> bool:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return not path.exists()
    return removed(path)

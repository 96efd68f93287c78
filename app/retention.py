"""What is forgotten in time: transcripts, sound that none of them knows, databases that were set aside as broken."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from app.errors import AppError
from app.history import History
from app.private_files import removed


def forget(
    history: History, database: Path, recordings: Path, days: int, now: datetime, spared: Collection[int] = ()
) -> int:
    """Remove for good what has not changed for so many days; 0 days: nothing.

    database, recordings: where the history is, and the folder of its sound; spared: transcripts that are open and stay.
    Returns how many transcripts and files went. Raises AppError where something cannot be removed.
    """
    if days <= 0:
        return 0
    oldest = now - timedelta(days=days)
    old = [id for id in history.unchanged_since(oldest) if id not in spared]
    if old:
        history.delete(old)
    known = history.sound_files()
    files = [file for file in _files(recordings) if file.name not in known]
    files += [file for file in _files(database.parent) if file.name.startswith(f"{database.name}.broken-")]
    stale = [file for file in files if file.stat().st_mtime < oldest.timestamp()]
    stuck = [file for file in stale if not removed(file)]
    if stuck:
        raise AppError(f"{stuck[0]} is older than {days} days and cannot be removed.", "Remove it by hand.")
    return len(old) + len(stale)


def _files(folder: Path) -> Iterator[Path]:
    return (file for file in folder.iterdir() if file.is_file()) if folder.is_dir() else iter(())

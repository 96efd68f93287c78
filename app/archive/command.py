"""`dictate transcribe --ray`: an archive on a cluster, gone on with where the last run ended."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tqdm import tqdm

from app.archive.manifest import Entry, Manifest
from app.archive.spread import Workers, spread
from app.archive.work import Job, Outcome, Wish, fingerprint
from app.audio.file import duration_s
from app.errors import AppError, WrongUse
from app.export import ExportOptions
from app.targets import Found, find_files, plan_targets
from app.terminal import counted, lasting, note
from app.transcribe import make_folder
from s2t_core.errors import S2TError
from s2t_core.types import DecodingOptions

logger = logging.getLogger(__name__)

_BYTES_A_SECOND = 16_000  # of sound whose head says nothing about its length: 128 kbit/s
_REPORT_S = 60.0  # between two lines where no bar can be drawn
_BAR = "{desc}: {percentage:3.0f}% |{bar}| {n:.2f} of {total:.2f} {unit}, {remaining} left{postfix}"


def run_archive(options: argparse.Namespace, wishes: DecodingOptions, shown: ExportOptions) -> bool:
    """Transcribe what is not done yet; returns whether every file is done.

    Raises WrongUse without an output folder, AppError without a cluster or any worker that is left.
    """
    if options.output is None:
        raise WrongUse("A cluster writes files, not to stdout.", "Give -o DIR, a folder that all its computers see.")
    folder = options.output.absolute()
    files = list({_key(found.path): found for found in find_files(options.files)}.values())
    make_folder(folder)
    with contextlib.closing(Manifest(folder)) as manifest:
        wish = _wish(options, wishes, shown, manifest.file)
        run = Run(manifest, wish, len(files))
        jobs = run.plan(files)
        try:
            if jobs:
                from app.archive.cluster import joined

                with joined(options.ray, wish, len(jobs)) as workers, _interruptible():
                    run.work_through(jobs, workers)
        except KeyboardInterrupt:
            run.tell("Interrupted")
            raise
        return run.tell("Done")


class Run:
    """One command over all files: what was done before, what this run has come to."""

    def __init__(self, manifest: Manifest, wish: Wish, count: int) -> None:
        self._manifest, self._wish, self._count = manifest, wish, count
        self._settings = settings_digest(wish)
        self._stats: dict[Path, tuple[int, int]] = {}
        self._done_before = 0
        self._done: list[Outcome] = []
        self._failed: list[Outcome] = []
        self._began = time.monotonic()

    def plan(self, files: Sequence[Found]) -> list[Job]:
        """What is to be done. Files that cannot be read fail here."""
        form, folder = self._wish.form, self._manifest.file.parent
        entries = {file.path: self._manifest.find(_key(file.path), form) for file in files}
        known = {path: folder / entry.target for path, entry in entries.items() if entry is not None}
        jobs: list[Job] = []
        targets = plan_targets(files, form, folder, known)
        for file, target in tqdm(
            list(zip(files, targets, strict=True)), "Looking at files", disable=not sys.stderr.isatty(), leave=False
        ):
            job = Job(Path(_key(file.path)), file.path, target, 0.0)
            with contextlib.suppress(OSError):
                stat = job.path.stat()
                self._stats[job.path] = (stat.st_size, stat.st_mtime_ns)
            if self._is_done(entries[file.path], job):
                self._done_before += 1
                continue
            try:
                length_s = duration_s(job.path) or self._stats[job.path][0] / _BYTES_A_SECOND
            except S2TError as error:
                self._take([Outcome(job, reason=str(error))])
                continue
            jobs.append(Job(job.path, job.name, target, length_s))
        return jobs

    def work_through(self, jobs: Sequence[Job], workers: Workers) -> None:
        """Raises AppError when no worker is left."""
        total_s = sum(job.length_s for job in jobs)
        unit, unit_s = ("h", 3600) if total_s >= 3600 else ("min", 60)
        last = time.monotonic()
        with tqdm(
            total=total_s / unit_s,
            desc=f"{counted(len(jobs), 'file')}, {counted(workers.count, 'worker')}",
            unit=unit,
            disable=not sys.stderr.isatty(),
            leave=False,
            bar_format=_BAR,
        ) as progress:

            def take(outcomes: list[Outcome]) -> None:
                nonlocal last
                self._take(outcomes)
                progress.set_postfix_str(f"{len(self._failed)} failed" if self._failed else "", refresh=False)
                progress.update(sum(outcome.job.length_s for outcome in outcomes) / unit_s)
                if progress.disable and time.monotonic() - last > _REPORT_S:
                    last = time.monotonic()
                    self._tell_counts("So far")

            spread(jobs, workers, take, note)

    def tell(self, how: str) -> bool:
        """What it has come to, and every failure; returns whether every file is done."""
        self._tell_counts(how)
        for outcome in self._failed:
            said = outcome.reason
            note(said if str(outcome.job.name) in said else f"{outcome.job.name}: {said}")
        rest = self._count - self._done_before - len(self._done)
        if rest:
            are, them = ("is", "it") if rest == 1 else ("are", "them")
            note(f"{rest} of {counted(self._count, 'file')} {are} not done; the same command goes on with {them}.")
        return not rest

    def _tell_counts(self, how: str) -> None:
        before = f"{self._done_before} {'was' if self._done_before == 1 else 'were'} done before"
        audio_s = sum(outcome.audio_s for outcome in self._done)
        took_s = time.monotonic() - self._began
        note(
            f"{how}: {counted(len(self._done), 'file')}, {lasting(audio_s)} of sound in {lasting(took_s)}; "
            f"{before}, {len(self._failed)} failed."
        )

    def _take(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            (self._failed if outcome.reason else self._done).append(outcome)
            if outcome.trace:
                logger.error("%s on a worker\n%s", outcome.job.path, outcome.trace)
        self._manifest.add(*(self._entry(outcome) for outcome in outcomes))

    def _entry(self, outcome: Outcome) -> Entry:
        size, mtime_ns = self._stats.get(outcome.job.path, (0, 0))
        return Entry(
            path=str(outcome.job.path),
            size=size,
            mtime_ns=mtime_ns,
            format=self._wish.form,
            settings=self._settings,
            state="failed" if outcome.reason else "done",
            target=str(outcome.job.target.relative_to(self._manifest.file.parent)),
            reason=outcome.reason,
            audio_s=round(outcome.audio_s, 3),
            wall_s=outcome.wall_s,
        )

    def _is_done(self, entry: Entry | None, job: Job) -> bool:
        return (
            entry is not None
            and entry.state == "done"
            and entry.settings == self._settings
            and (entry.size, entry.mtime_ns) == self._stats.get(job.path)
            and job.target.is_file()
        )


def settings_digest(wish: Wish) -> str:
    """The same where the same sound gives the same file."""
    said: list[Any] = [wish.fingerprint, wish.beams, asdict(wish.wishes), wish.form, asdict(wish.options)]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


def _wish(options: argparse.Namespace, wishes: DecodingOptions, shown: ExportOptions, manifest: Path) -> Wish:
    model = options.model.absolute()
    try:
        digest = fingerprint(model)
    except OSError as error:
        what = f"The model {options.model} cannot be read ({error.strerror})."
        raise AppError(what, "Name a checkpoint folder after --model.") from None
    return Wish(model, digest, options.device, options.beam, wishes, options.format, shown, manifest)


def _key(path: Path) -> str:
    return os.path.abspath(path)  # noqa: PTH100 - without following links: one of them may lead elsewhere tomorrow


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """A request to end is as good as Ctrl+C: workers are sent home, and it is said how far all is.

    For a block in which Ray has begun: it sets a handler of its own, which ends the process.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

"""Workers on a Ray cluster: the one file that knows Ray, imported only where `--ray` asks for it.

Ray connects the computers of the cluster; it starts the workers, one for a GPU or a core, and again where one dies.
Nothing is told to its makers: its usage statistics are switched off before it is loaded.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.archive.spread import Died, Event, Ready, Returned, Unfit
from app.archive.work import Job, Wish, Worker
from app.errors import AppError

LOCAL = "local"
_MOST_DEATHS = 3  # of a worker, one after the other, without a file between
_PAUSE_S = 2.0  # before one that died is asked again
_SHARED = 80 << 20  # bytes for what Ray shares between processes: paths and results
_BESIDE_WEIGHTS = 700 << 20  # bytes that a worker takes: torch, and the states of a long stretch of speech
_FOR_A_WEIGHT = 3  # bytes in memory while it loads, for one on the disk


@contextlib.contextmanager
def joined(address: str, wish: Wish, most: int) -> Iterator[RayWorkers]:
    """Workers, `most` at the most; they end with the block. Raises AppError without Ray, a cluster, or room on it."""
    with contextlib.ExitStack() as place:
        # Ray tells of every worker that dies on stdout, whatever it is asked; we say ourselves what comes of it.
        nowhere = place.enter_context(Path(os.devnull).open("w", encoding="utf-8"))
        place.enter_context(contextlib.redirect_stdout(nowhere))
        own = place.enter_context(_own_place()) if address == LOCAL else {}
        ray = _ray()
        _join(ray, address, own)
        try:
            workers = RayWorkers(ray, wish, most)
            try:
                yield workers
            finally:
                workers.close()
        finally:
            ray.shutdown()


class RayWorkers:
    """As `app.archive.spread.Workers` wants them. A call that is out is a reference; its answer is an event."""

    def __init__(self, ray: Any, wish: Wish, most: int) -> None:
        self._ray = ray
        wish, needs, there = _room(ray.cluster_resources(), wish)
        self.count = min(there, most)
        actor = ray.remote(Worker).options(max_restarts=-1, max_task_retries=0, **needs)
        self._actors = [actor.remote(wish) for _ in range(self.count)]
        self._deaths = [0] * self.count
        self._due: dict[int, float] = {}  # when those that died are asked whether they are back
        self._out: dict[Any, tuple[int, bool]] = {}  # reference: worker, whether it prepares
        for worker in range(self.count):
            self._prepare(worker)

    def give(self, worker: int, batch: Sequence[Job]) -> None:
        self._out[self._actors[worker].hear.remote(tuple(batch))] = (worker, False)

    def wait(self, seconds: float) -> list[Event]:
        for worker in [worker for worker, due in self._due.items() if due <= time.monotonic()]:
            del self._due[worker]
            self._prepare(worker)
        calls = list(self._out)
        if not calls:
            time.sleep(seconds)
            return []
        done, _ = self._ray.wait(calls, num_returns=1, timeout=seconds)
        if done:  # whatever else has come by now
            done, _ = self._ray.wait(calls, num_returns=len(calls), timeout=0)
        return [event for call in done for event in self._answer(call)]

    def close(self) -> None:
        """Whatever they are at."""
        for actor in self._actors:
            with contextlib.suppress(self._ray.exceptions.RayError):
                self._ray.kill(actor, no_restart=True)

    def _answer(self, call: Any) -> Iterator[Event]:
        worker, prepares = self._out.pop(call)
        try:
            answer = self._ray.get(call)
        except self._ray.exceptions.RayError as error:
            yield from self._mourn(worker, prepares, error)
            return
        if not prepares:
            self._deaths[worker] = 0
            yield Returned(worker, answer)
        elif answer:
            yield Unfit(worker, answer)
        else:
            yield Ready(worker)

    def _mourn(self, worker: int, prepares: bool, error: Exception) -> Iterator[Event]:
        if not isinstance(error, self._ray.exceptions.ActorUnavailableError):  # its computer may come back
            self._deaths[worker] += 1
        if not prepares:
            yield Died(worker, _first_line(error))
        if self._deaths[worker] >= _MOST_DEATHS:
            yield Unfit(worker, f"It died {_MOST_DEATHS} times, the last time: {_first_line(error)}")
        else:
            self._due[worker] = time.monotonic() + _PAUSE_S

    def _prepare(self, worker: int) -> None:
        # Waits where Ray has to start it again, which a call that must not be repeated would not.
        call = self._actors[worker].prepare.options(max_task_retries=1).remote()
        self._out[call] = (worker, True)


@contextlib.contextmanager
def _own_place() -> Iterator[dict[str, Any]]:
    """What makes a cluster of this computer this user's alone: its own address, token and folder, gone afterwards."""
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # for Ray that means: sockets on the loopback address alone
    os.environ["RAY_AUTH_MODE"], os.environ["RAY_AUTH_TOKEN"] = "token", secrets.token_hex(32)
    # The names of its sockets must be short, which those in the user's own temporary folder may not be. Ray opens its
    # folder to everybody; the one around it stays closed.
    with tempfile.TemporaryDirectory(
        prefix="dictate-", dir="/tmp" if os.name == "posix" else None, ignore_cleanup_errors=True
    ) as folder:
        yield {
            "include_dashboard": False,
            "object_store_memory": _SHARED,
            "_node_ip_address": "127.0.0.1",
            "_temp_dir": str(Path(folder, "ray")),
        }


def _ray() -> Any:
    """The package, told to keep to itself. Raises AppError where it is not installed."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        import ray
    except ImportError:
        raise AppError("--ray needs the package ray.", "Install it: pip install 'dictate[ray]'") from None
    return ray


def _join(ray: Any, address: str, own: dict[str, Any]) -> None:
    """Be part of the cluster, or of one that begins here. Raises AppError."""
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, configure_logging=False, **own)
    except Exception as error:  # its kinds are not part of Ray's promise
        what = f"The Ray cluster {address} cannot be joined ({_first_line(error)})."
        raise AppError(what, "Start one with `ray start --head` and give --ray auto, or give --ray local.") from None


def _room(there: dict[str, float], wish: Wish) -> tuple[Wish, dict[str, float], int]:
    """The wish with the device that it comes to, what one worker needs, and how many have room. Raises AppError."""
    weights = sum(file.stat().st_size for file in wish.model.iterdir() if file.is_file())
    memory = _BESIDE_WEIGHTS + _FOR_A_WEIGHT * weights
    gpus = int(there.get("GPU", 0)) if wish.device != "cpu" else 0
    if wish.device == "cuda" and not gpus:
        raise AppError("The cluster has no GPU.", "Choose --device cpu, or leave it out.")
    device = "cuda" if gpus else "cpu"
    needs: dict[str, float] = {"num_cpus": 1, "num_gpus": 1 if gpus else 0, "memory": memory}
    count = min(gpus or int(there.get("CPU", 0)), int(there.get("memory", 0)) // memory)
    if count < 1:
        raise AppError(f"The cluster has no room for a worker of {memory >> 20} MiB.", "Use one with more memory.")
    return replace(wish, device=device), needs, count


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].strip()[:200].rstrip(".: ") if lines else type(error).__name__

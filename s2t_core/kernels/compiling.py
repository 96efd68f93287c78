"""How the functions of this folder are compiled, once for a processor: their code is kept on the disk."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numba
from llvmlite import ir
from numba.core import cgutils
from numba.core.caching import FunctionCache
from numba.core.registry import cpu_target
from numba.extending import intrinsic
from platformdirs import user_cache_path

logger = logging.getLogger(__name__)

_NAME = "kernels-"
_ROOM = 8 << 20  # bytes; the code of one kind of processor takes 3 MiB
# What numba compiles for: the kind of machine, the processor's name, and all that it can do.
PROCESSOR: tuple[str, str, str] = cpu_target.target_context.codegen().magic_tuple()
_FAST = {"reassoc", "contract", "nsz", "arcp"}  # sums may be taken in any order; NaN and infinity stay what they are


def kept_in(sources: Iterable[Path], places: Iterable[Path], processor: tuple[str, ...]) -> Path | None:
    """The folder for the code of these sources for this processor, in the first place that can be written to; None:
    nowhere.

    numba makes code anew when the file of a function has changed. Ours call functions of other files, so that the
    folder is another one when any of them has; those of other versions go. Computers that share a disk have one each.
    """
    version = f"{_NAME}{_digest(b''.join(source.read_bytes() for source in sorted(sources)))}"
    for place in places:
        folder = place / f"{version}-{_digest(repr(processor).encode())}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _claim(folder)
        except OSError:
            _give_up(folder)
            continue
        for other in place.glob(f"{_NAME}*"):
            if not other.name.startswith(version):
                shutil.rmtree(other, ignore_errors=True)
        return folder
    logger.info("compiled code is kept nowhere: every start compiles it again")
    return None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _claim(folder: Path) -> None:
    """Raises OSError where there is no room for code, or it cannot be written. The room is given back at once."""
    with (folder / "claim").open("wb", buffering=0) as file:  # what a buffer still holds would be written once more
        if any(folder.rglob("*.nbc")):
            return
        try:
            if file.write(bytes(_ROOM)) < _ROOM:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            file.truncate(0)


def _give_up(folder: Path) -> None:
    """Leave nothing behind where no code can be kept; what others keep there stays."""
    with contextlib.suppress(OSError):
        (folder / "claim").unlink(missing_ok=True)
        folder.rmdir()


class _Kept(FunctionCache):
    """numba's way to keep code, but neither a damaged file nor a full disk stops the program: it compiles then."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception as error:  # whatever reading makes of the damage
            logger.info("compiled code cannot be read: %r", error)
            with contextlib.suppress(OSError):
                self.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except OSError as error:
            logger.info("compiled code cannot be kept: %s", error)


def _places() -> Iterator[Path]:
    """With the program, else with its user, where one is known."""
    yield _here / "__pycache__"
    try:
        own = user_cache_path("dictate")
    except RuntimeError as error:
        logger.info("there is no place for what this user keeps: %s", error)
        return
    if own.is_absolute():  # else it would be in whatever folder is the current one
        yield own


_here = Path(__file__).parent
_folder = kept_in(_here.glob("*.py"), _places(), PROCESSOR)
if _folder is not None:
    numba.config.CACHE_DIR = str(_folder)  # type: ignore[attr-defined]


def compiled() -> Callable[[Any], Any]:
    """Makes a function one that is compiled when it is first called, for the kinds of its arguments."""

    def decorate(function: Any) -> Any:
        made = numba.njit(function, fastmath=_FAST, nogil=True, error_model="numpy")
        if _folder is not None:
            made._cache = _Kept(function)
        return made

    return decorate


def is_to_be_compiled() -> bool:
    """Whether there is a place for the decoder's code and none in it; a first pass takes some 15 seconds then."""
    return _folder is not None and not any(_folder.rglob("*decoder_layer*.nbi"))


def _either(instruction: str) -> Any:
    """One of two numbers. Loops over Python's `min` and `max` do not become vectors: of NaN they are too exact."""

    @intrinsic
    def either(typing: Any, one: Any, other: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            kind = ir.FloatType()
            function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(kind, [kind, kind]), instruction)
            return builder.call(function, arguments, fastmath=("nnan", "nsz"))

        return numba.float32(numba.float32, numba.float32), generate

    return either


larger, smaller = _either("llvm.maxnum.f32"), _either("llvm.minnum.f32")

"""How the functions of this folder are compiled, once for a processor: their code is kept on the disk."""

from __future__ import annotations

import hashlib
import logging
import shutil
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numba
from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic
from platformdirs import user_cache_path

_NAME = "kernels-"
_FAST = {"reassoc", "contract", "nsz", "arcp"}  # sums may be taken in any order; NaN and infinity stay what they are


def kept_in(sources: Iterable[Path], places: Iterable[Path]) -> Path | None:
    """The folder for the compiled code of these sources, in the first place that can be written to; None: nowhere.

    numba makes code anew when the file of a function has changed. Ours call functions of other files, so that the
    folder is another one when any of them has; those of other versions go.
    """
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sorted(sources))).hexdigest()[:16]
    for place in places:
        folder = place / f"{_NAME}{digest}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "kept").touch()
        except OSError:
            continue
        for other in place.glob(f"{_NAME}*"):
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)
        return folder
    logging.getLogger(__name__).info("compiled code is kept nowhere: every start compiles it again")
    return None


_here = Path(__file__).parent
_folder = kept_in(_here.glob("*.py"), (_here / "__pycache__", user_cache_path("dictate")))
if _folder is not None:
    numba.config.CACHE_DIR = str(_folder)  # type: ignore[attr-defined]
compiled: Any = partial(numba.njit, fastmath=_FAST, nogil=True, error_model="numpy", cache=_folder is not None)


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

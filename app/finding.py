"""The outcome of one check of this computer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check; `detail` ends with a remedy where it is not ok."""

    check: str
    ok: bool
    detail: str

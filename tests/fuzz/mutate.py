"""Valid input made hostile: bytes flipped, cut, doubled, replaced by extreme numbers; values of JSON by other ones."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

_NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1)
_VALUES = (
    None, True, -1, 0, 1, 2**31, 2**63, 10**30, -(10**400), 1e308, float("nan"), float("inf"), "", "x", "\0", "\ud800",
    "../../etc/passwd", [], {}, [[]], [1] * 50, {"a": {"b": {}}},
)  # fmt: skip


@dataclass(frozen=True)
class Hostile:
    """Input of any length that is shown in a few letters."""

    data: bytes

    def __repr__(self) -> str:
        return f"{len(self.data)} bytes: {self.data[:200]!r}"


_edits = st.lists(
    st.tuples(
        st.sampled_from(("flip", "cut", "double", "number", "insert", "shorten")),
        st.floats(0, 1),
        st.integers(1, 64),
        st.binary(min_size=1, max_size=8),
        st.sampled_from(_NUMBERS),
        st.sampled_from(("little", "big")),
    ),
    min_size=1,
    max_size=5,
)


@st.composite
def hostile_bytes(draw: st.DrawFn, seeds: list[bytes]) -> Hostile:
    """One of the seeds with a few edits, most of them near its beginning, where the heads are."""
    data = bytearray(seeds[draw(st.integers(0, len(seeds) - 1))])
    for kind, where, length, some, number, order in draw(_edits):
        at = int(where**3 * len(data))
        if kind == "flip" and at < len(data):
            data[at] ^= some[0] or 1
        elif kind == "cut":
            del data[at : at + length]
        elif kind == "double":
            data[at:at] = data[at : at + length]
        elif kind == "number":
            width = max(1, (number.bit_length() + 7) // 8)
            data[at : at + width] = number.to_bytes(width, order)
        elif kind == "insert":
            data[at:at] = some
        else:
            del data[at:]
    return Hostile(bytes(data))


@st.composite
def hostile_json(draw: st.DrawFn, seeds: list[bytes]) -> Hostile:
    """One of the seeds with some values replaced, removed or wrapped; sometimes with edits of its bytes on top."""
    root = json.loads(seeds[draw(st.integers(0, len(seeds) - 1))])
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(root))
        if not places:
            break
        holder, key = places[draw(st.integers(0, len(places) - 1))]
        change = draw(st.sampled_from(("replace", "replace", "remove", "wrap", "deepen")))
        if change == "remove":
            del holder[key]
        elif change == "wrap":
            holder[key] = [holder[key]]
        elif change == "deepen":
            for _ in range(200):
                holder[key] = {"": holder[key]}
        else:
            holder[key] = copy.deepcopy(_VALUES[draw(st.integers(0, len(_VALUES) - 1))])
    data = json.dumps(root).encode()
    return draw(hostile_bytes([data])) if draw(st.integers(0, 3)) == 0 else Hostile(data)


def _places(value: Any) -> Any:
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in list(keys)[:300]:
        yield value, key
        if isinstance(value[key], (dict, list)) and value[key]:
            yield from list(_places(value[key]))[:100]

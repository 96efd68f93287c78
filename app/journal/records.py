"""The format of a journal's files: records with a version and a checksum each, one behind the other.

    magic, 2 bytes | version, 1 | kind, 1 | length of the payload, 4 | CRC-32 of all but the magic, 4 | payload

Numbers are little-endian. A write that was torn by a loss of power damages the records that it touched and no other:
whoever reads looks for the next magic whose checksum holds.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

MAGIC, VERSION = b"\xd1\xce", 1
LONGEST = 1 << 24  # bytes of a payload
_HEAD = struct.Struct("<2sBBII")


class Kind(IntEnum):
    """What a payload is: JSON in UTF-8, or sound (`app.journal.entries`)."""

    HEAD = 1
    TEXT = 2
    SOUND = 3


@dataclass(frozen=True, slots=True)
class Record:
    """As it was written. A kind that is not known is of a newer program."""

    version: int
    kind: int
    payload: bytes


def pack(kind: Kind, payload: bytes) -> bytes:
    """The bytes of a record."""
    return _HEAD.pack(MAGIC, VERSION, kind, len(payload), _checksum(VERSION, kind, payload)) + payload


def unpack(data: bytes) -> Iterator[Record]:
    """The records that are whole, in their order."""
    at = data.find(MAGIC)
    while at >= 0:
        record = _record(data, at)
        if record is None:
            at = data.find(MAGIC, at + 1)
        else:
            yield record
            at = data.find(MAGIC, at + _HEAD.size + len(record.payload))


def _record(data: bytes, at: int) -> Record | None:
    if at + _HEAD.size > len(data):
        return None
    _, version, kind, length, checksum = _HEAD.unpack_from(data, at)
    payload = data[at + _HEAD.size : at + _HEAD.size + length] if length <= LONGEST else b""
    if len(payload) != length or checksum != _checksum(version, kind, payload):
        return None
    return Record(version, kind, payload)


def _checksum(version: int, kind: int, payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(bytes((version, kind)) + len(payload).to_bytes(4, "little")))

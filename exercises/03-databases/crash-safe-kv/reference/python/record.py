"""
A record is one batch, so that a batch is valid as a whole or not at all:

    record   crc32 (4 bytes) | length of the payload (4) | payload
    payload  for each change: kind (1) | length of the key (2) | length of the value (4) | key | value

The checksum covers everything after itself. It is the only proof that all bytes of a record reached the disk: after a
power failure a file can have its full length and zeros at its end.
"""

from __future__ import annotations

import struct
import zlib
from typing import Iterable, Iterator, NamedTuple

_CHECKSUM = struct.Struct(">I")
_LENGTH = struct.Struct(">I")
_CHANGE = struct.Struct(">BHI")
_PUT, _DELETE = 1, 2

HEADER = _CHECKSUM.size + _LENGTH.size


class Change(NamedTuple):
    """One change to one key; without a value the key is deleted."""

    key: bytes
    value: bytes | None = None


class StoredChange(NamedTuple):
    """A change as it lies in a record: `at` is where its value begins, counted from the start of the payload."""

    key: bytes
    deleted: bool
    at: int
    length: int

    @property
    def size(self) -> int:
        """What it takes in a file; the header of its record is left out."""
        return _CHANGE.size + len(self.key) + self.length


def encode_record(changes: Iterable[Change]) -> bytes:
    parts = []
    for key, value in changes:
        kind = _DELETE if value is None else _PUT
        parts += [_CHANGE.pack(kind, len(key), len(value or b"")), key, value or b""]
    payload = b"".join(parts)
    length = _LENGTH.pack(len(payload))
    return _CHECKSUM.pack(zlib.crc32(payload, zlib.crc32(length))) + length + payload


def payload_length(header: bytes) -> int:
    """The length of the payload that a record header announces."""
    return _LENGTH.unpack_from(header, _CHECKSUM.size)[0]


def is_intact(header: bytes, payload: bytes) -> bool:
    """Whether all bytes of a record are those that were written."""
    return zlib.crc32(payload, zlib.crc32(header[_CHECKSUM.size :])) == _CHECKSUM.unpack_from(header)[0]


def decode_payload(payload: bytes) -> Iterator[StoredChange]:
    at = 0
    while at < len(payload):
        kind, key_length, length = _CHANGE.unpack_from(payload, at)
        key_at = at + _CHANGE.size
        value_at = key_at + key_length
        yield StoredChange(payload[key_at:value_at], kind == _DELETE, value_at, length)
        at = value_at + length

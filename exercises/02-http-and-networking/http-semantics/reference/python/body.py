"""Bodies of requests: http.server hands over a stream and leaves their framing and their limits to us."""

from __future__ import annotations

import json
import math
import re
from email.message import Message
from typing import Any, BinaryIO

from refusal import Refusal

MAX_BYTES = 65_536
MAX_DEPTH = 100
MAX_LINE = 4096


def read_body(headers: Message, stream: BinaryIO) -> bytes:
    """Reads the whole body; refuses with 400 what is not complete, and with 413 what is too long."""
    encoding = headers.get("Transfer-Encoding")
    if encoding is not None:
        if encoding.strip().lower() != "chunked":
            raise Refusal(400, "A body is chunked or has a Content-Length.")
        return _read_chunks(stream)
    length = headers.get("Content-Length", "0").strip()
    if not re.fullmatch(r"[0-9]{1,18}", length):
        raise Refusal(400, "The Content-Length is not a number.")
    return _read_exactly(stream, _checked(int(length)))


def parse_json(body: bytes) -> Any:
    """Refuses with 400 what is not JSON in UTF-8."""
    try:
        # Decoded here, because json.loads would take bytes in UTF-16 as well.
        value = json.loads(body.decode("utf-8"), parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError):
        raise Refusal(400, "The body is not JSON in UTF-8.") from None
    if _is_deeper_than(MAX_DEPTH, value):
        raise Refusal(400, f"The body is nested more than {MAX_DEPTH} deep.")
    return value


def _read_chunks(stream: BinaryIO) -> bytes:
    body = bytearray()
    while True:
        size = re.match(rb"[0-9A-Fa-f]{1,15}(?=[;\s])", _read_line(stream))
        if size is None:
            raise Refusal(400, "A chunk begins with its size.")
        length = int(size.group(), 16)
        if length == 0:
            break
        _checked(len(body) + length)
        body += _read_exactly(stream, length)
        if _read_line(stream).strip() != b"":
            raise Refusal(400, "A chunk is longer than its size.")
    while _read_line(stream).strip() != b"":
        pass  # trailer fields
    return bytes(body)


def _checked(length: int) -> int:
    if length > MAX_BYTES:
        raise Refusal(413, f"The body is longer than {MAX_BYTES} bytes.")
    return length


def _read_exactly(stream: BinaryIO, length: int) -> bytes:
    data = stream.read(length)
    if len(data) < length:
        # The client went away; the stream just ends.
        raise Refusal(400, "The body is not complete.")
    return data


def _read_line(stream: BinaryIO) -> bytes:
    line = stream.readline(MAX_LINE)
    if not line.endswith(b"\n"):
        raise Refusal(400, "The body is not complete.")
    return line


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is Python's, not JSON's")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        # JSON has no word for infinity, so this could not be sent back. RFC 8259 (section 9) allows such a limit.
        raise ValueError(f"{text} is out of range")
    return number


def _is_deeper_than(levels: int, value: Any) -> bool:
    """Looks no further than `levels`, so that it can be asked about any depth."""
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return False
    return levels == 0 or any(_is_deeper_than(levels - 1, member) for member in value)

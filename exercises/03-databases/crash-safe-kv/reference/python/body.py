"""Bodies of requests: http.server hands over a stream and leaves their framing to us."""

from __future__ import annotations

import re
from email.message import Message
from typing import BinaryIO

from limits import BadRequest

MAX_LINE = 4096


def read_body(headers: Message, stream: BinaryIO, limit: int) -> bytes:
    """The whole body. Raises BadRequest when it is too long, or when the client goes away before its end."""
    encoding = headers.get("Transfer-Encoding")
    if encoding is not None:
        if encoding.strip().lower() != "chunked":
            raise BadRequest("A body is chunked or has a Content-Length")
        return _read_chunks(stream, limit)
    length = headers.get("Content-Length", "0").strip()
    if not re.fullmatch(r"[0-9]{1,18}", length):
        raise BadRequest("The Content-Length is not a number")
    _check_length(int(length), limit)
    return _read_exactly(stream, int(length))


def _read_chunks(stream: BinaryIO, limit: int) -> bytes:
    body = bytearray()
    while True:
        size = re.match(rb"[0-9A-Fa-f]{1,15}(?=[;\s])", _read_line(stream))
        if size is None:
            raise BadRequest("A chunk begins with its size")
        length = int(size.group(), 16)
        if length == 0:
            break
        _check_length(len(body) + length, limit)
        body += _read_exactly(stream, length)
        if _read_line(stream).strip() != b"":
            raise BadRequest("A chunk is longer than its size")
    while _read_line(stream).strip() != b"":
        pass  # trailer fields
    return bytes(body)


def _check_length(length: int, limit: int) -> None:
    if length > limit:
        raise BadRequest(f"At most {limit} bytes are accepted", 413)


def _read_exactly(stream: BinaryIO, length: int) -> bytes:
    data = stream.read(length)
    if len(data) < length:
        # The client went away; the stream just ends.
        raise BadRequest("The body is not complete")
    return data


def _read_line(stream: BinaryIO) -> bytes:
    line = stream.readline(MAX_LINE)
    if not line.endswith(b"\n"):
        raise BadRequest("The body is not complete")
    return line

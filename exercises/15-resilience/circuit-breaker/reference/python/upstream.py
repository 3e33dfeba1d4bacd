from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from answer import Answer, json_answer


@dataclass(frozen=True)
class Call:
    method: str
    target: str
    """The path with its query, as it came."""
    content_type: str | None
    body: bytes


class Upstream:
    def __init__(self, url: str, timeout: float) -> None:
        self._host = urlsplit(url).netloc
        self._timeout = timeout

    def ask(self, call: Call) -> Answer:
        """Asks once. If no complete answer comes, it is 504 when the time is over, else 502."""
        deadline = time.monotonic() + self._timeout
        connection = HTTPConnection(self._host, timeout=self._timeout)
        try:
            connection.connect()
            with hung_up_at(deadline, connection.sock):
                answer = exchange(connection, call)
        except (OSError, HTTPException):
            answer = json_answer(502, {"error": "the upstream could not be reached"})
        finally:
            connection.close()
        # Also if there is an answer: without a Content-Length, one that was cut off looks complete.
        if time.monotonic() >= deadline:
            return json_answer(504, {"error": "the upstream did not answer in time"})
        return answer


def exchange(connection: HTTPConnection, call: Call) -> Answer:
    headers = {} if call.content_type is None else {"Content-Type": call.content_type}
    connection.request(call.method, call.target, call.body or None, headers)
    response = connection.getresponse()
    return Answer(response.status, response.getheader("Content-Type"), response.read())


@contextmanager
def hung_up_at(deadline: float, sock: socket.socket) -> Iterator[None]:
    """A socket's own timeout begins anew with each byte; this one ends whatever still waits for the socket."""

    def hang_up() -> None:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(deadline - time.monotonic(), hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()

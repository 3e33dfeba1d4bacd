from __future__ import annotations

import os
import signal
import socket
import sys
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable

from api import Reply, Request, answer, refused
from body import read_body
from refusal import Refusal


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body are two writes: the second one must not wait until the first is acknowledged.
    disable_nagle_algorithm = True
    # Seconds of silence after which a client is given up.
    timeout = 60

    def __getattr__(self, name: str) -> Callable[[], None]:
        """All methods come here, also those that nobody knows: http.server would answer them with 501."""
        if name.startswith("do_"):
            return self.respond
        raise AttributeError(name)

    def respond(self) -> None:
        complete = False
        try:
            # The body first, whatever the answer will be: its bytes must not be taken for the next request, and
            # what is decided from here on is decided without waiting for anybody.
            body = read_body(self.headers, self.rfile)
            complete = True
            # Not self.path, in which newer versions of http.server take slashes away at the start.
            target = self.requestline.split()[1]
            reply = answer(Request(self.command, target, self.headers, body))
        except Refusal as refusal:
            reply = refused(refusal)
        except ConnectionError:
            self.close_connection = True
            return
        with suppress(ConnectionError):
            self.send(reply, close=not complete)
            if not complete:
                self.drop_the_rest()

    def send(self, reply: Reply, close: bool) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.body is not None:
            self.send_header("Content-Length", str(len(reply.body)))
        if close:
            self.send_header("Connection", "close")
        self.end_headers()
        if reply.body is not None and self.command != "HEAD":
            self.wfile.write(reply.body)

    def drop_the_rest(self) -> None:
        """Reads on for a moment: closing while the client is still sending would reset the connection, and the
        answer could get lost on its way (RFC 9112, 9.6)."""
        end = time.monotonic() + 1
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(1)
            while time.monotonic() < end and self.rfile.read1(65_536):
                pass

    def log_request(self, *_: Any) -> None:
        """A line for each request is more than anybody reads."""


class Server(ThreadingHTTPServer):
    # Connections that wait to be accepted; the default of 5 is too few for clients that come at the same time.
    request_queue_size = 128


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with Server(("127.0.0.1", int(os.environ.get("PORT", "3000"))), Handler) as server:
        server.serve_forever()

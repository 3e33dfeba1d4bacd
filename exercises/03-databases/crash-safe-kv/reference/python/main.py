from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import time
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from batch import parse_batch
from body import read_body
from limits import MAX_BATCH, MAX_VALUE, BadRequest, check_key
from record import Change
from store import Store


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body are two writes: the second one must not wait until the first is acknowledged.
    disable_nagle_algorithm = True
    # Seconds of silence after which a client is given up.
    timeout = 60
    server: Server

    def respond(self) -> None:
        try:
            # The body first, whatever the answer will be: its bytes must not be taken for the next request.
            body = read_body(self.headers, self.rfile, MAX_BATCH if self.command == "POST" else MAX_VALUE)
        except BadRequest as error:
            self.refuse(error, close=True)
            self.drop_the_rest()
            return
        try:
            value = self.handle_request(body)
        except BadRequest as error:
            self.refuse(error)
        except OSError:
            logging.exception("The store failed")
            self.send(500, b"The store failed, see its log\n", "text/plain")
        else:
            if value is None:
                self.send(204)
            else:
                self.send(200, value, "application/octet-stream")

    # http.server calls do_<METHOD>.
    do_GET = do_PUT = do_DELETE = do_POST = respond

    def handle_request(self, body: bytes) -> bytes | None:
        store = self.server.store
        url = urlsplit(self.path)
        route = f"{self.command} {url.path}"
        if route == "GET /kv":
            value = store.get(key_in(url.query))
            if value is None:
                raise BadRequest("There is no such key", 404)
            return value
        if route == "PUT /kv":
            store.write([Change(key_in(url.query), body)])
        elif route == "DELETE /kv":
            store.write([Change(key_in(url.query))])
        elif route == "POST /batch":
            store.write(parse_batch(body))
        else:
            raise BadRequest(f"There is no {route}", 404)
        return None

    def refuse(self, error: BadRequest, close: bool = False) -> None:
        self.send(error.status, f"{error}\n".encode(), "text/plain; charset=utf-8", close)

    def send(self, status: int, body: bytes | None = None, content_type: str = "", close: bool = False) -> None:
        self.send_response(status)
        if body is not None:
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
        if close:
            self.send_header("Connection", "close")
        self.end_headers()
        if body is not None:
            self.wfile.write(body)

    def drop_the_rest(self) -> None:
        """Reads on for a moment: closing while the client is still sending would reset the connection, and the
        answer could get lost on its way."""
        end = time.monotonic() + 1
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(1)
            while time.monotonic() < end and self.rfile.read1(65_536):
                pass

    def log_request(self, *_: Any) -> None:
        """A line for each request is more than anybody reads."""


class Server(ThreadingHTTPServer):
    # Connections that wait to be accepted; the default is 5.
    request_queue_size = 128

    def __init__(self, port: int, store: Store) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.store = store

    def handle_error(self, request: Any, client_address: Any) -> None:
        if isinstance(sys.exc_info()[1], ConnectionError):
            return  # the client went away: there is nobody to answer
        super().handle_error(request, client_address)


def key_in(query: str) -> bytes:
    try:
        return check_key(parse_qs(query, errors="strict").get("key", [""])[0])
    except UnicodeDecodeError:
        raise BadRequest("A key is text in UTF-8") from None


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    # The port last: who can connect gets right answers. On the way out the writes that wait are finished.
    with closing(Store(os.environ.get("DATA_DIR", "."))) as store:
        with Server(int(os.environ.get("PORT", "8080")), store) as server:
            server.serve_forever()

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote_to_bytes

PORT = int(os.environ.get("PORT", "3000"))
WARMUP_MS = int(os.environ.get("WARMUP_MS", "0"))
LONGEST_WAIT_MS = 5000


class Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = False  # so that server_close() waits for the requests in flight

    def __init__(self, *arguments) -> None:
        self.stopping = False
        self.connections: set[socket.socket] = set()
        self.lock = threading.Lock()
        super().__init__(*arguments)

    def process_request(self, request, client_address) -> None:
        with self.lock:
            self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request) -> None:
        with self.lock:
            self.connections.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        self.stopping = True
        # To whoever waits for a next request, the client now seems to have left. Answers still go out.
        with self.lock:
            for connection in self.connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RD)
        super().server_close()

    def handle_error(self, request, client_address) -> None:
        # A client may leave before its answer. That is no news.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one segment, or Nagle's algorithm may delay the second one
    timeout = 60  # each open connection occupies a thread

    def do_GET(self) -> None:
        # Nobody reads a body here, and what is left of it must not be taken for the next request.
        if "Content-Length" in self.headers or "Transfer-Encoding" in self.headers:
            self.close_connection = True
        # Not self.path: http.server shortens "//" at its beginning.
        path, _, query = self.requestline.split()[1].partition("?")
        if path == "/health":
            self.answer(HTTPStatus.OK, {"status": "ok"})
        elif path == "/slow":
            self.slow(parse_qs(query).get("ms", [""])[0])
        elif match := re.fullmatch("/hello/([^/]+)", path):
            self.greet(match[1])
        else:
            self.refuse(HTTPStatus.NOT_FOUND, "There is nothing at this path")

    def greet(self, segment: str) -> None:
        # unquote() leaves a broken encoding as it is.
        if re.search("%(?![0-9A-Fa-f]{2})", segment):
            return self.refuse(HTTPStatus.BAD_REQUEST, "The name is not valid percent-encoding")
        try:
            # http.server has read the request's first line as Latin-1, byte for byte.
            name = unquote_to_bytes(segment.encode("latin-1")).decode()
        except UnicodeDecodeError:
            return self.refuse(HTTPStatus.BAD_REQUEST, "The name is not valid UTF-8")
        self.answer(HTTPStatus.OK, {"message": f"Hello, {name}"})

    def slow(self, text: str) -> None:
        # int() alone would also take "+5", " 5", "1_000" and the digits of other scripts.
        if not re.fullmatch("0*[0-9]{1,4}", text) or int(text) > LONGEST_WAIT_MS:
            return self.refuse(HTTPStatus.BAD_REQUEST, f"ms must be a whole number from 0 to {LONGEST_WAIT_MS}")
        time.sleep(int(text) / 1000)
        self.answer(HTTPStatus.OK, {"waited": int(text)})

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """How http.server refuses what never gets to do_GET: as a page for people, and other methods with 501."""
        self.close_connection = True
        if code == HTTPStatus.NOT_IMPLEMENTED:
            code = HTTPStatus.METHOD_NOT_ALLOWED
        elif code == HTTPStatus.HTTP_VERSION_NOT_SUPPORTED:
            code = HTTPStatus.BAD_REQUEST
        self.refuse(code, message or HTTPStatus(code).phrase)

    def refuse(self, status: int, error: str) -> None:
        self.answer(status, {"error": error})

    def answer(self, status: int, body: object) -> None:
        data = json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "GET")
        if self.close_connection or self.server.stopping:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_request(self, *_: object) -> None:
        """Nothing: a line for each request is the proxy's business."""


def main() -> None:
    # Still warming up: nothing is in flight.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    time.sleep(WARMUP_MS / 1000)  # In a real service: read the configuration, connect to the database, fill the caches.
    with Server(("127.0.0.1", PORT), Handler) as server:
        # shutdown() waits until serve_forever() has returned, so it can't be called in this thread.
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
        print(f"Listening on port {PORT}")
        server.serve_forever(poll_interval=0.05)


if __name__ == "__main__":
    main()

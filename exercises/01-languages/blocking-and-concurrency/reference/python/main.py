"""A service that computes, waits and answers at the same time."""

import json
import os
import select
import signal
import socket
import sys
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from pool import Cancelled, Full, Pool
from puzzle import parse_puzzle

PORT = int(os.environ.get("PORT", "3000"))
UPSTREAM_URL = os.environ.get("UPSTREAM_URL", "http://127.0.0.1:4000")
WORKERS = int(os.environ.get("WORKERS", os.cpu_count() or 1))
QUEUE_LIMIT = int(os.environ.get("QUEUE_LIMIT", "16"))


class Handler(BaseHTTPRequestHandler):
    """One thread for each connection: good for waiting. The computing is done by the pool's processes."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/health":
            self.answer(200, {"status": "ok"})
        elif url.path == "/stats":
            self.answer(200, self.server.pool.stats())
        elif url.path.startswith("/lookup/"):
            self.look_up(url.path)
        elif url.path == "/solve":
            self.solve(url.query)
        else:
            self.answer(404, {"error": "there is nothing at this path"})

    def solve(self, query: str) -> None:
        puzzle = parse_puzzle(parse_qs(query))
        if puzzle is None:
            return self.answer(400, {"error": "base, modulus and squarings do not make a puzzle"})
        try:
            result = self.server.pool.solve(puzzle, is_cancelled=self.client_has_gone)
        except Full:
            return self.answer(503, {"error": "too many puzzles are waiting"}, {"Retry-After": "1"})
        except Cancelled:
            self.close_connection = True
            return None
        return self.answer(200, {"result": str(result)})

    def look_up(self, path: str) -> None:
        try:
            with urllib.request.urlopen(UPSTREAM_URL + path, timeout=30) as found:
                status, body = found.status, found.read()
        except (OSError, urllib.error.HTTPError, ValueError):
            status, body = 502, b""
        if status == 200:
            self.send(200, body)
        else:
            self.answer(502, {"error": "the upstream gave no good answer"})

    def client_has_gone(self) -> bool:
        """A socket whose other side has been closed is readable, and there is nothing to read."""
        readable, _, _ = select.select([self.connection], [], [], 0)
        if not readable:
            return False
        try:
            return self.connection.recv(1, socket.MSG_PEEK) == b""
        except OSError:
            return True

    def answer(self, status: int, body: object, headers: "dict[str, str] | None" = None) -> None:
        self.send(status, json.dumps(body).encode(), headers)

    def send(self, status: int, body: bytes, headers: "dict[str, str] | None" = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Requests are too many for a line each."""


class Server(ThreadingHTTPServer):
    # Connections that may wait until they are accepted; the default of 5 is too short for a crowd.
    request_queue_size = 128
    daemon_threads = True

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        super().__init__(("127.0.0.1", PORT), Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        # A client may leave at any moment; there is nobody to tell then.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def main() -> None:
    # The worker processes are started before the first thread: a fork copies only the thread that calls it.
    pool = Pool(WORKERS, QUEUE_LIMIT)
    server = Server(pool)
    # SystemExit ends serve_forever, and at the exit multiprocessing ends the workers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"Listening on port {PORT}")
    server.serve_forever()


if __name__ == "__main__":
    main()

from __future__ import annotations

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# A note has an "id", a "title", and any other members.
notes: dict[str, dict[str, Any]] = {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self) -> None:
        # Read it in any case: what is left of a body would be taken for the next request on this connection.
        body = self.read_body()
        path = self.path.split("?", 1)[0]

        if path == "/notes" and self.command == "GET":
            text = json.dumps(list(notes.values()))
            self.send(200, text.encode(), {"Content-Type": "application/json"})
            return

        # Next: POST /notes, with the bytes in `body`.
        self.send(404)

    # http.server calls do_<METHOD>.
    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

    def read_body(self) -> bytes:
        """A body with a Content-Length. Decoding a chunked one is left to you by http.server."""
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def send(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    request_queue_size = 128  # connections that wait to be accepted; the default is 5


if __name__ == "__main__":
    port = int(os.environ.get("PORT", "3000"))
    with Server(("127.0.0.1", port), Handler) as server:
        print(f"Notes on http://127.0.0.1:{port}/notes")
        server.serve_forever()

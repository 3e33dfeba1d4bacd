from __future__ import annotations

import json
import os
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PORT = int(os.environ.get("PORT", "3000"))
DATABASE_URL = os.environ.get("DATABASE_URL", "postgres://localhost/app")

# The usual client is psycopg (see requirements.txt), and psycopg_pool keeps connections: a ConnectionPool takes
# DATABASE_URL. Its other options are worth a look.


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or a body waits until its client has acknowledged the headers

    def answer(self) -> None:
        try:
            # Read it in any case: what is left of a body would be taken for the next request on this connection.
            self.respond(self.read_body())
        except Exception:
            traceback.print_exc()
            self.send_json(500, {"error": "something went wrong"})

    # http.server calls do_<METHOD>.
    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

    def respond(self, body: bytes) -> None:
        # Begin with GET /health: ask the database something small.
        self.send_json(501, {"error": "not implemented yet"})

    def read_body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def send_json(self, status: int, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class Server(ThreadingHTTPServer):
    request_queue_size = 128  # connections that wait to be accepted; the default is 5


if __name__ == "__main__":
    with Server(("127.0.0.1", PORT), Handler) as server:
        print(f"transfers on http://127.0.0.1:{PORT}")
        server.serve_forever()

from __future__ import annotations

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PORT = int(os.environ.get("PORT", "3000"))
ROLE = os.environ.get("ROLE", "both")
AMQP_URL = os.environ.get("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/%2f")
QUEUE = os.environ.get("QUEUE", "jobs")

# The usual client is pika (see requirements.txt): pika.URLParameters reads AMQP_URL. A connection of it belongs to one
# thread; add_callback_threadsafe hands it work from others.


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or a body waits until its client has acknowledged the headers

    def answer(self) -> None:
        # Read it in any case: what is left of a body would be taken for the next request on this connection.
        body = self.read_body()

        # Begin with GET /health, then connect to the broker.
        self.send_json(501, {"error": f"{self.command} {self.path} is not implemented yet"})

    # http.server calls do_<METHOD>.
    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

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
        print(f"{ROLE} for the queue {QUEUE} on http://127.0.0.1:{PORT}")
        server.serve_forever()

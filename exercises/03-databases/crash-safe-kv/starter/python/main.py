from __future__ import annotations

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PORT = int(os.environ.get("PORT", "8080"))
DATA_DIR = os.environ.get("DATA_DIR", "./data")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self) -> None:
        # Read it in any case: what is left of a body would be taken for the next request on this connection.
        body = self.read_body()
        url = urlsplit(self.path)
        key = parse_qs(url.query).get("key", [None])[0]
        print(self.command, url.path, repr(key), f"{len(body)} bytes")

        # Your work starts here: PUT, GET and DELETE /kv
        self.send(501, b"Not built yet\n", "text/plain")

    # http.server calls do_<METHOD>.
    do_GET = do_PUT = do_DELETE = do_POST = answer

    def read_body(self) -> bytes:
        """All that came. It is less than the Content-Length when the client went away."""
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def send(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, *_: object) -> None:
        """A line for each request is printed above."""


class Server(ThreadingHTTPServer):
    request_queue_size = 128  # connections that wait to be accepted; the default is 5


if __name__ == "__main__":
    with Server(("127.0.0.1", PORT), Handler) as server:
        print(f"Listening on port {PORT}, the data belongs into {DATA_DIR}")
        server.serve_forever()

from __future__ import annotations

import json
import os
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PORT = int(os.environ.get("PORT", "3000"))
MONGODB_URL = os.environ.get("MONGODB_URL", "mongodb://127.0.0.1:27017/app")

# The usual client is PyMongo (see requirements.txt): MongoClient(MONGODB_URL).get_default_database() is the database
# that the URL names. All threads may use it.


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or a body waits until its client has acknowledged the headers

    def answer(self) -> None:
        try:
            # Read it in any case: what is left of a body would be taken for the next request on this connection.
            self.respond(self.read_json())
        except Exception:
            traceback.print_exc()
            self.send_json(500, {"error": "Something went wrong"})

    # http.server calls do_<METHOD>.
    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

    def respond(self, body: Any) -> None:
        if self.command == "POST" and self.path == "/products":
            self.add_product(body)
        else:
            self.send_json(404, {"error": "There is nothing here"})

    # Begin here: store the product in the database and answer 201 with it.
    def add_product(self, body: Any) -> None:
        self.send_json(501, {"error": "Not built yet"})

    def read_json(self) -> Any:
        """The body of the request, or None if it is not JSON."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            return json.loads(body)
        except (ValueError, RecursionError):  # the latter if it is nested too deeply
            return None

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
        print(f"Listening on port {PORT}")
        server.serve_forever()

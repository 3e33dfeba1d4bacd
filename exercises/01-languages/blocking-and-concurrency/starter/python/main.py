import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = int(os.environ.get("PORT", "3000"))
UPSTREAM_URL = os.environ.get("UPSTREAM_URL", "http://127.0.0.1:4000")
WORKERS = int(os.environ.get("WORKERS", os.cpu_count() or 1))
QUEUE_LIMIT = int(os.environ.get("QUEUE_LIMIT", "16"))


class Handler(BaseHTTPRequestHandler):
    """One thread for each connection."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer(501, {"error": f"GET {self.path} is not built yet"})

    def answer(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Server(ThreadingHTTPServer):
    # Connections that may wait until they are accepted; the default of 5 is too short for a crowd.
    request_queue_size = 128
    daemon_threads = True


# Child processes may import this file again: what they must not do belongs below.
if __name__ == "__main__":
    print(f"Listening on port {PORT}: {WORKERS} workers, {QUEUE_LIMIT} may wait, lookups at {UPSTREAM_URL}")
    Server(("127.0.0.1", PORT), Handler).serve_forever()

from __future__ import annotations

import os
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from answer import Answer, json_answer
from breaker import Breaker
from gateway import Gateway
from upstream import Call, Upstream


def setting(name: str, default: int) -> int:
    return int(os.environ.get(name, default))


PORT = setting("PORT", 3000)
UPSTREAM_URL = os.environ.get("UPSTREAM_URL", "http://127.0.0.1:4000")

gateway = Gateway(
    Breaker(setting("FAILURE_THRESHOLD", 5), setting("OPEN_MS", 10_000) / 1000),
    Upstream(UPSTREAM_URL, setting("TIMEOUT_MS", 3000) / 1000),
)


class Server(ThreadingHTTPServer):
    request_queue_size = 128

    def handle_error(self, request, client_address) -> None:
        # A client may leave before its answer. That is no news.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one segment, or Nagle's algorithm may delay the second one
    timeout = 60  # each open connection occupies a thread

    def respond(self) -> None:
        # Not self.path: http.server shortens "//" at its beginning.
        target = self.requestline.split()[1]
        # The body comes before the breaker is asked: a client that sends slowly must not occupy the place of the probe.
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers:
            return self.refuse(411, "a body needs a Content-Length")
        if not re.fullmatch("[0-9]{1,9}", length) or not re.fullmatch("[!-~]+", target):
            return self.refuse(400, "this is not HTTP")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.close_connection = True  # The client has gone.
        elif self.command == "GET" and target == "/status":
            self.send(gateway.status())
        else:
            # Goes on when the client leaves: how it ends is news for the breaker, and the answer worth remembering.
            self.send(gateway.forward(Call(self.command, target, self.headers.get("Content-Type"), body)))

    do_GET = do_POST = respond

    def refuse(self, status: int, error: str) -> None:
        # The body has not been read, so nobody knows where a next request would begin.
        self.close_connection = True
        self.send(json_answer(status, {"error": error}, {"Connection": "close"}))

    def send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        if answer.content_type is not None:
            self.send_header("Content-Type", answer.content_type)
        if answer.status not in (204, 304):  # these never have a body
            self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def log_request(self, *_: object) -> None:
        """Nothing: a line for each request is the proxy's business."""


if __name__ == "__main__":
    with Server(("127.0.0.1", PORT), Handler) as server:
        print(f"gateway for {UPSTREAM_URL} on port {PORT}")
        server.serve_forever()

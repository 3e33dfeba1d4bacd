import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

port = int(os.environ.get("PORT", "3000"))


class Server(ThreadingHTTPServer):
    request_queue_size = 128  # connections that may wait to be taken; the default of 5 is soon used up


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body leave together, which is quicker

    def respond(self) -> None:
        print(self.command, self.path)
        # A body that nobody reads would be taken for the next request.
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.answer(501, {"error": "Not built yet"})

    # The library calls the method that is named after that of the request.
    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = respond

    def answer(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_request(self, *_: object) -> None:
        """Nothing: respond() prints each request when it comes."""


server = Server(("127.0.0.1", port), Handler)
print(f"Listening on port {port}")
server.serve_forever()

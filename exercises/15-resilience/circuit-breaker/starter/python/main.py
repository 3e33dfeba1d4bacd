import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

port = int(os.environ.get("PORT", "3000"))
upstream_url = os.environ.get("UPSTREAM_URL", "http://127.0.0.1:4000")


class Server(ThreadingHTTPServer):
    request_queue_size = 128  # connections that may wait to be taken; the default of 5 is soon used up


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body leave together, which is quicker

    def respond(self) -> None:
        # A body that nobody reads would be taken for the next request.
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        # Begin with GET /status, then pass everything else on to the upstream.
        self.send_json(501, {"error": f"{self.command} {self.path} is not implemented yet"})

    # The library calls the method that is named after that of the request.
    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = respond

    def send_json(self, status: int, value: object) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_request(self, *_: object) -> None:
        """Nothing, so that what you print yourself is easy to find."""


server = Server(("127.0.0.1", port), Handler)
print(f"gateway for {upstream_url} on http://127.0.0.1:{port}")
server.serve_forever()

from __future__ import annotations

import json
import os
import re
import threading
import time
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

PORT = int(os.environ.get("PORT", "3000"))

# The usual client is prometheus-client (see requirements.txt), if you do not write the text by hand.

# Requests are answered by threads of their own: who changes the orders, or walks through them, takes the lock.
orders: dict[str, dict[str, str]] = {}
orders_lock = threading.Lock()

Reply = tuple[int, Any]  # status and body

METHOD_NOT_ALLOWED: Reply = 405, {"error": "this method is not for this path"}


def reply_to(method: str, target: str, body: bytes) -> Reply:
    path, _, query = target.partition("?")
    if path == "/orders":
        if method == "GET":
            return list_orders()
        if method == "POST":
            return place_order(body)
        return METHOD_NOT_ALLOWED
    match = re.fullmatch("/(orders|reports)/([^/]+)", path)
    if match is None:
        # GET /metrics ends here, too, for now.
        return 404, {"error": "there is nothing here"}
    if method != "GET":
        return METHOD_NOT_ALLOWED
    kind, parameter = match.groups()
    if kind == "orders":
        return show_order(parameter)
    wait_ms = parse_qs(query).get("wait_ms", ["0"])[0]
    return make_report(parameter, int(wait_ms) if wait_ms.isdecimal() else 0)


def list_orders() -> Reply:
    with orders_lock:
        return 200, {"orders": list(orders.values())}


def place_order(body: bytes) -> Reply:
    item = item_of(body)
    if item is None:
        return 400, {"error": "the body must be an object with a string item"}
    with orders_lock:
        order = {"id": str(len(orders) + 1), "item": item}
        orders[order["id"]] = order
    return 201, order


def show_order(order_id: str) -> Reply:
    order = orders.get(order_id)
    return (404, {"error": "there is no such order"}) if order is None else (200, order)


def make_report(name: str, wait_ms: int) -> Reply:
    time.sleep(wait_ms / 1000)
    # Leave this bug in: you are here to measure it.
    if name == "broken":
        raise ArithmeticError("the sum of nothing is not a number")
    return 200, {"report": name}


def item_of(body: bytes) -> str | None:
    try:
        order = json.loads(body)
    except (ValueError, RecursionError):  # the latter if it is nested too deeply
        return None
    item = order.get("item") if isinstance(order, dict) else None
    return item if isinstance(item, str) else None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or a body waits until its client has acknowledged the headers

    def answer(self) -> None:
        try:
            # Read it in any case: what is left of a body would be taken for the next request on this connection.
            body = self.read_body()
            status, value = reply_to(self.command, self.path, body)
        except Exception:
            traceback.print_exc()
            status, value = 500, {"error": "something went wrong here"}
        self.send_json(status, value)

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
        print(f"the shop is open on http://127.0.0.1:{PORT}")
        server.serve_forever()

from __future__ import annotations

import base64
import json
from typing import Any

from limits import MAX_VALUE, BadRequest, check_key
from record import Change

MAX_OPERATIONS = 1000


def parse_batch(body: bytes) -> list[Change]:
    """Checks all operations before any of them is used."""
    try:
        batch = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise BadRequest("A batch is JSON") from None
    operations = batch.get("operations") if isinstance(batch, dict) else None
    if not isinstance(operations, list):
        raise BadRequest("A batch has a list of operations")
    if not 1 <= len(operations) <= MAX_OPERATIONS:
        raise BadRequest(f"A batch has 1 to {MAX_OPERATIONS} operations")
    return [_parse_operation(operation) for operation in operations]


def _parse_operation(operation: Any) -> Change:
    if not isinstance(operation, dict):
        raise BadRequest("An operation is an object")
    key = check_key(operation.get("key"))
    if operation.get("op") == "delete":
        return Change(key)
    if operation.get("op") != "put":
        raise BadRequest("An operation is a put or a delete")
    if not isinstance(operation.get("value"), str):
        raise BadRequest("A put has a value in base64")
    try:
        value = base64.b64decode(operation["value"], validate=True)
    except ValueError:
        raise BadRequest("A put has a value in base64") from None
    if len(value) > MAX_VALUE:
        raise BadRequest(f"A value has at most {MAX_VALUE} bytes", 413)
    return Change(key, value)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is Python's, not JSON's")

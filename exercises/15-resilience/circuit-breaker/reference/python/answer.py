from __future__ import annotations

import json
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Answer:
    status: int
    content_type: str | None
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def json_answer(status: int, value: object, headers: dict[str, str] | None = None) -> Answer:
    """One of the gateway's own."""
    return Answer(status, "application/json", json.dumps(value).encode(), headers or {})

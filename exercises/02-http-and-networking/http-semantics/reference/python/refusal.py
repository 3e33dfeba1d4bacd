from __future__ import annotations


class Refusal(Exception):
    """A request that is answered with a 4xx. Whoever raises it has changed nothing yet."""

    def __init__(self, status: int, reason: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.headers = headers or {}

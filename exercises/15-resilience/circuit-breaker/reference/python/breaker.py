from __future__ import annotations

import threading
import time
from typing import Callable, Literal, Optional

State = Literal["closed", "open", "half-open"]

Settle = Callable[[bool], None]
"""To be called once, with whether the admitted call succeeded."""


class Breaker:
    """The state machine alone: it knows neither HTTP nor timers, only a monotonic clock in seconds."""

    def __init__(self, threshold: int, open_seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self._threshold = threshold
        self._open_seconds = open_seconds
        self._now = now
        # Held for a few instructions, never during a call.
        self._lock = threading.Lock()
        self._failures = 0
        self._opened_at: float | None = None  # None while closed
        self._probing = False
        # Grows whenever the breaker opens or closes. A call that was admitted in an earlier era ends too late to say
        # anything about the upstream as it is now.
        self._era = 0

    def status(self) -> tuple[State, int]:
        """The state, and while it is closed the number of failures in a row."""
        with self._lock:
            return self._state(), self._failures

    def wait(self) -> float:
        """Seconds until the next call has a chance, 0 when it has one now."""
        with self._lock:
            if self._opened_at is None:
                return 0
            return max(0, self._opened_at + self._open_seconds - self._now())

    def admit(self) -> Optional[Settle]:
        """None when the upstream must be left alone."""
        with self._lock:
            admitted, era = self._state(), self._era
            if admitted == "open" or self._probing:
                return None
            # Under the same lock as the look at the state, so two requests can't both become the probe.
            self._probing = admitted == "half-open"

        def settle(succeeded: bool) -> None:
            with self._lock:
                if self._era == era:
                    self._end(admitted, succeeded)

        return settle

    def _end(self, admitted: State, succeeded: bool) -> None:
        if admitted == "half-open":
            self._close() if succeeded else self._open()
            return
        self._failures = 0 if succeeded else self._failures + 1
        if self._failures >= self._threshold:
            self._open()

    def _state(self) -> State:
        # Derived from the clock instead of set by a timer: it is right at the very moment when somebody asks.
        if self._opened_at is None:
            return "closed"
        return "open" if self._now() - self._opened_at < self._open_seconds else "half-open"

    def _open(self) -> None:
        self._opened_at = self._now()
        self._probing = False
        self._era += 1

    def _close(self) -> None:
        self._opened_at = None
        self._failures = 0
        self._probing = False
        self._era += 1

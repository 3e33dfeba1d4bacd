from __future__ import annotations

import threading
from dataclasses import replace

from answer import Answer

CAPACITY = 1000


class StaleAnswers:
    """The last good answers by path and query. Memory is bounded: the ones refreshed longest ago go first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[str, Answer] = {}

    def get(self, target: str) -> Answer | None:
        with self._lock:
            return self._answers.get(target)

    def remember(self, target: str, answer: Answer) -> None:
        with self._lock:
            self._answers.pop(target, None)  # a dict keeps the order of insertion: this moves the target to the end
            self._answers[target] = replace(answer, headers={"x-stale": "true"})
            if len(self._answers) > CAPACITY:
                del self._answers[next(iter(self._answers))]

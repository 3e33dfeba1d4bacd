from __future__ import annotations

import math

from answer import Answer, json_answer
from breaker import Breaker
from stale import StaleAnswers
from upstream import Call, Upstream


class Gateway:
    def __init__(self, breaker: Breaker, upstream: Upstream) -> None:
        self._breaker = breaker
        self._upstream = upstream
        self._stale = StaleAnswers()

    def status(self) -> Answer:
        state, failures = self._breaker.status()
        return json_answer(200, {"state": state, "failures": failures})

    def forward(self, call: Call) -> Answer:
        answer = self._guarded(call)
        if call.method != "GET":
            return answer
        if 200 <= answer.status < 300:
            self._stale.remember(call.target, answer)
        if answer.status < 500:
            return answer
        return self._stale.get(call.target) or answer

    def _guarded(self, call: Call) -> Answer:
        settle = self._breaker.admit()
        if settle is None:
            seconds = max(1, math.ceil(self._breaker.wait()))
            return json_answer(503, {"error": "the upstream is given a rest"}, {"Retry-After": str(seconds)})
        succeeded = False
        try:
            answer = self._upstream.ask(call)
            succeeded = answer.status < 500
            return answer
        finally:
            # Even after a mistake of ours: if this were the probe, its place would stay taken for ever.
            settle(succeeded)

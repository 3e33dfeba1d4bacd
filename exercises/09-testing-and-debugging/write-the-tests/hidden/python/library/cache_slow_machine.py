"""A right cache on a slow machine: whoever waits for a timer waits for the machine too.
Tests without timers are not slowed."""

import asyncio
import time

from cache_as_given import Cache as _Cache

_PAUSE = 0.06
_timers = []
_sleep = time.sleep
_pauses_left = 12


def _pause():
    global _pauses_left
    now = time.monotonic()
    _timers[:] = [
        timer for timer in _timers if timer.when() > now and not timer.cancelled()
    ]
    if _timers and _pauses_left > 0:
        _pauses_left -= 1
        _sleep(_PAUSE)


_call_at = asyncio.BaseEventLoop.call_at


def _slow_call_at(loop, when, callback, *args, context=None):
    timer = _call_at(loop, when, callback, *args, context=context)
    _timers.append(timer)
    _pause()
    return timer


# Two timers that are started one after the other begin far apart on such a machine.
asyncio.BaseEventLoop.call_at = _slow_call_at


class Cache(_Cache):
    def get(self, key, default=None):
        value = super().get(key, default)
        _pause()
        return value

    def set(self, key, value, ttl=None):
        try:
            return super().set(key, value, ttl)
        finally:
            _pause()

    def delete(self, key):
        deleted = super().delete(key)
        _pause()
        return deleted

    def load(self, key, loader):
        load = super().load(key, loader)
        _pause()
        return load

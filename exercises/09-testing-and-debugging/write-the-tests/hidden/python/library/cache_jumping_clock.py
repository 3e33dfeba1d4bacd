"""A right cache on a machine whose clock moves on by an hour with every look at it.

Only the tests see the jumps: asyncio keeps the real clock, or timers would be wrong.
"""

import asyncio
import datetime
import itertools
import os
import sys
import time

from cache_as_given import Cache

__all__ = ["Cache"]

_HOUR = 3600
_monotonic = time.monotonic
_hours = itertools.count(1)


def _jump():
    return next(_hours) * _HOUR


def _jumping(clock, per_second):
    return lambda: clock() + _jump() * per_second


class _JumpingDate(datetime.date):
    @classmethod
    def today(cls):
        return cls.fromtimestamp(time.time())


class _JumpingDatetime(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return super().now(tz) + datetime.timedelta(seconds=_jump())

    @classmethod
    def today(cls):
        return cls.now()

    @classmethod
    def utcnow(cls):
        return cls.now(datetime.timezone.utc).replace(tzinfo=None)


def _replacements():
    for name in ("time", "monotonic", "perf_counter"):
        yield time, name, _jumping(getattr(time, name), 1)
        yield time, f"{name}_ns", _jumping(getattr(time, f"{name}_ns"), 10**9)
    yield datetime, "date", _JumpingDate
    yield datetime, "datetime", _JumpingDatetime


def _modules_of_the_suite():
    """The test files that were read before this one: they may have the real clock."""
    folder = os.path.dirname(os.path.abspath(__file__)) + os.sep
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None) or ""
        if module is not sys.modules[__name__] and file.startswith(folder):
            yield module


def _replace_clocks():
    suite = list(_modules_of_the_suite())
    for module, name, jumping in list(_replacements()):
        real = getattr(module, name)
        setattr(module, name, jumping)
        for test_file in suite:
            for own_name, value in list(vars(test_file).items()):
                if value is real:
                    setattr(test_file, own_name, jumping)


asyncio.BaseEventLoop.time = lambda loop: _monotonic()
_replace_clocks()

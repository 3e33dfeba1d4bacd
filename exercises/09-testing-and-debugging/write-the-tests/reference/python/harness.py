"""What all tests need: a cache with a clock in the test's hand, and an event loop."""

from __future__ import annotations

import asyncio
import functools
from dataclasses import dataclass

from cache import Cache

TTL = 1000


class Boom(Exception):
    """An error that nothing but a loader of these tests raises."""


@dataclass
class Clock:
    """A clock that only the test moves."""

    time: float = 1_000_000

    def __call__(self) -> float:
        return self.time


def make_cache(**options) -> tuple[Cache, Clock]:
    clock = Clock()
    return Cache(**{"capacity": 10, "ttl": TTL, "now": clock, **options}), clock


def in_event_loop(test):
    """Makes a test of a coroutine function, without a plugin."""

    @functools.wraps(test)
    def run(*args, **kwargs):
        asyncio.run(test(*args, **kwargs))

    return run


class Held:
    """A loader that is done when the test says so: the only way to be *between* two
    events without sleeping."""

    def __init__(self):
        self.keys: list[str] = []
        self._answer = asyncio.get_running_loop().create_future()

    def __call__(self, key: str) -> asyncio.Future:
        self.keys.append(key)
        return self._answer

    def finish(self, value) -> None:
        self._answer.set_result(value)

    def fail(self, error: Exception) -> None:
        self._answer.set_exception(error)


async def error_of(load: asyncio.Future) -> Exception:
    try:
        value = await load
    except Boom as error:
        return error
    raise AssertionError(f"the load ended with {value!r}")


def present(cache: Cache, *keys: str) -> list[str]:
    nothing = object()
    return [key for key in keys if cache.get(key, nothing) is not nothing]


def unexpected(key: str):
    raise AssertionError(f"the loader of {key!r} was called")

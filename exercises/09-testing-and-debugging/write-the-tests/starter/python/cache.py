"""A small cache: entries expire, and a key that is missing is loaded once."""

from __future__ import annotations

import asyncio
import inspect
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

V = TypeVar("V")
D = TypeVar("D")

__all__ = ["Cache"]


@dataclass(frozen=True)
class _Entry(Generic[V]):
    value: V
    expires: float


class Cache(Generic[V]):
    def __init__(self, *, capacity: int, ttl: float, now: Callable[[], float]) -> None:
        """Makes an empty cache.

        capacity: how many entries it holds at most
        ttl: how long an entry lives, in seconds
        now: the clock: the time in seconds. The cache knows no other.
        """
        if not isinstance(capacity, int) or capacity < 1:
            raise ValueError("capacity must be a whole number from 1")
        _check_ttl(ttl)
        self._capacity = capacity
        self._ttl = ttl
        self._now = now
        # The entry used least recently comes first.
        self._entries: OrderedDict[str, _Entry[V]] = OrderedDict()
        self._loads: dict[str, asyncio.Future[V]] = {}

    def __len__(self) -> int:
        self._remove_expired()
        return len(self._entries)

    def get(self, key: str, default: D | None = None) -> V | D | None:
        entry = self._find(key)
        return default if entry is None else entry.value

    def set(self, key: str, value: V, ttl: float | None = None) -> None:
        if ttl is None:
            ttl = self._ttl
        _check_ttl(ttl)
        self._loads.pop(key, None)
        self._store(key, value, ttl)

    def delete(self, key: str) -> bool:
        self._remove_expired()
        self._loads.pop(key, None)
        return self._entries.pop(key, None) is not None

    def load(
        self, key: str, loader: Callable[[str], V | Awaitable[V]]
    ) -> asyncio.Future[V]:
        entry = self._find(key)
        if entry is not None:
            found = asyncio.get_running_loop().create_future()
            found.set_result(entry.value)
            return found
        load = self._loads.get(key)
        if load is None:
            load = self._start_load(key, loader)
        # Whoever stops waiting must not cancel the load for the others.
        return asyncio.shield(load)

    def _start_load(
        self, key: str, loader: Callable[[str], V | Awaitable[V]]
    ) -> asyncio.Future[V]:
        try:
            answer = loader(key)
        except Exception as error:
            answer = asyncio.get_running_loop().create_future()
            answer.set_exception(error)

        async def finish() -> V:
            # A load that `set` or `delete` has overtaken is no longer in `_loads`
            # and must leave the cache alone.
            try:
                value = await answer if inspect.isawaitable(answer) else answer
                if self._loads.get(key) is load:
                    self._store(key, value, self._ttl)
                return value
            finally:
                if self._loads.get(key) is load:
                    del self._loads[key]

        load = asyncio.ensure_future(finish())
        self._loads[key] = load
        return load

    def _find(self, key: str) -> _Entry[V] | None:
        self._remove_expired()
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
        return entry

    def _store(self, key: str, value: V, ttl: float) -> None:
        self._remove_expired()
        self._entries.pop(key, None)
        while len(self._entries) >= self._capacity:
            self._entries.popitem(last=False)
        self._entries[key] = _Entry(value, self._now() + ttl)

    def _remove_expired(self) -> None:
        time = self._now()
        expired = [key for key, entry in self._entries.items() if entry.expires <= time]
        for key in expired:
            del self._entries[key]


def _check_ttl(ttl: float) -> None:
    # Not `ttl <= 0`, which is false for NaN.
    if not ttl > 0:
        raise ValueError("ttl must be a number greater than 0")

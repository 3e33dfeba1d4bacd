"""A right cache, built differently: a doubly linked list, other messages, `now` asked
often, `set` returns the cache, callbacks, and a future of its own for each load."""

import asyncio
import inspect
import math


class _Node:
    def __init__(self, key, value, end):
        self.key = key
        self.value = value
        self.end = end
        self.older = self
        self.newer = self

    def unlink(self):
        self.older.newer = self.newer
        self.newer.older = self.older

    def link_before(self, other):
        self.newer = other
        self.older = other.older
        self.older.newer = self
        other.older = self


class _Pending:
    def __init__(self):
        self.answer = None
        self.waiters = []


class Cache:
    def __init__(self, *, now, ttl, capacity):
        if not _is_life(ttl):
            raise ValueError(f"not a time to live: {ttl!r}")
        if not capacity >= 1 or capacity == math.inf or capacity % 1 != 0:
            raise ValueError(f"not a capacity: {capacity!r}")
        self.hits = 0
        self._capacity = capacity
        self._ttl = ttl
        self._now = now
        self._head = _Node("", None, math.inf)
        self._nodes = {}
        self._pending = {}

    def __len__(self):
        return sum(1 for node in self._by_age() if self._now() < node.end)

    def _by_age(self):
        node = self._head.newer
        while node is not self._head:
            yield node
            node = node.newer

    def get(self, key, default=None):
        node = self._living(key)
        if node is None:
            return default
        self.hits += 1
        return self._touch(node).value

    def set(self, key, value, ttl=None):
        if ttl is not None and not _is_life(ttl):
            raise ValueError(f"not a time to live: {ttl!r}")
        self._pending.pop(key, None)
        self._put(key, value, self._ttl if ttl is None else ttl)
        return self

    def delete(self, key):
        self._pending.pop(key, None)
        node = self._living(key)
        if node is not None:
            self._drop(node)
        return node is not None

    def load(self, key, loader):
        waiter = asyncio.get_running_loop().create_future()
        node = self._living(key)
        if node is not None:
            waiter.set_result(self._touch(node).value)
            return waiter
        if key not in self._pending:
            self._pending[key] = self._begin(key, loader)
        self._pending[key].waiters.append(waiter)
        return waiter

    def _begin(self, key, loader):
        pending = _Pending()
        pending.answer = _future_of(loader, key)
        pending.answer.add_done_callback(lambda _: self._finish(key, pending))
        return pending

    def _finish(self, key, pending):
        answer = pending.answer
        failed = answer.cancelled() or answer.exception() is not None
        if self._pending.get(key) is pending:
            del self._pending[key]
            if not failed:
                self._put(key, answer.result(), self._ttl)
        for waiter in pending.waiters:
            if waiter.done():
                continue
            if answer.cancelled():
                waiter.cancel()
            elif failed:
                waiter.set_exception(answer.exception())
            else:
                waiter.set_result(answer.result())

    def _put(self, key, value, ttl):
        known = self._nodes.get(key)
        if known is not None:
            self._drop(known)
        if len(self._nodes) >= self._capacity:
            self._make_room()
        node = _Node(key, value, self._now() + ttl)
        self._nodes[key] = node
        node.link_before(self._head)

    def _make_room(self):
        expired = (node for node in self._by_age() if self._now() >= node.end)
        self._drop(next(expired, self._head.newer))

    def _living(self, key):
        node = self._nodes.get(key)
        if node is None or self._now() < node.end:
            return node
        self._drop(node)
        return None

    def _touch(self, node):
        node.unlink()
        node.link_before(self._head)
        return node

    def _drop(self, node):
        node.unlink()
        del self._nodes[node.key]


def _future_of(loader, key):
    done = asyncio.get_running_loop().create_future()
    try:
        answer = loader(key)
    except Exception as error:
        done.set_exception(error)
        return done
    if inspect.isawaitable(answer):
        return asyncio.ensure_future(answer)
    done.set_result(answer)
    return done


def _is_life(ttl):
    return ttl > 0

"""A right cache, built differently: a list, slots, one task for all who wait, and some
more turns of the event loop until it settles."""

import asyncio
import inspect


class _Load:
    def __init__(self, key):
        self.key = key
        self.overtaken = False
        self.task = None


class Cache:
    __slots__ = ("_capacity", "_ttl", "_now", "_rows", "_running")

    def __init__(self, **options):
        self._capacity = options.pop("capacity")
        self._ttl = options.pop("ttl")
        self._now = options.pop("now")
        if options:
            raise TypeError(f"unknown options: {', '.join(options)}")
        if not (isinstance(self._capacity, int) and self._capacity > 0):
            raise ValueError("capacity?")
        if not self._ttl > 0:
            raise ValueError("ttl?")
        self._rows = []  # (key, value, end), most recently used first
        self._running = []

    def __len__(self):
        return len(self._living())

    def get(self, key, default=None):
        row = self._use(key)
        return row[1] if row else default

    def set(self, key, value, ttl=None):
        life = self._ttl if ttl is None else ttl
        if not life > 0:
            raise ValueError("ttl?")
        self._overtake(key)
        self._put(key, value, self._now() + life)
        return value

    def delete(self, key):
        self._overtake(key)
        before = len(self._living())
        self._rows = [row for row in self._rows if row[0] != key]
        return len(self._rows) < before

    def load(self, key, loader):
        row = self._use(key)
        if row:
            return asyncio.ensure_future(_later(row[1]))
        for load in self._running:
            if load.key == key and not load.overtaken:
                return load.task
        return self._begin(key, loader).task

    def _begin(self, key, loader):
        load = _Load(key)
        error = answer = None
        try:
            answer = loader(key)
        except Exception as raised:
            error = raised
        load.task = asyncio.ensure_future(self._run(load, answer, error))
        self._running.append(load)
        return load

    async def _run(self, load, answer, error):
        try:
            if error is not None:
                raise error
            value = await answer if inspect.isawaitable(answer) else answer
            end = self._now() + self._ttl
            await _later(None)
            if not load.overtaken:
                self._put(load.key, value, end)
            return await _later(value)
        finally:
            self._running.remove(load)

    def _living(self):
        time = self._now()
        self._rows = [row for row in self._rows if row[2] > time]
        return self._rows

    def _use(self, key):
        used = [row for row in self._living() if row[0] == key]
        self._rows = used + [row for row in self._rows if row[0] != key]
        return used[0] if used else None

    def _put(self, key, value, end):
        others = [row for row in self._living() if row[0] != key]
        self._rows = [(key, value, end), *others][: self._capacity]

    def _overtake(self, key):
        for load in self._running:
            if load.key == key:
                load.overtaken = True


async def _later(value):
    for _ in range(4):
        await asyncio.sleep(0)
    return value

"""The cache of the starter, and what people break in it.

Without the branches on BROKEN this is the starter's cache.py. A mutant is one
branch, or two where one mistake shows in two places.
"""

import asyncio
import copy
import inspect
import math
import os
from collections import OrderedDict
from types import SimpleNamespace

BROKEN = os.environ.get("CACHE_VARIANT", "as-given")

MUTANTS = {
    "alive-at-the-end": "An entry is still there at t + ttl.",
    "another-error": "Wrong arguments raise a TypeError.",
    "capacity-fraction": "A capacity that is not a whole number is accepted.",
    "capacity-zero": "A capacity of 0 is accepted.",
    "checks-too-late": "set checks the ttl when the old entry is already gone.",
    "copies-values": "Values are stored as copies.",
    "delete-does-nothing": "delete answers as it should and leaves the entry.",
    "delete-finds-expired": "delete answers True for an expired entry.",
    "delete-says-false": "delete removes the entry and answers False.",
    "dies-a-moment-early": "An entry is gone one second before t + ttl.",
    "empty-key": "The empty key counts as no key at all.",
    "every-load-calls": "Loads of a key at the same time all call their loaders.",
    "evicts-everything": "A full cache is emptied.",
    "evicts-on-overwrite": "A full cache evicts also if the key is there already.",
    "expired-takes-room": "A live entry is evicted although another has expired.",
    "failure-is-remembered": "A load that failed answers for all later ones.",
    "failure-is-wrapped": "The error of a loader is wrapped in another one.",
    "falsy-is-nothing": "get takes a falsy value for a missing one.",
    "first-set-wins": "A key that is there is not set again.",
    "forgets-everything": "A cache that stores nothing.",
    "get-is-no-use": "The oldest entry goes, however recently it was read.",
    "holds-one-less": "The cache evicts when the last place is taken.",
    "holds-one-more": "The cache holds one entry too many.",
    "inherited-keys": "get looks into an object, which has attributes of its own.",
    "joined-load-gets-no-error": "Only the first of several loads gets the error.",
    "joins-the-overtaken-load": "A load after a delete joins the one before it.",
    "late-failure-removes": "A load that fails removes the entry of its key.",
    "late-value-overwrites-set": "A load overwrites what was set in the meantime.",
    "late-value-undoes-delete": "A key that was deleted during a load comes back.",
    "life-begins-with-the-load": "A loaded value lives from the begin of its load.",
    "load-ignores-capacity": "A loaded value is stored without making room for it.",
    "load-is-no-use": "An entry that load finds is not used by that.",
    "load-mistrusts-falsy": "load takes a falsy value for a missing one.",
    "load-throws": "A loader that raises makes load itself raise.",
    "loader-gets-no-key": "The loader is called without the key.",
    "old-load-ends-the-new": "An overtaken load takes the new one off the list.",
    "one-load-for-all-keys": "Loads wait for one another, whatever their keys.",
    "overtaken-load-rejects": "Who waits for an overtaken load gets an error.",
    "own-ttl-for-all": "The ttl of an entry becomes that of the cache.",
    "own-ttl-only-prolongs": "The ttl of an entry can not be shorter.",
    "own-ttl-only-shortens": "The ttl of an entry can not be longer.",
    "own-ttl-stays-with-the-key": "A key keeps the ttl that it was once given.",
    "promise-is-an-entry": "The future is stored while the value is being loaded.",
    "reading-prolongs": "get gives an entry a new life.",
    "set-is-no-use": "An entry that is set again keeps its place in the order.",
    "setting-keeps-the-old-life": "A key that is set again keeps its old end.",
    "shared-clock": "All caches take the time from the clock of the newest.",
    "shared-loads": "All caches of a process have the same loads.",
    "shared-options": "All caches have the capacity and the ttl of the newest.",
    "size-counts-sets": "len counts how often was set, not how many keys.",
    "tidies-up-to-the-first": "Tidying up ends at the first live entry.",
    "ttl-infinity-is-refused": "Infinity is refused as a ttl.",
    "ttl-nan": "NaN is accepted as a ttl.",
    "ttl-zero": "A ttl of 0 is accepted.",
}

RIGHT = ("as-given", "jumping-clock", "slow-machine")

if BROKEN not in MUTANTS and BROKEN not in RIGHT:
    raise RuntimeError(f"unknown CACHE_VARIANT {BROKEN!r}")


class _Entry:
    __slots__ = ("value", "life", "expires")

    def __init__(self, value, life, expires):
        self.value = value
        self.life = life
        self.expires = expires


_shared_loads = {}
_newest = SimpleNamespace()


class Cache:
    def __init__(self, *, capacity, ttl, now):
        _check_capacity(capacity)
        _check_ttl(ttl)
        options = SimpleNamespace() if BROKEN != "shared-options" else _newest
        options.capacity = capacity
        options.ttl = ttl
        self._options = options
        self._clock = SimpleNamespace() if BROKEN != "shared-clock" else _newest
        self._clock.now = now
        # The entry used least recently comes first.
        self._entries = OrderedDict()
        self._loads = {} if BROKEN != "shared-loads" else _shared_loads
        self._overwritten = 0  # size-counts-sets
        self._lives = {}  # own-ttl-stays-with-the-key
        self._overtaken = set()  # joins-the-overtaken-load
        self._last_load = None  # one-load-for-all-keys
        self._namespace = object()  # inherited-keys

    def __len__(self):
        self._remove_expired()
        return len(self._entries) + self._overwritten

    def get(self, key, default=None):
        if BROKEN == "get-is-no-use":
            self._remove_expired()
            entry = self._entries.get(key)
        else:
            entry = self._find(key)
        if entry is None:
            if BROKEN == "inherited-keys":
                return getattr(self._namespace, key, default)
            return default
        if BROKEN == "reading-prolongs":
            entry.expires = self._now() + entry.life
        if BROKEN == "falsy-is-nothing":
            return entry.value or default
        return entry.value

    def set(self, key, value, ttl=None):
        if ttl is None:
            ttl = self._options.ttl
            if BROKEN == "own-ttl-stays-with-the-key":
                ttl = self._lives.get(key, ttl)
        if BROKEN == "checks-too-late":
            self._loads.pop(key, None)
            self._entries.pop(key, None)
        _check_ttl(ttl)
        self._lives[key] = ttl
        if BROKEN == "own-ttl-for-all":
            self._options.ttl = ttl
        elif BROKEN == "own-ttl-only-prolongs":
            ttl = max(ttl, self._options.ttl)
        elif BROKEN == "own-ttl-only-shortens":
            ttl = min(ttl, self._options.ttl)
        if BROKEN != "late-value-overwrites-set":
            self._loads.pop(key, None)
        if BROKEN == "first-set-wins" and self._find(key) is not None:
            return
        self._store(key, value, ttl)

    def delete(self, key):
        if BROKEN == "tidies-up-to-the-first":
            self._find(key)
        elif BROKEN != "delete-finds-expired":
            self._remove_expired()
        if BROKEN == "joins-the-overtaken-load":
            self._overtaken.add(self._loads.get(key))
        elif BROKEN != "late-value-undoes-delete":
            self._loads.pop(key, None)
        if BROKEN == "delete-does-nothing":
            return key in self._entries
        deleted = self._entries.pop(key, None) is not None
        return deleted and BROKEN != "delete-says-false"

    def load(self, key, loader):
        if BROKEN == "load-is-no-use":
            self._remove_expired()
            entry = self._entries.get(key)
        else:
            entry = self._find(key)
        if BROKEN == "load-mistrusts-falsy" and entry is not None and not entry.value:
            entry = None
        if BROKEN == "promise-is-an-entry" and key in self._loads:
            entry = None
        if entry is not None:
            found = asyncio.get_running_loop().create_future()
            found.set_result(entry.value)
            return found
        load = self._loads.get(key)
        if load is None or BROKEN == "every-load-calls":
            load = self._start_load(key, loader)
        elif BROKEN == "joined-load-gets-no-error":
            load = asyncio.ensure_future(_none_instead_of_an_error(load))
        return asyncio.shield(load)

    def _start_load(self, key, loader):
        begin = self._now()
        waits_for = None
        if BROKEN == "one-load-for-all-keys" and self._loads:
            waits_for = self._last_load
        answer = None
        if waits_for is None:
            try:
                answer = loader(key if BROKEN != "loader-gets-no-key" else None)
            except Exception as error:
                if BROKEN == "load-throws":
                    raise
                answer = asyncio.get_running_loop().create_future()
                answer.set_exception(error)

        def is_current():
            return self._loads.get(key) is load

        def end():
            if is_current():
                del self._loads[key]

        async def finish():
            # A load that `set` or `delete` has overtaken is no longer in `_loads`
            # and must leave the cache alone.
            nonlocal answer
            try:
                if waits_for is not None:
                    await asyncio.wait([waits_for])
                    answer = loader(key)
                value = await answer if inspect.isawaitable(answer) else answer
            except Exception as error:
                if BROKEN == "promise-is-an-entry":
                    self._entries.pop(key, None)
                if BROKEN == "late-failure-removes" and not is_current():
                    self._entries.pop(key, None)
                if BROKEN != "failure-is-remembered":
                    end()
                if BROKEN == "failure-is-wrapped":
                    raise RuntimeError(str(error)) from error
                raise
            except BaseException:
                end()
                raise
            if is_current():
                end()
                self._store_loaded(key, value, begin, load)
            elif BROKEN == "overtaken-load-rejects":
                raise RuntimeError("the load was cancelled")
            elif BROKEN == "old-load-ends-the-new":
                self._loads.pop(key, None)
            return value

        load = asyncio.ensure_future(finish())
        self._loads[key] = load
        self._last_load = load
        if BROKEN == "promise-is-an-entry":
            self._store(key, load, self._options.ttl)
        return load

    def _store_loaded(self, key, value, begin, load):
        ttl = self._options.ttl
        if BROKEN == "joins-the-overtaken-load" and load in self._overtaken:
            return
        if BROKEN == "life-begins-with-the-load":
            ttl -= self._now() - begin
        if BROKEN == "load-ignores-capacity":
            self._entries[key] = _Entry(value, ttl, self._now() + ttl)
            return
        self._store(key, value, ttl)

    def _find(self, key):
        self._remove_expired()
        entry = self._entries.get(key)
        if entry is None:
            return None
        if BROKEN == "tidies-up-to-the-first" and entry.expires <= self._now():
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return entry

    def _store(self, key, value, ttl):
        if BROKEN == "forgets-everything" or (BROKEN == "empty-key" and not key):
            return
        capacity = self._options.capacity
        if BROKEN == "holds-one-more":
            capacity += 1
        elif BROKEN == "holds-one-less":
            capacity = max(capacity - 1, 1)
        if BROKEN != "expired-takes-room":
            self._remove_expired()
        old = self._entries.get(key)
        if BROKEN == "copies-values":
            value = copy.deepcopy(value)
        entry = _Entry(value, ttl, self._now() + ttl)
        if old is not None:
            if BROKEN == "size-counts-sets":
                self._overwritten += 1
            if BROKEN == "setting-keeps-the-old-life":
                entry.expires = old.expires
            if BROKEN == "set-is-no-use":
                self._entries[key] = entry
                return
            if BROKEN != "evicts-on-overwrite":
                del self._entries[key]
        while self._entries and len(self._entries) >= capacity:
            if BROKEN == "evicts-everything":
                self._entries.clear()
            else:
                self._entries.popitem(last=False)
        self._entries[key] = entry
        self._entries.move_to_end(key)

    def _remove_expired(self):
        time = self._now()
        if BROKEN == "dies-a-moment-early":
            time += 1
        for key, entry in list(self._entries.items()):
            alive = entry.expires > time
            if BROKEN == "alive-at-the-end":
                alive = entry.expires >= time
            if alive and BROKEN == "tidies-up-to-the-first":
                break
            if not alive:
                del self._entries[key]

    def _now(self):
        return self._clock.now()


async def _none_instead_of_an_error(load):
    try:
        return await asyncio.shield(load)
    except Exception:
        return None


def _check_capacity(capacity):
    if BROKEN == "capacity-fraction":
        right = capacity >= 1
    else:
        least = 0 if BROKEN == "capacity-zero" else 1
        right = isinstance(capacity, int) and capacity >= least
    if not right:
        raise _error("capacity must be a whole number from 1")


def _check_ttl(ttl):
    if BROKEN == "ttl-zero":
        right = ttl >= 0
    elif BROKEN == "ttl-nan":
        right = not ttl <= 0
    elif BROKEN == "ttl-infinity-is-refused":
        right = ttl > 0 and math.isfinite(ttl)
    else:
        right = ttl > 0
    if not right:
        raise _error("ttl must be a number greater than 0")


def _error(message):
    return TypeError(message) if BROKEN == "another-error" else ValueError(message)

import pytest

from harness import in_event_loop, make_cache, present, unexpected


def test_the_oldest_entry_goes_and_only_that_one_and_only_if_it_must():
    cache, _ = make_cache(capacity=3)
    for key in ["a", "b", "c"]:
        cache.set(key, key)
    assert len(cache) == 3

    cache.set("d", "d")

    assert present(cache, "a", "b", "c", "d") == ["b", "c", "d"]


def test_one_entry_is_a_capacity():
    cache, _ = make_cache(capacity=1)
    cache.set("a", 1)
    assert cache.get("a") == 1

    cache.set("b", 2)

    assert present(cache, "a", "b") == ["b"]


async def by_get(cache):
    cache.get("a")


async def by_set(cache):
    cache.set("a", "again")


async def by_load(cache):
    await cache.load("a", unexpected)


@pytest.mark.parametrize("use", [by_get, by_set, by_load])
@in_event_loop
async def test_an_entry_that_was_used_stays_longer_than_one_that_was_not(use):
    cache, _ = make_cache(capacity=2)
    cache.set("a", 1)
    cache.set("b", 2)

    await use(cache)
    cache.set("c", 3)

    assert present(cache, "a", "b", "c") == ["a", "c"]


def test_setting_a_key_that_is_there_evicts_nothing():
    cache, _ = make_cache(capacity=2)
    cache.set("a", 1)
    cache.set("b", 2)

    cache.set("b", 3)

    assert present(cache, "a", "b") == ["a", "b"]


def test_an_expired_entry_makes_room_for_a_new_one():
    cache, clock = make_cache(capacity=2)
    cache.set("live", 1)
    cache.set("expired", 2, 1)
    clock.time += 1

    cache.set("new", 3)

    assert present(cache, "live", "new") == ["live", "new"]

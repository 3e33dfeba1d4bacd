import pytest

from harness import (
    TTL,
    Boom,
    Held,
    error_of,
    in_event_loop,
    make_cache,
    present,
    unexpected,
)


@in_event_loop
async def test_what_is_there_is_not_loaded():
    cache, _ = make_cache()
    cache.set("a", 1)

    assert await cache.load("a", unexpected) == 1


@in_event_loop
async def test_what_is_not_there_is_loaded_by_its_key_at_once_and_stored():
    cache, _ = make_cache()
    keys = []

    def loader(key):
        keys.append(key)
        return 1

    load = cache.load("a", loader)

    assert keys == ["a"]
    assert await load == 1
    assert await cache.load("a", unexpected) == 1


@in_event_loop
async def test_a_loaded_value_evicts_like_one_that_was_set():
    cache, _ = make_cache(capacity=2)
    cache.set("a", 1)
    cache.set("b", 2)

    async def loader(key):
        return 3

    assert await cache.load("c", loader) == 3

    assert len(cache) == 2
    assert present(cache, "a", "b", "c") == ["b", "c"]


@in_event_loop
async def test_the_life_of_a_loaded_value_begins_when_the_loader_is_done():
    cache, clock = make_cache()
    loader = Held()
    load = cache.load("a", loader)
    clock.time += TTL / 2

    loader.finish(1)
    await load

    clock.time += TTL - 1
    assert cache.get("a") == 1
    clock.time += 1
    assert cache.get("a") is None


def raises_at_once(key):
    raise Boom


async def raises_later(key):
    raise Boom


@pytest.mark.parametrize("loader", [raises_at_once, raises_later])
@in_event_loop
async def test_after_a_loader_that_raises_the_next_load_tries_again(loader):
    cache, _ = make_cache()

    # Not within the `await`: load itself must not raise.
    load = cache.load("a", loader)

    await error_of(load)
    assert len(cache) == 0
    assert await cache.load("a", lambda key: 1) == 1


@in_event_loop
async def test_the_error_of_a_load_is_that_of_its_loader():
    cache, _ = make_cache()
    boom, loader = Boom(), Held()

    load = cache.load("a", loader)
    loader.fail(boom)

    assert await error_of(load) is boom

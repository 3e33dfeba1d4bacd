from harness import TTL, Held, in_event_loop, make_cache, present


def test_caches_share_no_entries():
    one, _ = make_cache()
    other, _ = make_cache()

    one.set("a", 1)

    assert other.get("a") is None
    assert len(other) == 0


@in_event_loop
async def test_caches_share_no_loads():
    one, _ = make_cache()
    other, _ = make_cache()
    loader = Held()

    load = one.load("a", loader)
    other_load = other.load("a", lambda key: 2)
    loader.finish(1)

    assert [await load, await other_load] == [1, 2]


def test_each_cache_has_its_own_clock():
    one, clock = make_cache()
    other, _ = make_cache()
    one.set("a", 1)
    other.set("a", 1)

    clock.time += TTL

    assert one.get("a") is None
    assert other.get("a") == 1


def test_a_further_cache_does_not_change_the_options_of_the_first():
    cache, clock = make_cache(capacity=2)
    make_cache(capacity=1, ttl=1)

    cache.set("a", 1)
    cache.set("b", 2)
    clock.time += TTL - 1

    assert present(cache, "a", "b") == ["a", "b"]

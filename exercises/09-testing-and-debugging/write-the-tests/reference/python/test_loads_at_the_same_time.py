from harness import Boom, Held, error_of, in_event_loop, make_cache, unexpected


@in_event_loop
async def test_loads_of_one_key_share_one_call_of_the_loader_and_its_value():
    cache, _ = make_cache()
    loader = Held()

    loads = [cache.load("a", loader), cache.load("a", unexpected)]
    loader.finish(1)

    assert [await load for load in loads] == [1, 1]


@in_event_loop
async def test_loads_of_one_key_share_its_error():
    cache, _ = make_cache()
    boom, loader = Boom(), Held()

    loads = [cache.load("a", loader), cache.load("a", unexpected)]
    loader.fail(boom)

    assert [await error_of(load) for load in loads] == [boom, boom]


@in_event_loop
async def test_a_load_does_not_wait_for_that_of_another_key():
    cache, _ = make_cache()
    slow, fast = Held(), Held()

    slow_load = cache.load("slow", slow)
    fast_load = cache.load("fast", fast)

    # Asked first: awaiting a load that waits for another would hang, not fail.
    assert fast.keys == ["fast"]
    fast.finish(1)
    assert await fast_load == 1
    slow.finish(2)
    assert await slow_load == 2


@in_event_loop
async def test_a_key_is_not_there_before_its_loader_is_done():
    cache, _ = make_cache()
    loader = Held()

    load = cache.load("a", loader)

    assert cache.get("a") is None
    assert len(cache) == 0
    loader.finish(1)
    await load
    assert cache.get("a") == 1


@in_event_loop
async def test_a_value_that_is_set_during_a_load_stays():
    cache, _ = make_cache()
    loader = Held()
    load = cache.load("a", loader)

    cache.set("a", "new")
    loader.finish("old")

    assert await load == "old"
    assert cache.get("a") == "new"


@in_event_loop
async def test_a_value_that_is_set_during_a_load_stays_also_when_the_load_fails():
    cache, _ = make_cache()
    boom, loader = Boom(), Held()
    load = cache.load("a", loader)

    cache.set("a", "new")
    loader.fail(boom)

    assert await error_of(load) is boom
    assert cache.get("a") == "new"


@in_event_loop
async def test_a_key_that_is_deleted_during_a_load_stays_deleted():
    cache, _ = make_cache()
    loader = Held()
    load = cache.load("a", loader)

    assert cache.delete("a") is False
    loader.finish("old")

    assert await load == "old"
    assert cache.get("a") is None


@in_event_loop
async def test_an_overtaken_load_that_ends_first_does_not_end_the_new_one():
    cache, _ = make_cache()
    old, new = Held(), Held()
    old_load = cache.load("a", old)
    cache.delete("a")

    new_load = cache.load("a", new)
    assert new.keys == ["a"]
    old.finish("old")

    assert await old_load == "old"
    assert cache.get("a") is None
    joined = cache.load("a", unexpected)
    new.finish("new")
    assert [await new_load, await joined] == ["new", "new"]
    assert cache.get("a") == "new"


@in_event_loop
async def test_an_overtaken_load_that_ends_last_does_not_overwrite_the_new_one():
    cache, _ = make_cache()
    old, new = Held(), Held()
    old_load = cache.load("a", old)
    cache.delete("a")

    new_load = cache.load("a", new)
    assert new.keys == ["a"]
    new.finish("new")
    await new_load
    old.finish("old")
    await old_load

    assert cache.get("a") == "new"

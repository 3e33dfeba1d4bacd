import math

import pytest

from harness import Held, in_event_loop, make_cache


@pytest.mark.parametrize("capacity", [0, -1, 1.5, math.nan, math.inf])
def test_wrong_capacity(capacity):
    with pytest.raises(ValueError):
        make_cache(capacity=capacity)


@pytest.mark.parametrize("ttl", [0, -1, math.nan, -math.inf])
@in_event_loop
async def test_wrong_ttl(ttl):
    cache, _ = make_cache()
    loader = Held()
    cache.set("a", 1)
    load = cache.load("b", loader)

    with pytest.raises(ValueError):
        make_cache(ttl=ttl)
    with pytest.raises(ValueError):
        cache.set("a", 2, ttl)
    with pytest.raises(ValueError):
        cache.set("b", 2, ttl)

    loader.finish(3)
    await load
    assert cache.get("a") == 1
    assert cache.get("b") == 3

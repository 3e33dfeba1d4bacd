import pytest

from cache import Cache


def test_a_new_cache_is_empty():
    cache = Cache(capacity=10, ttl=60, now=lambda: 0)

    assert len(cache) == 0


@pytest.mark.skip(reason="to do")
def test_a_stored_value_is_read_back():
    pass

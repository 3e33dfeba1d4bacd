import pytest

from harness import in_event_loop, make_cache, present, unexpected


def test_the_last_value_that_was_set_is_read_back():
    cache, _ = make_cache()
    assert cache.get("a") is None

    cache.set("a", 1)
    cache.set("a", 2)

    assert cache.get("a") == 2


def test_get_returns_its_default_only_if_nothing_is_there():
    cache, _ = make_cache()
    cache.set("a", None)

    assert cache.get("a", "default") is None
    assert cache.get("b", "default") == "default"


@pytest.mark.parametrize("key", ["", "__class__", "None"])
@in_event_loop
async def test_every_string_is_a_key(key):
    cache, _ = make_cache()
    assert cache.get(key) is None

    cache.set(key, 1)

    assert cache.get(key) == 1
    assert len(cache) == 1
    assert cache.delete(key) is True
    assert await cache.load(key, lambda key: 2) == 2


@pytest.mark.parametrize("value", [None, 0, "", False, [], {}], ids=repr)
@in_event_loop
async def test_a_value_that_counts_as_false_is_a_value(value):
    cache, _ = make_cache()

    cache.set("a", value)

    assert cache.get("a", "nothing") is value
    assert len(cache) == 1
    assert await cache.load("a", unexpected) is value


@in_event_loop
async def test_an_object_comes_back_as_the_very_same_object():
    cache, _ = make_cache()
    stored, loaded = {"prices": [1]}, {"prices": [2]}

    cache.set("a", stored)
    await cache.load("b", lambda key: loaded)

    assert cache.get("a") is stored
    assert cache.get("b") is loaded


def test_delete_removes_one_entry_and_says_whether_there_was_one():
    cache, _ = make_cache()
    cache.set("a", 1)
    cache.set("ab", 2)

    assert cache.delete("a") is True
    assert cache.delete("a") is False

    assert present(cache, "a", "ab") == ["ab"]


def test_len_counts_keys_not_calls():
    cache, _ = make_cache()
    assert len(cache) == 0

    cache.set("a", 1)
    cache.set("a", 2)
    cache.set("b", 3)
    cache.delete("unknown")

    assert len(cache) == 2

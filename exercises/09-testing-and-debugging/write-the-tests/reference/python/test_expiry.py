import math

from harness import TTL, in_event_loop, make_cache, present, unexpected


def test_an_entry_lives_until_just_before_its_end():
    cache, clock = make_cache()
    cache.set("a", 1)

    clock.time += TTL - 1
    assert cache.get("a") == 1

    clock.time += 1
    assert cache.get("a") is None


@in_event_loop
async def test_reading_does_not_prolong_a_life():
    cache, clock = make_cache()
    cache.set("a", 1)

    clock.time += TTL - 1
    cache.get("a")
    await cache.load("a", unexpected)

    clock.time += 1
    assert cache.get("a") is None


def test_setting_again_gives_a_new_life():
    cache, clock = make_cache()
    cache.set("a", 1)
    clock.time += TTL - 1

    cache.set("a", 2)

    clock.time += TTL - 1
    assert cache.get("a") == 2
    clock.time += 1
    assert cache.get("a") is None


def test_one_entry_can_have_a_ttl_of_its_own():
    cache, clock = make_cache()
    keys = ["before", "short", "long", "after"]
    cache.set("before", 1)
    cache.set("short", 2, TTL / 2)
    cache.set("long", 3, ttl=TTL * 2)
    cache.set("after", 4)

    clock.time += TTL / 2
    assert present(cache, *keys) == ["before", "long", "after"]

    clock.time += TTL / 2
    assert present(cache, *keys) == ["long"]

    clock.time += TTL
    assert len(cache) == 0


def test_a_key_that_is_set_again_without_a_ttl_has_that_of_the_cache():
    cache, clock = make_cache()
    cache.set("was short", 1, TTL / 2)
    cache.set("was long", 2, TTL * 2)

    cache.set("was short", 3)
    cache.set("was long", 4)

    clock.time += TTL - 1
    assert len(cache) == 2
    clock.time += 1
    assert len(cache) == 0


def test_with_an_infinite_ttl_an_entry_stays():
    forever, forever_clock = make_cache(ttl=math.inf)
    cache, clock = make_cache()
    forever.set("a", 1)
    cache.set("a", 1, math.inf)

    forever_clock.time = clock.time = 1e15

    assert forever.get("a") == 1
    assert cache.get("a") == 1


class TestAnExpiredEntryCountsForNothing:
    """One question for each cache: an answer may tidy up for the next."""

    def setup_method(self):
        self.cache, clock = make_cache()
        self.cache.set("older, but alive", 1)
        self.cache.set("short", 2, 1)
        clock.time += 1

    def test_get_finds_nothing(self):
        assert self.cache.get("short") is None

    def test_delete_answers_false(self):
        assert self.cache.delete("short") is False

    def test_len_leaves_it_out(self):
        assert len(self.cache) == 1

    @in_event_loop
    async def test_load_loads_it(self):
        assert await self.cache.load("short", lambda key: "new") == "new"

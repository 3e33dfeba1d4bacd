package cache_test

import (
	"testing"

	cache "write-the-tests"
)

func TestCachesShareNoEntries(t *testing.T) {
	one, _ := setup(t)
	other, _ := setup(t)

	one.Set("a", 1)

	wantGone(t, other, "a")
	wantLen(t, other, 0)
}

func TestCachesShareNoLoads(t *testing.T) {
	one, _ := setup(t)
	other, _ := setup(t)
	loader := newHeld()

	load := one.Load("a", loader.load)
	otherLoad := other.Load("a", returns(2))
	loader.finish(1)

	wantLoaded(t, load, 1)
	wantLoaded(t, otherLoad, 2)
}

func TestEachCacheHasItsOwnClock(t *testing.T) {
	one, clock := setup(t)
	other, _ := setup(t)
	one.Set("a", 1)
	other.Set("a", 1)

	clock.advance(ttl)

	wantGone(t, one, "a")
	wantThere(t, other, "a", 1)
}

func TestAFurtherCacheDoesNotChangeTheOptionsOfTheFirst(t *testing.T) {
	c, clock := setupFor(t, 2)
	if _, err := cache.New[any](cache.Options{Capacity: 1, TTL: 1, Now: newClock().Now}); err != nil {
		t.Fatal(err)
	}

	c.Set("a", 1)
	c.Set("b", 2)
	clock.advance(ttl - 1)

	wantThere(t, c, "a", 1)
	wantThere(t, c, "b", 2)
}

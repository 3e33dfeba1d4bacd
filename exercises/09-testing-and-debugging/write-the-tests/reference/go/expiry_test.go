package cache_test

import (
	"testing"
	"time"

	cache "write-the-tests"
)

func setTTL(t *testing.T, c *cache.Cache[any], key string, value any, ttl time.Duration) {
	t.Helper()
	if err := c.SetTTL(key, value, ttl); err != nil {
		t.Fatal(err)
	}
}

func TestAnEntryLivesUntilJustBeforeItsEnd(t *testing.T) {
	c, clock := setup(t)
	c.Set("a", 1)

	clock.advance(ttl - 1)
	wantThere(t, c, "a", 1)

	clock.advance(1)
	wantGone(t, c, "a")
}

func TestReadingDoesNotProlongALife(t *testing.T) {
	c, clock := setup(t)
	c.Set("a", 1)

	clock.advance(ttl - 1)
	c.Get("a")
	wantLoaded(t, c.Load("a", unexpected), 1)

	clock.advance(1)
	wantGone(t, c, "a")
}

func TestSettingAgainGivesANewLife(t *testing.T) {
	c, clock := setup(t)
	c.Set("a", 1)
	clock.advance(ttl - 1)

	c.Set("a", 2)

	clock.advance(ttl - 1)
	wantThere(t, c, "a", 2)
	clock.advance(1)
	wantGone(t, c, "a")
}

func TestOneEntryCanHaveATTLOfItsOwn(t *testing.T) {
	c, clock := setup(t)
	c.Set("before", 1)
	setTTL(t, c, "short", 2, ttl/2)
	setTTL(t, c, "long", 3, ttl*2)
	c.Set("after", 4)

	clock.advance(ttl / 2)
	wantGone(t, c, "short")
	wantThere(t, c, "before", 1)
	wantThere(t, c, "long", 3)
	wantThere(t, c, "after", 4)

	clock.advance(ttl / 2)
	wantGone(t, c, "before", "after")
	wantThere(t, c, "long", 3)

	clock.advance(ttl)
	wantLen(t, c, 0)
}

func TestAKeyThatIsSetAgainHasTheTTLOfTheCache(t *testing.T) {
	c, clock := setup(t)
	setTTL(t, c, "was short", 1, ttl/2)
	setTTL(t, c, "was long", 2, ttl*2)

	c.Set("was short", 3)
	c.Set("was long", 4)

	clock.advance(ttl - 1)
	wantLen(t, c, 2)
	clock.advance(1)
	wantLen(t, c, 0)
}

func TestForeverIsATTL(t *testing.T) {
	clock := newClock()
	forever, err := cache.New[any](cache.Options{Capacity: 10, TTL: cache.Forever, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	forever.Set("of the cache", 1)
	setTTL(t, forever, "own", 2, cache.Forever)
	setTTL(t, forever, "short", 3, ttl)

	// Longer than a time.Duration can be.
	clock.now = clock.now.AddDate(1000, 0, 0)

	wantThere(t, forever, "of the cache", 1)
	wantThere(t, forever, "own", 2)
	wantGone(t, forever, "short")
}

func TestAnExpiredEntryCountsForNothing(t *testing.T) {
	// One question for each cache: an answer may tidy up for the next.
	questions := map[string]func(*testing.T, *cache.Cache[any]){
		"Get": func(t *testing.T, c *cache.Cache[any]) { wantGone(t, c, "short") },
		"Delete": func(t *testing.T, c *cache.Cache[any]) {
			if c.Delete("short") {
				t.Error("Delete found it")
			}
		},
		"Len":  func(t *testing.T, c *cache.Cache[any]) { wantLen(t, c, 1) },
		"Load": func(t *testing.T, c *cache.Cache[any]) { wantLoaded(t, c.Load("short", returns("new")), "new") },
	}
	for name, ask := range questions {
		t.Run(name, func(t *testing.T) {
			c, clock := setup(t)
			c.Set("older, but alive", 1)
			setTTL(t, c, "short", 2, 1)

			clock.advance(1)

			ask(t, c)
		})
	}
}

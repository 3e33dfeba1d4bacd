package cache_test

import (
	"testing"

	cache "write-the-tests"
)

func TestTheOldestEntryGoesAndOnlyThatOneAndOnlyIfItMust(t *testing.T) {
	c, _ := setupFor(t, 3)
	c.Set("a", 1)
	c.Set("b", 2)
	c.Set("c", 3)
	wantLen(t, c, 3)

	c.Set("d", 4)

	wantGone(t, c, "a")
	wantThere(t, c, "b", 2)
	wantThere(t, c, "c", 3)
	wantThere(t, c, "d", 4)
}

func TestOneEntryIsACapacity(t *testing.T) {
	c, _ := setupFor(t, 1)
	c.Set("a", 1)
	wantThere(t, c, "a", 1)

	c.Set("b", 2)

	wantGone(t, c, "a")
	wantThere(t, c, "b", 2)
}

func TestAnEntryThatWasUsedStaysLongerThanOneThatWasNot(t *testing.T) {
	uses := map[string]func(*testing.T, *cache.Cache[any]){
		"Get":    func(t *testing.T, c *cache.Cache[any]) { c.Get("a") },
		"Set":    func(t *testing.T, c *cache.Cache[any]) { c.Set("a", 1) },
		"SetTTL": func(t *testing.T, c *cache.Cache[any]) { setTTL(t, c, "a", 1, ttl) },
		"Load":   func(t *testing.T, c *cache.Cache[any]) { wantLoaded(t, c.Load("a", unexpected), 1) },
	}
	for name, use := range uses {
		t.Run(name, func(t *testing.T) {
			c, _ := setupFor(t, 2)
			c.Set("a", 1)
			c.Set("b", 2)

			use(t, c)
			c.Set("c", 3)

			wantThere(t, c, "a", 1)
			wantGone(t, c, "b")
			wantThere(t, c, "c", 3)
		})
	}
}

func TestSettingAKeyThatIsThereEvictsNothing(t *testing.T) {
	c, _ := setupFor(t, 2)
	c.Set("a", 1)
	c.Set("b", 2)

	c.Set("b", 3)

	wantThere(t, c, "a", 1)
	wantThere(t, c, "b", 3)
}

func TestAnExpiredEntryMakesRoomForANewOne(t *testing.T) {
	c, clock := setupFor(t, 2)
	c.Set("live", 1)
	setTTL(t, c, "expired", 2, 1)
	clock.advance(1)

	c.Set("new", 3)

	wantThere(t, c, "live", 1)
	wantThere(t, c, "new", 3)
}

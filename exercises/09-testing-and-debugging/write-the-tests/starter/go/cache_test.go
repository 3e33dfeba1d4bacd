package cache_test

import (
	"testing"
	"time"

	cache "write-the-tests"
)

func TestANewCacheIsEmpty(t *testing.T) {
	epoch := func() time.Time { return time.Unix(0, 0) }
	c, err := cache.New[string](cache.Options{Capacity: 10, TTL: time.Minute, Now: epoch})
	if err != nil {
		t.Fatal(err)
	}

	if n := c.Len(); n != 0 {
		t.Errorf("Len() is %d", n)
	}
}

func TestAStoredValueIsReadBack(t *testing.T) {
	t.Skip("to do")
}

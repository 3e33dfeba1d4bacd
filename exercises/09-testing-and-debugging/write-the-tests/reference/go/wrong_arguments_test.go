package cache_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	cache "write-the-tests"
)

func TestWrongCapacity(t *testing.T) {
	for _, capacity := range []int{0, -1} {
		t.Run(fmt.Sprint(capacity), func(t *testing.T) {
			_, err := cache.New[any](cache.Options{Capacity: capacity, TTL: ttl, Now: newClock().Now})

			wantInvalid(t, err)
		})
	}
}

func TestWrongTTL(t *testing.T) {
	for _, wrong := range []time.Duration{0, -1, -cache.Forever} {
		t.Run(wrong.String(), func(t *testing.T) {
			c, _ := setup(t)
			loader := newHeld()
			c.Set("a", 1)
			load := c.Load("b", loader.load)

			_, err := cache.New[any](cache.Options{Capacity: 10, TTL: wrong, Now: newClock().Now})
			wantInvalid(t, err)
			wantInvalid(t, c.SetTTL("a", 2, wrong))
			wantInvalid(t, c.SetTTL("b", 2, wrong))

			loader.finish(3)
			wantLoaded(t, load, 3)
			wantThere(t, c, "a", 1)
			wantThere(t, c, "b", 3)
		})
	}
}

func wantInvalid(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, cache.ErrInvalidArgument) {
		t.Errorf("the error is %v; want ErrInvalidArgument", err)
	}
}

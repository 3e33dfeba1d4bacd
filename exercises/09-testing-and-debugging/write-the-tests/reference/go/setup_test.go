package cache_test

import (
	"errors"
	"testing"
	"time"

	cache "write-the-tests"
)

const ttl = time.Second

var errBoom = errors.New("boom")

// clock is moved by nobody but the test.
type clock struct{ now time.Time }

func newClock() *clock {
	return &clock{time.Date(2024, time.February, 29, 12, 0, 0, 0, time.UTC)}
}

func (c *clock) Now() time.Time              { return c.now }
func (c *clock) advance(along time.Duration) { c.now = c.now.Add(along) }

// setup makes a cache of ten entries for values of any type.
func setup(t *testing.T) (*cache.Cache[any], *clock) {
	t.Helper()
	return setupFor(t, 10)
}

func setupFor(t *testing.T, capacity int) (*cache.Cache[any], *clock) {
	t.Helper()
	clock := newClock()
	c, err := cache.New[any](cache.Options{Capacity: capacity, TTL: ttl, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	return c, clock
}

// held is a loader that is done when the test says so: the only way to be between two events without sleeping.
type held struct{ answer chan cache.Result[any] }

func newHeld() held { return held{make(chan cache.Result[any], 1)} }

func (h held) load(string) (any, error) {
	answer := <-h.answer
	return answer.Value, answer.Err
}

func (h held) finish(value any) { h.answer <- cache.Result[any]{Value: value} }
func (h held) fail(err error)   { h.answer <- cache.Result[any]{Err: err} }

// returns is a loader that is done at once.
func returns(value any) func(string) (any, error) {
	return func(string) (any, error) { return value, nil }
}

var errUnexpected = errors.New("this loader should not have been called")

// unexpected is a loader that nobody may call. It returns an error because only the goroutine of a test may end it.
func unexpected(string) (any, error) { return nil, errUnexpected }

// receive returns the Result of a load. It gives up only where otherwise the test would hang: a deadline for broken
// caches, far beyond what a right one needs.
func receive(t *testing.T, results <-chan cache.Result[any]) cache.Result[any] {
	t.Helper()
	select {
	case result := <-results:
		return result
	case <-time.After(2 * time.Second):
		t.Fatal("the load does not end")
	}
	return cache.Result[any]{}
}

// wantLoaded fails the test unless the load ends with this value.
func wantLoaded(t *testing.T, results <-chan cache.Result[any], want any) {
	t.Helper()
	if got := receive(t, results); got.Err != nil || got.Value != want {
		t.Fatalf("the load ended with %v, %v; want %v", got.Value, got.Err, want)
	}
}

// wantFailed fails the test unless the load ends with this error.
func wantFailed(t *testing.T, results <-chan cache.Result[any], want error) {
	t.Helper()
	if got := receive(t, results); !errors.Is(got.Err, want) {
		t.Fatalf("the load ended with %v, %v; want the error %v", got.Value, got.Err, want)
	}
}

func wantThere(t *testing.T, c *cache.Cache[any], key string, want any) {
	t.Helper()
	if got, ok := c.Get(key); !ok || got != want {
		t.Fatalf("Get(%q) is %v, %v; want %v", key, got, ok, want)
	}
}

func wantGone(t *testing.T, c *cache.Cache[any], keys ...string) {
	t.Helper()
	for _, key := range keys {
		if got, ok := c.Get(key); ok {
			t.Fatalf("Get(%q) is %v; want nothing", key, got)
		}
	}
}

func wantLen(t *testing.T, c *cache.Cache[any], want int) {
	t.Helper()
	if got := c.Len(); got != want {
		t.Fatalf("Len() is %d; want %d", got, want)
	}
}

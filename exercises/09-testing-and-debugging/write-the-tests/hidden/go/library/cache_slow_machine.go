package cache

import (
	"bytes"
	"runtime"
	"sync/atomic"
	"time"
)

const (
	slowPause  = 80 * time.Millisecond
	slowMoment = 2 * time.Millisecond
)

var slowPauses atomic.Int32

// A right cache on a slow machine: a load that begins beside another one gets going late, and one that ends while a
// test or a loader sleeps ends late. Tests that wait for nothing but Results are hardly slowed.
type slowCache[V any] struct{ *asGivenCache[V] }

func newSlowCache[V any](options Options) (slowCache[V], error) {
	c, err := newAsGivenCache[V](options)
	return slowCache[V]{c}, err
}

func (c slowCache[V]) Load(key string, loader func(key string) (V, error)) <-chan Result[V] {
	c.mu.Lock()
	others := len(c.loads)
	c.mu.Unlock()
	return c.asGivenCache.Load(key, func(key string) (V, error) {
		if others > 0 {
			slowDown()
		}
		value, err := loader(key)
		// Long enough for a test to fall asleep that is about to.
		<-time.After(slowMoment)
		if slowSomebodySleeps() {
			slowDown()
		}
		return value, err
	})
}

// slowDown is not a sleep, which would be taken for one of the test's.
func slowDown() {
	if slowPauses.Add(1) <= 12 {
		<-time.After(slowPause)
	}
}

func slowSomebodySleeps() bool {
	stacks := make([]byte, 1<<18)
	stacks = stacks[:runtime.Stack(stacks, true)]
	return bytes.Contains(stacks, []byte(" [sleep"))
}

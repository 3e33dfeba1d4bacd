package cache

import (
	"sync/atomic"
	"time"
)

var jumpingHours atomic.Int64

// newJumpingCache makes a right cache on a machine whose clock moves on by an hour with every look at it. Nothing can
// take the place of time.Now, so the jumps are added to what Options.Now returns, if that is the clock of the machine.
func newJumpingCache[V any](options Options) (*asGivenCache[V], error) {
	if given := options.Now; given != nil && jumpingMovesByItself(given) {
		options.Now = func() time.Time {
			return given().Add(time.Duration(jumpingHours.Add(1)) * time.Hour)
		}
	}
	return newAsGivenCache[V](options)
}

// jumpingMovesByItself tells the clock of the machine from one in the hand of a test: only the former goes on as time
// does while nothing of the test runs.
func jumpingMovesByItself(now func() time.Time) bool {
	const pause = 200 * time.Microsecond
	before := time.Now()
	first := now()
	// No sleep: in a bubble of testing/synctest it would move a clock that is in the test's hand. There time.Since
	// stands still, hence the limit.
	for i := 0; i < 100_000 && time.Since(before) < pause; i++ {
	}
	moved := now().Sub(first)
	return moved > pause/2 && moved <= time.Since(before)
}

package main

import (
	"sync"
	"time"
)

type state string

const (
	closed   state = "closed"
	open     state = "open"
	halfOpen state = "half-open"
)

// A breaker is the state machine alone: it knows neither HTTP nor timers, only the clock.
type breaker struct {
	threshold int
	openFor   time.Duration

	mu       sync.Mutex // held for a few instructions, never during a call
	failures int
	openedAt time.Time // zero while closed
	probing  bool
	// era grows whenever the breaker opens or closes. A call that was admitted in an earlier era ends too late to say
	// anything about the upstream as it is now.
	era int
}

// status returns the state and, while it is closed, the number of failures in a row.
func (b *breaker) status() (state, int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state(), b.failures
}

// wait returns how long it takes until the next call has a chance, 0 when it has one now.
func (b *breaker) wait() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state() != open {
		return 0
	}
	return b.openFor - time.Since(b.openedAt)
}

// admit says whether a call may go to the upstream. If so, settle must be called when it has ended.
func (b *breaker) admit() (settle func(succeeded bool), ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	admitted, era := b.state(), b.era
	if admitted == open || b.probing {
		return nil, false
	}
	// Under the same lock as the look at the state, so two requests can't both become the probe.
	b.probing = admitted == halfOpen
	return func(succeeded bool) {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.era == era {
			b.end(admitted, succeeded)
		}
	}, true
}

func (b *breaker) end(admitted state, succeeded bool) {
	switch {
	case succeeded && admitted == halfOpen:
		b.change(time.Time{})
	case succeeded:
		b.failures = 0
	default:
		b.failures++
		if admitted == halfOpen || b.failures >= b.threshold {
			b.change(time.Now())
		}
	}
}

// state is derived from the clock instead of set by a timer: it is right at the very moment when somebody asks.
func (b *breaker) state() state {
	switch {
	case b.openedAt.IsZero():
		return closed
	case time.Since(b.openedAt) < b.openFor: // on the monotonic clock
		return open
	default:
		return halfOpen
	}
}

// change opens the breaker, or closes it if there is no time at which it opened.
func (b *breaker) change(openedAt time.Time) {
	b.openedAt = openedAt
	if openedAt.IsZero() {
		b.failures = 0
	}
	b.probing = false
	b.era++
}

package main

import (
	"context"
	"errors"
	"sync/atomic"
)

var errFull = errors.New("too many jobs are waiting")

// A pool bounds how many jobs run, and how many more wait. The goroutines are those of the requests; what they share
// is permits.
type pool struct {
	places  chan struct{} // held while a job waits or runs
	running chan struct{} // held while it runs
	waiting atomic.Int64
}

func newPool(size, limit int) *pool {
	return &pool{places: make(chan struct{}, size+limit), running: make(chan struct{}, size)}
}

func (p *pool) stats() (running, waiting int) {
	return len(p.running), int(p.waiting.Load())
}

// do returns errFull at once when there is no room, and the context's error when it ends before the job's turn.
func (p *pool) do(ctx context.Context, job func() error) error {
	// Look and take in one step: a send on a buffered channel is both.
	select {
	case p.places <- struct{}{}:
		defer func() { <-p.places }()
	default:
		return errFull
	}
	if err := p.turn(ctx); err != nil {
		return err
	}
	defer func() { <-p.running }()
	return job()
}

func (p *pool) turn(ctx context.Context) error {
	select {
	case p.running <- struct{}{}:
		return nil
	default:
	}
	p.waiting.Add(1)
	defer p.waiting.Add(-1)
	select {
	case p.running <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

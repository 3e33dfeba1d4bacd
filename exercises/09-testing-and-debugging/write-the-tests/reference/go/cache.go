// Package cache is a small cache: entries expire, and a key that is missing is loaded once.
package cache

import (
	"container/list"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"
)

// Forever is the TTL of an entry that never expires.
const Forever time.Duration = math.MaxInt64

// ErrInvalidArgument is what errors.Is finds in the errors of New and SetTTL.
var ErrInvalidArgument = errors.New("invalid argument")

// Options are what a cache is made from. All of them are needed.
type Options struct {
	// Capacity is how many entries the cache holds at most.
	Capacity int
	// TTL is how long an entry lives.
	TTL time.Duration
	// Now is the clock. The cache knows no other.
	Now func() time.Time
}

// Result is how a load ended. Value counts only if Err is nil.
type Result[V any] struct {
	Value V
	Err   error
}

// Cache may be used by several goroutines at once.
type Cache[V any] struct {
	capacity int
	ttl      time.Duration
	now      func() time.Time

	mu      sync.Mutex
	entries map[string]*list.Element
	order   *list.List // of *entry[V], the one used least recently first
	loads   map[string]*load[V]
}

type entry[V any] struct {
	key   string
	value V
	since time.Time
	ttl   time.Duration
}

type load[V any] struct {
	waiting []chan<- Result[V]
}

// New makes an empty cache.
func New[V any](options Options) (*Cache[V], error) {
	if options.Capacity < 1 {
		return nil, fmt.Errorf("%w: the capacity must be at least 1", ErrInvalidArgument)
	}
	if err := checkTTL(options.TTL); err != nil {
		return nil, err
	}
	return &Cache[V]{
		capacity: options.Capacity,
		ttl:      options.TTL,
		now:      options.Now,
		entries:  make(map[string]*list.Element),
		order:    list.New(),
		loads:    make(map[string]*load[V]),
	}, nil
}

// Len says how many entries there are.
func (c *Cache[V]) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.removeExpired()
	return c.order.Len()
}

// Get returns the value and true, or false if there is none.
func (c *Cache[V]) Get(key string) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.find(key)
}

// Set stores an entry with the TTL of the cache.
func (c *Cache[V]) Set(key string, value V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.loads, key)
	c.store(key, value, c.ttl)
}

// SetTTL stores an entry with a TTL of its own.
func (c *Cache[V]) SetTTL(key string, value V, ttl time.Duration) error {
	if err := checkTTL(ttl); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.loads, key)
	c.store(key, value, ttl)
	return nil
}

// Delete removes an entry and says whether there was one.
func (c *Cache[V]) Delete(key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.loads, key)
	c.removeExpired()
	element, ok := c.entries[key]
	if ok {
		c.remove(element)
	}
	return ok
}

// Load sends one Result to the channel that it returns: the value that is there, or else what the loader returns, which
// is called in a goroutine of its own unless a load of this key is under way already.
func (c *Cache[V]) Load(key string, loader func(key string) (V, error)) <-chan Result[V] {
	// With room for the Result, nobody has to be there to receive it.
	result := make(chan Result[V], 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if value, ok := c.find(key); ok {
		result <- Result[V]{Value: value}
		return result
	}
	if l, ok := c.loads[key]; ok {
		l.waiting = append(l.waiting, result)
		return result
	}
	l := &load[V]{waiting: []chan<- Result[V]{result}}
	c.loads[key] = l
	go func() {
		value, err := loader(key)
		c.finish(key, l, value, err)
	}()
	return result
}

func (c *Cache[V]) finish(key string, l *load[V], value V, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// A load that Set or Delete has overtaken is no longer in loads and must leave the cache alone.
	if c.loads[key] == l {
		delete(c.loads, key)
		if err == nil {
			c.store(key, value, c.ttl)
		}
	}
	for _, result := range l.waiting {
		result <- Result[V]{Value: value, Err: err}
	}
}

func (c *Cache[V]) find(key string) (value V, ok bool) {
	c.removeExpired()
	element, ok := c.entries[key]
	if !ok {
		return value, false
	}
	c.order.MoveToBack(element)
	return element.Value.(*entry[V]).value, true
}

func (c *Cache[V]) store(key string, value V, ttl time.Duration) {
	c.removeExpired()
	if element, ok := c.entries[key]; ok {
		c.remove(element)
	}
	for c.order.Len() >= c.capacity {
		c.remove(c.order.Front())
	}
	c.entries[key] = c.order.PushBack(&entry[V]{key: key, value: value, since: c.now(), ttl: ttl})
}

func (c *Cache[V]) removeExpired() {
	now := c.now()
	for element := c.order.Front(); element != nil; {
		next := element.Next()
		if element.Value.(*entry[V]).expired(now) {
			c.remove(element)
		}
		element = next
	}
}

func (c *Cache[V]) remove(element *list.Element) {
	c.order.Remove(element)
	delete(c.entries, element.Value.(*entry[V]).key)
}

func (e *entry[V]) expired(now time.Time) bool {
	return e.ttl != Forever && !now.Before(e.since.Add(e.ttl))
}

func checkTTL(ttl time.Duration) error {
	if ttl <= 0 {
		return fmt.Errorf("%w: the TTL must be more than 0", ErrInvalidArgument)
	}
	return nil
}

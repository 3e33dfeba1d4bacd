package cache

import (
	"fmt"
	"sync"
	"time"
)

// A right cache, built differently: a ring of nodes of its own, other messages, Now asked often, nothing tidied up
// before somebody asks for it, a goroutine for each who waits, channels that are closed after their Result.
type linkedCache[V any] struct {
	Hits int // what else a cache has is left open

	mu      sync.Mutex
	options Options
	ring    linkedNode[V]
	nodes   map[string]*linkedNode[V]
	pending map[string]*linkedLoad[V]
}

type linkedNode[V any] struct {
	older, newer *linkedNode[V]
	key          string
	value        V
	end          time.Time
	forever      bool
}

type linkedLoad[V any] struct {
	settled chan struct{} // closed when result is there
	result  Result[V]
}

func newLinkedCache[V any](options Options) (*linkedCache[V], error) {
	if options.TTL <= 0 {
		return nil, linkedNoLife(options.TTL)
	}
	if options.Capacity <= 0 {
		return nil, fmt.Errorf("not a capacity: %d (%w)", options.Capacity, ErrInvalidArgument)
	}
	c := &linkedCache[V]{
		options: options,
		nodes:   make(map[string]*linkedNode[V]),
		pending: make(map[string]*linkedLoad[V]),
	}
	c.ring.older, c.ring.newer = &c.ring, &c.ring
	return c, nil
}

func (c *linkedCache[V]) Len() (living int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for node := c.ring.newer; node != &c.ring; node = node.newer {
		if c.lives(node) {
			living++
		}
	}
	return living
}

func (c *linkedCache[V]) Get(key string) (value V, found bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	node := c.use(key)
	if node == nil {
		return value, false
	}
	c.Hits++
	return node.value, true
}

func (c *linkedCache[V]) Set(key string, value V) {
	_ = c.SetTTL(key, value, c.options.TTL)
}

func (c *linkedCache[V]) SetTTL(key string, value V, ttl time.Duration) error {
	if ttl <= 0 {
		return linkedNoLife(ttl)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.pending, key)
	c.put(key, value, ttl)
	return nil
}

func (c *linkedCache[V]) Delete(key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.pending, key)
	node := c.use(key)
	if node != nil {
		c.drop(node)
	}
	return node != nil
}

func (c *linkedCache[V]) Load(key string, loader func(key string) (V, error)) <-chan Result[V] {
	results := make(chan Result[V], 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if node := c.use(key); node != nil {
		results <- Result[V]{Value: node.value}
		close(results)
		return results
	}
	load, joined := c.pending[key]
	if !joined {
		load = &linkedLoad[V]{settled: make(chan struct{})}
		c.pending[key] = load
		go c.run(key, load, loader)
	}
	go func() {
		<-load.settled
		results <- load.result
		close(results)
	}()
	return results
}

func (c *linkedCache[V]) run(key string, load *linkedLoad[V], loader func(key string) (V, error)) {
	load.result.Value, load.result.Err = loader(key)
	defer close(load.settled)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pending[key] != load {
		return
	}
	delete(c.pending, key)
	if load.result.Err == nil {
		c.put(key, load.result.Value, c.options.TTL)
	}
}

func (c *linkedCache[V]) put(key string, value V, ttl time.Duration) {
	if known := c.nodes[key]; known != nil {
		c.drop(known)
	}
	if len(c.nodes) >= c.options.Capacity {
		c.makeRoom()
	}
	node := &linkedNode[V]{key: key, value: value, end: c.options.Now().Add(ttl), forever: ttl == Forever}
	c.nodes[key] = node
	c.link(node)
}

func (c *linkedCache[V]) makeRoom() {
	for node := c.ring.newer; node != &c.ring; node = node.newer {
		if !c.lives(node) {
			c.drop(node)
			return
		}
	}
	c.drop(c.ring.newer)
}

func (c *linkedCache[V]) use(key string) *linkedNode[V] {
	node := c.nodes[key]
	if node == nil {
		return nil
	}
	c.drop(node)
	if !c.lives(node) {
		return nil
	}
	c.nodes[key] = node
	c.link(node)
	return node
}

func (c *linkedCache[V]) lives(node *linkedNode[V]) bool {
	return node.forever || node.end.After(c.options.Now())
}

func (c *linkedCache[V]) link(node *linkedNode[V]) {
	node.older, node.newer = c.ring.older, &c.ring
	node.older.newer, c.ring.older = node, node
}

func (c *linkedCache[V]) drop(node *linkedNode[V]) {
	node.older.newer, node.newer.older = node.newer, node.older
	delete(c.nodes, node.key)
}

func linkedNoLife(ttl time.Duration) error {
	return fmt.Errorf("not a time to live: %v (%w)", ttl, ErrInvalidArgument)
}

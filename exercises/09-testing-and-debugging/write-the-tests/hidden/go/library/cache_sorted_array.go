package cache

import "time"

// A right cache, built differently: a slice instead of a map, a channel instead of a mutex, the bare error, and a
// moment between the end of a loader and that of its load.
type sortedCache[V any] struct {
	capacity int
	ttl      time.Duration
	now      func() time.Time

	turn    chan struct{}  // whoever has received from it may go on
	rows    []sortedRow[V] // most recently used first
	running []*sortedLoad[V]
}

type sortedRow[V any] struct {
	key     string
	value   V
	expires bool
	end     time.Time
}

type sortedLoad[V any] struct {
	key       string
	overtaken bool
	waiting   []chan Result[V]
}

func newSortedCache[V any](options Options) (*sortedCache[V], error) {
	if options.Capacity < 1 || options.TTL < 1 {
		return nil, ErrInvalidArgument
	}
	c := &sortedCache[V]{
		capacity: options.Capacity,
		ttl:      options.TTL,
		now:      options.Now,
		turn:     make(chan struct{}, 1),
	}
	c.turn <- struct{}{}
	return c, nil
}

// enter waits until nobody else is in the cache and returns how to leave it.
func (c *sortedCache[V]) enter() (leave func()) {
	turn := <-c.turn
	return func() { c.turn <- turn }
}

func (c *sortedCache[V]) Len() int {
	defer c.enter()()
	c.tidyUp()
	return len(c.rows)
}

func (c *sortedCache[V]) Get(key string) (value V, found bool) {
	defer c.enter()()
	if !c.use(key) {
		return value, false
	}
	return c.rows[0].value, true
}

func (c *sortedCache[V]) Set(key string, value V) {
	defer c.enter()()
	c.overtake(key)
	c.put(c.row(key, value, c.ttl))
}

func (c *sortedCache[V]) SetTTL(key string, value V, ttl time.Duration) error {
	if ttl < 1 {
		return ErrInvalidArgument
	}
	defer c.enter()()
	c.overtake(key)
	c.put(c.row(key, value, ttl))
	return nil
}

func (c *sortedCache[V]) Delete(key string) bool {
	defer c.enter()()
	c.overtake(key)
	found := c.use(key)
	if found {
		c.rows = c.rows[1:]
	}
	return found
}

func (c *sortedCache[V]) Load(key string, loader func(key string) (V, error)) <-chan Result[V] {
	defer c.enter()()
	result := make(chan Result[V], 1)
	if c.use(key) {
		result <- Result[V]{Value: c.rows[0].value}
		return result
	}
	for _, load := range c.running {
		if load.key == key && !load.overtaken {
			load.waiting = append(load.waiting, result)
			return result
		}
	}
	load := &sortedLoad[V]{key: key, waiting: []chan Result[V]{result}}
	c.running = append(c.running, load)
	go c.run(load, loader)
	return result
}

func (c *sortedCache[V]) run(load *sortedLoad[V], loader func(key string) (V, error)) {
	value, err := loader(load.key)
	row := c.row(load.key, value, c.ttl)
	time.Sleep(5 * time.Millisecond)
	defer c.enter()()
	if err == nil && !load.overtaken {
		c.put(row)
	}
	for i, other := range c.running {
		if other == load {
			c.running = append(c.running[:i], c.running[i+1:]...)
			break
		}
	}
	for _, result := range load.waiting {
		result <- Result[V]{Value: value, Err: err}
	}
}

func (c *sortedCache[V]) row(key string, value V, ttl time.Duration) sortedRow[V] {
	return sortedRow[V]{key: key, value: value, expires: ttl != Forever, end: c.now().Add(ttl)}
}

func (c *sortedCache[V]) put(row sortedRow[V]) {
	c.tidyUp()
	c.rows = append([]sortedRow[V]{row}, c.without(row.key)...)
	if len(c.rows) > c.capacity {
		c.rows = c.rows[:c.capacity]
	}
}

// use moves the row of a key to the front, or says that there is none.
func (c *sortedCache[V]) use(key string) bool {
	c.tidyUp()
	for _, row := range c.rows {
		if row.key == key {
			c.rows = append([]sortedRow[V]{row}, c.without(key)...)
			return true
		}
	}
	return false
}

func (c *sortedCache[V]) tidyUp() {
	now := c.now()
	var living []sortedRow[V]
	for _, row := range c.rows {
		if !row.expires || now.Before(row.end) {
			living = append(living, row)
		}
	}
	c.rows = living
}

func (c *sortedCache[V]) without(key string) (others []sortedRow[V]) {
	for _, row := range c.rows {
		if row.key != key {
			others = append(others, row)
		}
	}
	return others
}

func (c *sortedCache[V]) overtake(key string) {
	for _, load := range c.running {
		if load.key == key {
			load.overtaken = true
		}
	}
}

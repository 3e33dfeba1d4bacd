package cache

import (
	"container/list"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"
)

// This is the cache of the starter, and what people break in it: without the questions to asGivenBroken it is the
// starter's cache.go. A mutant is one such question, or several where one mistake shows in several places.
var asGivenMutants = map[string]string{
	"alive-at-the-end":           "An entry is still there at t + ttl.",
	"another-error":              "Wrong arguments give an error of another kind.",
	"capacity-negative":          "A negative capacity is accepted.",
	"capacity-zero":              "A capacity of 0 is accepted.",
	"checks-too-late":            "SetTTL checks the TTL when the old entry is already gone.",
	"copies-values":              "Values are stored as copies: what a pointer points to, too.",
	"delete-does-nothing":        "Delete answers as it should and leaves the entry.",
	"delete-finds-expired":       "Delete answers true for an expired entry.",
	"delete-says-false":          "Delete removes the entry and answers false.",
	"dies-a-moment-early":        "An entry is gone one millisecond before t + ttl.",
	"empty-key":                  "The empty key counts as no key at all.",
	"every-load-calls":           "Loads of a key at the same time all call their loaders.",
	"evicts-everything":          "A full cache is emptied.",
	"evicts-on-overwrite":        "A full cache evicts also if the key is there already.",
	"expired-takes-room":         "A live entry is evicted although another has expired.",
	"failure-is-remembered":      "A load that failed answers for all later ones.",
	"failure-is-wrapped":         "The error of a loader becomes another one with the same text.",
	"falsy-is-nothing":           "Get takes a zero value for a missing one.",
	"first-set-wins":             "A key that is there is not set again.",
	"forgets-everything":         "A cache that stores nothing.",
	"get-is-no-use":              "The oldest entry goes, however recently it was read.",
	"holds-one-less":             "The cache evicts when the last place is taken.",
	"holds-one-more":             "The cache holds one entry too many.",
	"joined-load-gets-no-error":  "Only the first of several loads gets the error.",
	"joins-the-overtaken-load":   "A load after a Delete joins the one before it.",
	"late-failure-removes":       "A load that fails removes the entry of its key.",
	"late-value-overwrites-set":  "A load overwrites what was set in the meantime.",
	"late-value-undoes-delete":   "A key that was deleted during a load comes back.",
	"life-begins-with-the-load":  "A loaded value lives from the begin of its load.",
	"load-ignores-capacity":      "A loaded value is stored without making room for it.",
	"load-is-no-use":             "An entry that Load finds is not used by that.",
	"load-mistrusts-falsy":       "Load takes a zero value for a missing one.",
	"loader-gets-no-key":         "The loader is called without the key.",
	"old-load-ends-the-new":      "An overtaken load takes the new one off the list.",
	"one-load-for-all-keys":      "Loads wait for one another, whatever their keys.",
	"overtaken-load-rejects":     "Who waits for an overtaken load gets an error.",
	"own-ttl-for-all":            "The TTL of an entry becomes that of the cache.",
	"own-ttl-only-prolongs":      "The TTL of an entry can not be shorter.",
	"own-ttl-only-shortens":      "The TTL of an entry can not be longer.",
	"own-ttl-stays-with-the-key": "A key keeps the TTL that it was once given.",
	"promise-is-an-entry":        "There is an entry while its value is being loaded.",
	"reading-prolongs":           "Get gives an entry a new life.",
	"set-is-no-use":              "An entry that is set again keeps its place in the order.",
	"setting-keeps-the-old-life": "A key that is set again keeps its old end.",
	"shared-clock":               "All caches take the time from the clock of the newest.",
	"shared-loads":               "All caches of a process have the same loads.",
	"shared-options":             "All caches have the capacity and the TTL of the newest.",
	"size-counts-sets":           "Len counts how often was set, not how many keys.",
	"tidies-up-to-the-first":     "Tidying up ends at the first live entry.",
	"ttl-infinity-is-refused":    "Forever is refused as a TTL.",
	"ttl-negative":               "A negative TTL is accepted.",
	"ttl-zero":                   "A TTL of 0 is accepted.",
}

func asGivenBroken(mutant string) bool { return cacheVariantName == mutant }

// What caches have of their own, unless the mutant is that they share it.
var (
	asGivenSharedMu    sync.Mutex
	asGivenSharedLoads = make(map[string]any)
	asGivenNewest      Options
	asGivenNewestClock Options
)

type asGivenCache[V any] struct {
	options *Options
	clock   *Options // for its Now

	mu      *sync.Mutex
	entries map[string]*list.Element
	order   *list.List     // of *asGivenEntry[V], the one used least recently first
	loads   map[string]any // of *asGivenLoad[V]

	overwritten int                      // size-counts-sets
	ttls        map[string]time.Duration // own-ttl-stays-with-the-key
	lastLoad    *asGivenLoad[V]          // one-load-for-all-keys
}

type asGivenEntry[V any] struct {
	key   string
	value V
	since time.Time
	ttl   time.Duration
}

type asGivenLoad[V any] struct {
	begin     time.Time
	waiting   []chan<- Result[V]
	done      chan struct{}
	overtaken bool       // joins-the-overtaken-load
	failure   *Result[V] // failure-is-remembered
}

func newAsGivenCache[V any](options Options) (*asGivenCache[V], error) {
	if !asGivenCapacityIsRight(options.Capacity) {
		return nil, asGivenError("the capacity must be at least 1")
	}
	if err := asGivenCheckTTL(options.TTL); err != nil {
		return nil, err
	}
	c := &asGivenCache[V]{
		options: &Options{Capacity: options.Capacity, TTL: options.TTL},
		clock:   &Options{Now: options.Now},
		mu:      new(sync.Mutex),
		entries: make(map[string]*list.Element),
		order:   list.New(),
		loads:   make(map[string]any),
		ttls:    make(map[string]time.Duration),
	}
	asGivenSharedMu.Lock()
	defer asGivenSharedMu.Unlock()
	switch {
	case asGivenBroken("shared-loads"):
		c.mu, c.loads = &asGivenSharedMu, asGivenSharedLoads
	case asGivenBroken("shared-options"):
		asGivenNewest = *c.options
		c.mu, c.options = &asGivenSharedMu, &asGivenNewest
	case asGivenBroken("shared-clock"):
		asGivenNewestClock = *c.clock
		c.mu, c.clock = &asGivenSharedMu, &asGivenNewestClock
	}
	return c, nil
}

func (c *asGivenCache[V]) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.removeExpired()
	return c.order.Len() + c.overwritten
}

func (c *asGivenCache[V]) Get(key string) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var nothing V
	e := c.find(key, !asGivenBroken("get-is-no-use"))
	if e == nil || asGivenBroken("falsy-is-nothing") && asGivenIsZero(e.value) {
		return nothing, false
	}
	if asGivenBroken("reading-prolongs") {
		e.since = c.clock.Now()
	}
	return e.value, true
}

func (c *asGivenCache[V]) Set(key string, value V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ttl, ok := c.ttls[key]
	if !ok || !asGivenBroken("own-ttl-stays-with-the-key") {
		ttl = c.options.TTL
	}
	c.set(key, value, ttl)
}

func (c *asGivenCache[V]) SetTTL(key string, value V, ttl time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if asGivenBroken("checks-too-late") {
		delete(c.loads, key)
		c.removeKey(key)
	}
	if err := asGivenCheckTTL(ttl); err != nil {
		return err
	}
	c.ttls[key] = ttl
	switch {
	case asGivenBroken("own-ttl-for-all"):
		c.options.TTL = ttl
	case asGivenBroken("own-ttl-only-prolongs") && ttl < c.options.TTL,
		asGivenBroken("own-ttl-only-shortens") && ttl > c.options.TTL:
		ttl = c.options.TTL
	}
	c.set(key, value, ttl)
	return nil
}

func (c *asGivenCache[V]) set(key string, value V, ttl time.Duration) {
	if !asGivenBroken("late-value-overwrites-set") {
		delete(c.loads, key)
	}
	if asGivenBroken("first-set-wins") && c.find(key, true) != nil {
		return
	}
	c.store(key, value, c.clock.Now(), ttl)
}

func (c *asGivenCache[V]) Delete(key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case asGivenBroken("joins-the-overtaken-load"):
		if l := c.loadOf(key); l != nil {
			l.overtaken = true
		}
	case !asGivenBroken("late-value-undoes-delete"):
		delete(c.loads, key)
	}
	switch {
	case asGivenBroken("tidies-up-to-the-first"):
		c.find(key, true)
	case !asGivenBroken("delete-finds-expired"):
		c.removeExpired()
	}
	if asGivenBroken("delete-does-nothing") {
		return c.entries[key] != nil
	}
	return c.removeKey(key) && !asGivenBroken("delete-says-false")
}

func (c *asGivenCache[V]) Load(key string, loader func(key string) (V, error)) <-chan Result[V] {
	result := make(chan Result[V], 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.find(key, !asGivenBroken("load-is-no-use"))
	l := c.loadOf(key)
	switch {
	case asGivenBroken("load-mistrusts-falsy") && e != nil && asGivenIsZero(e.value):
		e = nil
	case asGivenBroken("promise-is-an-entry") && l != nil:
		e = nil
	}
	if e != nil {
		result <- Result[V]{Value: e.value}
		return result
	}
	if l == nil || asGivenBroken("every-load-calls") {
		l = c.startLoad(key, loader)
	}
	if l.failure != nil {
		result <- *l.failure
		return result
	}
	l.waiting = append(l.waiting, result)
	return result
}

func (c *asGivenCache[V]) startLoad(key string, loader func(key string) (V, error)) *asGivenLoad[V] {
	l := &asGivenLoad[V]{begin: c.clock.Now(), done: make(chan struct{})}
	var waitFor <-chan struct{}
	if asGivenBroken("one-load-for-all-keys") && c.lastLoad != nil && len(c.loads) > 0 {
		waitFor = c.lastLoad.done
	}
	c.lastLoad = l
	c.loads[key] = l
	if asGivenBroken("promise-is-an-entry") {
		var notYet V
		c.store(key, notYet, l.begin, c.options.TTL)
	}
	go func() {
		if waitFor != nil {
			<-waitFor
		}
		argument := key
		if asGivenBroken("loader-gets-no-key") {
			argument = ""
		}
		value, err := loader(argument)
		c.finish(key, l, value, err)
	}()
	return l
}

func (c *asGivenCache[V]) finish(key string, l *asGivenLoad[V], value V, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer close(l.done)
	// A load that Set or Delete has overtaken is no longer in loads and must leave the cache alone.
	current := c.loadOf(key) == l
	if current && (err == nil || !asGivenBroken("failure-is-remembered")) {
		delete(c.loads, key)
	}
	switch {
	case err == nil && current:
		c.storeLoaded(key, l, value)
	case err == nil && asGivenBroken("old-load-ends-the-new"):
		delete(c.loads, key)
	case err == nil && asGivenBroken("overtaken-load-rejects"):
		err = errors.New("the load was cancelled")
	case err != nil && asGivenBroken("promise-is-an-entry"):
		c.removeKey(key)
	case err != nil && !current && asGivenBroken("late-failure-removes"):
		c.removeKey(key)
	case err != nil && asGivenBroken("failure-is-wrapped"):
		err = errors.New(err.Error())
	case err != nil && asGivenBroken("failure-is-remembered"):
		l.failure = &Result[V]{Value: value, Err: err}
	}
	for i, result := range l.waiting {
		if i > 0 && err != nil && asGivenBroken("joined-load-gets-no-error") {
			result <- Result[V]{}
			continue
		}
		result <- Result[V]{Value: value, Err: err}
	}
}

func (c *asGivenCache[V]) storeLoaded(key string, l *asGivenLoad[V], value V) {
	since := c.clock.Now()
	switch {
	case l.overtaken:
		return
	case asGivenBroken("load-ignores-capacity"):
		c.removeKey(key)
		e := &asGivenEntry[V]{key: key, value: value, since: since, ttl: c.options.TTL}
		c.entries[key] = c.order.PushBack(e)
		return
	case asGivenBroken("life-begins-with-the-load"):
		since = l.begin
	}
	c.store(key, value, since, c.options.TTL)
}

// loadOf is nil if there is no load of this key, or, where loads are shared, one of values of another type.
func (c *asGivenCache[V]) loadOf(key string) *asGivenLoad[V] {
	l, _ := c.loads[key].(*asGivenLoad[V])
	return l
}

func (c *asGivenCache[V]) find(key string, use bool) *asGivenEntry[V] {
	c.removeExpired()
	element, ok := c.entries[key]
	if !ok {
		return nil
	}
	e := element.Value.(*asGivenEntry[V])
	if asGivenBroken("tidies-up-to-the-first") && e.expired(c.clock.Now()) {
		c.remove(element)
		return nil
	}
	if use {
		c.order.MoveToBack(element)
	}
	return e
}

func (c *asGivenCache[V]) store(key string, value V, since time.Time, ttl time.Duration) {
	if asGivenBroken("forgets-everything") || asGivenBroken("empty-key") && key == "" {
		return
	}
	capacity := c.options.Capacity
	switch {
	case asGivenBroken("holds-one-more"):
		capacity++
	case asGivenBroken("holds-one-less") && capacity > 1:
		capacity--
	case asGivenBroken("copies-values"):
		value = asGivenCopy(value)
	}
	if !asGivenBroken("expired-takes-room") {
		c.removeExpired()
	}
	e := &asGivenEntry[V]{key: key, value: value, since: since, ttl: ttl}
	element, ok := c.entries[key]
	if ok {
		old := element.Value.(*asGivenEntry[V])
		switch {
		case asGivenBroken("size-counts-sets"):
			c.overwritten++
		case asGivenBroken("setting-keeps-the-old-life"):
			e.since, e.ttl = old.since, old.ttl
		case asGivenBroken("set-is-no-use"):
			element.Value = e
			return
		}
		if !asGivenBroken("evicts-on-overwrite") {
			c.remove(element)
		}
	}
	for c.order.Len() > 0 && c.order.Len() >= capacity {
		if asGivenBroken("evicts-everything") {
			c.order.Init()
			c.entries = make(map[string]*list.Element)
			break
		}
		c.remove(c.order.Front())
	}
	c.removeKey(key)
	c.entries[key] = c.order.PushBack(e)
}

func (c *asGivenCache[V]) removeExpired() {
	now := c.clock.Now()
	for element := c.order.Front(); element != nil; {
		next := element.Next()
		switch {
		case element.Value.(*asGivenEntry[V]).expired(now):
			c.remove(element)
		case asGivenBroken("tidies-up-to-the-first"):
			return
		}
		element = next
	}
}

func (c *asGivenCache[V]) removeKey(key string) bool {
	element, ok := c.entries[key]
	if ok {
		c.remove(element)
	}
	return ok
}

func (c *asGivenCache[V]) remove(element *list.Element) {
	c.order.Remove(element)
	delete(c.entries, element.Value.(*asGivenEntry[V]).key)
}

func (e *asGivenEntry[V]) expired(now time.Time) bool {
	end := e.since.Add(e.ttl)
	switch {
	case e.ttl == Forever:
		return false
	case asGivenBroken("alive-at-the-end"):
		return now.After(end)
	case asGivenBroken("dies-a-moment-early"):
		return !now.Before(end.Add(-time.Millisecond))
	default:
		return !now.Before(end)
	}
}

func asGivenCapacityIsRight(capacity int) bool {
	switch {
	case asGivenBroken("capacity-zero"):
		return capacity >= 0
	case asGivenBroken("capacity-negative"):
		return capacity != 0
	default:
		return capacity >= 1
	}
}

func asGivenCheckTTL(ttl time.Duration) error {
	right := ttl > 0
	switch {
	case asGivenBroken("ttl-zero"):
		right = ttl >= 0
	case asGivenBroken("ttl-negative"):
		right = ttl != 0
	case asGivenBroken("ttl-infinity-is-refused"):
		right = ttl > 0 && ttl != Forever
	}
	if right {
		return nil
	}
	return asGivenError("the TTL must be more than 0")
}

func asGivenError(text string) error {
	if asGivenBroken("another-error") {
		return errors.New(text)
	}
	return fmt.Errorf("%w: %s", ErrInvalidArgument, text)
}

func asGivenIsZero(value any) bool {
	v := reflect.ValueOf(value)
	return !v.IsValid() || v.IsZero()
}

// asGivenCopy copies what a value refers to: with all other values, an assignment is a copy already.
func asGivenCopy[V any](value V) V {
	original := reflect.ValueOf(value)
	if asGivenIsZero(value) {
		return value
	}
	var copied reflect.Value
	switch original.Kind() {
	case reflect.Pointer:
		copied = reflect.New(original.Type().Elem())
		copied.Elem().Set(original.Elem())
	case reflect.Slice:
		copied = reflect.MakeSlice(original.Type(), original.Len(), original.Len())
		reflect.Copy(copied, original)
	case reflect.Map:
		copied = reflect.MakeMapWithSize(original.Type(), original.Len())
		for entries := original.MapRange(); entries.Next(); {
			copied.SetMapIndex(entries.Key(), entries.Value())
		}
	default:
		return value
	}
	reflect.ValueOf(&value).Elem().Set(copied)
	return value
}

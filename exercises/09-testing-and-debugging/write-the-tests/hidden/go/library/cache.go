// Package cache is the cache of this run: a right one, or one that breaks a promise of README.md. CACHE_VARIANT names
// it, by its line in variants.txt.
package cache

import (
	"errors"
	"math"
	"os"
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
type Cache[V any] struct{ cacheVariant[V] }

type cacheVariant[V any] interface {
	Len() int
	Get(key string) (V, bool)
	Set(key string, value V)
	SetTTL(key string, value V, ttl time.Duration) error
	Delete(key string) bool
	Load(key string, loader func(key string) (V, error)) <-chan Result[V]
}

// The names in these files are long, so that tests in package cache can hardly have declared them too.
var cacheVariantName = os.Getenv("CACHE_VARIANT")

func init() {
	switch cacheVariantName {
	case "":
		cacheVariantName = "as-given"
	case "as-given", "linked-list", "sorted-array", "jumping-clock", "slow-machine":
	default:
		if asGivenMutants[cacheVariantName] == "" {
			panic("unknown CACHE_VARIANT " + cacheVariantName)
		}
	}
}

// New makes an empty cache.
func New[V any](options Options) (*Cache[V], error) {
	variant, err := newCacheVariant[V](options)
	if err != nil {
		return nil, err
	}
	return &Cache[V]{variant}, nil
}

func newCacheVariant[V any](options Options) (cacheVariant[V], error) {
	switch cacheVariantName {
	case "linked-list":
		return newLinkedCache[V](options)
	case "sorted-array":
		return newSortedCache[V](options)
	case "jumping-clock":
		return newJumpingCache[V](options)
	case "slow-machine":
		return newSlowCache[V](options)
	default:
		return newAsGivenCache[V](options)
	}
}

// Package cache keeps what was made lately, bounded by its number and by its weight.
package cache

import (
	"fmt"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// Cache holds the most recently used values: at most so many, which together have at
// most a certain weight. What a weight counts is for the user to say. Safe for concurrent use.
type Cache[K comparable, V any] struct {
	most int64

	mu     sync.Mutex
	kept   *simplelru.LRU[K, weighed[V]]
	weight int64
}

type weighed[V any] struct {
	value  V
	weight int64
}

// New makes an empty Cache of at most entries values and a weight of at most most.
// Entries below 1 are a programmer's mistake and panic.
func New[K comparable, V any](entries int, most int64) *Cache[K, V] {
	c := &Cache[K, V]{most: most}
	var err error
	c.kept, err = simplelru.NewLRU(entries, func(_ K, w weighed[V]) { c.weight -= w.weight })
	if err != nil {
		panic(fmt.Errorf("making a cache: %w", err))
	}
	return c
}

// Get finds a value.
func (c *Cache[K, V]) Get(key K) (value V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w, ok := c.kept.Get(key)
	return w.value, ok
}

// Add keeps a value in the place of any that has its key, and lets those go that were used
// the longest ago. A value that weighs more than all may together is not kept.
func (c *Cache[K, V]) Add(key K, value V, weight int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept.Remove(key)
	if weight > c.most {
		return
	}
	c.weight += weight
	c.kept.Add(key, weighed[V]{value, weight})
	for c.weight > c.most {
		c.kept.RemoveOldest()
	}
}

// Remove lets a value go.
func (c *Cache[K, V]) Remove(key K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept.Remove(key)
}

// Weight is that of all values together.
func (c *Cache[K, V]) Weight() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.weight
}

package cache_test

import (
	"testing"

	"formwork/engine/cache"
)

func TestBounds(t *testing.T) {
	c := cache.New[string, int](3, 10)
	c.Add("a", 1, 4)
	c.Add("b", 2, 4)
	c.Get("a")
	c.Add("c", 3, 4) // too heavy with both: b was used the longest ago
	if _, ok := c.Get("b"); ok || c.Weight() != 8 {
		t.Errorf("b is kept: %v; the weight is %d", ok, c.Weight())
	}
	c.Add("a", 5, 1)
	if v, ok := c.Get("a"); v != 5 || !ok || c.Weight() != 5 {
		t.Errorf("a is %d, %v; the weight is %d", v, ok, c.Weight())
	}
	c.Add("a", 6, 11)
	if _, ok := c.Get("a"); ok || c.Weight() != 4 {
		t.Errorf("a is kept: %v; the weight is %d", ok, c.Weight())
	}
	for _, key := range []string{"d", "e", "f"} {
		c.Add(key, 0, 1)
	}
	if _, ok := c.Get("c"); ok || c.Weight() != 3 {
		t.Errorf("a fourth is kept: %v; the weight is %d", ok, c.Weight())
	}
}

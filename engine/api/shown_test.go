package api

import "testing"

// What is remembered of configurations is bounded by its bytes, however few there are.
func TestShownIsBoundedByBytes(t *testing.T) {
	c := newShownCache().made
	for _, name := range []string{"a", "b", "c"} {
		c.Add(name, nil, shownBytes/2)
	}
	if _, kept := c.Get("a"); kept || c.Weight() > shownBytes {
		t.Errorf("%d bytes are kept, the oldest: %v", c.Weight(), kept)
	}
}

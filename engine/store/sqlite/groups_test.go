package sqlite

import (
	"fmt"
	"strings"
	"testing"

	"formwork/engine/fault"
	"formwork/engine/query"
)

// Groups by long texts end at a bound of memory, not only of number.
func TestGroupsAreBoundedInBytes(t *testing.T) {
	g := newGrouper(query.Aggregate{Groups: []query.Group{{}}, Measures: make([]query.Measure, 20)}, nil, nil)
	const most = 10 // that fit yet
	text := strings.Repeat("x", 100_000)
	g.bytes = maxGroupBytes - most*(len(text)+groupBytes+20*cellBytes+2)
	for i := range most + 2 {
		g.key = fmt.Appendf(nil, "%02d%s", i, text)
		err := g.find()
		if i < most && err != nil || i > most && !fault.Is(err, "query.too_complex") {
			t.Errorf("group %d: %v", i, err)
		}
	}
}

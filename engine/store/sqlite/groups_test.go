package sqlite

import (
	"fmt"
	"strings"
	"testing"

	"formwork/engine/budget"
	"formwork/engine/fault"
	"formwork/engine/query"
)

// Groups by long texts end at a bound of memory, not only of number.
func TestGroupsAreBoundedInBytes(t *testing.T) {
	g := newGrouper(t.Context(), query.Aggregate{Groups: []query.Group{{}}, Measures: make([]query.Measure, 20)}, grouping{values: make([]int, 20), filters: make([]int, 20)})
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

// Groups are held of the request's share of the memory.
func TestGroupsAreHeld(t *testing.T) {
	share, err := budget.New(budget.Of(8<<20, false)).Enter("acme", 1)
	if err != nil {
		t.Fatal(err)
	}
	g := newGrouper(budget.With(t.Context(), share), query.Aggregate{Groups: []query.Group{{}}}, grouping{})
	text := strings.Repeat("x", 100_000)
	for i := range 30 {
		g.key = fmt.Appendf(nil, "%02d%s", i, text)
		if err := g.find(); err != nil {
			if !fault.Is(err, "budget.too_large") || i < 15 {
				t.Errorf("group %d: %v", i, err)
			}
			return
		}
	}
	t.Error("three megabytes of groups were held of a share of two")
}

// The values that percentiles are taken of are bounded in bytes.
func TestValuesOfGroupsAreBounded(t *testing.T) {
	g := &grouper{ctx: t.Context(), q: query.Aggregate{}, lists: []kept{{}}}
	g.last = g.newGroup("")
	for range 128 << 20 / 8 {
		if err := g.append(0, 1); err != nil {
			if !fault.Is(err, "query.too_complex") {
				t.Error(err)
			}
			return
		}
	}
	t.Error("128 MiB of values were kept")
}

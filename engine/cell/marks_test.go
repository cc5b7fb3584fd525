package cell_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"formwork/engine/cell"
	"formwork/engine/id"
	"formwork/engine/store"
	"formwork/engine/store/teststore"
)

// marked is a store that keeps marks, as those do that several processes share.
type marked struct {
	store.Store
	marks *teststore.Marks
}

func (m marked) Marks() store.Marks { return m.marks }

// Marks are those of the tenants of each cell, and are settled in the cell where the tenant is.
// What a move has left behind, and the directory, are nobody's work.
func TestMarksOfCells(t *testing.T) {
	primary, other := &teststore.Marks{}, &teststore.Marks{}
	cells := map[string]cell.Cell{cell.Primary: {Store: marked{files(t)(t), primary}}, "other": {Store: marked{files(t)(t), other}}}
	s, err := cell.New(t.Context(), cell.Options{Cells: cells, IDs: id.NewSource(now, rand.Uint32), Now: now, Fresh: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	for _, name := range []string{"stays", "goes"} {
		if _, err := s.Create(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Move(t.Context(), "goes", "other", time.Millisecond); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"stays", "goes", "formwork-directory"} {
		primary.Add("jobs", name)
		other.Add("jobs", name)
	}
	taken, err := s.Marks().Take(t.Context(), "jobs", 10, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range taken {
		names = append(names, m.Tenant)
		if err := s.Marks().Settle(t.Context(), m, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	if got := fmt.Sprint(names); got != "[goes stays]" {
		t.Errorf("taken are the marks of %s", got)
	}
	for name, in := range map[string]*teststore.Marks{"stays": primary, "goes": other} {
		if _, settled := in.Settled("jobs", name); !settled {
			t.Errorf("the mark of %s is not settled where it is", name)
		}
	}
	if one, err := s.Marks().Take(t.Context(), "jobs", 1, time.Minute); err != nil || len(one) != 0 {
		t.Errorf("then there are %v, %v", one, err)
	}
	cells["plain"] = cell.Cell{Store: files(t)(t)}
	if s.Marks() != nil {
		t.Error("there are marks beside a cell that keeps none")
	}
}

package cell_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/engine/store"
)

// shards is a store on several machines, which keeps what it was told to spread.
type shards struct {
	store.Store
	told []string
	by   map[string]query.Column
	fail error
}

// Spread implements store.Spreader.
func (s *shards) Spread(_ context.Context, tenant string, by map[string]query.Column) ([]string, error) {
	s.told, s.by = append(s.told, tenant), by
	return []string{"kept"}, s.fail
}

// A tenant is spread by the cell that it is in, and only where that is on several machines.
func TestSpread(t *testing.T) {
	there := &shards{}
	s := process(t, files(t), func(t *testing.T) store.Store {
		there.Store = files(t)(t)
		return there
	})
	for _, name := range []string{"acme", "other"} {
		if _, err := s.Create(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	by := map[string]query.Column{"lead": query.ID}
	if _, err := s.Spread(t.Context(), "acme", by); !fault.Is(err, "mongo.not_sharded") || fault.KindOf(err) != fault.Invalid {
		t.Errorf("in a cell on one machine: %v", err)
	}
	if _, err := s.Move(t.Context(), "acme", "other", time.Millisecond); err != nil {
		t.Fatal(err)
	}
	kept, err := s.Spread(t.Context(), "acme", by)
	if err != nil || !slices.Equal(kept, []string{"kept"}) || !slices.Equal(there.told, []string{"acme"}) || !maps.Equal(there.by, by) {
		t.Errorf("kept %v, %v; %v was spread by %v", kept, err, there.told, there.by)
	}
	if _, err := s.Spread(t.Context(), "other", by); !fault.Is(err, "mongo.not_sharded") || len(there.told) != 1 {
		t.Errorf("a tenant that was not moved: %v; spread were %v", err, there.told)
	}
	there.fail = errors.New("of the test")
	if kept, err := s.Spread(t.Context(), "acme", by); !errors.Is(err, there.fail) || !slices.Equal(kept, []string{"kept"}) {
		t.Errorf("a spread that fails kept %v, %v", kept, err)
	}
}

package cell

import (
	"context"
	"errors"
	"io"
	"testing"

	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/engine/store/sqlite"
	"formwork/metadata/fieldtype"
)

// late is a tenant on a store that gives positions late: of its three events the last has none
// yet, and is dumped at the one that another may get first.
type late struct{ store.Tenant }

func (late) Dump(_ context.Context, w io.Writer) error {
	d := store.NewDumpWriter(w)
	columns := []query.Column{{Name: "n", Storage: fieldtype.Int}}
	err := errors.Join(d.Format(1), d.Table(store.Table{Name: "events", Columns: columns, Log: true}, 12))
	for n := range int64(3) {
		err = errors.Join(err, d.Row(store.FullRow{ID: 1, Position: 11 + n, Values: []any{n}}))
	}
	return errors.Join(err, d.Indexes(nil), d.End())
}

// Rows of logs are copied up to the last position that is certain, so that following them
// begins behind it.
func TestPositionsThatAreNotCertain(t *testing.T) {
	to, err := sqlite.Open(t.TempDir(), sqlite.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	copied, err := copyRows(t.Context(), late{}, to, "acme")
	if err != nil {
		t.Fatal(err)
	}
	if end, err := copied.LogEnd(t.Context(), "events"); err != nil || end != 12 {
		t.Errorf("the log ends at %d, want 12 (%v)", end, err)
	}
}

package beat_test

import (
	"maps"
	"testing"
	"time"

	"formwork/engine/beat"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/engine/store/teststore"
	"formwork/metadata/fieldtype"
)

// A beat counts for the holder that it names and for no other, the newest alone, until it ends.
func TestBeats(t *testing.T) {
	for _, c := range []struct {
		holder    query.Column
		one, next any
	}{
		{query.Column{Name: "holder", Storage: fieldtype.Text}, "one", "next"},
		{query.Version, int64(1), int64(2)},
	} {
		ctx, beats := t.Context(), beat.Table{Name: "_beat", Holder: c.holder}
		tenant, err := teststore.Open(t).Create(ctx, "main")
		if err != nil {
			t.Fatal(err)
		}
		if err := tenant.Define(ctx, beats.Definition()); err != nil {
			t.Fatal(err)
		}
		at := func(minute int) time.Time { return time.UnixMilli(0).Add(time.Duration(minute) * time.Minute) }
		write := func(fn func(store.Tx) error) {
			t.Helper()
			if err := tenant.Write(ctx, fn); err != nil {
				t.Fatal(err)
			}
		}
		hears := func(holders map[id.ID]any, want map[id.ID]time.Time) {
			t.Helper()
			got, err := beats.Heard(ctx, tenant, holders)
			if err != nil || !maps.EqualFunc(got, want, time.Time.Equal) {
				t.Errorf("of %v is heard %v, %v, not %v", holders, got, err, want)
			}
		}
		both := map[id.ID]any{1: c.one, 2: c.one}
		hears(nil, nil)
		hears(both, nil)
		write(func(tx store.Tx) error { return beats.Say(ctx, tx, 1, c.one, at(1)) })
		write(func(tx store.Tx) error { return beats.Say(ctx, tx, 1, c.one, at(2)) })
		write(func(tx store.Tx) error { return beats.Say(ctx, tx, 2, c.one, at(5)) })
		hears(both, map[id.ID]time.Time{1: at(2), 2: at(5)})
		write(func(tx store.Tx) error { return beats.Say(ctx, tx, 1, c.next, at(3)) })
		hears(both, map[id.ID]time.Time{2: at(5)})
		hears(map[id.ID]any{1: c.next}, map[id.ID]time.Time{1: at(3)})
		write(func(tx store.Tx) error { return beats.End(ctx, tx, 2) })
		write(func(tx store.Tx) error { return beats.End(ctx, tx, 2) }) // there is none
		hears(both, nil)
	}
}

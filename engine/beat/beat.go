// Package beat lets a process that holds a lease say that it goes on, beside the row that has
// the lease.
//
// Whoever works under a lease may change that row at the end of a transaction that takes
// longer than the lease: with how far it came. On a store whose transactions conflict, a beat to
// the same row would undo it each time. So beats are rows of a table of their own, under the
// ids of what is leased.
//
// A beat counts for the holder that it names. It decides nothing but whether another process
// may take over: that, and every save under the lease, changes the row that has the lease, so
// that who lost it saves nothing, whatever the beats say.
package beat

import (
	"context"
	"fmt"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// Table holds beats: one row for each thing that is leased.
type Table struct {
	Name string
	// Holder is the column of who beats, a text or a number that no two leases of a thing share.
	Holder query.Column
}

var colUntil = query.Column{Name: "until", Storage: fieldtype.Int} // Unix milliseconds

// Definition is the table as a tenant has it.
func (t Table) Definition() store.Table {
	return store.Table{Name: t.Name, Columns: []query.Column{t.Holder, colUntil}}
}

// Say says that the holder of a lease has it until a time at least.
func (t Table) Say(ctx context.Context, tx store.Tx, leased id.ID, holder any, until time.Time) error {
	values := map[string]any{t.Holder.Name: holder, colUntil.Name: until.UnixMilli()}
	err := tx.Update(ctx, t.Name, leased, 0, values, nil)
	if fault.Is(err, "store.stale") { // the first of this lease
		err = tx.Insert(ctx, t.Name, leased, values, nil)
	}
	if err != nil {
		return fmt.Errorf("saying in %s that work goes on: %w", t.Name, err)
	}
	return nil
}

// Heard are the times until which the holders of some leases said that they have them; one
// that said nothing is not among them.
func (t Table) Heard(ctx context.Context, from store.Reader, holders map[id.ID]any) (map[id.ID]time.Time, error) {
	if len(holders) == 0 {
		return nil, nil
	}
	ids := make([]any, 0, len(holders))
	for leased := range holders {
		ids = append(ids, int64(leased))
	}
	q := query.Select{Table: t.Name, Filter: query.In{Ref: query.Field(query.ID), Values: ids}}
	heard := map[id.ID]time.Time{}
	for found, err := range store.Find(ctx, from, q, query.ID, t.Holder, colUntil) {
		if err != nil {
			return nil, fmt.Errorf("reading in %s what goes on: %w", t.Name, err)
		}
		if leased := found.ID(query.ID); found.Value(t.Holder) == holders[leased] {
			heard[leased] = found.Time(colUntil)
		}
	}
	return heard, nil
}

// End removes the beats of something whose lease ended.
func (t Table) End(ctx context.Context, tx store.Tx, leased id.ID) error {
	if err := tx.Delete(ctx, t.Name, leased); err != nil {
		return fmt.Errorf("removing beats from %s: %w", t.Name, err)
	}
	return nil
}

package teststore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
)

// Optimistic is a tenant whose writes go on at the same time, and are begun anew when
// another one changed a row first that they change: as MongoDB does it, on any store. A
// write does not read what it wrote, and appends to no log.
type Optimistic struct {
	store.Tenant
	mu      sync.Mutex
	changed map[row]int64    // the number of the write that changed a row last
	rows    map[string]int64 // that were changed, by table
	writes  int64
}

// row names a row.
type row struct {
	table string
	key   id.ID
}

// NewOptimistic makes such a tenant of another.
func NewOptimistic(t store.Tenant) *Optimistic {
	return &Optimistic{Tenant: t, changed: map[row]int64{}, rows: map[string]int64{}}
}

// Changes is how often rows of a table were changed by writes that were committed.
func (o *Optimistic) Changes(table string) int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.rows[table]
}

// later is a Tx that does what it is told when all is known.
type later struct {
	store.Tx // of what is not used here
	from     store.Reader
	rows     []row
	do       []func(store.Tx) error
}

func (l *later) Select(ctx context.Context, q query.Select) iter.Seq2[store.Row, error] {
	return l.from.Select(ctx, q)
}

func (l *later) Count(ctx context.Context, table string, f query.Filter, words []query.Word, most int64) (int64, error) {
	return l.from.Count(ctx, table, f, words, most)
}

func (l *later) change(table string, key id.ID, do func(store.Tx) error) error {
	l.rows, l.do = append(l.rows, row{table, key}), append(l.do, do)
	return nil
}

func (l *later) Update(ctx context.Context, table string, key id.ID, version int64, v map[string]any, words []string) error {
	n, err := l.Count(ctx, table, query.Is(query.ID, int64(key)), nil, 0)
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.Stale, "store.stale")
	}
	return l.change(table, key, func(tx store.Tx) error { return tx.Update(ctx, table, key, version, v, words) })
}

func (l *later) Insert(ctx context.Context, table string, key id.ID, v map[string]any, words []string) error {
	return l.change(table, key, func(tx store.Tx) error { return tx.Insert(ctx, table, key, v, words) })
}

func (l *later) Delete(ctx context.Context, table string, key id.ID) error {
	return l.change(table, key, func(tx store.Tx) error { return tx.Delete(ctx, table, key) })
}

func (l *later) Mark(context.Context, string, time.Time) error { return nil }

var errConflict = errors.New("met another write ten times")

// Write implements store.Tenant.
func (o *Optimistic) Write(ctx context.Context, fn func(store.Tx) error) error {
	for range 10 {
		o.mu.Lock()
		began := o.writes
		o.mu.Unlock()
		tx := &later{from: o.Tenant}
		if err := fn(tx); err != nil {
			return err
		}
		if again, err := o.commit(ctx, tx, began); !again {
			return err
		}
	}
	return errConflict
}

func (o *Optimistic) commit(ctx context.Context, tx *later, began int64) (again bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, r := range tx.rows {
		if o.changed[r] > began {
			return true, nil
		}
	}
	o.writes++
	for _, r := range tx.rows {
		o.changed[r] = o.writes
		o.rows[r.table]++
	}
	err = o.Tenant.Write(ctx, func(below store.Tx) error {
		for _, do := range tx.do {
			if err := do(below); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("writing what was told: %w", err)
	}
	return false, nil
}

package job_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/query"
	"formwork/engine/store"
)

// optimistic is a tenant whose writes go on at the same time, and are begun anew when
// another one changed a row first that they change: as MongoDB does it, on any store. A
// write does not read what it wrote.
type optimistic struct {
	store.Tenant
	mu      sync.Mutex
	changed map[string]int64 // the number of the write that changed a row last
	writes  int64
	beats   atomic.Int64 // rows of beats that were written
}

// later is a Tx that does what it is told when all is known.
type later struct {
	store.Tx // of what is not used here
	from     store.Reader
	rows     []string
	do       []func(store.Tx) error
}

func (l *later) Select(ctx context.Context, q query.Select) iter.Seq2[store.Row, error] {
	return l.from.Select(ctx, q)
}

func (l *later) Count(ctx context.Context, table string, f query.Filter, words []query.Word, most int64) (int64, error) {
	return l.from.Count(ctx, table, f, words, most)
}

func (l *later) change(table string, key id.ID, do func(store.Tx) error) error {
	l.rows, l.do = append(l.rows, fmt.Sprint(table, key)), append(l.do, do)
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

var errConflict = errors.New("met another write ten times")

func (o *optimistic) Write(ctx context.Context, fn func(store.Tx) error) error {
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

func (o *optimistic) commit(ctx context.Context, tx *later, began int64) (again bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, row := range tx.rows {
		if o.changed[row] > began {
			return true, nil
		}
	}
	o.writes++
	for _, row := range tx.rows {
		o.changed[row] = o.writes
		if strings.HasPrefix(row, "_job_beat") {
			o.beats.Add(1)
		}
	}
	return false, o.Tenant.Write(ctx, func(below store.Tx) error {
		for _, do := range tx.do {
			if err := do(below); err != nil {
				return err
			}
		}
		return nil
	})
}

// A batch may take longer than the beats of its run, and than its lease, on a store whose
// transactions conflict: it is saved in its first run, and nobody takes the job over.
func TestBatchThatOutlastsBeats(t *testing.T) {
	h := newHouse(t)
	acme := &optimistic{Tenant: h.tenant("acme"), changed: map[string]int64{}}
	as := func(o *job.Options) {
		o.Lease = 30 * time.Millisecond
		o.Tenant = func(context.Context, string) (store.Tenant, error) { return acme, nil }
	}
	r, other := h.runner("one", as), h.runner("other", as)
	var runs atomic.Int64
	begun, watched := make(chan struct{}), make(chan struct{})
	r.Register(job.Kind{Name: "work", Handle: func(ctx context.Context, t store.Tenant, j *job.Progress) error {
		return t.Write(ctx, func(tx store.Tx) error {
			if runs.Add(1) == 1 {
				close(begun)
				<-watched
			}
			for range 5 { // in all three times the lease
				for before := acme.beats.Load(); acme.beats.Load() == before; {
					time.Sleep(time.Millisecond)
				}
				h.clock.add(20 * time.Millisecond)
				other.Wake("acme")
			}
			return j.SaveIn(ctx, tx, 1, 1, nil)
		})
	}})
	other.Register(job.Kind{Name: "work", Handle: func(context.Context, store.Tenant, *job.Progress) error {
		t.Error("the other process took it over")
		return nil
	}})
	j := h.enqueue(acme.Tenant, "work", nil)
	h.start(r)
	r.Wake("acme")
	<-begun
	h.start(other)
	close(watched)
	h.until(acme.Tenant, j, job.Done)
	if runs.Load() != 1 {
		t.Errorf("the batch ran %d times", runs.Load())
	}
	if n, err := acme.Tenant.Count(t.Context(), "_job_beat", nil, nil, 0); err != nil || n != 0 {
		t.Errorf("%d beats are left, %v", n, err)
	}
}

package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/store"
	"formwork/engine/store/teststore"
	"formwork/metadata"
)

// house is a catalog over a store, with one tenant.
type house struct {
	*testing.T
	catalog *Catalog
	store   store.Store
	tenant  store.Tenant
	ids     *id.Source
	at      time.Time
	options Options
}

func newHouse(t testing.TB, sets ...metadata.PackageSet) *house {
	t.Helper()
	return newHouseOn(t, teststore.Open, sets...)
}

func newHouseOn(t testing.TB, open teststore.Opener, sets ...metadata.PackageSet) *house {
	t.Helper()
	s := open(t)
	var err error
	h := &house{store: s, at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	h.T, _ = t.(*testing.T)
	h.ids = id.NewSource(time.Now, func() uint32 { return 0 })
	h.options = Options{Types: standardTypes(), Packages: sets, IDs: h.ids, Now: func() time.Time { return h.at }}
	h.catalog = New(h.options)
	if h.tenant, err = s.Create(t.Context(), "one"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.catalog.Install(t.Context(), h.tenant); err != nil {
		t.Fatal(err)
	}
	return h
}

func crm(t testing.TB) *house { return newHouse(t, standardPackages()...) }

// change makes a Change of documents written as JSON.
func change(documents ...string) Change {
	var c Change
	for _, d := range documents {
		c.Documents = append(c.Documents, json.RawMessage(d))
	}
	return c
}

func (h *house) apply(c Change) *Result {
	h.Helper()
	r, err := h.catalog.Apply(h.Context(), h.tenant, c, 7)
	if err != nil {
		h.Fatal(err)
	}
	return r
}

func (h *house) snapshot() *Snapshot {
	h.Helper()
	s, err := h.catalog.Snapshot(h.Context(), h.tenant)
	if err != nil {
		h.Fatal(err)
	}
	return s
}

// insert writes records past every rule, by field names and stored values.
func (h *house) insert(object string, records ...map[string]any) {
	h.Helper()
	o := h.snapshot().Objects[object]
	err := h.tenant.Write(h.Context(), func(tx store.Tx) error {
		for _, r := range records {
			row := map[string]any{"version": int64(1), "owner": int64(1), "created_at": int64(0), "updated_at": int64(0)}
			for name, v := range r {
				row[o.byName[name].Column.Name] = v
			}
			if err := tx.Insert(h.Context(), o.Table.Name, h.ids.Next(), row, nil); err != nil {
				return fmt.Errorf("inserting %v: %w", r, err)
			}
		}
		return nil
	})
	if err != nil {
		h.Fatal(err)
	}
}

// jobs lists the open jobs as "kind object fields", in order.
func (h *house) jobs() []string {
	h.Helper()
	jobs, err := job.List(h.Context(), h.tenant, job.Listing{State: job.Waiting})
	if err != nil {
		h.Fatal(err)
	}
	var list []string
	for i := len(jobs) - 1; i >= 0; i-- {
		var w Work
		if len(jobs[i].Args) > 0 {
			if err := json.Unmarshal(jobs[i].Args, &w); err != nil {
				h.Fatal(err)
			}
		}
		list = append(list, fmt.Sprint(jobs[i].Kind, " ", w.Object, " ", w.Fields))
	}
	return list
}

// settle runs the catalog's own jobs until none is due; those of others are taken as done.
func (h *house) settle() {
	h.Helper()
	r := job.NewRunner(job.Options{Tenant: h.store.Tenant, Now: func() time.Time { return h.at }, Holder: "test"})
	r.Register(h.catalog.Jobs()...)
	for _, kind := range []string{JobBackfill, JobRollup} {
		r.Register(job.Kind{Name: kind, Strict: true, Handle: func(context.Context, store.Tenant, *job.Progress) error { return nil }})
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	defer func() { cancel(); <-done }()
	r.Wake(h.tenant.Name())
	for range 1000 {
		jobs, err := job.List(h.Context(), h.tenant, job.Listing{})
		if err != nil {
			h.Fatal(err)
		}
		open := 0
		for _, j := range jobs {
			if j.State == job.Running || j.State == job.Waiting && !j.RunAt.After(h.at) {
				open++
			}
			if j.State == job.Failed {
				h.Fatalf("job %s %s failed: %v", j.Kind, j.Args, j.Fault())
			}
		}
		if open == 0 {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
	h.Fatal("jobs do not end")
}

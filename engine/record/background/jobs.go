// Package background is the work on records that no caller waits for: values that a
// change of the configuration asks for, and roll-ups that are computed anew.
package background

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/query"
	"formwork/engine/record/stored"
	"formwork/engine/record/write"
	"formwork/engine/store"
)

// batchRecords is how many records one transaction of a job brings up to date.
const batchRecords = 100

// Snapshots finds a tenant's newest configuration.
type Snapshots interface {
	Snapshot(ctx context.Context, t store.Tenant) (*catalog.Snapshot, error)
}

// Options are what the jobs need.
type Options struct {
	IDs *id.Source
	Now func() time.Time
	// Platform writes for the platform itself.
	Platform func(t store.Tenant, snapshot *catalog.Snapshot) *write.SystemWriter
}

// Jobs are the kinds of background jobs: catalog.JobBackfill and catalog.JobRollup, both
// with catalog.Work. They go on from where they were when they are
// run again, and writers may work meanwhile: each batch is read and written in one
// transaction.
func Jobs(o Options, snapshots Snapshots) []job.Kind {
	return []job.Kind{
		{Name: catalog.JobBackfill, Strict: true, Handle: o.eachRecord(snapshots, (*write.Unit).Backfill)},
		{Name: catalog.JobRollup, Strict: true, Handle: o.eachRecord(snapshots, (*write.Unit).RecomputeRollups)},
	}
}

// eachRecord is a job that brings every record of an object up to date by one.
func (o Options) eachRecord(snapshots Snapshots, one func(u *write.Unit, m *stored.Mapping, old stored.Row, fields []string) error) job.Handler {
	return func(ctx context.Context, t store.Tenant, j *job.Progress) error {
		var work catalog.Work
		if err := j.Decode(&work); err != nil {
			return err
		}
		snapshot, err := snapshots.Snapshot(ctx, t)
		if err != nil {
			return fmt.Errorf("reading the configuration: %w", err)
		}
		object, ok := snapshot.Objects[work.Object]
		if !ok {
			return nil // removed meanwhile
		}
		pass := &recordPass{w: o.Platform(t, snapshot), object: object, done: j.Done, total: j.Total}
		return pass.run(ctx, j, func(u *write.Unit, m *stored.Mapping, old stored.Row) error { return one(u, m, old, work.Fields) })
	}
}

// recordPass goes through the records of an object by id, a batch at a time.
type recordPass struct {
	w           *write.SystemWriter
	object      *catalog.Object
	last        int64 // id of the last record that was brought up to date
	done, total int64
}

func (p *recordPass) run(ctx context.Context, j *job.Progress, one func(u *write.Unit, m *stored.Mapping, old stored.Row) error) error {
	if len(j.Cursor) > 0 {
		if err := json.Unmarshal(j.Cursor, &p.last); err != nil {
			return fmt.Errorf("reading the cursor of job %s: %w", j.Kind, err)
		}
	} else {
		var err error
		if p.total, err = p.w.Tenant.Count(ctx, p.object.Table.Name, nil, nil, 0); err != nil {
			return fmt.Errorf("counting records of %s: %w", p.object.Doc.Name, err)
		}
	}
	for {
		n, last := 0, p.last
		err := p.w.InTransaction(ctx, func(u *write.Unit) (err error) {
			n, last, err = p.batch(u, one)
			if err != nil || n == 0 {
				return err
			}
			done := p.done + int64(n)
			return j.SaveIn(ctx, u.Tx, done, max(p.total, done), last)
		})
		if err != nil || n == 0 {
			return err
		}
		p.last, p.done = last, p.done+int64(n)
		p.w.Committed()
	}
}

// batch brings one batch of records up to date, and says how many and the last one's id.
func (p *recordPass) batch(u *write.Unit, one func(u *write.Unit, m *stored.Mapping, old stored.Row) error) (n int, last int64, err error) {
	m := p.w.Mappings.Of(p.object)
	rows, err := u.LoadWhere(m, query.Compare{Ref: query.Field(query.ID), Op: query.Gt, Value: p.last}, batchRecords)
	if err != nil {
		return 0, 0, err
	}
	for _, r := range rows {
		last = int64(r.ID())
		// An earlier one of the batch may have changed it.
		current, err := u.Load(m, r.ID())
		if err != nil {
			return 0, 0, err
		}
		if current == nil {
			continue
		}
		if err := one(u, m, current); err != nil {
			return 0, 0, fmt.Errorf("bringing record %s of %s up to date: %w", r.ID(), p.object.Doc.Name, err)
		}
	}
	return len(rows), last, nil
}

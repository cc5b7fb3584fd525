// Package background is the work on records that no caller waits for: values that a
// change of the configuration asks for, and roll-ups that are computed anew.
package background

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/query"
	"formwork/engine/record/stored"
	"formwork/engine/record/write"
	"formwork/engine/store"
)

// Bounds of the records that one transaction of a job brings up to date.
const (
	batchRecords = 100
	batchBytes   = 4 << 20 // but for those of the last one
)

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
// with catalog.Work, and catalog.JobFollow with catalog.Following. They go on from where they were when they are
// run again, and writers may work meanwhile: each batch is read and written in one
// transaction.
func Jobs(o Options, snapshots Snapshots) []job.Kind {
	return []job.Kind{
		{Name: catalog.JobBackfill, Strict: true, Handle: o.eachRecord(snapshots, (*write.Unit).Backfill)},
		{Name: catalog.JobRollup, Strict: true, Handle: o.eachRecord(snapshots, (*write.Unit).RecomputeRollups)},
		{Name: catalog.JobFollow, Handle: o.follow(snapshots)},
	}
}

// Failures are what a job of this package could not compute.
type Failures struct {
	Object  string
	Fields  []string
	Records int64
	First   []id.ID // of the records, at most ten
}

// FailuresOf are those of a job so far; ok is false for a job of another kind.
func FailuresOf(j *job.Job) (f Failures, ok bool) {
	var work catalog.Work
	if j.Kind != catalog.JobBackfill && j.Kind != catalog.JobRollup || json.Unmarshal(j.Args, &work) != nil {
		return Failures{}, false
	}
	reached, err := readCursor(j.Cursor)
	return Failures{work.Object, work.Fields, reached.Failed, reached.First}, err == nil
}

// cursor is how far a pass came, with what it could not compute.
type cursor struct {
	Last   id.ID   `json:"last"` // record that was brought up to date
	Failed int64   `json:"failed,omitempty"`
	First  []id.ID `json:"first,omitempty"` // records that failed
}

// maxFirst bounds the records that are named of those that failed.
const maxFirst = 10

// readCursor also reads that of a former version, which was the id alone.
func readCursor(raw json.RawMessage) (c cursor, err error) {
	if len(raw) == 0 || json.Unmarshal(raw, (*int64)(&c.Last)) == nil {
		return c, nil
	}
	return c, json.Unmarshal(raw, &c)
}

// fails notes a record that failed.
func (c *cursor) fails(key id.ID) {
	if c.Failed++; len(c.First) < maxFirst {
		c.First = append(slices.Clip(c.First), key)
	}
}

// eachRecord is a job that brings every record of an object up to date by one, which reports
// whether something could not be computed.
func (o Options) eachRecord(snapshots Snapshots, one func(u *write.Unit, m *stored.Mapping, old stored.Row, fields []string) (failed bool, err error)) job.Handler {
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
		return pass.run(ctx, j, func(u *write.Unit, m *stored.Mapping, old stored.Row) (bool, error) {
			return one(u, m, old, work.Fields)
		})
	}
}

// recordPass goes through the records of an object by id, a batch at a time.
type recordPass struct {
	w           *write.SystemWriter
	object      *catalog.Object
	reached     cursor
	done, total int64
}

func (p *recordPass) run(ctx context.Context, j *job.Progress, one func(u *write.Unit, m *stored.Mapping, old stored.Row) (failed bool, err error)) (err error) {
	if p.reached, err = readCursor(j.Cursor); err != nil {
		return fmt.Errorf("reading the cursor of job %s: %w", j.Kind, err)
	}
	if len(j.Cursor) == 0 {
		if p.total, err = p.w.Tenant.Count(ctx, p.object.Table.Name, nil, nil, 0); err != nil {
			return fmt.Errorf("counting records of %s: %w", p.object.Doc.Name, err)
		}
	}
	for {
		n, reached := 0, p.reached
		err := p.w.InTransaction(ctx, func(u *write.Unit) (err error) {
			n, reached, err = p.batch(u, one)
			if err != nil || n == 0 {
				return err
			}
			done := p.done + int64(n)
			return j.SaveIn(ctx, u.Tx, done, max(p.total, done), reached)
		})
		if err != nil || n == 0 {
			return err
		}
		p.reached, p.done = reached, p.done+int64(n)
		p.w.Committed()
	}
}

// batch brings one batch of records up to date, and says how many and how far that leads.
func (p *recordPass) batch(u *write.Unit, one func(u *write.Unit, m *stored.Mapping, old stored.Row) (failed bool, err error)) (n int, reached cursor, err error) {
	m := p.w.Mappings.Of(p.object)
	reached = p.reached
	rows, err := u.LoadSome(m, query.Compare{Ref: query.Field(query.ID), Op: query.Gt, Value: int64(p.reached.Last)}, batchRecords, batchBytes)
	if err != nil {
		return 0, reached, err
	}
	u.Keep(m, rows)
	for _, r := range rows {
		reached.Last = r.ID()
		// An earlier one of the batch may have changed it.
		current, err := u.Load(m, r.ID())
		if err != nil {
			return 0, reached, err
		}
		if current == nil {
			continue
		}
		failed, err := one(u, m, current)
		if err != nil {
			return 0, reached, fmt.Errorf("bringing record %s of %s up to date: %w", r.ID(), p.object.Doc.Name, err)
		}
		if failed {
			reached.fails(r.ID())
		}
	}
	return len(rows), reached, nil
}

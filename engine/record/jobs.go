package record

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/store"
)

// JobTrim removes old events from the outbox, and runs again a day later; its
// argument is Trimming.
const JobTrim = "trim_outbox"

// Trimming are the arguments of JobTrim.
type Trimming struct {
	KeepHours int64 `json:"keep_hours"` // 168, a week, when 0
}

// batchRecords is how many records one transaction of a job brings up to date.
const batchRecords = 100

// Snapshots finds a tenant's newest configuration.
type Snapshots interface {
	Snapshot(ctx context.Context, t store.Tenant) (*catalog.Snapshot, error)
}

// Handlers are the background jobs of this room by kind: catalog.JobBackfill,
// catalog.JobRollup (both with catalog.Work) and JobTrim. The first two belong in
// the lane catalog.Lane. They go on from where they were when they are run again,
// and writers may work meanwhile: each batch is read and written in one transaction.
func Handlers(s *Service, snapshots Snapshots) map[string]job.Handler {
	each := func(one func(u *unit, p *plan, w catalog.Work, r row) error) job.Handler {
		return func(ctx context.Context, t store.Tenant, j *job.Progress) error {
			var w catalog.Work
			if err := j.Decode(&w); err != nil {
				return err
			}
			snapshot, err := snapshots.Snapshot(ctx, t)
			if err != nil {
				return fmt.Errorf("reading the configuration: %w", err)
			}
			o, ok := snapshot.Objects[w.Object]
			if !ok {
				return nil // removed meanwhile
			}
			session := s.As(t, snapshot, policy.System(t.Name()))
			return session.eachRecord(ctx, j, o, func(u *unit, p *plan, r row) error { return one(u, p, w, r) })
		}
	}
	return map[string]job.Handler{
		catalog.JobBackfill: each((*unit).backfill),
		catalog.JobRollup:   each((*unit).reroll),
		JobTrim: func(ctx context.Context, t store.Tenant, j *job.Progress) error {
			var args Trimming
			if len(j.Args) > 0 {
				if err := j.Decode(&args); err != nil {
					return err
				}
			}
			if args.KeepHours <= 0 {
				args.KeepHours = 7 * 24
			}
			if _, err := s.Trim(ctx, t, s.now().Add(-time.Duration(args.KeepHours)*time.Hour)); err != nil {
				return err
			}
			return t.Write(ctx, func(tx store.Tx) error { return s.trimLater(ctx, tx, args) })
		},
	}
}

// trimEvery is the time between two runs of JobTrim.
const trimEvery = 24 * time.Hour

// KeepTrimmed has JobTrim run every day from now on. Calling it again adds nothing.
func (s *Service) KeepTrimmed(ctx context.Context, t store.Tenant) error {
	return t.Write(ctx, func(tx store.Tx) error { return s.trimLater(ctx, tx, Trimming{}) })
}

// trimLater enqueues the next run of JobTrim, unless one waits.
func (s *Service) trimLater(ctx context.Context, tx store.Tx, args Trimming) error {
	waiting, err := job.List(ctx, tx, job.Listing{Kind: JobTrim, State: job.Waiting, Limit: 1})
	if err != nil || len(waiting) > 0 {
		return err
	}
	now := s.now()
	_, err = job.EnqueueAt(ctx, tx, s.ids, now, now.Add(trimEvery), JobTrim, args, 0)
	return err
}

// eachRecord brings the records of an object up to date, by id, a batch at a time.
func (s *Session) eachRecord(ctx context.Context, j *job.Progress, o *catalog.Object, one func(u *unit, p *plan, r row) error) error {
	last, done, total := int64(0), j.Done, j.Total
	if len(j.Cursor) > 0 {
		if err := json.Unmarshal(j.Cursor, &last); err != nil {
			return fmt.Errorf("reading the cursor of job %s: %w", j.Kind, err)
		}
	} else {
		var err error
		if total, err = s.tenant.Count(ctx, o.Table.Name, nil, nil); err != nil {
			return fmt.Errorf("counting records of %s: %w", o.Doc.Name, err)
		}
	}
	p := s.compiled.plan(o)
	for {
		n, at := 0, last
		err := s.tenant.Write(ctx, func(tx store.Tx) error {
			u := &unit{ctx: ctx, s: s, tx: tx}
			rows, err := u.loadWhere(p, query.Compare{Ref: query.Field(query.ID), Op: query.Gt, Value: last}, batchRecords)
			if err != nil {
				return err
			}
			n, at = len(rows), last
			for _, r := range rows {
				at = r[slotID].(int64)
				// An earlier one of the batch may have changed it.
				if r, err = u.load(p, id.ID(at)); err != nil {
					return err
				}
				if r == nil {
					continue
				}
				if err := one(u, p, r); err != nil {
					return fmt.Errorf("bringing record %s of %s up to date: %w", id.ID(at), o.Doc.Name, err)
				}
			}
			if n == 0 {
				return nil
			}
			return j.SaveIn(ctx, tx, done+int64(n), max(total, done+int64(n)), at)
		})
		if err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
		last, done = at, done+int64(n)
		s.service.committed(s.tenant.Name())
	}
}

// backfill gives a record the values that a change of the configuration asks for:
// defaults and numbers of the named fields where it has none, and everything that is
// derived. Where that would make it equal to another in a unique key, it stays out of
// the key. It is no change of the record by anybody: version and history stay.
func (u *unit) backfill(p *plan, w catalog.Work, old row) error {
	in := &input{sent: map[int]bool{}}
	d := u.s.draft(u.ctx, u.tx, &access{plan: p, all: true}, in, Updated, id.ID(old[slotID].(int64)), old)
	for _, f := range p.defaults {
		if d.row[f.slot] != nil || !slices.Contains(w.Fields, f.Name) {
			continue
		}
		if f.Default == nil {
			d.row[f.slot] = f.Initial
		} else if v, err := f.Default.Eval(d); err == nil {
			d.row[f.slot] = v // one that can't be computed is left empty
		}
	}
	for _, f := range p.numbers {
		if slices.Contains(w.Fields, f.Name) {
			if err := d.numberOne(u.tx, f); err != nil {
				return err
			}
		}
	}
	if f := d.env.derive(); f != nil {
		// A formula that can't be computed for an old record must not hold up the others.
		d.row = append(row(nil), old...)
		p.follow(d.row)
	}
	if d.err != nil {
		return d.err
	}
	for _, key := range p.object.Unique {
		if err := u.yield(p, key, old, d.row); err != nil {
			return err
		}
	}
	var words []string
	for _, f := range p.object.Search {
		if slices.Contains(w.Fields, f.Name) {
			words = p.wordsOf(d.row)
		}
	}
	if words == nil && sameRow(old, d.row) {
		return nil
	}
	if err := u.updateWith(p, old, d.row, words); err != nil {
		return err
	}
	return u.feed(p, old, d.row)
}

// reroll computes the named roll-ups of a record anew.
func (u *unit) reroll(p *plan, w catalog.Work, old row) error {
	e := &env{ctx: u.ctx, s: u.s, reader: u.tx, plan: p, old: old, row: append(row(nil), old...)}
	for _, roll := range p.object.Rollups {
		if !slices.Contains(w.Fields, roll.Field.Name) {
			continue
		}
		err := u.recount(p, id.ID(old[slotID].(int64)), e.row, roll)
		if fault.Is(err, "record.overflow") || fault.Is(err, "query.overflow") {
			e.row[p.slots[roll.Field.Column.Name]] = nil
			continue
		}
		if err != nil {
			return err
		}
	}
	return u.rolled(e)
}

// trimBatch is how many events one transaction removes.
const trimBatch = 5000

// Trim removes the events of the outbox that are older than a time, and says how
// many. Whoever reads the outbox must have done so by then.
func (s *Service) Trim(ctx context.Context, t store.Tenant, before time.Time) (int64, error) {
	removed := int64(0)
	for {
		last := int64(0)
		q := query.Select{Table: outboxTable, Columns: []query.Ref{query.Field(query.ID), query.Field(colAt)},
			Sort: []query.Order{{Ref: query.Field(query.ID)}}, Limit: trimBatch}
		for r, err := range t.Select(ctx, q) {
			if err != nil {
				return removed, fmt.Errorf("reading the outbox: %w", err)
			}
			if at, _ := r[1].(int64); at >= before.UnixMilli() {
				break
			}
			last = r[0].(int64)
		}
		if last == 0 {
			return removed, nil
		}
		n := int64(0)
		err := t.Write(ctx, func(tx store.Tx) (err error) {
			n, err = tx.DeleteWhere(ctx, outboxTable, query.Compare{Ref: query.Field(query.ID), Op: query.Le, Value: last})
			return err
		})
		if err != nil {
			return removed, fmt.Errorf("trimming the outbox: %w", err)
		}
		removed += n
	}
}

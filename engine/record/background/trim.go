package background

import (
	"context"
	"fmt"
	"time"

	"formwork/engine/job"
	"formwork/engine/query"
	"formwork/engine/record/stored"
	"formwork/engine/store"
)

// JobTrim removes old events from the outbox, and runs again a day later; its
// argument is Trimming.
const JobTrim = "trim_outbox"

// Trimming are the arguments of JobTrim.
type Trimming struct {
	KeepHours int64 `json:"keep_hours"` // 168, a week, when 0
}

const (
	// trimEvery is the time between two runs of JobTrim.
	trimEvery = 24 * time.Hour
	// trimBatch is how many events one transaction removes.
	trimBatch = 5000
)

// trim is JobTrim.
func (o Options) trim(ctx context.Context, t store.Tenant, j *job.Progress) error {
	var args Trimming
	if len(j.Args) > 0 {
		if err := j.Decode(&args); err != nil {
			return err
		}
	}
	if args.KeepHours <= 0 {
		args.KeepHours = 7 * 24
	}
	if _, err := Trim(ctx, t, o.Now().Add(-time.Duration(args.KeepHours)*time.Hour)); err != nil {
		return err
	}
	return t.Write(ctx, func(tx store.Tx) error { return o.trimLater(ctx, tx, args) })
}

// KeepTrimmed has JobTrim run every day from now on. Calling it again adds nothing.
func (o Options) KeepTrimmed(ctx context.Context, t store.Tenant) error {
	return t.Write(ctx, func(tx store.Tx) error { return o.trimLater(ctx, tx, Trimming{}) })
}

// trimLater enqueues the next run of JobTrim, unless one waits.
func (o Options) trimLater(ctx context.Context, tx store.Tx, args Trimming) error {
	waiting, err := job.List(ctx, tx, job.Listing{Kind: JobTrim, State: job.Waiting, Limit: 1})
	if err != nil || len(waiting) > 0 {
		return err
	}
	now := o.Now()
	_, err = job.Enqueue(ctx, tx, o.IDs, now, job.New{Kind: JobTrim, Args: args, At: now.Add(trimEvery)})
	return err
}

// Trim removes the events of the outbox that are older than a time, and says how
// many. Whoever reads the outbox must have done so by then.
func Trim(ctx context.Context, t store.Tenant, before time.Time) (int64, error) {
	removed := int64(0)
	for {
		last := int64(0)
		q := query.Select{Table: stored.OutboxTable, Columns: []query.Ref{query.Field(query.ID), query.Field(stored.ColAt)},
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
			n, err = tx.DeleteWhere(ctx, stored.OutboxTable, query.Compare{Ref: query.Field(query.ID), Op: query.Le, Value: last})
			return err
		})
		if err != nil {
			return removed, fmt.Errorf("trimming the outbox: %w", err)
		}
		removed += n
	}
}

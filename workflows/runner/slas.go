package runner

import (
	"context"
	"fmt"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/workflows/sla"
)

// misses has the clocks of SLAs be missed.
var misses = alarm{5, sla.JobMiss}

// missAtOnce is how many clocks one transaction has be missed.
const missAtOnce = 50

// slowSave is how long a save may take from when it looked at the clock: what was due by then is looked for once more.
const slowSave = 5 * time.Second

// miss has all clocks be missed whose target has been reached, and has the job come again for the next.
func (r *Runner) miss(ctx context.Context, t store.Tenant, _ *job.Progress) error {
	return r.underNewest(ctx, t, func(system *record.Session) error {
		slas, now := sla.Of(system.Snapshot()).All, r.o.Now()
		for _, x := range slas {
			if err := r.missAll(ctx, t, system, x, now); err != nil {
				return err
			}
		}
		var first time.Time
		err := system.Jointly(ctx, func(j *record.Joint) error {
			first = time.Time{}
			for _, x := range slas {
				due, err := firstDue(ctx, j.Tx(), x, now.Add(-slowSave))
				if err != nil {
					return err
				}
				first = earlier(first, due)
			}
			if soonest := now.Add(leastPause); !first.IsZero() && first.Before(soonest) {
				first = soonest
			}
			return misses.next(ctx, j.Tx(), r, first)
		})
		if err == nil && !first.IsZero() {
			r.o.Wake(t.Name())
		}
		return err
	})
}

// missAll has the clocks of an SLA be missed. A record that can't be written is left for its next save, and told of.
func (r *Runner) missAll(ctx context.Context, t store.Tenant, system *record.Session, x *sla.SLA, now time.Time) error {
	caller := policy.System(t.Name())
	caller.Via = "sla " + x.Doc.Name
	writer := r.o.Records.As(t, system.Snapshot(), caller)
	for cursor := id.ID(0); ; {
		found, err := reached(ctx, t, x, now, cursor) // most often none, which takes no transaction
		if err != nil || len(found) == 0 {
			return err
		}
		err = writer.Jointly(ctx, func(j *record.Joint) error {
			if found, err = reached(ctx, j.Tx(), x, now, cursor); err != nil {
				return err
			}
			for _, key := range found {
				err := j.Revise(x.Object.Doc.Name, key, map[string]any{x.State.Name: sla.Missed})
				if f := fault.From(err); f != nil && f.Kind.Breaks() {
					return err
				} else if f != nil {
					r.o.Log.Error("having an SLA be missed", "tenant", t.Name(), "sla", x.Doc.Name, "record", key.String(), "error", err)
				}
			}
			return nil
		})
		if err != nil || len(found) < missAtOnce {
			return err
		}
		cursor = found[len(found)-1]
	}
}

// running are the records whose clock runs and is due within bounds.
func running(x *sla.SLA, op query.Op, now time.Time) query.Filter {
	return query.And(query.Is(x.State.Column, sla.Running), query.Compare{Ref: query.Field(x.Due.Column), Op: op, Value: now.UnixMilli()})
}

// reached are records behind another whose clock runs and has reached its target.
func reached(ctx context.Context, from store.Reader, x *sla.SLA, now time.Time, behind id.ID) ([]id.ID, error) {
	filter := query.And(running(x, query.Le, now), query.Compare{Ref: query.Field(query.ID), Op: query.Gt, Value: int64(behind)})
	var found []id.ID
	q := query.Select{Table: x.Object.Table.Name, Filter: filter, Sort: []query.Order{{Ref: query.Field(query.ID)}}, Limit: missAtOnce}
	for row, err := range store.Find(ctx, from, q, query.ID) {
		if err != nil {
			return nil, fmt.Errorf("finding records that miss %s: %w", x.Doc.Name, err)
		}
		found = append(found, row.ID(query.ID))
	}
	return found, nil
}

// firstDue is when the first clock is due after a time; the zero time: none is.
func firstDue(ctx context.Context, from store.Reader, x *sla.SLA, after time.Time) (time.Time, error) {
	q := query.Select{Table: x.Object.Table.Name, Filter: running(x, query.Gt, after), Sort: []query.Order{{Ref: query.Field(x.Due.Column)}}}
	row, found, err := store.First(ctx, from, q, x.Due.Column)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading when %s is due next: %w", x.Doc.Name, err)
	}
	if !found {
		return time.Time{}, nil
	}
	return row.Time(x.Due.Column), nil
}

package outbox

import (
	"context"
	"fmt"
	"slices"
	"time"

	"formwork/engine/fault"
	"formwork/engine/job"
	"formwork/engine/query"
	"formwork/engine/store"
)

// JobTrim is the kind of the job that trims a tenant's outbox, and runs again when there is
// something to trim, a day later at the earliest; its argument is Trimming.
const JobTrim = "trim_outbox"

// Trimming are the arguments of JobTrim.
type Trimming struct {
	KeepHours int64 `json:"keep_hours"` // Options.Keep when 0
}

const (
	trimEvery = 24 * time.Hour // between two runs of JobTrim, at least
	trimBatch = 5000           // events that one transaction removes
)

// Jobs are the kinds of jobs that this room does.
func (d *Dispatcher) Jobs() []job.Kind {
	return []job.Kind{{Name: JobTrim, Limit: 1, Handle: d.runTrim}}
}

// Enroll prepares a new tenant: it gives every registered consumer a state there, from
// which it begins with what is committed from now on, and has JobTrim run every day.
// Calling it again adds nothing.
func (d *Dispatcher) Enroll(ctx context.Context, t store.Tenant) error {
	if _, err := d.ensureStates(ctx, t); err != nil {
		return err
	}
	return t.Write(ctx, func(tx store.Tx) error {
		return d.trimLater(ctx, tx, Trimming{}, d.options.Now().Add(trimEvery))
	})
}

// ensureStates reads the states of a tenant's consumers, and makes those of registered ones
// that it has not known.
func (d *Dispatcher) ensureStates(ctx context.Context, t store.Tenant) ([]*State, error) {
	states, err := readStates(ctx, t)
	if err == nil && len(d.missing(states)) == 0 {
		return states, nil
	}
	// A tenant that was made by an older version may lack the tables.
	if err := t.Define(ctx, Tables()...); err != nil {
		return nil, fmt.Errorf("defining the tables of the outbox: %w", err)
	}
	end, err := t.LogEnd(ctx, EventTable)
	if err != nil {
		return nil, fmt.Errorf("finding the end of the outbox: %w", err)
	}
	err = t.Write(ctx, func(tx store.Tx) error {
		if states, err = readStates(ctx, tx); err != nil {
			return err
		}
		for _, c := range d.missing(states) {
			begin := int64(0)
			if c.FromNow {
				begin = end
			}
			err := tx.Insert(ctx, consumerTable, d.options.IDs.Next(), map[string]any{"version": int64(1), "name": c.Name,
				"position": begin, "attempts": int64(0), "seen_at": d.options.Now().UnixMilli()}, nil)
			if err != nil {
				return fmt.Errorf("registering the consumer %s: %w", c.Name, err)
			}
		}
		return nil
	})
	if err != nil && !fault.Is(err, "store.not_unique") { // else another process was faster
		return nil, err
	}
	return readStates(ctx, t)
}

// missing are the registered consumers that have no state.
func (d *Dispatcher) missing(states []*State) (missing []*Consumer) {
	for _, l := range d.lanes {
		if stateOf(states, l.consumer.Name) == nil {
			missing = append(missing, &l.consumer)
		}
	}
	return missing
}

func (d *Dispatcher) runTrim(ctx context.Context, t store.Tenant, j *job.Progress) error {
	var args Trimming
	if len(j.Args) > 0 {
		if err := j.Decode(&args); err != nil {
			return err
		}
	}
	keep := time.Duration(args.KeepHours) * time.Hour
	if keep <= 0 {
		keep = d.options.Keep
	}
	if _, err := d.Trim(ctx, t, d.options.Now().Add(-keep)); err != nil {
		return err
	}
	next, err := d.nextTrim(ctx, t, keep)
	if err != nil {
		return err
	}
	return t.Write(ctx, func(tx store.Tx) error { return d.trimLater(ctx, tx, args, next) })
}

// nextTrim is when there may be something to trim again: when the oldest event that is left is
// old. What is written from now on is not old before that either. So a tenant in which
// nothing happens is looked at as rarely as events are kept. What a consumer still has to take is
// tried again after a day.
func (d *Dispatcher) nextTrim(ctx context.Context, t store.Tenant, keep time.Duration) (time.Time, error) {
	states, err := readStates(ctx, t)
	if err != nil {
		return time.Time{}, err
	}
	now := d.options.Now()
	earliest, next := now.Add(trimEvery), now.Add(keep)
	q := store.LogRead{Table: EventTable, Columns: []query.Column{colAt}, Limit: 2}
	for row, err := range t.ReadLog(ctx, q) {
		if err != nil {
			return time.Time{}, fmt.Errorf("reading the outbox: %w", err)
		}
		e := q.Entry(row)
		old := e.Time(colAt).Add(keep + time.Millisecond) // from when on Trim takes it
		if !old.After(now) && !slices.ContainsFunc(states, func(s *State) bool { return s.Position < e.Position }) {
			continue // the last that was trimmed, which a store may keep
		}
		next = old
		break
	}
	if next.Before(earliest) {
		return earliest, nil
	}
	return next, nil
}

// trimLater enqueues the next run of JobTrim, unless one waits.
func (d *Dispatcher) trimLater(ctx context.Context, tx store.Tx, args Trimming, at time.Time) error {
	waiting, err := job.List(ctx, tx, job.Listing{Kind: JobTrim, State: job.Waiting, Limit: 1})
	if err != nil || len(waiting) > 0 {
		return err
	}
	_, err = job.Enqueue(ctx, tx, d.options.IDs, d.options.Now(), job.New{Kind: JobTrim, Args: args, At: at})
	return err
}

// Trim removes the events that are older than a time and that every consumer has taken,
// and says how many. A store may keep the last one. Before that it drops consumers that
// have not been registered for longer than Options.Forget.
func (d *Dispatcher) Trim(ctx context.Context, t store.Tenant, before time.Time) (removed int64, err error) {
	if err := t.Define(ctx, Tables()...); err != nil {
		return 0, fmt.Errorf("defining the tables of the outbox: %w", err)
	}
	if err := d.refreshSeenAt(ctx, t); err != nil {
		return 0, err
	}
	for after := int64(0); ; {
		through, last, err := d.oldThrough(ctx, t, after, before)
		if err != nil || through == after {
			return removed, err
		}
		held, n := false, int64(0)
		err = t.Write(ctx, func(tx store.Tx) error {
			states, err := readStates(ctx, tx)
			if err != nil {
				return err
			}
			upTo := through
			for _, s := range states {
				upTo = min(upTo, s.Position)
			}
			held = upTo < through
			n, err = tx.TrimLog(ctx, EventTable, upTo)
			return err
		})
		if err != nil {
			return removed, fmt.Errorf("trimming the outbox: %w", err)
		}
		removed += n
		if held || last {
			return removed, nil
		}
		after = through
	}
}

// oldThrough is the position of the last of a batch of events that are older than a
// time, after itself if there is none; last: those that follow are not.
func (d *Dispatcher) oldThrough(ctx context.Context, t store.Tenant, after int64, before time.Time) (through int64, last bool, err error) {
	through, n := after, 0
	q := store.LogRead{Table: EventTable, Columns: []query.Column{colAt}, After: after, Limit: trimBatch}
	for row, err := range t.ReadLog(ctx, q) {
		if err != nil {
			return 0, false, fmt.Errorf("reading the outbox: %w", err)
		}
		e := q.Entry(row)
		if e.Int(colAt) >= before.UnixMilli() {
			return through, true, nil
		}
		through = e.Position
		n++
	}
	return through, n < trimBatch, nil
}

// refreshSeenAt marks registered consumers as seen, and drops those that no process has
// registered for Options.Forget.
func (d *Dispatcher) refreshSeenAt(ctx context.Context, t store.Tenant) error {
	states, err := d.ensureStates(ctx, t)
	if err != nil {
		return err
	}
	now := d.options.Now()
	return t.Write(ctx, func(tx store.Tx) error {
		for _, s := range states {
			if d.lane(s.Consumer) != nil {
				err = tx.Update(ctx, consumerTable, s.id, 0, map[string]any{"seen_at": now.UnixMilli()}, nil)
			} else if now.Sub(s.SeenAt) > d.options.Forget {
				d.options.Log.Warn("a consumer that nobody registers any more is dropped", "tenant", t.Name(), "consumer", s.Consumer, "position", s.Position)
				err = s.remove(ctx, tx)
			}
			if err != nil && !fault.Is(err, "store.stale") { // removed meanwhile
				return fmt.Errorf("noting which consumers are registered: %w", err)
			}
		}
		return nil
	})
}

// Remove drops a consumer with how far it came: it holds up the trimming no more, and
// begins anew if a process registers it. Fault "outbox.no_consumer" (NotFound).
func Remove(ctx context.Context, t store.Tenant, consumer string) error {
	if err := t.Define(ctx, Tables()...); err != nil {
		return fmt.Errorf("defining the tables of the outbox: %w", err)
	}
	return t.Write(ctx, func(tx store.Tx) error {
		states, err := readStates(ctx, tx)
		if err != nil {
			return err
		}
		s := stateOf(states, consumer)
		if s == nil {
			return fault.New(fault.NotFound, "outbox.no_consumer", "consumer", consumer)
		}
		return s.remove(ctx, tx)
	})
}

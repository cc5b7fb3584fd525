package job

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
)

const (
	// maxLeases bounds the runs of a tenant that are looked at. There are no more than
	// all processes together have workers.
	maxLeases = 1000
	// maxHeld is how many jobs one transaction makes held: see lane.go.
	maxHeld = 100
)

// choice is the job that may run next if its lane is free. job is nil if there is none;
// then again is the time of the next look (zero: none until the tenant is woken).
type choice struct {
	job   *row
	slot  string // that it takes; "" if its kind has no limit
	again time.Time
}

// later notes a time at which to look again.
func (c *choice) later(at time.Time) {
	if c.again.IsZero() || at.Before(c.again) {
		c.again = at
	}
}

// claim takes the lease of the job that is next. If there is none, again is the time of
// the next look (zero: none until the tenant is woken). Unless there probably is one, it
// looks first without a transaction, which costs the writers of the tenant nothing.
func (r *Runner) claim(ctx context.Context, t store.Tenant, probable bool) (claimed *row, again time.Time, err error) {
	if !probable {
		next, err := r.choose(ctx, t)
		if err != nil || next.job == nil {
			return nil, next.again, err
		}
	}
	holder := r.o.Holder + "/" + strconv.FormatInt(r.runs.Add(1), 10)
	err = t.Write(ctx, func(tx store.Tx) (err error) {
		claimed, again, err = r.take(ctx, tx, holder)
		return err
	})
	if fault.Is(err, "store.not_unique") {
		return nil, r.o.Now(), nil // another process took the place in the lane, or of the kind
	}
	if err != nil {
		return nil, again, fmt.Errorf("claiming a job: %w", err)
	}
	return claimed, again, nil
}

// take gives a run the lease of the first job that may run now.
func (r *Runner) take(ctx context.Context, tx store.Tx, holder string) (*row, time.Time, error) {
	for range maxHeld {
		next, err := r.choose(ctx, tx)
		if err != nil || next.job == nil {
			return nil, next.again, err
		}
		switch j := next.job; {
		case j.holder != "" && j.State != Running: // cancelled, and its process is gone
			err = vacate(ctx, tx, j)
		case j.holder == "" && j.Lane != "":
			var waits bool
			if waits, err = holdUp(ctx, tx, j, r.kinds[j.Kind].Strict); waits || err != nil {
				break
			}
			fallthrough
		default:
			claimed, err := r.begin(ctx, tx, j.ID, next.slot, holder)
			return claimed, time.Time{}, err
		}
		if err != nil {
			return nil, time.Time{}, err
		}
	}
	return nil, r.o.Now(), nil
}

// begin writes the lease of a job, and with it what the run occupies.
func (r *Runner) begin(ctx context.Context, tx store.Tx, job id.ID, slot, holder string) (*row, error) {
	j, err := load(ctx, tx, job, whole)
	if err != nil {
		return nil, err
	}
	if j.holder != "" {
		if err := beats.End(ctx, tx, j.ID); err != nil { // of the run that is gone
			return nil, err
		}
	}
	now := r.o.Now()
	j.State, j.holder = Running, holder
	j.Attempts++
	begun := busy(Running).and(values{"holder": holder, "attempts": j.Attempts, "lease_until": now.Add(r.o.Lease).UnixMilli(),
		"busy_lane": store.Text(j.Lane), "slot": store.Text(slot)})
	if j.StartedAt.IsZero() {
		begun["started_at"] = now.UnixMilli()
	}
	return j, tx.Update(ctx, table, j.ID, 0, begun, nil)
}

// choose finds the job that is next: one whose run is gone, which keeps what it
// occupies; else of those that are due and whose kind is below its limit, the one that has been
// due for longest.
func (r *Runner) choose(ctx context.Context, from store.Reader) (choice, error) {
	var next choice
	leases, err := underLease.rows(ctx, from)
	if err != nil {
		return next, err
	}
	now := r.o.Now()
	if err := hear(ctx, from, leases, now.UnixMilli()); err != nil {
		return next, err
	}
	taken := map[string]bool{}
	for _, j := range leases {
		taken[j.slot] = true
		_, known := r.kinds[j.Kind]
		switch {
		case j.lease > now.UnixMilli() && !r.orphaned(j):
			next.later(time.UnixMilli(j.lease))
		case next.job == nil && (known || j.State != Running):
			next.job, next.slot = j, j.slot
		}
	}
	if next.job != nil {
		return next, nil
	}
	if next.job, next.slot, err = r.firstAllowed(ctx, from, now, taken); err != nil || next.job != nil {
		return next, err
	}
	upcoming, err := waitingBeyond(now).first(ctx, from)
	if upcoming != nil {
		next.later(upcoming.RunAt)
	}
	return next, err
}

// firstAllowed finds the job that has been due for longest, of the kinds below their
// limit; nil if there is none. If the first of all is of another kind, it asks kind by
// kind, so that many jobs of a kind at its limit, or of one that this process does not
// know, hide no other.
func (r *Runner) firstAllowed(ctx context.Context, from store.Reader, now time.Time, taken map[string]bool) (first *row, slot string, err error) {
	first, err = dueBy(now, "").first(ctx, from)
	if err != nil || first == nil {
		return nil, "", err
	}
	slot, ok := r.freeSlot(first.Kind, taken)
	if ok {
		return first, slot, nil
	}
	first = nil
	for kind := range r.kinds {
		free, ok := r.freeSlot(kind, taken)
		if !ok {
			continue
		}
		j, err := dueBy(now, kind).first(ctx, from)
		if err != nil {
			return nil, "", err
		}
		if j != nil && (first == nil || j.RunAt.Before(first.RunAt) || j.RunAt.Equal(first.RunAt) && j.ID < first.ID) {
			first, slot = j, free
		}
	}
	return first, slot, nil
}

// freeSlot reports whether another job of a kind may run, and in which of the kind's
// slots ("" if it has no limit).
func (r *Runner) freeSlot(kind string, taken map[string]bool) (slot string, ok bool) {
	k, known := r.kinds[kind]
	if !known || k.Limit == 0 {
		return "", known
	}
	for i := range k.Limit {
		if slot = kind + "/" + strconv.Itoa(i); !taken[slot] {
			return slot, true
		}
	}
	return "", false
}

// orphaned reports whether the process that runs a job is known to be gone.
func (r *Runner) orphaned(j *row) bool {
	return r.o.Alone && !strings.HasPrefix(j.holder, r.o.Holder+"/")
}

// underLease finds the jobs that have a lease, that which ends first in front.
var underLease = lookup{part: essentials, limit: maxLeases,
	filter: query.Compare{Ref: query.Field(colLease), Op: query.Gt, Value: int64(0)},
	sort:   []query.Order{{Ref: query.Field(colLease)}, {Ref: query.Field(query.ID)}}}

// dueBy finds the jobs that wait, are not held and are due at a time, in the order in
// which they became due; "" is of every kind. It has an upper bound as well, since a
// server that sorts what the filter finds would else sort all that wait.
func dueBy(now time.Time, kind string) lookup {
	filter := query.All{
		query.Compare{Ref: query.Field(colDue), Op: query.Gt, Value: int64(0)},
		query.Compare{Ref: query.Field(colDue), Op: query.Le, Value: now.UnixMilli()},
	}
	if kind != "" {
		filter = append(filter, query.Is(colKind, kind))
	}
	return lookup{part: essentials, filter: filter, sort: firstDue}
}

// waitingBeyond finds the jobs that will be due after a time, the first in front.
func waitingBeyond(now time.Time) lookup {
	return lookup{part: essentials, sort: firstDue,
		filter: query.Compare{Ref: query.Field(colDue), Op: query.Gt, Value: now.UnixMilli()}}
}

var firstDue = []query.Order{{Ref: query.Field(colDue)}, {Ref: query.Field(query.ID)}}

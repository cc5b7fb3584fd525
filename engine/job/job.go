// Package job is background work that survives: a row a job in the tenant's own
// store, enqueued in the transaction that makes the work necessary, leased by one
// process at a time, resumed from its cursor after a kill, with progress to see.
//
// A job runs at least once. Its handler saves how far it came together with what
// it did (Progress.SaveIn), or does only what may be done twice.
//
// # What runs when
//
// Jobs run when they are due, those that are due for longest first, several at a
// time. A process runs no more than Options.Workers, of a tenant one less, so that
// there is always one for the others. Tenants take turns.
//
// A tenant never runs more jobs of a kind than the kind's Limit, whatever the number
// of processes.
//
// Jobs may share a lane. Two jobs of a lane never run at a time, and they run in the
// order in which they were enqueued. A job that waits for a later time — it was
// enqueued for one, or it failed and is tried again after a pause — holds up nobody:
// its lane goes on, and the job takes its turn when its time has come. Where later
// work builds on earlier work, that would be wrong, so a kind may be Strict: a job of
// such a kind begins when every job that was enqueued before it in its lane has ended,
// whatever that one waits for. A job that waits for a place of its kind may hold up its
// lane.
//
// Ended means done, failed or cancelled. A job that was cancelled while it ran keeps
// its place in the lane until its handler has returned.
package job

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
)

// States of a job. Waiting and running ones are open, the others are final.
const (
	Waiting   = "waiting"
	Running   = "running"
	Done      = "done"
	Failed    = "failed"
	Cancelled = "cancelled"
)

// Job is one piece of background work as it stands.
type Job struct {
	ID    id.ID
	Kind  string
	Args  json.RawMessage
	State string
	// Done of Total units; Total 0 is not known.
	Done, Total int64
	Cursor      json.RawMessage // where a resumed run goes on; nil at the start
	Error       string          // code of the fault of a failed run, also while a retry waits
	ErrorParams map[string]any  // for its text
	Attempts    int64           // runs since the last progress
	CreatedAt   time.Time
	StartedAt   time.Time // zero: not yet
	EndedAt     time.Time // zero: still open
	RunAt       time.Time // not before
	Lane        string    // empty: none
	By          id.ID
}

// Fault is why the job failed, nil if it did not.
func (j *Job) Fault() *fault.Fault {
	if j.Error == "" {
		return nil
	}
	return &fault.Fault{Kind: fault.Invalid, Code: j.Error, Params: j.ErrorParams}
}

// MaxArgs bounds the arguments and the cursor of a job, in bytes.
const MaxArgs = 1 << 20

// MaxLane bounds the name of a lane, in bytes.
const MaxLane = 200

// New says what is to be done.
type New struct {
	Kind string
	Args any // written as JSON
	// Lane, if not empty, names the jobs of this tenant that it must not overlap with.
	// Rooms begin the names of their lanes with their own.
	Lane string
	At   time.Time // not before; the zero time is now
	By   id.ID
}

// Enqueue adds a job in the caller's transaction; it is there exactly if that
// commits. Afterwards the caller wakes the runner. Fault "job.too_large" (TooLarge) for
// arguments beyond MaxArgs.
func Enqueue(ctx context.Context, tx store.Tx, ids *id.Source, now time.Time, n New) (id.ID, error) {
	if len(n.Lane) > MaxLane {
		return 0, fmt.Errorf("enqueueing a job %s: the name of its lane has %d bytes, more than %d", n.Kind, len(n.Lane), MaxLane)
	}
	args, err := encode(n.Args)
	if err != nil {
		return 0, fmt.Errorf("enqueueing a job %s: %w", n.Kind, err)
	}
	at := now
	if !n.At.IsZero() {
		at = n.At
	}
	if err := tx.Mark(ctx, Topic, at); err != nil {
		return 0, fmt.Errorf("enqueueing a job %s: %w", n.Kind, err)
	}
	job := ids.Next()
	err = tx.Insert(ctx, table, job, waiting(at).and(values{
		"kind": n.Kind, "args": args, "done": int64(0), "total": int64(0), "attempts": int64(0),
		"created_at": now.UnixMilli(), "lane": store.Text(n.Lane), "by": int64(n.By),
	}), nil)
	if err != nil {
		return 0, fmt.Errorf("enqueueing a job %s: %w", n.Kind, err)
	}
	return job, nil
}

// encode writes v as JSON in stored form; nil stays nil.
func encode(v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("writing arguments: %w", err)
	}
	if len(raw) > MaxArgs {
		return nil, fault.New(fault.TooLarge, "job.too_large", "limit", MaxArgs)
	}
	return json.RawMessage(raw), nil
}

// Get reads a job. Fault "job.not_found" (NotFound).
func Get(ctx context.Context, from store.Reader, job id.ID) (*Job, error) {
	r, err := find(ctx, from, job)
	if err != nil {
		return nil, err
	}
	return &r.Job, nil
}

// GetAll reads jobs by their ids, with one question. Those that are not there are left out.
func GetAll(ctx context.Context, from store.Reader, jobs []id.ID) (map[id.ID]*Job, error) {
	if len(jobs) == 0 {
		return nil, nil
	}
	keys := make([]any, len(jobs))
	for i, j := range jobs {
		keys[i] = int64(j)
	}
	rows, err := lookup{part: whole, filter: query.In{Ref: query.Field(query.ID), Values: keys}, sort: oldestFirst}.rows(ctx, from)
	if err != nil {
		return nil, err
	}
	found := make(map[id.ID]*Job, len(rows))
	for _, r := range rows {
		found[r.ID] = &r.Job
	}
	return found, nil
}

// Listing says which jobs List returns: newest first, of a kind and a state if
// given, older than Before if that is not zero, at most Limit (100 if 0).
type Listing struct {
	Kind, State string
	Before      id.ID
	Limit       int
}

// List reads jobs, newest first.
func List(ctx context.Context, from store.Reader, l Listing) ([]*Job, error) {
	var filter query.All
	if l.Kind != "" {
		filter = append(filter, query.Is(colKind, l.Kind))
	}
	if l.Before != 0 {
		filter = append(filter, query.Compare{Ref: query.Field(query.ID), Op: query.Lt, Value: int64(l.Before)})
	}
	if l.Limit <= 0 || l.Limit > 500 {
		l.Limit = 100
	}
	asked := lookup{part: whole, filter: filter, sort: newestFirst, limit: l.Limit}
	switch l.State {
	case "":
	case Waiting: // those that are open and don't wait are few
		asked.filter = append(filter, query.Is(colPhase, open), query.In{Ref: query.Field(colState), Values: []any{Waiting, held}})
	case Running:
		asked = underLease
		asked.part, asked.filter = whole, append(filter, underLease.filter, query.Is(colState, Running))
	default:
		asked.filter = append(filter, query.Is(colPhase, l.State))
	}
	rows, err := asked.rows(ctx, from)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rows, func(a, b *row) int { return cmp.Compare(b.ID, a.ID) })
	jobs := make([]*Job, min(len(rows), l.Limit))
	for i := range jobs {
		jobs[i] = &rows[i].Job
	}
	return jobs, nil
}

// Cancel ends an open job; one that runs is told at its next save, or at the
// latest after a third of the lease. Cancelling what has ended does nothing.
// Fault "job.not_found".
func Cancel(ctx context.Context, t store.Tenant, job id.ID, now time.Time) error {
	return t.Write(ctx, func(tx store.Tx) error {
		j, err := find(ctx, tx, job)
		if err != nil {
			return err
		}
		if j.State != Waiting && j.State != Running {
			return nil
		}
		if j.holder == "" { // else its lane is free when its run has ended
			if err := release(ctx, tx, j.Lane); err != nil {
				return err
			}
		}
		return tx.Update(ctx, table, job, 0, ended(Cancelled, now), nil)
	})
}

// Retry makes a failed or cancelled job wait again; it goes on from its cursor.
// Fault "job.not_failed" (Conflict) for any other.
func Retry(ctx context.Context, t store.Tenant, job id.ID, now time.Time) error {
	return t.Write(ctx, func(tx store.Tx) error {
		j, err := find(ctx, tx, job)
		if err != nil {
			return err
		}
		if j.State != Failed && j.State != Cancelled {
			return fault.New(fault.Conflict, "job.not_failed", "state", j.State)
		}
		again := waiting(now)
		if j.holder != "" {
			again.and(busy(held)) // by its own run, which has not noticed yet that it was cancelled
		}
		return update(ctx, tx, job, again.and(values{"attempts": int64(0),
			"ended_at": nil, "error": nil, "error_params": nil}))
	})
}

// find is Get with the lease.
func find(ctx context.Context, from store.Reader, job id.ID) (*row, error) {
	r, err := load(ctx, from, job, whole)
	if err == nil && r == nil {
		err = fault.New(fault.NotFound, "job.not_found", "id", job.String())
	}
	return r, err
}

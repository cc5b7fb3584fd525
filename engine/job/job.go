// Package job is background work that survives: a row a job in the tenant's own
// store, enqueued in the transaction that makes the work necessary, leased by one
// process at a time, resumed from its cursor after a kill, with progress to see.
//
// A job runs at least once. Its handler saves how far it came together with what
// it did (Progress.SaveIn), or does only what may be done twice.
package job

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
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

const table = "_job"

// Columns of the table; times are Unix milliseconds.
var (
	colKind      = query.Column{Name: "kind", Storage: fieldtype.Text}
	colArgs      = query.Column{Name: "args", Storage: fieldtype.JSON}
	colState     = query.Column{Name: "state", Storage: fieldtype.Text}
	colDone      = query.Column{Name: "done", Storage: fieldtype.Int}
	colTotal     = query.Column{Name: "total", Storage: fieldtype.Int}
	colCursor    = query.Column{Name: "cursor", Storage: fieldtype.JSON}
	colError     = query.Column{Name: "error", Storage: fieldtype.Text}
	colParams    = query.Column{Name: "error_params", Storage: fieldtype.JSON}
	colAttempts  = query.Column{Name: "attempts", Storage: fieldtype.Int}
	colCreatedAt = query.Column{Name: "created_at", Storage: fieldtype.Int}
	colStartedAt = query.Column{Name: "started_at", Storage: fieldtype.Int}
	colEndedAt   = query.Column{Name: "ended_at", Storage: fieldtype.Int}
	colRunAt     = query.Column{Name: "run_at", Storage: fieldtype.Int}
	colBy        = query.Column{Name: "by", Storage: fieldtype.Int}
	colHolder    = query.Column{Name: "holder", Storage: fieldtype.Text} // who leases it
	colLease     = query.Column{Name: "lease_until", Storage: fieldtype.Int}
)

var columns = []query.Column{colKind, colArgs, colState, colDone, colTotal, colCursor, colError, colParams,
	colAttempts, colCreatedAt, colStartedAt, colEndedAt, colRunAt, colBy, colHolder, colLease}

// Tables are the tables this room keeps in every tenant.
func Tables() []store.Table {
	return []store.Table{{Name: table, Columns: columns, Indexes: []store.Index{
		{Name: "_job_state", Columns: []store.IndexColumn{{Column: colState}, {Column: query.ID}}},
		{Name: "_job_kind", Columns: []store.IndexColumn{{Column: colKind}, {Column: query.ID}}},
	}}}
}

// Enqueue adds a job in the caller's transaction; it is there exactly if that
// commits. Afterwards the caller wakes the runner. args is written as JSON.
func Enqueue(ctx context.Context, tx store.Tx, ids *id.Source, now time.Time, kind string, args any, by id.ID) (id.ID, error) {
	return EnqueueAt(ctx, tx, ids, now, now, kind, args, by)
}

// EnqueueAt is Enqueue for a job that does not run before at.
func EnqueueAt(ctx context.Context, tx store.Tx, ids *id.Source, now, at time.Time, kind string, args any, by id.ID) (id.ID, error) {
	raw, err := encode(args)
	if err != nil {
		return 0, fmt.Errorf("enqueueing a job %s: %w", kind, err)
	}
	job := ids.Next()
	err = tx.Insert(ctx, table, job, map[string]any{
		"kind": kind, "args": raw, "state": Waiting, "done": int64(0), "total": int64(0), "attempts": int64(0),
		"created_at": now.UnixMilli(), "run_at": at.UnixMilli(), "by": int64(by),
	}, nil)
	if err != nil {
		return 0, fmt.Errorf("enqueueing a job %s: %w", kind, err)
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
	r, err := load(ctx, from, job)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, fault.New(fault.NotFound, "job.not_found", "id", job.String())
	}
	return &r.Job, nil
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
	if l.State != "" {
		filter = append(filter, query.Is(colState, l.State))
	}
	if l.Before != 0 {
		filter = append(filter, query.Compare{Ref: query.Field(query.ID), Op: query.Lt, Value: int64(l.Before)})
	}
	if l.Limit <= 0 || l.Limit > 500 {
		l.Limit = 100
	}
	rows, err := read(ctx, from, filter, true, l.Limit)
	if err != nil {
		return nil, err
	}
	jobs := make([]*Job, len(rows))
	for i, row := range rows {
		jobs[i] = &row.Job
	}
	return jobs, nil
}

// Cancel ends an open job; one that runs is told at its next save, or at the
// latest after a third of the lease. Cancelling what has ended does nothing.
// Fault "job.not_found".
func Cancel(ctx context.Context, t store.Tenant, job id.ID, now time.Time) error {
	return t.Write(ctx, func(tx store.Tx) error {
		j, err := Get(ctx, tx, job)
		if err != nil {
			return err
		}
		if j.State != Waiting && j.State != Running {
			return nil
		}
		return tx.Update(ctx, table, job, 0, map[string]any{
			"state": Cancelled, "ended_at": now.UnixMilli(), "holder": nil, "lease_until": nil}, nil)
	})
}

// Retry makes a failed or cancelled job wait again; it goes on from its cursor.
// Fault "job.not_failed" (Conflict) for any other.
func Retry(ctx context.Context, t store.Tenant, job id.ID, now time.Time) error {
	return t.Write(ctx, func(tx store.Tx) error {
		j, err := Get(ctx, tx, job)
		if err != nil {
			return err
		}
		if j.State != Failed && j.State != Cancelled {
			return fault.New(fault.Conflict, "job.not_failed", "state", j.State)
		}
		return tx.Update(ctx, table, job, 0, map[string]any{"state": Waiting, "attempts": int64(0),
			"run_at": now.UnixMilli(), "ended_at": nil, "error": nil, "error_params": nil}, nil)
	})
}

// row is a job with its lease.
type row struct {
	Job
	holder string
	lease  int64
}

func read(ctx context.Context, from store.Reader, filter query.Filter, newest bool, limit int) ([]*row, error) {
	refs := []query.Ref{query.Field(query.ID)}
	for _, c := range columns {
		refs = append(refs, query.Field(c))
	}
	var rows []*row
	sort := []query.Order{{Ref: query.Field(query.ID), Descending: newest}}
	for values, err := range from.Select(ctx, query.Select{Table: table, Columns: refs, Filter: filter, Sort: sort, Limit: limit}) {
		if err != nil {
			return nil, fmt.Errorf("reading jobs: %w", err)
		}
		rows = append(rows, decode(values))
	}
	return rows, nil
}

// load reads one job with its lease; nil if there is none.
func load(ctx context.Context, from store.Reader, job id.ID) (*row, error) {
	rows, err := read(ctx, from, query.Is(query.ID, int64(job)), false, 1)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows[0], nil
}

// decode reads a row in the order of columns, after the id.
func decode(v store.Row) *row {
	number := func(i int) int64 { n, _ := v[i].(int64); return n }
	text := func(i int) string { s, _ := v[i].(string); return s }
	bytes := func(i int) json.RawMessage {
		raw, _ := v[i].(json.RawMessage)
		return append(json.RawMessage(nil), raw...)
	}
	at := func(i int) time.Time {
		if n := number(i); n != 0 {
			return time.UnixMilli(n).UTC()
		}
		return time.Time{}
	}
	r := &row{Job: Job{ID: id.ID(number(0)), Kind: text(1), Args: bytes(2), State: text(3), Done: number(4), Total: number(5),
		Cursor: bytes(6), Error: text(7), Attempts: number(9), CreatedAt: at(10), StartedAt: at(11), EndedAt: at(12),
		RunAt: at(13), By: id.ID(number(14))}, holder: text(15), lease: number(16)}
	if raw := bytes(8); len(raw) > 0 {
		// Parameters only fill a text; a row without readable ones shows it unfilled.
		_ = json.Unmarshal(raw, &r.ErrorParams)
	}
	return r
}

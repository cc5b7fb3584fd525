package job

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

const table = "_job"

// held is the stored state of a job that waits for another, see lane.go; outside it
// is waiting.
const held = "held"

// row is a job with its lease. It has a lease as long as a run of it may be under way,
// and with it what the run occupies.
type row struct {
	Job
	held   bool   // waits for another job
	holder string // the run that has the lease; empty: there is no lease
	lease  int64  // until when, Unix milliseconds, beats aside
	slot   string // the place among the jobs of a kind with a limit
}

// Columns of the table; times are Unix milliseconds.
var (
	colKind        = query.Column{Name: "kind", Storage: fieldtype.Text}
	colState       = query.Column{Name: "state", Storage: fieldtype.Text}
	colRunAt       = query.Column{Name: "run_at", Storage: fieldtype.Int}
	colLane        = query.Column{Name: "lane", Storage: fieldtype.Text}
	colHolder      = query.Column{Name: "holder", Storage: fieldtype.Text}
	colLease       = query.Column{Name: "lease_until", Storage: fieldtype.Int}
	colSlot        = query.Column{Name: "slot", Storage: fieldtype.Text}
	colArgs        = query.Column{Name: "args", Storage: fieldtype.JSON}
	colDone        = query.Column{Name: "done", Storage: fieldtype.Int}
	colTotal       = query.Column{Name: "total", Storage: fieldtype.Int}
	colCursor      = query.Column{Name: "cursor", Storage: fieldtype.JSON}
	colError       = query.Column{Name: "error", Storage: fieldtype.Text}
	colErrorParams = query.Column{Name: "error_params", Storage: fieldtype.JSON}
	colAttempts    = query.Column{Name: "attempts", Storage: fieldtype.Int}
	colCreatedAt   = query.Column{Name: "created_at", Storage: fieldtype.Int}
	colStartedAt   = query.Column{Name: "started_at", Storage: fieldtype.Int}
	colEndedAt     = query.Column{Name: "ended_at", Storage: fieldtype.Int}
	colBy          = query.Column{Name: "by", Storage: fieldtype.Int}
	colBusyLane    = query.Column{Name: "busy_lane", Storage: fieldtype.Text} // the lane, while there is a lease
	colDue         = query.Column{Name: "due", Storage: fieldtype.Int}        // run_at, while the job waits and is not held
	colPhase       = query.Column{Name: "phase", Storage: fieldtype.Text}     // open, or the state in which it ended
)

// open is the phase of a job that has not ended.
const open = "open"

// values are of columns of a row, in stored form. State, due and phase are set together,
// by the functions below, so that a job waits exactly if it is found as due. The indexes
// are over due and phase, since each change of an indexed column costs: phase changes
// only when a job ends, due when it begins.
type values map[string]any

// waiting are the values of a job that may run from a time on.
func waiting(at time.Time) values {
	return values{"state": Waiting, "phase": open, "run_at": at.UnixMilli(), "due": at.UnixMilli()}
}

// busy are the values of a job that is open and must not begin: Running or held.
func busy(state string) values { return values{"state": state, "phase": open, "due": nil} }

// ended are the values of a job in a final state.
func ended(state string, at time.Time) values {
	return values{"state": state, "phase": state, "due": nil, "ended_at": at.UnixMilli()}
}

// update changes values of a job. Where that has it wait, the tenant is marked.
func update(ctx context.Context, tx store.Tx, job id.ID, changed values) error {
	if due, waits := changed["due"].(int64); waits {
		if err := tx.Mark(ctx, Topic, time.UnixMilli(due)); err != nil {
			return err
		}
	}
	return tx.Update(ctx, table, job, 0, changed, nil)
}

// and adds values.
func (v values) and(more values) values {
	maps.Copy(v, more)
	return v
}

// part is columns that are read together, and how they fill a row.
type part struct {
	columns []query.Column
	fill    func(*row, store.Found)
}

// essentials are what tells which job may run; whole is all of a row.
var (
	essentials = part{[]query.Column{query.ID, colKind, colState, colRunAt, colLane, colHolder, colLease, colSlot}, (*row).fillEssentials}
	whole      = part{append(essentials.columns[:len(essentials.columns):len(essentials.columns)], colArgs, colDone, colTotal, colCursor,
		colError, colErrorParams, colAttempts, colCreatedAt, colStartedAt, colEndedAt, colBy), (*row).fillWhole}
)

func (r *row) fillEssentials(f store.Found) {
	r.ID, r.Kind, r.RunAt, r.Lane = f.ID(query.ID), f.Text(colKind), f.Time(colRunAt), f.Text(colLane)
	r.holder, r.lease, r.slot = f.Text(colHolder), f.Int(colLease), f.Text(colSlot)
	r.setState(f.Text(colState))
}

func (r *row) fillWhole(f store.Found) {
	r.fillEssentials(f)
	r.Args, r.Cursor, r.By = f.JSON(colArgs), f.JSON(colCursor), f.ID(colBy)
	r.Done, r.Total, r.Attempts = f.Int(colDone), f.Int(colTotal), f.Int(colAttempts)
	r.CreatedAt, r.StartedAt, r.EndedAt = f.Time(colCreatedAt), f.Time(colStartedAt), f.Time(colEndedAt)
	r.Error = f.Text(colError)
	r.setErrorParams(f.JSON(colErrorParams))
}

func (r *row) setState(stored string) {
	r.State, r.held = stored, stored == held
	if r.held {
		r.State = Waiting
	}
}

// setErrorParams reads the parameters of an error. They only fill a text; a row
// without readable ones shows it unfilled.
func (r *row) setErrorParams(raw json.RawMessage) {
	if len(raw) > 0 {
		_ = json.Unmarshal(raw, &r.ErrorParams)
	}
}

// Tables are the tables this room keeps in every tenant. What is looked for again and
// again is found by an index: the first job that waits, of all kinds and of one; runs
// under way; the lane's first; what ended long ago. The unique ones keep two runs from
// taking one place, of processes that don't see each other's transactions too.
func Tables() []store.Table {
	all := slices.DeleteFunc(slices.Clone(whole.columns), func(c query.Column) bool { return c == query.ID })
	on := func(columns ...query.Column) (list []store.IndexColumn) {
		for _, c := range columns {
			list = append(list, store.IndexColumn{Column: c})
		}
		return list
	}
	return []store.Table{{Name: table, Columns: append(all, colBusyLane, colDue, colPhase), Indexes: []store.Index{
		{Name: "_job_phase", Columns: on(colPhase, query.ID)},
		{Name: "_job_kind", Columns: on(colKind, query.ID)},
		{Name: "_job_due", Columns: on(colDue, query.ID), Filled: true},
		{Name: "_job_kind_due", Columns: on(colKind, colDue, query.ID)},
		{Name: "_job_lane", Columns: on(colLane, colState, query.ID), Filled: true},
		{Name: "_job_lease", Columns: on(colLease, query.ID), Filled: true},
		{Name: "_job_ended", Columns: on(colEndedAt, query.ID), Filled: true},
		{Name: "_job_busy_lane", Columns: on(colBusyLane), Unique: true, Filled: true},
		{Name: "_job_slot", Columns: on(colSlot), Unique: true, Filled: true},
	}}, beats.Definition()}
}

// lookup is a question for jobs.
type lookup struct {
	part   part
	filter query.Filter
	sort   []query.Order
	limit  int
}

var (
	newestFirst = []query.Order{{Ref: query.Field(query.ID), Descending: true}}
	oldestFirst = []query.Order{{Ref: query.Field(query.ID)}}
)

// query is the lookup as stores know it.
func (l lookup) query() query.Select {
	refs := make([]query.Ref, len(l.part.columns))
	for i, c := range l.part.columns {
		refs[i] = query.Field(c)
	}
	return query.Select{Table: table, Columns: refs, Filter: l.filter, Sort: l.sort, Limit: l.limit}
}

func (l lookup) rows(ctx context.Context, from store.Reader) ([]*row, error) {
	var rows []*row
	for values, err := range from.Select(ctx, l.query()) {
		if err != nil {
			return nil, fmt.Errorf("reading jobs: %w", err)
		}
		r := &row{}
		l.part.fill(r, store.ByColumn(l.part.columns, values))
		rows = append(rows, r)
	}
	return rows, nil
}

// first is the first row, nil if there is none.
func (l lookup) first(ctx context.Context, from store.Reader) (*row, error) {
	l.limit = 1
	rows, err := l.rows(ctx, from)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows[0], nil
}

// load reads a part of one job; nil if there is none.
func load(ctx context.Context, from store.Reader, job id.ID, of part) (*row, error) {
	return lookup{part: of, filter: query.Is(query.ID, int64(job)), sort: oldestFirst}.first(ctx, from)
}

package job

import (
	"context"
	"encoding/json"
	"fmt"
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
	lease  int64  // until when, Unix milliseconds
	slot   string // the place among the jobs of a kind with a limit
}

// Columns of the table; times are Unix milliseconds.
var (
	colKind     = query.Column{Name: "kind", Storage: fieldtype.Text}
	colState    = query.Column{Name: "state", Storage: fieldtype.Text}
	colEndedAt  = query.Column{Name: "ended_at", Storage: fieldtype.Int}
	colRunAt    = query.Column{Name: "run_at", Storage: fieldtype.Int}
	colLane     = query.Column{Name: "lane", Storage: fieldtype.Text}
	colHolder   = query.Column{Name: "holder", Storage: fieldtype.Text}
	colLease    = query.Column{Name: "lease_until", Storage: fieldtype.Int}
	colBusyLane = query.Column{Name: "busy_lane", Storage: fieldtype.Text} // the lane, while there is a lease
	colSlot     = query.Column{Name: "slot", Storage: fieldtype.Text}
)

// column is a column and where its value belongs in a row.
type column struct {
	query.Column
	read func(*row, any)
}

// essentials are what tells which job may run; columns are all.
var (
	essentials = []column{
		{query.ID, func(r *row, v any) { r.ID = id.ID(number(v)) }},
		{colKind, func(r *row, v any) { r.Kind = text(v) }},
		{colState, func(r *row, v any) { r.setState(text(v)) }},
		{colRunAt, func(r *row, v any) { r.RunAt = instant(v) }},
		{colLane, func(r *row, v any) { r.Lane = text(v) }},
		{colHolder, func(r *row, v any) { r.holder = text(v) }},
		{colLease, func(r *row, v any) { r.lease = number(v) }},
		{colSlot, func(r *row, v any) { r.slot = text(v) }},
	}
	columns = append(essentials[:len(essentials):len(essentials)], []column{
		{query.Column{Name: "args", Storage: fieldtype.JSON}, func(r *row, v any) { r.Args = document(v) }},
		{query.Column{Name: "done", Storage: fieldtype.Int}, func(r *row, v any) { r.Done = number(v) }},
		{query.Column{Name: "total", Storage: fieldtype.Int}, func(r *row, v any) { r.Total = number(v) }},
		{query.Column{Name: "cursor", Storage: fieldtype.JSON}, func(r *row, v any) { r.Cursor = document(v) }},
		{query.Column{Name: "error", Storage: fieldtype.Text}, func(r *row, v any) { r.Error = text(v) }},
		{query.Column{Name: "error_params", Storage: fieldtype.JSON}, func(r *row, v any) { r.setErrorParams(document(v)) }},
		{query.Column{Name: "attempts", Storage: fieldtype.Int}, func(r *row, v any) { r.Attempts = number(v) }},
		{query.Column{Name: "created_at", Storage: fieldtype.Int}, func(r *row, v any) { r.CreatedAt = instant(v) }},
		{query.Column{Name: "started_at", Storage: fieldtype.Int}, func(r *row, v any) { r.StartedAt = instant(v) }},
		{colEndedAt, func(r *row, v any) { r.EndedAt = instant(v) }},
		{query.Column{Name: "by", Storage: fieldtype.Int}, func(r *row, v any) { r.By = id.ID(number(v)) }},
	}...)
)

func number(v any) int64 { n, _ := v.(int64); return n }
func text(v any) string  { s, _ := v.(string); return s }
func instant(v any) (t time.Time) {
	if n := number(v); n != 0 {
		t = time.UnixMilli(n).UTC()
	}
	return t
}

func document(v any) json.RawMessage {
	raw, _ := v.(json.RawMessage)
	return append(json.RawMessage(nil), raw...)
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
	all := make([]query.Column, 0, len(columns)+1)
	for _, c := range columns {
		if c.Column != query.ID {
			all = append(all, c.Column)
		}
	}
	on := func(columns ...query.Column) (list []store.IndexColumn) {
		for _, c := range columns {
			list = append(list, store.IndexColumn{Column: c})
		}
		return list
	}
	return []store.Table{{Name: table, Columns: append(all, colBusyLane), Indexes: []store.Index{
		{Name: "_job_state", Columns: on(colState, query.ID)},
		{Name: "_job_kind", Columns: on(colKind, query.ID)},
		{Name: "_job_due", Columns: on(colState, colRunAt, query.ID)},
		{Name: "_job_kind_due", Columns: on(colState, colKind, colRunAt, query.ID)},
		{Name: "_job_lane", Columns: on(colLane, colState, query.ID), Filled: true},
		{Name: "_job_lease", Columns: on(colLease, query.ID), Filled: true},
		{Name: "_job_ended", Columns: on(colEndedAt, query.ID), Filled: true},
		{Name: "_job_busy_lane", Columns: on(colBusyLane), Unique: true, Filled: true},
		{Name: "_job_slot", Columns: on(colSlot), Unique: true, Filled: true},
	}}}
}

// lookup is a question for jobs.
type lookup struct {
	columns []column
	filter  query.Filter
	sort    []query.Order
	limit   int
}

var (
	newestFirst = []query.Order{{Ref: query.Field(query.ID), Descending: true}}
	oldestFirst = []query.Order{{Ref: query.Field(query.ID)}}
)

// query is the lookup as stores know it.
func (l lookup) query() query.Select {
	refs := make([]query.Ref, len(l.columns))
	for i, c := range l.columns {
		refs[i] = query.Field(c.Column)
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
		for i, c := range l.columns {
			c.read(r, values[i])
		}
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

// load reads columns of one job; nil if there is none.
func load(ctx context.Context, from store.Reader, job id.ID, of []column) (*row, error) {
	return lookup{columns: of, filter: query.Is(query.ID, int64(job)), sort: oldestFirst}.first(ctx, from)
}

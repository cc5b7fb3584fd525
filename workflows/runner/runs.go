package runner

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
	"formwork/workflows"
)

// States of runs.
const (
	Waiting   = "waiting"
	Done      = "done"
	Failed    = "failed"
	Cancelled = "cancelled"
)

// States are all states of runs.
var States = []string{Waiting, Done, Failed, Cancelled}

const (
	runTable   = "_run"
	queueTable = "_run_queue" // when the jobs of this room come, a row each
	timerTable = "_run_timer" // how far the clock came with a workflow that it sets off
)

// Columns of the runs; times are Unix milliseconds.
var (
	colWorkflow = query.Column{Name: "workflow", Storage: fieldtype.Text}
	colRevision = query.Column{Name: "revision", Storage: fieldtype.Int} // of the configuration that has the definition
	colObject   = query.Column{Name: "object", Storage: fieldtype.Text}
	colRecord   = query.Column{Name: "record", Storage: fieldtype.Int}
	colBy       = query.Column{Name: "by", Storage: fieldtype.Int}      // the user who set it off; empty: nobody
	colParent   = query.Column{Name: "parent", Storage: fieldtype.Int}  // the run that called it; empty: none
	colWatches  = query.Column{Name: "watches", Storage: fieldtype.Int} // mayWatch or watches, of one that has not ended well; empty: neither
	colDepth    = query.Column{Name: "depth", Storage: fieldtype.Int}
	colState    = query.Column{Name: "state", Storage: fieldtype.Text}
	colDue      = query.Column{Name: "due", Storage: fieldtype.Int} // of one that waits
	colStarted  = query.Column{Name: "started_at", Storage: fieldtype.Int}
	colEnded    = query.Column{Name: "ended_at", Storage: fieldtype.Int}
	colError    = query.Column{Name: "error", Storage: fieldtype.Text}
	colParams   = query.Column{Name: "error_params", Storage: fieldtype.JSON}
	colProgress = query.Column{Name: "progress", Storage: fieldtype.JSON}
)

var runColumns = []query.Column{query.Version, colWorkflow, colRevision, colObject, colRecord, colBy, colParent, colWatches, colDepth, colState, colDue, colStarted, colEnded, colError, colParams, colProgress}

// Tables are the tables this room keeps in every tenant.
func Tables() []store.Table {
	due := store.IndexOn("_run_due", colDue, query.ID)
	due.Filled = true
	parent := store.IndexOn("_run_parent", colParent)
	parent.Filled = true
	watched := store.IndexOn("_run_watched", colWatches, colObject)
	watched.Filled = true
	return []store.Table{
		{Name: runTable, Columns: runColumns, Indexes: []store.Index{due, store.IndexOn("_run_workflow", colWorkflow, query.ID), store.IndexOn("_run_record", colRecord, query.ID), parent, watched}},
		{Name: queueTable, Columns: []query.Column{colDue}},
		{Name: timerTable, Columns: timerColumns},
		{Name: turnTable, Columns: []query.Column{colLast}},
	}
}

// Run is one run of a workflow.
type Run struct {
	ID       id.ID
	Workflow string
	Revision int64
	Object   string // of the record that it is about; "": it is about none
	Record   id.ID
	By       id.ID // who set it off; 0: nobody
	Parent   id.ID // the run that called it; 0: none
	Depth    int64
	State    string
	Due      time.Time // of one that waits; the zero time: for an answer alone
	Started  time.Time
	Ended    time.Time
	Fault    *fault.Fault       // why it failed; of one that waits: why it will have, once it has undone what it did
	At       workflows.Position // where it is, of one that is read whole
	Steps    int                // that were done
	Trace    []Did              // the steps that were done, in order; the first of them where there are too many
	acts     []string           // permission sets that it is held to, of one that a key set off
	results  json.RawMessage
	undoing  workflows.Undoing
	watches  int64           // what it has to do with changes of its record: mayWatch or watches
	answer   json.RawMessage // what the run reads that called it
	version  int64
	// recording is what it found, of one that is read whole.
	recording recording
}

// Did is a step that was done.
type Did struct {
	Step    string    `json:"step"`
	Way     string    `json:"way,omitempty"` // on which of several it was done, as step/number from 0, within each other, or as step/undo which step it undid; "": there was one
	At      time.Time `json:"at"`
	Effects []Effect  `json:"effects,omitempty"`
	Beside  bool      `json:"beside,omitempty"` // it was done for the step while the run waited in it, and is no step that was taken
}

// Effect is what a step changed.
type Effect struct {
	Do     string          `json:"do"`               // create, update, delete, notify, ask, what became of that (approval.Approved …, inquiry.Answered …), request, email, answer, call, failed, retry; wait, of a run that is tried
	Object string          `json:"object,omitempty"` // of the record
	Record id.ID           `json:"record"`           // for notify, ask, and what became of that: the user; for call: the run
	Values json.RawMessage `json:"values,omitempty"` // as the API shows them
	Was    json.RawMessage `json:"was,omitempty"`    // of update of the record that the run is about: the values before
	Tried  int64           `json:"tried,omitempty"`  // of answer: how often; of retry: for which time it is done again
	Text   string          `json:"text,omitempty"`   // of notify, ask, and what became of that; of call: the workflow; of failed and retry of earlier versions: why
	Texts  metadata.Text   `json:"texts,omitempty"`  // of notify and ask, where it is in languages; Text is empty then
	Why    *Why            `json:"why,omitempty"`    // of failed and retry
}

// Why is why a step failed, to be told in the language of whoever reads it.
type Why struct {
	Code    string         `json:"code"`
	Params  map[string]any `json:"params,omitempty"`
	Subject string         `json:"subject,omitempty"`
}

// whyOf keeps the params as they are told: JSON has one kind of numbers.
func whyOf(f *fault.Fault) *Why {
	why := &Why{Code: f.Code, Params: make(map[string]any, len(f.Params)), Subject: f.Subject}
	for name, value := range f.Params {
		why.Params[name] = fmt.Sprint(value)
	}
	return why
}

// maxWhy is how many characters are told of why a step failed.
const maxWhy = 1_000

// In is what an effect says in a language.
func (e *Effect) In(language string) string {
	if e.Why == nil {
		return e.Texts.In(language, e.Text)
	}
	text := (&fault.Fault{Code: e.Why.Code, Params: e.Why.Params, Subject: e.Why.Subject}).Text(language)
	if all := []rune(text); len(all) > maxWhy {
		text = string(all[:maxWhy])
	}
	return text
}

const (
	maxTrace  = 200                           // steps that are kept of a run
	maxValues = 4 << 10                       // bytes of an effect's values that are kept; of more, nothing
	maxBytes  = 256 << 10                     // of all that is kept of a run
	maxHeld   = workflows.MaxResults + 64<<10 // of what a run needs to go on, and answers; more fails it
)

// progress is what is kept of how far a run came. Of its position, as far as that is not the time in colDue and in colWatches that it
// watches; of each of several ways all.
type progress struct {
	Next    string               `json:"next,omitempty"`
	Steps   int                  `json:"steps"`
	Trace   []Did                `json:"trace,omitempty"`
	Results json.RawMessage      `json:"results,omitempty"`
	Loops   []workflows.Loop     `json:"loops,omitempty"`
	Acts    []string             `json:"acts,omitempty"`
	Asked   id.ID                `json:"asked,omitzero"`
	Answer  json.RawMessage      `json:"answer,omitempty"`
	Late    time.Time            `json:"late,omitzero"`
	Ways    []workflows.Position `json:"ways,omitempty"`
	Any     bool                 `json:"any,omitempty"`
	Tried   int                  `json:"tried,omitempty"`
	Undoing workflows.Undoing    `json:"undoing,omitzero"`
	// Recording are the chapters; Partial, that some are missing.
	Recording json.RawMessage `json:"recording,omitempty"`
	Partial   bool            `json:"partial,omitempty"`
}

// progress is what is kept of how far the run came: of its trace as much as there is room for, since nothing
// depends on it; its recording whole or not at all.
func (r *Run) progress() (json.RawMessage, error) {
	p := progress{Next: r.At.Next, Steps: r.Steps, Trace: r.Trace[:min(len(r.Trace), maxTrace)], Results: r.results, Loops: r.At.Loops, Acts: r.acts, Asked: r.At.Asked, Answer: r.answer, Late: r.At.Late,
		Ways: r.At.Ways, Any: r.At.Any, Tried: r.At.Tried, Undoing: r.undoing, Recording: r.recording.kept(), Partial: r.recording.partial}
	for {
		raw, err := json.Marshal(p)
		if err != nil {
			return nil, fmt.Errorf("writing how far a run came: %w", err)
		}
		if len(raw) <= maxBytes || len(p.Trace) == 0 && p.Recording == nil {
			return raw, nil
		}
		if p.Recording != nil {
			p.Recording, p.Partial = nil, true
			continue
		}
		p.Trace = p.Trace[:len(p.Trace)/2]
	}
}

// holds is about how many bytes of what a run needs to go on are kept.
func (r *Run) holds() int {
	return len(r.results) + len(r.answer) + 24*r.At.Left()
}

// values are the columns of a run.
func (r *Run) values() (map[string]any, error) {
	raw, err := r.progress()
	if err != nil {
		return nil, err
	}
	v := map[string]any{query.Version.Name: r.version + 1, colWorkflow.Name: r.Workflow, colRevision.Name: r.Revision, colDepth.Name: r.Depth,
		colState.Name: r.State, colStarted.Name: r.Started.UnixMilli(), colProgress.Name: raw,
		colDue.Name: nil, colWatches.Name: nil, colEnded.Name: nil, colError.Name: nil, colParams.Name: nil}
	if r.Object != "" {
		v[colObject.Name], v[colRecord.Name] = r.Object, int64(r.Record)
	}
	if r.By != 0 {
		v[colBy.Name] = int64(r.By)
	}
	if r.Parent != 0 {
		v[colParent.Name] = int64(r.Parent)
	}
	if r.State != Waiting {
		v[colEnded.Name] = r.Ended.UnixMilli()
	} else if !r.Due.IsZero() {
		v[colDue.Name] = r.Due.UnixMilli()
	}
	if r.watches != 0 && r.State != Done { // one that failed may go on
		v[colWatches.Name] = r.watches
	}
	if r.Fault != nil {
		v[colError.Name] = r.Fault.Code
		params, err := json.Marshal(r.Fault.Params)
		if err != nil {
			return nil, fmt.Errorf("writing why a run failed: %w", err)
		}
		v[colParams.Name] = json.RawMessage(params)
	}
	return v, nil
}

// undone is the state of a run that has undone what it did.
func (r *Run) undone() string {
	if r.Fault != nil {
		return Failed
	}
	return Cancelled
}

// Undoes reports whether a run undoes what it did when it is cancelled.
func (r *Run) Undoes() bool { return !r.undoing.Begun && len(r.undoing.Done) > 0 }

// insert keeps a new run.
func (r *Run) insert(ctx context.Context, tx store.Tx) error {
	values, err := r.values()
	if err != nil {
		return err
	}
	if err := tx.Insert(ctx, runTable, r.ID, values, nil); err != nil {
		return fmt.Errorf("keeping a run of %s: %w", r.Workflow, err)
	}
	return nil
}

// update keeps how far a run came that was there before. Fault "store.stale" (Stale) if somebody else went
// on with it.
func (r *Run) update(ctx context.Context, tx store.Tx) error {
	values, err := r.values()
	if err != nil {
		return err
	}
	if err := tx.Update(ctx, runTable, r.ID, r.version, values, nil); err != nil {
		return fmt.Errorf("keeping a run of %s: %w", r.Workflow, err)
	}
	return nil
}

// The columns of a run that is read: without how far it came, for lists, and with.
var (
	listColumns = []query.Column{query.ID, query.Version, colWorkflow, colRevision, colObject, colRecord, colBy, colParent, colWatches, colDepth, colState, colDue, colStarted, colEnded, colError, colParams}
	readColumns = append(slices.Clone(listColumns), colProgress)
)

func runOf(f store.Found, whole bool) (*Run, error) {
	r := &Run{ID: f.ID(query.ID), version: f.Int(query.Version), Workflow: f.Text(colWorkflow), Revision: f.Int(colRevision), Object: f.Text(colObject), Record: f.ID(colRecord),
		By: f.ID(colBy), Parent: f.ID(colParent), watches: f.Int(colWatches), Depth: f.Int(colDepth), State: f.Text(colState), Due: f.Time(colDue), Started: f.Time(colStarted), Ended: f.Time(colEnded)}
	if whole {
		var p progress
		if err := json.Unmarshal(f.JSON(colProgress), &p); err != nil {
			return nil, fmt.Errorf("reading how far the run %v came: %w", r.ID, err)
		}
		r.Steps, r.Trace, r.results, r.acts, r.answer, r.undoing = p.Steps, p.Trace, p.Results, p.Acts, p.Answer, p.Undoing
		r.recording = recordingOf(p.Recording, p.Partial)
		r.At = workflows.Position{Next: p.Next, Asked: p.Asked, Late: p.Late, Loops: p.Loops, Ways: p.Ways, Any: p.Any, Tried: p.Tried}
		if len(p.Ways) == 0 {
			r.At.Until, r.At.Watches = r.Due, r.watches == watches
		}
	}
	if code := f.Text(colError); code != "" {
		r.Fault = &fault.Fault{Kind: fault.Invalid, Code: code}
		if raw := f.JSON(colParams); raw != nil {
			if err := json.Unmarshal(raw, &r.Fault.Params); err != nil {
				return nil, fmt.Errorf("reading why the run %v failed: %w", r.ID, err)
			}
		}
	}
	return r, nil
}

// Listing says which runs List returns: newest first, of a workflow, a state and a record if given,
// older than Before if that is not zero, at most Limit (100 if 0).
type Listing struct {
	Workflow, State string
	Record          id.ID
	Before          id.ID
	Limit           int
}

// List reads runs, newest first, without their steps.
func List(ctx context.Context, from store.Reader, l Listing) ([]*Run, error) {
	var filter query.All
	if l.Workflow != "" {
		filter = append(filter, query.Is(colWorkflow, l.Workflow))
	}
	if l.State != "" {
		filter = append(filter, query.Is(colState, l.State))
	}
	if l.Record != 0 {
		filter = append(filter, query.Is(colRecord, int64(l.Record)))
	}
	if l.Before != 0 {
		filter = append(filter, query.Compare{Ref: query.Field(query.ID), Op: query.Lt, Value: int64(l.Before)})
	}
	if l.Limit <= 0 || l.Limit > 500 {
		l.Limit = 100
	}
	return find(ctx, from, query.Select{Table: runTable, Filter: filter, Limit: l.Limit, Sort: []query.Order{{Ref: query.Field(query.ID), Descending: true}}}, false)
}

// Get reads a run. Fault "workflow.no_run" (NotFound).
func Get(ctx context.Context, from store.Reader, key id.ID) (*Run, error) {
	runs, err := find(ctx, from, query.Select{Table: runTable, Filter: query.Is(query.ID, int64(key))}, true)
	if err == nil && len(runs) == 0 {
		err = fault.New(fault.NotFound, "workflow.no_run", "id", key.String())
	}
	if err != nil {
		return nil, err
	}
	return runs[0], nil
}

func find(ctx context.Context, from store.Reader, q query.Select, whole bool) ([]*Run, error) {
	columns := listColumns
	if whole {
		columns = readColumns
	}
	var runs []*Run
	for f, err := range store.Find(ctx, from, q, columns...) {
		if err != nil {
			return nil, fmt.Errorf("reading runs: %w", err)
		}
		run, err := runOf(f, whole)
		if err != nil {
			return nil, err
		}
		runs = append(runs, run)
	}
	return runs, nil
}

// Watches reports whether a run waits for a change of its record.
func (r *Run) Watches() bool { return r.State == Waiting && r.watches == watches }

// Ran reports whether there is a run about a record.
func Ran(ctx context.Context, from store.Reader, key id.ID) (bool, error) {
	runs, err := List(ctx, from, Listing{Record: key, Limit: 1})
	return len(runs) > 0, err
}

// Count is how many runs there are in a state.
func Count(ctx context.Context, from store.Reader, state string) (int, error) {
	n, err := from.Count(ctx, runTable, query.Is(colState, state), nil, 0)
	if err != nil {
		return 0, fmt.Errorf("counting runs: %w", err)
	}
	return int(n), nil
}

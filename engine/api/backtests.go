package api

import (
	"encoding/json"
	"time"

	"github.com/gofiber/fiber/v2"

	"formwork/workflows/runner"
)

// BacktestOf says which workflow is back-tested: one that is there, or a document, which is for who may add it.
type BacktestOf struct {
	Workflow string          `json:"workflow,omitempty"`
	Document json.RawMessage `json:"document,omitempty" schema:"Document"` // whole, in place of one that is there
	Days     int             `json:"days"`                                 // how many of the last are looked at; 1 to 365
}

// Backtested is what a workflow would have done.
type Backtested struct {
	Since    time.Time  `json:"since"`             // all changes since then were looked at
	Partial  bool       `json:"partial"`           // there were too many: those before are missing, or, for the clock, the records that were made before those
	Changes  int        `json:"changes"`           // of records of the object that were looked at
	Records  int        `json:"records"`           // that were looked at, of what the clock sets off
	Gone     int        `json:"gone"`              // of these, of records that are gone for good, which are not decided
	Fired    int        `json:"fired"`             // how often it would have been set off
	Failed   int        `json:"failed"`            // how often its condition could not have been computed
	Problem  *Finding   `json:"problem,omitempty"` // why, the last time
	Days     []FiredDay `json:"days"`              // on which it would have been set off, where the caller is
	Examples []Firing   `json:"examples"`          // the newest times, at most 20; of records that the caller may not read, for who may see the setup
	Now      []string   `json:"now"`               // what the trigger and the condition read as it is now, for what it was is not known
}

// FiredDay is a day with how often a workflow would have been set off.
type FiredDay struct {
	Day   string `json:"day"`
	Fired int    `json:"fired"`
}

// Firing is a change, or a time, that would have set off a workflow.
type Firing struct {
	Record string    `json:"record,omitempty" schema:"ID"`                 // absent: the workflow is about none
	Action string    `json:"action,omitempty" enum:"create,update,delete"` // absent: the clock
	At     time.Time `json:"at"`
	By     string    `json:"by,omitempty" schema:"ID"` // who made the change; absent: the platform
	Via    string    `json:"via,omitempty"`
	Tried  *Tried    `json:"tried,omitempty"` // what the workflow would do with the record as it is now, of the newest that the caller may read
}

// backtestWorkflow is POST /workflows/backtest.
func (s *Server) backtestWorkflow(r *request) error {
	var in BacktestOf
	if err := r.decode(largeBody, &in, false); err != nil {
		return err
	}
	if len(in.Document) > 0 {
		if err := r.needs("manage_permissions"); err != nil {
			return err
		}
	}
	b, err := s.o.Workflows.Backtest(r.ctx, r.tenant, r.caller, runner.Backtesting{Workflow: in.Workflow, Document: in.Document, Days: in.Days})
	if err != nil {
		return err
	}
	shown := Backtested{Since: b.Since.UTC(), Partial: b.Partial, Changes: b.Changes, Records: b.Records, Gone: b.Gone, Fired: b.Fired, Failed: b.Failed, Problem: r.problemOf(b.Fault), Days: []FiredDay{}, Examples: []Firing{},
		Now: append([]string{}, b.Now...)}
	for _, day := range b.Days {
		shown.Days = append(shown.Days, FiredDay(day))
	}
	sees, err := r.has("view_setup")
	if err != nil {
		return err
	}
	for _, e := range b.Examples {
		if !sees && !e.Readable { // it is counted, and nothing of it told
			continue
		}
		one := Firing{Record: keyOrNone(e.Record), Action: string(e.Action), At: e.At.UTC(), By: keyOrNone(e.By), Via: e.Via}
		if e.Tried != nil {
			trace, err := r.showTrace(e.Tried, true)
			if err != nil {
				return err
			}
			one.Tried = &Tried{State: e.Tried.State, Problem: r.problemOf(e.Tried.Fault), Trace: trace}
		}
		shown.Examples = append(shown.Examples, one)
	}
	return r.json(fiber.StatusOK, shown)
}

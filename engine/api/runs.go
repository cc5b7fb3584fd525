package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/metadata/fieldtype"
	"formwork/workflows"
	"formwork/workflows/approval"
	"formwork/workflows/inquiry"
	"formwork/workflows/runner"
)

// RecordRun is a run of a workflow on a record, as who may read the record sees it.
type RecordRun struct {
	ID        string     `json:"id" schema:"ID"`
	Workflow  string     `json:"workflow"`
	Label     string     `json:"label"`                    // of the workflow
	By        string     `json:"by,omitempty" schema:"ID"` // who set it off; absent: the platform
	ByName    string     `json:"by_name,omitempty"`        // absent where the caller may not read it
	State     string     `json:"state" enum:"waiting,done,failed,cancelled"`
	StartedAt time.Time  `json:"started_at"`
	EndedAt   *time.Time `json:"ended_at"`          // null: still open
	DueAt     *time.Time `json:"due_at"`            // when it goes on; null: it does not wait, or not for a time
	Watches   bool       `json:"watches,omitempty"` // it waits for a change of the record
	Problem   *Finding   `json:"problem,omitempty"` // why it failed, where the workflow says so to people; all for who may see the setup
}

// OpenRun is a run of a workflow on a record with what it did, as far as who may read the record may read that.
type OpenRun struct {
	RecordRun
	At        string        `json:"at,omitempty"` // what the step is called that it waits in, or that failed: for who may see the setup; for others where it asks people
	Steps     []OpenRunStep `json:"steps"`        // that did something which the caller may read; all of the first for who may see the setup
	Names     Names         `json:"names"`        // of what they refer to
	CanCancel bool          `json:"can_cancel"`   // the caller may end it now
	Undoes    bool          `json:"undoes"`       // it undoes what it did, if it is ended now
	CanRetry  bool          `json:"can_retry"`    // the caller may have it go on now
}

// OpenRunStep is a step that a run did.
type OpenRunStep struct {
	Label   string      `json:"label"` // what the workflow calls it, else what its type is called
	At      time.Time   `json:"at"`
	Effects []RunEffect `json:"effects"`
}

func (r *request) showRecordRun(run *runner.Run) (RecordRun, error) {
	shown, err := r.showRecordRuns([]*runner.Run{run})
	if err != nil {
		return RecordRun{}, err
	}
	return shown[0], nil
}

func (r *request) showRecordRuns(runs []*runner.Run) ([]RecordRun, error) {
	setup, err := r.setup()
	if err != nil {
		return nil, err
	}
	var by []id.ID
	for _, run := range runs {
		by = append(by, run.By)
	}
	names, err := r.records().NamesOf(r.ctx, map[string][]id.ID{session.UserObject: by})
	if err != nil {
		return nil, err
	}
	all := make([]RecordRun, len(runs))
	for i, run := range runs {
		all[i] = RecordRun{ID: run.ID.String(), Workflow: run.Workflow, Label: runner.LabelOf(r.snapshot, run.Workflow, r.language()), By: keyOrNone(run.By), ByName: names[session.UserObject][run.By],
			State: run.State, StartedAt: run.Started.UTC(), EndedAt: timeOrNone(run.Ended), Watches: run.Watches()}
		if all[i].Problem, err = r.problemOfRun(run, setup); err != nil {
			return nil, err
		}
		if run.State == runner.Waiting {
			all[i].DueAt = timeOrNone(run.Due)
		}
	}
	return all, nil
}

// saidOfRecords are refusals that say what the configuration has to say of a record, and nothing of others.
var saidOfRecords = []string{"record.rule", "record.stage_condition", "workflow.refused"}

// problemOfRun is why a run failed, for who may read its record: what the workflow says to people, and what is wrong with that record where the
// caller may read the field. The rest, which may tell of what they may not read, is for who may see the setup. A field is called as in the caller's language.
func (r *request) problemOfRun(run *runner.Run, setup bool) (*Finding, error) {
	f := run.Fault
	if f == nil {
		return nil, nil
	}
	name, own := runner.OwnField(f)
	o := r.snapshot.Objects[run.Object]
	if !own || o == nil {
		if !setup && f.Code != "workflow.refused" {
			return nil, nil
		}
		return r.problemOf(f), nil
	}
	reads := slices.Contains(saidOfRecords, f.Code)
	if name != "" {
		var err error
		if reads, err = r.records().Reads(r.ctx, run.Object, name); err != nil {
			return nil, err
		}
	}
	if !reads && !setup {
		return nil, nil
	}
	return r.problemOf(saidIn(f, o, name, r.language())), nil
}

// saidIn is what is wrong with a record, on which it was found in another language: with the label of the field, and the message of the rule, that it
// tells of.
func saidIn(f *fault.Fault, o *catalog.Object, field, language string) *fault.Fault {
	told := *f
	told.Params = maps.Clone(f.Params)
	if known, ok := o.Field(field); ok {
		label := known.Doc.Label.In(language, field)
		if told.Subject != "" {
			told.Subject = label
		}
		if told.Params["field"] != nil {
			told.Params["field"] = label
		}
	}
	name, _ := told.Params["rule"].(string)
	if rule := o.Doc.Rules[name]; rule != nil {
		told.Params["message"] = rule.Message.In(language, "")
	}
	return &told
}

// recordRuns is GET /records/{object}/{id}/runs, newest first.
func (s *Server) recordRuns(r *request) error {
	var l runner.Listing
	var cursor string
	if err := r.query(parameter{"limit", &l.Limit}, parameter{"cursor", &cursor}); err != nil {
		return err
	}
	key, err := r.recordID()
	if err != nil {
		return err
	}
	if l.Before, l.Limit, err = pageOf(cursor, l.Limit); err != nil {
		return err
	}
	if err := r.records().DemandReadable(r.ctx, r.object(), key); err != nil {
		return err
	}
	l.Record = key
	return answerRuns(r, l, r.showRecordRuns)
}

// openRecordRun is GET /records/{object}/{id}/runs/{run}.
func (s *Server) openRecordRun(r *request) error {
	key, err := r.recordID()
	if err != nil {
		return err
	}
	if err := r.records().DemandReadable(r.ctx, r.object(), key); err != nil {
		return err
	}
	which, _ := id.Parse(r.param("run"))
	run, err := runner.Get(r.ctx, r.tenant, which)
	if err == nil && (run.Object != r.object() || run.Record != key) {
		err = fault.New(fault.NotFound, "workflow.no_run", "id", which.String())
	}
	if err != nil {
		return err
	}
	open := OpenRun{Steps: []OpenRunStep{}}
	if open.RecordRun, err = r.showRecordRun(run); err != nil {
		return err
	}
	if err := r.showSteps(run, &open); err != nil {
		return err
	}
	may, err := r.has("manage_metadata")
	if err != nil {
		return err
	}
	open.CanCancel = may && run.State == runner.Waiting
	open.Undoes = open.CanCancel && run.Undoes()
	open.CanRetry = may && run.Retryable() == nil
	return r.json(fiber.StatusOK, open)
}

// showSteps shows what the steps of a run did. Which way it took tells of what its conditions read, so who may not see the
// setup is shown only the steps of which they could read what they did in other places.
func (r *request) showSteps(run *runner.Run, open *OpenRun) error {
	setup, err := r.setup()
	if err != nil {
		return err
	}
	trace, err := r.showTrace(run, false)
	if err != nil {
		return err
	}
	w := workflows.Of(r.snapshot).ByName[run.Workflow]
	title := func(step string) string { return step }
	if w != nil {
		title = func(step string) string { return w.StepTitle(step, r.language()) }
	}
	for i, step := range standsAt(run) {
		if !setup && (run.State != runner.Waiting || w == nil || !w.Asks(step)) {
			continue // what is asked stands on the page of the record, and nothing else of where it is
		}
		if i > 0 && open.At != "" {
			open.At += ", "
		}
		open.At += title(step)
	}
	referred := map[string][]id.ID{}
	for _, did := range trace {
		step := OpenRunStep{Label: title(did.Step), At: did.At, Effects: []RunEffect{}}
		for _, e := range did.Effects {
			if !setup && !r.told(&e) {
				continue
			}
			if e.Do == "call" {
				e.Text = runner.LabelOf(r.snapshot, e.Text, r.language())
			}
			if err := r.refers(e, referred); err != nil {
				return err
			}
			step.Effects = append(step.Effects, e)
		}
		if setup || len(step.Effects) > 0 {
			open.Steps = append(open.Steps, step)
		}
	}
	names, err := r.records().NamesOf(r.ctx, referred)
	if err != nil {
		return err
	}
	open.Names = Names{}
	for object, of := range names {
		open.Names[object] = make(map[string]string, len(of))
		for key, name := range of {
			open.Names[object][key.String()] = name
		}
	}
	return nil
}

// standsAt are the steps that a run waits in or failed in: on each of several ways the one that is done next.
func standsAt(run *runner.Run) []string {
	if run.State != runner.Waiting && run.State != runner.Failed {
		return nil
	}
	if ways := run.At.OnWays(); len(ways) > 0 {
		return ways
	}
	taken := slices.DeleteFunc(slices.Clone(run.Trace), func(d runner.Did) bool { return d.Beside })
	if n := len(taken); run.State == runner.Waiting && n > 0 && n == run.Steps { // what follows is not there yet
		return []string{taken[n-1].Step}
	}
	return []string{run.At.Next}
}

// told reports whether an effect is for everybody who may read the record that its run is about, and takes out of it what is not.
// Of a record it tells what the caller may read of that; what people are asked, and say, stands on the page of the record.
func (r *request) told(e *RunEffect) bool {
	switch e.Do {
	case "create", "update":
		return len(e.Values) > 0
	case "ask", approval.Approved, approval.Rejected, approval.Recalled, approval.Late, approval.Cancelled, "call", "print":
		return true
	case inquiry.Answered, inquiry.Unsent: // what was said is for whom the workflow gives it
		e.Values = nil
		return true
	case "notify": // what they were told is theirs
		if e.Record != r.caller.User.String() {
			e.Text = ""
		}
		return true
	}
	return false
}

// refers adds what an effect refers to, by object.
func (r *request) refers(e RunEffect, to map[string][]id.ID) error {
	about := e.Object
	if about == "" {
		about = session.UserObject
	}
	if key, ok := id.Parse(e.Record); ok && e.Do != "call" {
		to[about] = append(to[about], key)
	}
	o := r.snapshot.Objects[e.Object]
	if o == nil {
		return nil
	}
	for _, values := range []map[string]json.RawMessage{e.Values, e.Was} {
		for name, raw := range values {
			f, ok := o.Field(name)
			if !ok || string(raw) == "null" {
				continue
			}
			value, ok := f.Value.(fieldtype.Refers)
			if !ok {
				continue
			}
			var given any
			if err := json.Unmarshal(raw, &given); err != nil {
				return fmt.Errorf("reading what a run refers to: %w", err)
			}
			if kept, problem := f.Value.Coerce(given); problem == nil { // the field may be another since
				object, key := stored.Referred(value, kept)
				to[object] = append(to[object], id.ID(key))
			}
		}
	}
	return nil
}

// answerRuns answers with a page of runs.
func answerRuns[T any](r *request, l runner.Listing, show func([]*runner.Run) ([]T, error)) error {
	runs, err := runner.List(r.ctx, r.tenant, l)
	if err != nil {
		return err
	}
	answer := Page[T]{}
	if answer.Items, err = show(runs); err != nil {
		return err
	}
	if len(runs) == l.Limit {
		answer.Next = nextPage(runs[len(runs)-1].ID)
	}
	return r.json(fiber.StatusOK, answer)
}

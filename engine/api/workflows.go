package api

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/workflows"
	"formwork/workflows/runner"
)

// ListedRun is a run of a workflow.
type ListedRun struct {
	ID        string     `json:"id" schema:"ID"`
	Workflow  string     `json:"workflow"`
	Revision  int64      `json:"revision"`                     // of the configuration under which it began
	Object    string     `json:"object,omitempty"`             // of the record that it is about
	Record    string     `json:"record,omitempty" schema:"ID"` // that it is about
	By        string     `json:"by,omitempty" schema:"ID"`     // who set it off; absent: the platform
	Parent    string     `json:"parent,omitempty" schema:"ID"` // the run that called it
	State     string     `json:"state" enum:"waiting,done,failed,cancelled"`
	StartedAt time.Time  `json:"started_at"`
	EndedAt   *time.Time `json:"ended_at"`          // null: still open
	DueAt     *time.Time `json:"due_at"`            // when it goes on; null: it does not wait
	Problem   *Finding   `json:"problem,omitempty"` // why it failed
}

// Run is a run of a workflow with what its steps did.
type Run struct {
	ListedRun
	Next  string    `json:"next,omitempty"` // the step that is done next, or failed
	Ways  []string  `json:"ways,omitempty"` // the steps that are done next on each of several ways, Next being the one that goes them
	Steps int       `json:"steps"`          // that were done
	Trace []RunStep `json:"trace"`          // the first of them, in order
}

// RunStep is a step that a run did, or would do.
type RunStep struct {
	Step    string      `json:"step"`
	Way     string      `json:"way,omitempty"` // on which of several it was done: the step that goes them, and its number from 0, as step/0, within each other; or as step/undo, which step it undid; absent: there was one
	At      time.Time   `json:"at"`
	Effects []RunEffect `json:"effects"`
}

// RunEffect is what a step changed, or would change.
type RunEffect struct {
	Do     string                     `json:"do" enum:"create,update,delete,notify,ask,approved,rejected,recalled,late,cancelled,answered,unsent,request,email,print,answer,call,failed,retry,wait"`
	Object string                     `json:"object,omitempty"`
	Record string                     `json:"record,omitempty" schema:"ID"` // of notify, ask, and what became of that: the user; of call: the run
	Values map[string]json.RawMessage `json:"values,omitempty"`             // by field, as records have them; of those that the caller may read. Of request and email: what was sent, for who manages permissions
	Was    map[string]json.RawMessage `json:"was,omitempty"`                // of update of the record that the run is about: the values before
	Tried  int64                      `json:"tried,omitempty"`              // of answer: how often; of retry: for which time it is done again
	Text   string                     `json:"text,omitempty"`               // of notify, ask, and what became of that; of email: the mailbox; of wait: until when, none where it is for a condition; of failed and retry: why; of call: the workflow
}

// Tried is a workflow that was tried.
type Tried struct {
	State   string    `json:"state" enum:"done,failed,cancelled"` // cancelled: its condition does not hold for the record
	Problem *Finding  `json:"problem,omitempty"`
	Trace   []RunStep `json:"trace"`
}

// Replay is a run that was played again from what it found.
type Replay struct {
	State   string     `json:"state" enum:"waiting,done,failed,cancelled"` // waiting: it departs before it ends
	Problem *Finding   `json:"problem,omitempty"`                          // why it fails
	Steps   int        `json:"steps"`                                      // that it does
	Trace   []RunStep  `json:"trace"`                                      // the first of them, in order
	Agrees  bool       `json:"agrees"`                                     // it goes the same way, and comes to the same
	Departs *Departure `json:"departs,omitempty"`                          // where it does not; absent: not before it ends
}

// Departure is the step at which a replay comes to something else than the run did.
type Departure struct {
	Number int    `json:"number"`         // in order, from 1; 0: the condition
	Step   string `json:"step,omitempty"` // its name
}

// TryOn says on which record a workflow is tried, if it is about one.
type TryOn struct {
	Record   string          `json:"record,omitempty" schema:"ID"`         // absent: of a workflow that is about none
	Inputs   map[string]any  `json:"inputs,omitempty"`                     // what whoever sets it off would fill in
	Payload  any             `json:"payload,omitempty"`                    // what an outside system would post
	Document json.RawMessage `json:"document,omitempty" schema:"Document"` // whole, in place of the one that is there; for who may add it
}

// RunInputs is what somebody fills in who sets off a workflow.
type RunInputs struct {
	Inputs map[string]any `json:"inputs"`
}

// Button is a workflow that the caller may set off on a record.
type Button struct {
	Name   string        `json:"name"`
	Label  string        `json:"label"`
	Help   string        `json:"help,omitempty"` // what it will do
	Inputs []ButtonInput `json:"inputs"`         // what they fill in, in order
	// Composes is what is told of an e-mail that it sends, which whoever sets it off writes: with the inputs subject and text, and, which are not
	// among Inputs, template and language, by which the markup of a template goes along with its text, and answers, the e-mail that it answers.
	Composes *Composer `json:"composes,omitempty"`
}

// Composer is from where an e-mail is sent that somebody writes, to whom, and from which templates it is written.
type Composer struct {
	Mailbox   Mailbox           `json:"mailbox"`
	To        string            `json:"to"` // as the record has it now; empty: nothing that the caller may read, or of no record
	Templates []OfferedTemplate `json:"templates"`
}

// OfferedTemplate is a template from which somebody may write.
type OfferedTemplate struct {
	Name      string   `json:"name"`
	Label     string   `json:"label"`
	Languages []string `json:"languages"` // none: it is the same in all
}

// DraftOf says from which template an e-mail is drafted.
type DraftOf struct {
	Template string `json:"template"`
	Language string `json:"language,omitempty"` // absent: the caller's
}

// MailDraft is what a template says for a record, of what the caller may read.
type MailDraft struct {
	Subject string `json:"subject"`
	Text    string `json:"text"`
	HTML    bool   `json:"html"` // it has markup, which is sent along with the text for as long as that is not changed
}

// ButtonInput is something that whoever sets off a workflow fills in.
type ButtonInput struct {
	Name  string          `json:"name"`
	Field json.RawMessage `json:"field"`           // as fields of objects are described
	Value json.RawMessage `json:"value"`           // what it begins with; null: nothing
	Shown string          `json:"shown,omitempty"` // what the record is called that the value refers to
	Own   bool            `json:"own,omitempty"`   // of several records: each begins with a value of its own, where it is not filled in
}

func (r *request) listRun(run *runner.Run) ListedRun {
	shown := ListedRun{ID: run.ID.String(), Workflow: run.Workflow, Revision: run.Revision, Object: run.Object, Record: keyOrNone(run.Record), By: keyOrNone(run.By), Parent: keyOrNone(run.Parent),
		State: run.State, StartedAt: run.Started.UTC(), EndedAt: timeOrNone(run.Ended), Problem: r.problemOf(run.Fault)}
	if run.State == runner.Waiting {
		shown.DueAt = timeOrNone(run.Due)
	}
	return shown
}

func keyOrNone(key id.ID) string {
	if key == 0 {
		return ""
	}
	return key.String()
}

func (r *request) problemOf(f *fault.Fault) *Finding {
	if f == nil {
		return nil
	}
	problem := inputProblem(f, r.language())
	return &problem
}

// shownTrace shows what a run did, as far as the caller may read it: records, and fields of those.
type shownTrace struct {
	*request
	records *record.Session
	run     *runner.Run
	may     map[id.ID]bool // read a record
}

// showTrace tells of a run that is kept, or was tried: then records that it would have made are there for nobody, and
// the fields alone decide.
func (r *request) showTrace(run *runner.Run, tried bool) ([]RunStep, error) {
	s := shownTrace{request: r, records: r.records(), run: run, may: map[id.ID]bool{}}
	trace := []RunStep{}
	for _, did := range run.Trace {
		step := RunStep{Step: did.Step, Way: did.Way, At: did.At.UTC(), Effects: []RunEffect{}}
		for _, e := range did.Effects {
			if tried && e.Do == "create" {
				s.may[e.Record] = true
			}
			shown, err := s.effect(e)
			if err != nil {
				return nil, err
			}
			step.Effects = append(step.Effects, shown)
		}
		trace = append(trace, step)
	}
	return trace, nil
}

func (s *shownTrace) effect(e runner.Effect) (RunEffect, error) {
	shown := RunEffect{Do: e.Do, Object: e.Object, Record: keyOrNone(e.Record)}
	about, key := e.Object, e.Record
	if about == "" { // it is no record that is changed
		about, key = s.run.Object, s.run.Record
	}
	may, known := s.may[key]
	if !known {
		var err error
		if about != "" {
			may, err = s.records.May(s.ctx, policy.Read, about, key)
		} else { // what the run read may be of any record: it is for who may write workflows, and so could read all
			may, err = s.has("manage_permissions")
		}
		if err != nil {
			return shown, err
		}
		s.may[key] = may
	}
	if !may {
		return shown, nil
	}
	shown.Text, shown.Tried = e.In(s.language()), e.Tried
	var err error
	if shown.Values, err = s.readableValues(s.records, e.Object, e.Values); err != nil {
		return shown, err
	}
	shown.Was, err = s.readableValues(s.records, e.Object, e.Was)
	return shown, err
}

// readableValues are the values of an effect but for fields that the caller may not read. What was sent outside may be of any
// field: it is for who may write workflows, and so could read all.
func (r *request) readableValues(records *record.Session, object string, of json.RawMessage) (map[string]json.RawMessage, error) {
	if len(of) == 0 {
		return nil, nil
	}
	if object == "" {
		if may, err := r.has("manage_permissions"); err != nil || !may {
			return nil, err
		}
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(of, &values); err != nil {
		return nil, fmt.Errorf("reading the values of an effect: %w", err)
	}
	for name := range values {
		if object == "" {
			break
		}
		may, err := records.Reads(r.ctx, object, name)
		if err != nil {
			return nil, err
		}
		if !may {
			delete(values, name)
		}
	}
	return values, nil
}

// listRuns is GET /runs, newest first.
func (s *Server) listRuns(r *request) error {
	var l runner.Listing
	var cursor, about string
	if err := r.query(parameter{"workflow", &l.Workflow}, parameter{"state", &l.State}, parameter{"record", &about}, parameter{"limit", &l.Limit}, parameter{"cursor", &cursor}); err != nil {
		return err
	}
	if about != "" {
		key, ok := id.Parse(about)
		if !ok {
			return fault.New(fault.Invalid, "field.not_an_id", "value", clip(about)).At("/record")
		}
		l.Record = key
	}
	var err error
	if l.Before, l.Limit, err = pageOf(cursor, l.Limit); err != nil {
		return err
	}
	return answerRuns(r, l, func(runs []*runner.Run) ([]ListedRun, error) {
		shown := make([]ListedRun, len(runs))
		for i, run := range runs {
			shown[i] = r.listRun(run)
		}
		return shown, nil
	})
}

// getRun is GET /runs/{id}.
func (s *Server) getRun(r *request) error {
	key, err := r.recordID()
	if err != nil {
		return err
	}
	run, err := runner.Get(r.ctx, r.tenant, key)
	if err != nil {
		return err
	}
	trace, err := r.showTrace(run, false)
	if err != nil {
		return err
	}
	return r.json(fiber.StatusOK, Run{r.listRun(run), run.At.Next, run.At.OnWays(), run.Steps, trace})
}

// cancelRun is POST /runs/{id}/cancel.
func (s *Server) cancelRun(r *request) error {
	key, err := r.recordID()
	if err != nil {
		return err
	}
	if err := s.o.Workflows.Cancel(r.ctx, r.tenant, key); err != nil {
		return err
	}
	return r.done()
}

// retryRun is POST /runs/{id}/retry.
func (s *Server) retryRun(r *request) error {
	key, err := r.recordID()
	if err != nil {
		return err
	}
	if err := s.o.Workflows.Retry(r.ctx, r.tenant, key); err != nil {
		return err
	}
	return r.done()
}

// replayRun is POST /runs/{id}/replay.
func (s *Server) replayRun(r *request) error {
	key, err := r.recordID()
	if err != nil {
		return err
	}
	replayed, err := s.o.Workflows.Replay(r.ctx, r.tenant, key)
	if err != nil {
		return err
	}
	run := replayed.Run
	trace, err := r.showTrace(run, false)
	if err != nil {
		return err
	}
	shown := Replay{State: run.State, Problem: r.problemOf(run.Fault), Steps: run.Steps, Trace: trace, Agrees: replayed.Agrees}
	if at := replayed.Departs; at != nil {
		shown.Departs = &Departure{Number: at.Number, Step: at.Step}
	}
	return r.json(fiber.StatusOK, shown)
}

// tryWorkflow is POST /workflows/{name}/try.
func (s *Server) tryWorkflow(r *request) error {
	var in TryOn
	if err := r.decode(largeBody, &in, false); err != nil {
		return err
	}
	key, ok := id.Parse(in.Record)
	if !ok && in.Record != "" {
		return fault.New(fault.Invalid, "field.not_an_id", "value", clip(in.Record)).At("/record")
	}
	if len(in.Document) > 0 {
		if err := r.needs("manage_permissions"); err != nil {
			return err
		}
	}
	run, err := s.o.Workflows.Try(r.ctx, r.tenant, r.caller, runner.Wanted{Workflow: r.param("name"), Document: in.Document, Record: key, Inputs: in.Inputs, Payload: in.Payload})
	if err != nil {
		return err
	}
	trace, err := r.showTrace(run, true)
	if err != nil {
		return err
	}
	return r.json(fiber.StatusOK, Tried{State: run.State, Problem: r.problemOf(run.Fault), Trace: trace})
}

// runWorkflow is POST /records/{object}/{id}/workflows/{workflow}.
func (s *Server) runWorkflow(r *request) error {
	key, err := r.recordID()
	if err != nil {
		return err
	}
	var in RunInputs
	if err := r.decode(smallBody, &in, true); err != nil {
		return err
	}
	run, err := s.o.Workflows.Press(r.ctx, r.tenant, r.records(), r.caller, runner.Wanted{Workflow: r.param("workflow"), Object: r.object(), Record: key, Inputs: in.Inputs, Key: strings.Clone(r.http.Get(headerIdempotency))})
	if err != nil {
		return err
	}
	shown, err := r.showRecordRun(run)
	if err != nil {
		return err
	}
	return r.json(fiber.StatusOK, shown)
}

// Pressing says which workflow is run on which records.
type Pressing struct {
	Workflow string         `json:"workflow"`
	Records  []string       `json:"records" schema:"ID"` // up to 100
	Inputs   map[string]any `json:"inputs,omitempty"`    // for all of them; one that is absent is as it begins for each
}

// Pressed is what became of each record.
type Pressed struct {
	Results []PressedOn `json:"results"`
	Failed  int         `json:"failed"` // how many of them have a problem, or a run that failed
}

// PressedOn is what became of a record: the run, or why there is none.
type PressedOn struct {
	Record  string     `json:"record" schema:"ID"`
	Run     *RecordRun `json:"run,omitempty"`
	Problem *Problem   `json:"problem,omitempty"`
}

// maxPressed is on how many records a request runs a workflow.
const maxPressed = 100

// runWorkflowOnAll is POST /records/{object}/workflows. Each record has a transaction of its own.
func (s *Server) runWorkflowOnAll(r *request) error {
	var in Pressing
	if err := r.decode(smallBody, &in, false); err != nil {
		return err
	}
	if len(in.Records) > maxPressed {
		return fault.New(fault.Invalid, "api.too_many", "limit", maxPressed).At("/records")
	}
	keys := make([]id.ID, len(in.Records))
	for i, one := range in.Records {
		key, ok := id.Parse(one)
		if !ok {
			return fault.New(fault.Invalid, "field.not_an_id", "value", clip(one)).At(fmt.Sprint("/records/", i))
		}
		keys[i] = key
	}
	answer := Pressed{Results: make([]PressedOn, len(keys))}
	var runs []*runner.Run
	var at []int // of the runs, in the results
	for i, key := range keys {
		result := &answer.Results[i]
		result.Record = key.String()
		run, err := s.o.Workflows.Press(r.ctx, r.tenant, r.records(), r.caller, runner.Wanted{Workflow: in.Workflow, Object: r.object(), Record: key, Inputs: in.Inputs, Begins: true})
		if f := fault.From(err); f != nil { // what was done is told, whatever stands in the way of the others
			status := statusOf(f)
			if status >= fiber.StatusInternalServerError {
				s.logFailure(r, f)
			}
			problem := r.problem(f, status)
			result.Problem = &problem
			answer.Failed++
			continue
		}
		if run.State == runner.Failed {
			answer.Failed++
		}
		runs, at = append(runs, run), append(at, i)
	}
	shown, err := r.showRecordRuns(runs)
	if err != nil { // what was done is told all the same
		s.logFailure(r, fault.From(err))
		shown = make([]RecordRun, len(runs))
		for i, run := range runs {
			shown[i] = RecordRun{ID: run.ID.String(), Workflow: run.Workflow, State: run.State, StartedAt: run.Started.UTC()}
		}
	}
	for n := range shown {
		answer.Results[at[n]].Run = &shown[n]
	}
	return r.json(fiber.StatusOK, answer)
}

// myWorkflows is GET /me/workflows/{object}.
func (s *Server) myWorkflows(r *request) error {
	rights, err := r.snapshot.Policies.Rights(r.ctx, r.caller)
	if err != nil {
		return err
	}
	answer := List[Button]{Items: []Button{}}
	for _, w := range runner.OffersOf(r.snapshot, r.caller, rights.Objects[r.object()], r.object()) {
		button, err := r.showButton(w)
		if err != nil {
			return err
		}
		for i, input := range w.Inputs() {
			button.Inputs[i].Own = input.Default != nil
		}
		answer.Items = append(answer.Items, button)
	}
	return r.json(fiber.StatusOK, answer)
}

// showButton shows a workflow to whoever may set it off.
func (r *request) showButton(w runner.Offered) (Button, error) {
	button := Button{Name: w.Doc.Name, Label: w.Doc.Label.In(r.language(), w.Doc.Name), Inputs: []ButtonInput{}}
	if helps, ok := w.Trigger.(workflows.Helping); ok {
		button.Help = helps.Help().In(r.language(), "")
	}
	for _, input := range w.Inputs() {
		shown, err := r.showInput(input, w.Defaults[input.Field.Name])
		if err != nil {
			return button, err
		}
		button.Inputs = append(button.Inputs, shown)
	}
	if w.Composer != nil {
		button.Composes = r.showComposer(w.Composer)
	}
	return button, nil
}

func (r *request) showComposer(c *runner.Composer) *Composer {
	shown := &Composer{Mailbox: r.showMailbox(c.Mailbox), To: c.To, Templates: make([]OfferedTemplate, len(c.Templates))}
	for i, t := range c.Templates {
		shown.Templates[i] = OfferedTemplate{t.Doc.Name, t.Doc.Label.In(r.language(), t.Doc.Name), append([]string{}, t.Languages()...)}
	}
	return shown
}

// draftMail is POST /records/{object}/{id}/workflows/{workflow}/draft.
func (s *Server) draftMail(r *request) error {
	key, err := r.recordID()
	if err != nil {
		return err
	}
	in := DraftOf{Language: r.language()}
	if err := r.decode(smallBody, &in, false); err != nil {
		return err
	}
	written, err := runner.Draft(r.ctx, r.records(), r.caller, runner.Wanted{Workflow: r.param("workflow"), Object: r.object(), Record: key}, in.Template, in.Language)
	if err != nil {
		return err
	}
	return r.json(fiber.StatusOK, MailDraft{written.Subject, written.Text, written.HTML != ""})
}

// buttons are the workflows that the caller may set off on a record now.
func (r *request) buttons(key id.ID) ([]Button, error) {
	offered, err := runner.Offers(r.ctx, r.records(), r.caller, r.object(), key)
	if err != nil {
		return nil, err
	}
	buttons := make([]Button, len(offered))
	for i, w := range offered {
		if buttons[i], err = r.showButton(w); err != nil {
			return nil, err
		}
	}
	return buttons, nil
}

// forAdmins are members of a field that are for those who may see the setup, or not of an input.
var forAdmins = []string{"description", "default", "default_expr", "indexed"}

// shownSettings is how an input is described to whoever fills it in.
func shownSettings(settings json.RawMessage) (json.RawMessage, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(settings, &members); err != nil {
		return nil, fmt.Errorf("reading what is filled in: %w", err)
	}
	for _, name := range forAdmins {
		delete(members, name)
	}
	return json.Marshal(members)
}

// showInput shows what somebody fills in. What a reference begins with is told where the caller may read it.
func (r *request) showInput(input workflows.Input, value json.RawMessage) (ButtonInput, error) {
	f := input.Field
	shown := ButtonInput{Name: f.Name, Value: value}
	var err error
	if shown.Field, err = shownSettings(f.Doc.Settings); err != nil {
		return shown, err
	}
	if value == nil {
		shown.Value = json.RawMessage("null")
	}
	var text string
	if f.Target == nil || json.Unmarshal(shown.Value, &text) != nil {
		return shown, nil
	}
	key, ok := id.Parse(text)
	if !ok {
		return shown, nil
	}
	names, err := r.records().NamesOf(r.ctx, map[string][]id.ID{f.Target.Doc.Name: {key}})
	if err != nil {
		return shown, err
	}
	if shown.Shown, ok = names[f.Target.Doc.Name][key]; !ok {
		shown.Value = json.RawMessage("null")
	}
	return shown, nil
}

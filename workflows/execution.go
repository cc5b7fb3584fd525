package workflows

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/record/session"
	"formwork/engine/store"
)

// MaxSteps is how many steps a run does at most.
const MaxSteps = 5_000

// Budget is how many steps are left of those that one transaction does, for all of its runs together. A run
// for which none is left goes on later.
type Budget struct{ Steps int }

// State is how far a run came. What it holds is saved with the run.
type State struct {
	Next    string                    // the step that is done next; "": the run has ended
	Until   time.Time                 // until when the run waits; the zero time: it does not, or only for Asked
	Asked   id.ID                     // what the run waits for besides the time; 0: nothing
	Watches bool                      // the run waits for a change of its record
	Late    time.Time                 // until when it does; the zero time: for ever
	Steps   int                       // that were done
	Results map[string]map[string]any // of steps, by their names, in stored form; under inputKey what was filled in or posted
	Loops   []Loop                    // that are under way, the innermost last
}

// Loop is a step that does others once for each of some records.
type Loop struct {
	Step string  `json:"step"`
	Left []id.ID `json:"left"` // the records that follow
}

// Execution is a run being executed, as its steps see it.
type Execution struct {
	Ctx  context.Context
	Acts Acts
	ID   id.ID // of the run
	By   id.ID // who set the run off; 0: nobody

	workflow *Workflow
	state    *State
	budget   *Budget
	env      *env
}

// NewExecution is a run that goes on from a state. The record is what it is about.
func NewExecution(ctx context.Context, w *Workflow, s *State, record *session.Env, acts Acts, b *Budget) *Execution {
	if s.Results == nil {
		s.Results = map[string]map[string]any{}
	}
	return &Execution{Ctx: ctx, Acts: acts, workflow: w, state: s, budget: b, env: &env{Env: record, results: s.Results}}
}

// env is what expressions of a run read: the record, the user, and the results of steps.
type env struct {
	*session.Env
	results map[string]map[string]any
}

// Get implements expression.Env.
func (e *env) Get(p expression.Path) any {
	name, ok := stepOf(p.Root)
	if !ok {
		return e.Env.Get(p)
	}
	if len(p.Via) == 0 {
		return e.results[name][p.Leaf.Name]
	}
	first, ok := e.results[name][p.Via[0].Name].(int64)
	if !ok {
		return nil
	}
	v, err := session.ReadBehind(e.Ctx, e.Reader, first, p.Ref())
	if err != nil {
		e.Fail(err)
	}
	return v
}

// stepOf is under which name the values are kept that a path begins with: of a step, or of the inputs.
func stepOf(root string) (name string, ok bool) {
	if root == inputRoot {
		return inputKey, true
	}
	if len(root) <= len(stepsRoot) || root[:len(stepsRoot)] != stepsRoot {
		return "", false
	}
	return root[len(stepsRoot):], true
}

// Reader reads what the run may read, as it is in its transaction.
func (x *Execution) Reader() store.Reader { return x.env.Reader }

// Eval is the value of a program in stored form. Faults are those of expression.Program.Eval.
func (x *Execution) Eval(p *expression.Program) (any, error) {
	v, err := p.Eval(x.env)
	if failed := x.env.Failed(); failed != nil {
		return nil, failed
	}
	return v, err
}

// Holds reports whether a condition is true. One that can't be computed is a fault, for nobody
// would learn of it otherwise.
func (x *Execution) Holds(p *expression.Program) (bool, error) {
	held, err := p.Holds(x.env)
	if failed := x.env.Failed(); failed != nil {
		return false, failed
	}
	return held, err
}

// filter is a condition that runs in the database, with the values that it has for the run.
func (x *Execution) filter(p *expression.Program) (query.Filter, error) {
	f, err := p.Filter(x.env)
	if failed := x.env.Failed(); failed != nil {
		return nil, failed
	}
	return f, err
}

// Values computes what fields are given, by their names.
func (x *Execution) Values(of []Value) (map[string]any, error) {
	values := make(map[string]any, len(of))
	for _, v := range of {
		value, err := x.Eval(v.Program)
		if err != nil {
			return nil, fmt.Errorf("computing %s: %w", v.Field.Name, err)
		}
		if key, ok := value.(int64); ok && v.of != "" {
			value = v.of + "/" + id.ID(key).String()
		}
		values[v.Field.Name] = value
	}
	return values, nil
}

// Triggers reports whether the condition of a workflow holds for a record.
func Triggers(ctx context.Context, w *Workflow, record *session.Env) (bool, error) {
	return NewExecution(ctx, w, &State{}, record, nil, nil).Triggered()
}

// Triggered reports whether the condition of the workflow holds.
func (x *Execution) Triggered() (bool, error) {
	if x.workflow.When == nil {
		return true, nil
	}
	return x.Holds(x.workflow.When)
}

// Run does steps until the run ends, waits, or a step fails. Faults are those of steps, and
// workflow.too_many_steps. doing is told of each step before it is done.
func (x *Execution) Run(doing func(step string)) error {
	x.state.Until = time.Time{}
	for first := true; x.goesOn() && x.state.Until.IsZero() && (first || x.state.Asked == 0 && !x.state.Watches); first = false {
		if x.budget.Steps--; x.budget.Steps < 0 {
			x.state.Until = x.Now()
			break
		}
		doing(x.state.Next)
		if err := x.step(); err != nil {
			return err
		}
	}
	return nil
}

// Ended reports whether the run has no next step.
func (x *Execution) Ended() bool { return x.state.Next == "" && len(x.state.Loops) == 0 }

// goesOn reports whether there is a next step. Where a loop is under way, it follows on the last of
// those that it does.
func (x *Execution) goesOn() bool {
	if n := len(x.state.Loops); x.state.Next == "" && n > 0 {
		x.state.Next = x.state.Loops[n-1].Step
	}
	return x.state.Next != ""
}

// Left are the records that follow in the loop of the step that is being done; under is false if it is
// none yet.
func (x *Execution) Left() (left []id.ID, under bool) {
	if n := len(x.state.Loops); n > 0 && x.state.Loops[n-1].Step == x.state.Next {
		return x.state.Loops[n-1].Left, true
	}
	return nil, false
}

// Loop says which records follow in the loop of the step that is being done; nil ends it.
func (x *Execution) Loop(left []id.ID) {
	if _, under := x.Left(); under {
		x.state.Loops = x.state.Loops[:len(x.state.Loops)-1]
	}
	if left != nil {
		x.state.Loops = append(x.state.Loops, Loop{x.state.Next, left})
	}
}

// Count is how many records of an object there are that the run's caller may read and a condition holds for.
func (x *Execution) Count(o *catalog.Object, condition *expression.Program) (int64, error) {
	f, err := x.filter(condition)
	if err != nil {
		return 0, err
	}
	readable, err := x.Acts.Readable(o)
	if err != nil {
		return 0, err
	}
	var n int64
	q := query.Aggregate{Table: o.Table.Name, Filter: query.And(f, readable), Measures: []query.Measure{{Op: query.Count}}}
	for r, err := range x.Reader().Aggregate(x.Ctx, q) {
		if err != nil {
			return 0, fmt.Errorf("counting records of %s: %w", o.Doc.Name, err)
		}
		n, _ = r[0].(int64)
	}
	return n, nil
}

// Find are at most limit records of an object that the run's caller may read and a condition holds for (nil: any);
// among is the only one that is asked about, 0: all.
func (x *Execution) Find(o *catalog.Object, condition *expression.Program, sort []query.Order, limit int, among id.ID) ([]id.ID, error) {
	var f query.Filter
	if condition != nil {
		var err error
		if f, err = x.filter(condition); err != nil {
			return nil, err
		}
	}
	if among != 0 {
		f = query.And(f, query.Is(query.ID, int64(among)))
	}
	return x.FindBy(o, f, sort, limit)
}

// FindBy are at most limit records of an object that the run's caller may read and a filter holds for.
func (x *Execution) FindBy(o *catalog.Object, f query.Filter, sort []query.Order, limit int) ([]id.ID, error) {
	readable, err := x.Acts.Readable(o)
	if err != nil {
		return nil, err
	}
	f = query.And(f, readable)
	var found []id.ID
	q := query.Select{Table: o.Table.Name, Filter: f, Sort: append(slices.Clone(sort), query.Order{Ref: query.Field(query.ID)}), Limit: limit}
	for r, err := range store.Find(x.Ctx, x.Reader(), q, query.ID) {
		if err != nil {
			return nil, fmt.Errorf("finding records of %s: %w", o.Doc.Name, err)
		}
		found = append(found, r.ID(query.ID))
	}
	return found, nil
}

// step does the next step.
func (x *Execution) step() error {
	node := x.workflow.Nodes[x.state.Next]
	if !x.state.Watches { // else it has been counted
		x.state.Steps++
	}
	if x.state.Steps > MaxSteps {
		return fault.New(fault.Limited, "workflow.too_many_steps", "limit", MaxSteps)
	}
	done, err := node.Step.Do(x)
	if err != nil {
		if done, err = x.failed(node, done, err); err != nil {
			return err
		}
	}
	x.state.Until, x.state.Asked, x.state.Watches = done.Until, done.Asked, done.Watches
	if x.state.Late = (time.Time{}); done.Watches {
		x.state.Late = done.Until
	}
	if done.Asked != 0 || done.Watches { // it is done again
		if done.Result != nil {
			x.state.Results[node.Name] = done.Result
		}
		return nil
	}
	if len(node.Result) > 0 {
		x.state.Results[node.Name] = done.Result
	}
	x.state.Next = done.Next
	return nil
}

const (
	// problemName is under which name later steps read why a step failed, and maxProblem how many characters of it.
	problemName = "problem"
	maxProblem  = 1_000
)

// failed is what a step comes to that failed, if another follows on that. What breaks the program is nothing that a
// workflow could go on after.
func (x *Execution) failed(node *Node, done Outcome, err error) (Outcome, error) {
	f := fault.From(err)
	if node.Failed == "" || f.Kind.Breaks() {
		return done, err
	}
	if _, under := x.Left(); under {
		x.Loop(nil)
	}
	problem := f.Each()[0].Text(x.Language())
	if all := []rune(problem); len(all) > maxProblem {
		problem = string(all[:maxProblem])
	}
	x.Acts.Failed(problem)
	result := maps.Clone(done.Result)
	if result == nil {
		result = map[string]any{}
	}
	result[problemName] = problem
	return Outcome{Next: node.Failed, Result: result}, nil
}

// Asked is what the run has waited for in the step that is being done; 0: the step is done for the first time.
func (x *Execution) Asked() id.ID { return x.state.Asked }

// Kept is the result that the step which is being done had when it asked.
func (x *Execution) Kept() map[string]any { return x.state.Results[x.state.Next] }

// Pressed reports whether somebody set off the run by hand.
func (x *Execution) Pressed() bool {
	_, press := x.workflow.Trigger.(OnPress)
	return press
}

// Unique names this time that a step is done, the same however often it is begun again.
func (x *Execution) Unique() string { return fmt.Sprintf("%v.%d", x.ID, x.state.Steps) }

// Watched is until when the run has waited for changes in the step that is being done (the zero time: for ever); again is false
// where it has not.
func (x *Execution) Watched() (late time.Time, again bool) { return x.state.Late, x.state.Watches }

// Waits reports whether the run waits, for a time, for what it asked, or for a change.
func (s *State) Waits() bool { return !s.Until.IsZero() || s.Asked != 0 || s.Watches }

// Step is the name of the step that is being done.
func (x *Execution) Step() string { return x.state.Next }

// resultOf is what a step offers, or what is filled in; nil for none that is there.
func (w *Workflow) resultOf(step string) Result {
	if step == inputKey {
		return w.inputs
	}
	if node := w.Nodes[step]; node != nil {
		return node.Result
	}
	return nil
}

// Fill gives a state what was filled in, in stored form.
func (s *State) Fill(inputs map[string]any) {
	s.Results = map[string]map[string]any{inputKey: inputs}
}

// About is the record that the run is about, as fields keep it that lead to records of any object; "": there is none.
func (x *Execution) About() string {
	if x.workflow.Object == nil {
		return ""
	}
	return x.workflow.Object.Doc.Name + "/" + x.env.Row.ID().String()
}

// Record is the record that the run is about.
func (x *Execution) Record() id.ID { return x.env.Row.ID() }

// Now is when the run is executed.
func (x *Execution) Now() time.Time { return x.env.Now() }

// Location is where the user is who set off the run, which decides what today is.
func (x *Execution) Location() *time.Location { return x.env.Location() }

// Language is that of whoever waits for the run.
func (x *Execution) Language() string { return x.env.Session.Caller.Language }

// Keep is the results of steps as they are kept with a run, as the API shows values.
func (w *Workflow) Keep(s *State) (json.RawMessage, error) {
	all := map[string]map[string]json.RawMessage{}
	for step, values := range s.Results {
		all[step] = map[string]json.RawMessage{}
		for _, symbol := range w.resultOf(step) {
			if v := values[symbol.Name]; v != nil {
				all[step][symbol.Name] = symbol.Value.AppendJSON(nil, v)
			}
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	raw, err := json.Marshal(all)
	if err != nil {
		return nil, fmt.Errorf("writing the results of steps: %w", err)
	}
	return raw, nil
}

// Restore reads results that were kept. Those of steps that the workflow has no longer are left out.
func (w *Workflow) Restore(s *State, kept json.RawMessage) error {
	s.Results = map[string]map[string]any{}
	if len(kept) == 0 {
		return nil
	}
	all := map[string]map[string]any{}
	d := json.NewDecoder(bytes.NewReader(kept))
	d.UseNumber()
	if err := d.Decode(&all); err != nil {
		return fmt.Errorf("reading the results of steps: %w", err)
	}
	for step, values := range all {
		offered := w.resultOf(step)
		if offered == nil {
			continue
		}
		s.Results[step] = offered.stored(values)
	}
	return nil
}

// stored is what values that were kept are in stored form. What does not fit is left out.
func (r Result) stored(values map[string]any) map[string]any {
	all := map[string]any{}
	for _, symbol := range r {
		if v, ok := values[symbol.Name]; ok {
			if stored, problem := symbol.Value.Coerce(v); problem == nil {
				all[symbol.Name] = stored
			}
		}
	}
	return all
}

// Read reads values that were kept, as the API shows them, in stored form. What does not fit is left out.
func (r Result) Read(kept json.RawMessage) (map[string]any, error) {
	all := map[string]any{}
	if len(kept) == 0 {
		return all, nil
	}
	d := json.NewDecoder(bytes.NewReader(kept))
	d.UseNumber()
	if err := d.Decode(&all); err != nil {
		return nil, fmt.Errorf("reading what a run answered: %w", err)
	}
	return r.stored(all), nil
}

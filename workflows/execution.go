package workflows

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
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

const (
	MaxSteps   = 5_000     // that a run does
	MaxResults = 128 << 10 // bytes that the results of its steps have together
)

// Budget is how many steps are left of those that one transaction does, for all of its runs together. A run
// for which none is left goes on later.
type Budget struct{ Steps int }

// Execution is a run being executed, as its steps see it.
type Execution struct {
	Ctx  context.Context
	Acts Acts
	ID   id.ID // of the run
	By   id.ID // who set the run off; 0: nobody
	// Passes, if not nil, is told until when the run would wait (the zero time: not for a time), and it goes on at once.
	Passes func(until time.Time)

	workflow *Workflow
	state    *State
	at       *Position // where the step is that is being done
	budget   *Budget
	env      *env
	tape     *Tape          // nil: nothing is taken down
	sizes    map[string]int // of results, by step; nil: not known yet
}

// NewExecution is a run that goes on from a state. The record is what it is about.
func NewExecution(ctx context.Context, w *Workflow, s *State, record *session.Env, acts Acts, b *Budget) *Execution {
	if s.Results == nil {
		s.Results = map[string]map[string]any{}
	}
	return &Execution{Ctx: ctx, Acts: acts, workflow: w, state: s, at: &s.Position, budget: b, env: &env{Env: record, results: s.Results}}
}

// On has a tape take down what the run finds, or tell it.
func (x *Execution) On(t *Tape) { x.tape, x.env.tape = t, t }

// Tape is what questions of its steps are asked by; see Ask.
func (x *Execution) Tape() *Tape { return x.tape }

// env is what expressions of a run read: the record, the user, and the results of steps.
type env struct {
	*session.Env
	results map[string]map[string]any
	tape    *Tape
}

// Get implements expression.Env.
func (e *env) Get(p expression.Path) any {
	name, ok := stepOf(p.Root)
	if ok && len(p.Via) == 0 {
		return e.results[name][p.Leaf.Name]
	}
	if e.tape == nil {
		return e.find(name, ok, p)
	}
	return e.tape.read(p, func() any { return e.find(name, ok, p) }, e.Env)
}

// find is what a path finds that leads into the store, through the result of a step or not.
func (e *env) find(step string, through bool, p expression.Path) any {
	if !through {
		return e.Env.Get(p)
	}
	return e.behind(step, p)
}

// behind is what a path finds that leads through a result.
func (e *env) behind(name string, p expression.Path) any {
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
	held, err := x.Holds(x.workflow.When)
	code := ""
	if f := fault.From(err); f != nil {
		code = f.Code
	}
	return held, cmp.Or(err, x.tape.end(held, code))
}

// Doing is told of each step before it is done, and on which way. again: it has been told of it, and the step waited for a change of
// the record.
type Doing func(step, way string, again bool)

// Run does steps until the run ends, waits, or a step fails. Faults are those of steps, and
// workflow.too_many_steps.
func (x *Execution) Run(doing Doing) error {
	if x.state.Undoing.Begun {
		return x.undo(doing)
	}
	return x.goOn(&x.state.Position, "", doing)
}

// goOn does the steps of a position that has waited.
func (x *Execution) goOn(p *Position, way string, doing Doing) error {
	p.Until = time.Time{}
	for first := true; ; first = false {
		if len(p.Ways) > 0 {
			if together, err := x.goWays(p, way, doing); err != nil || !together {
				return err
			}
		} else if !first && p.waits() {
			if x.Passes == nil {
				return nil
			}
			x.Passes(p.Until)
			p.Until = time.Time{}
		}
		if !p.goesOn() {
			return nil
		}
		if x.budget.Steps--; x.budget.Steps < 0 {
			p.Until = x.Now()
			return nil
		}
		x.at = p
		doing(p.Next, way, p.Watches)
		if err := x.step(); err != nil {
			return err
		}
	}
}

// goWays goes on with the ways of a position, in their order. It reports whether they have come together; where one was enough, the
// others are left as they are. A run that is tried goes all of them.
func (x *Execution) goWays(p *Position, way string, doing Doing) (together bool, err error) {
	if way != "" {
		way += "/"
	}
	for i := range p.Ways {
		on := &p.Ways[i]
		if on.Ended() || !on.ready(x.Now()) {
			continue
		}
		if err := x.goOn(on, fmt.Sprint(way, p.Next, "/", i), doing); err != nil {
			return false, err
		}
		if on.Ended() && p.Any && x.Passes == nil {
			if asked := p.AllAsked(); len(asked) > 0 {
				err = x.Acts.Leave(asked)
			}
			clear(p.Ways)
			return true, err
		}
	}
	return p.together(), nil
}

// Ended reports whether the run has no next step.
func (x *Execution) Ended() bool { return x.state.Ended() }

// Left are the records that follow in the loop of the step that is being done; under is false if it is
// none yet.
func (x *Execution) Left() (left []id.ID, under bool) {
	if n := len(x.at.Loops); n > 0 && x.at.Loops[n-1].Step == x.at.Next {
		return x.at.Loops[n-1].Left, true
	}
	return nil, false
}

// Loop says which records follow in the loop of the step that is being done; nil ends it.
func (x *Execution) Loop(left []id.ID) {
	if _, under := x.Left(); under {
		x.at.Loops = x.at.Loops[:len(x.at.Loops)-1]
	}
	if left != nil {
		x.at.Loops = append(x.at.Loops, Loop{x.at.Next, left})
	}
}

// Count is how many records of an object there are that the run's caller may read and a condition holds for.
func (x *Execution) Count(o *catalog.Object, condition *expression.Program) (int64, error) {
	f, err := x.filter(condition)
	if err != nil {
		return 0, err
	}
	return Ask(x.tape, func() (n int64, err error) {
		readable, err := x.Acts.Readable(o)
		if err != nil {
			return 0, err
		}
		q := query.Aggregate{Table: o.Table.Name, Filter: query.And(f, readable), Measures: []query.Measure{{Op: query.Count}}}
		for r, err := range x.Reader().Aggregate(x.Ctx, q) {
			if err != nil {
				return 0, fmt.Errorf("counting records of %s: %w", o.Doc.Name, err)
			}
			n, _ = r[0].(int64)
		}
		return n, nil
	}, "count", o.Doc.Name, f)
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
	return Ask(x.tape, func() (found []id.ID, err error) {
		readable, err := x.Acts.Readable(o)
		if err != nil {
			return nil, err
		}
		q := query.Select{Table: o.Table.Name, Filter: query.And(f, readable), Sort: append(slices.Clone(sort), query.Order{Ref: query.Field(query.ID)}), Limit: limit}
		for r, err := range store.Find(x.Ctx, x.Reader(), q, query.ID) {
			if err != nil {
				return nil, fmt.Errorf("finding records of %s: %w", o.Doc.Name, err)
			}
			found = append(found, r.ID(query.ID))
		}
		return found, nil
	}, "find", o.Doc.Name, f, sort, limit)
}

// step does the next step.
func (x *Execution) step() error {
	step := x.at.Next
	err := x.do(x.workflow.Nodes[step])
	if x.tape == nil || errors.Is(err, ErrDeparts) {
		return err
	}
	return cmp.Or(x.tape.end(x.came(step, err)...), err)
}

func (x *Execution) do(node *Node) error {
	if !x.at.Watches { // else it has been counted
		x.state.Steps++
	}
	limit := MaxSteps
	if x.state.Undoing.Begun { // one that did too many is undone
		limit *= 2
	}
	if x.state.Steps > limit {
		return fault.New(fault.Limited, "workflow.too_many_steps", "limit", limit)
	}
	done, err := node.Step.Do(x)
	failed := err != nil
	if failed {
		if x.again(node, err) {
			return nil
		}
		if done, err = x.failed(node, done, err); err != nil {
			return err
		}
	}
	x.at.Until, x.at.Asked, x.at.Watches = done.Until.Truncate(time.Millisecond), done.Asked, done.Watches // runs are due by the millisecond
	if x.at.Late = (time.Time{}); done.Watches {
		x.at.Late = done.Until
	}
	if done.Asked != 0 || done.Watches { // it is done again
		if done.Result == nil {
			return nil
		}
		return x.keep(node, done.Result)
	}
	x.at.Tried, x.at.Ways, x.at.Any = 0, nil, false
	if len(done.Ways) > 0 {
		for _, first := range done.Ways {
			x.at.Ways = append(x.at.Ways, Position{Next: first})
		}
		x.at.Any = done.Any
		return nil
	}
	if len(node.Result) > 0 {
		if err := x.keep(node, done.Result); err != nil {
			return err
		}
	}
	if node.Undo != "" && !failed {
		x.state.Undoing.Done = append(x.state.Undoing.Done, node.Name)
	}
	x.at.Next = done.Next
	return nil
}

// keep keeps what a step found. Fault workflow.results_too_large (TooLarge) where that would be more than MaxResults with what others did: the
// step fails the run then, which keeps what it had, for whatever undoes it or tries again.
func (x *Execution) keep(node *Node, result map[string]any) error {
	if x.sizes == nil {
		x.sizes = map[string]int{}
		for step, values := range x.state.Results {
			x.sizes[step] = x.workflow.sizeOf(step, values)
		}
	}
	x.sizes[node.Name] = x.workflow.sizeOf(node.Name, result)
	all := 0
	for _, size := range x.sizes {
		all += size
	}
	if all > MaxResults {
		x.sizes = nil
		return fault.New(fault.TooLarge, "workflow.results_too_large", "limit", MaxResults)
	}
	x.state.Results[node.Name] = result
	return nil
}

// sizeOf is how many bytes the result of a step takes as it is kept.
func (w *Workflow) sizeOf(step string, values map[string]any) int {
	const marks = len(`"":{},`)
	var raw []byte
	size := len(step) + marks
	for _, symbol := range w.resultOf(step) {
		if v := values[symbol.Name]; v != nil {
			raw = symbol.Value.AppendJSON(raw[:0], v)
			size += len(symbol.Name) + len(raw) + marks
		}
	}
	return size
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
	x.Acts.Failed(f.Each()[0])
	result := maps.Clone(done.Result)
	if result == nil {
		result = map[string]any{}
	}
	result[problemName] = x.problem(f)
	return Outcome{Next: node.Failed, Result: result}, nil
}

// Asked is what the run has waited for in the step that is being done; 0: the step is done for the first time.
func (x *Execution) Asked() id.ID { return x.at.Asked }

// Joined reports whether the ways have come together that the step which is being done had the run go.
func (x *Execution) Joined() bool { return len(x.at.Ways) > 0 }

// Kept is the result that the step which is being done had when it asked.
func (x *Execution) Kept() map[string]any { return x.state.Results[x.at.Next] }

// Pressed reports whether somebody set off the run by hand.
func (x *Execution) Pressed() bool {
	_, press := x.workflow.Trigger.(OnPress)
	return press
}

// Unique names this time that a step is done, the same however often it is begun again.
func (x *Execution) Unique() string { return fmt.Sprintf("%v.%d", x.ID, x.state.Steps) }

// Watched is until when the run has waited for changes in the step that is being done (the zero time: for ever); again is false
// where it has not.
func (x *Execution) Watched() (late time.Time, again bool) { return x.at.Late, x.at.Watches }

// Step is the name of the step that is being done.
func (x *Execution) Step() string { return x.at.Next }

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

// Inputs are those of a run, of results that were kept, as they are kept.
func (w *Workflow) Inputs(kept json.RawMessage) (json.RawMessage, error) {
	s := &State{}
	if err := w.Restore(s, kept); err != nil {
		return nil, err
	}
	maps.DeleteFunc(s.Results, func(step string, _ map[string]any) bool { return step != inputKey })
	return w.Keep(s)
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

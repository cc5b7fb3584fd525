package runner

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/collaboration"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/mail"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/record/session"
	"formwork/metadata"
	"formwork/workflows"
	"formwork/workflows/approval"
	"formwork/workflows/outside"
)

// executing is a run that is being executed in a transaction.
type executing struct {
	g        *together
	r        *Runner
	ctx      context.Context
	run      *Run
	workflow *workflows.Workflow
	writer   *record.Session // as whom it reads and writes
	joint    *record.Joint   // of the writer
	env      *session.Env    // of the record, if the run is about one
	wrote    bool            // a record was changed
	calls    bool            // something is asked of an outside system
	tries    bool            // nothing is kept: a run does not wait
	doing    int             // where the step is in the trace that is being done
	watches  bool            // and it has waited for a change before
	budget   *workflows.Budget
	tape     *workflows.Tape // nil: nothing is taken down
}

// stepsAtOnce is how many steps one transaction does: whoever writes to the tenant waits for them.
const stepsAtOnce = 300

// carryOn does steps of a run until it ends or waits; see execute. It reports whether records were changed.
func (g *together) carryOn(run *Run, w *workflows.Workflow, env *session.Env) (wrote bool, err error) {
	writer, err := g.writer(w, run)
	if f := fault.From(err); f != nil {
		if f.Kind.Breaks() {
			return false, err
		}
		run.State, run.Fault, run.Ended = Failed, f, g.r.o.Now()
		g.tally.saw(run)
		return false, g.release(run)
	}
	x := executing{g: g, r: g.r, ctx: g.ctx, run: run, workflow: w, writer: writer, joint: writer.Within(g.joint), env: env, tries: g.tries, budget: &g.budget}
	if w.Records() && !g.tries && !run.recording.partial {
		x.tape = workflows.NewTape(run.stint(env, g.snapshot.Revision))
	}
	begins := run.Steps
	if err = x.execute(); err == nil {
		err = run.recording.ran(x.tape, begins, run.State)
	}
	if err == nil && run.State != Waiting {
		err = g.release(run)
	}
	g.calls = g.calls || x.calls
	g.tally.saw(run)
	return x.wrote, err
}

// execute does the steps of a run until it ends or waits, and says so in the run. Errors are only those
// that end the transaction.
func (e *executing) execute() error {
	e.env.Forget() // an earlier run of the transaction may have changed it
	state := &workflows.State{Position: e.run.At, Steps: e.run.Steps, Undoing: e.run.undoing}
	err := e.workflow.Restore(state, e.run.results)
	x := workflows.NewExecution(e.ctx, e.workflow, state, e.env, e, e.budget)
	if err == nil {
		x.ID, x.By = e.run.ID, e.run.By
		x.On(e.tape)
		if e.tries {
			x.Passes = e.passes
		}
		if err = x.Run(e.did); err == nil && e.tries && state.Waits() {
			err = fault.New(fault.Limited, "workflow.too_many_steps", "limit", stepsAtOnce)
		}
	}
	err = e.came(x, state, err)
	if f := fault.From(err); f != nil && !f.Kind.Breaks() { // it fails for good
		undoes, problem := x.Undo()
		if err = cmp.Or(problem, err); undoes && problem == nil {
			e.run.Fault = single(f)
			err = e.came(x, state, x.Run(e.did))
		}
	}
	now := e.r.o.Now()
	switch f := fault.From(err); {
	case f != nil && (f.Kind == fault.Unavailable || f.Kind == fault.Full || e.ctx.Err() != nil || errors.Is(err, workflows.ErrDeparts)):
		return err // nothing is wrong with the run
	case f != nil:
		if f.Kind == fault.Internal && !e.tape.Replays() { // it must not hold up others
			e.g.tally.broken = append(e.g.tally.broken, broken{e.run, x.Step(), err})
		}
		e.run.State, e.run.Fault, e.run.Ended = Failed, cmp.Or(e.run.Fault, single(f)), now
	case state.Waits():
		e.run.State, e.run.Due = Waiting, state.Due()
	case state.Undoing.Begun:
		e.run.State, e.run.Ended = e.run.undone(), now
	default:
		e.run.State, e.run.Ended = Done, now
	}
	return nil
}

// came keeps with the run how far it came, and what it answers if it has ended, and returns why it failed. An answer that is too large is not kept: the
// run fails, unless it undoes already what it did.
func (e *executing) came(x *workflows.Execution, state *workflows.State, err error) error {
	e.run.At, e.run.Steps, e.run.undoing = state.Position, state.Steps, state.Undoing
	if e.run.watches = mayWatchOf(e.workflow); state.Watching() {
		e.run.watches = watches
	}
	kept, unkept := e.workflow.Keep(state) // also of a run that fails: a retry goes on with what earlier steps found
	e.run.results, err = kept, cmp.Or(err, unkept)
	if err == nil && !state.Waits() && !state.Undoing.Begun {
		e.run.answer, err = x.Answer()
	}
	if e.run.holds() > maxHeld { // by its loops, or by what it answers
		e.run.answer = nil
		e.run.At.Forget()
		if !state.Undoing.Begun {
			err = cmp.Or(err, error(fault.New(fault.TooLarge, "workflow.results_too_large", "limit", maxHeld)))
		}
	}
	return err
}

// single is the first of several faults, which is what a run tells.
func single(f *fault.Fault) *fault.Fault { return f.Each()[0] }

// did notes that a step is being done, on one of several ways or on none.
func (e *executing) did(step, way string, again bool) {
	if e.watches = again; again { // it looks at its condition again
		for e.doing = len(e.run.Trace) - 1; e.doing >= 0; e.doing-- {
			if e.run.Trace[e.doing].Step == step {
				return
			}
		}
	}
	e.doing = len(e.run.Trace)
	e.run.Trace = append(e.run.Trace, Did{Step: step, Way: way, At: e.r.o.Now()})
}

// passes notes that a run which is tried would wait for some time.
func (e *executing) passes(until time.Time) {
	if until.After(e.r.o.Now()) {
		e.note(Effect{Do: "wait", Text: until.UTC().Format(time.RFC3339)})
	}
}

// note adds an effect to the step that is being done.
func (e *executing) note(effect Effect) {
	if effect.Object != "" {
		e.wrote = true
		e.env.Forget()
	}
	did := &e.run.Trace[e.doing]
	if len(did.Effects) < maxTrace {
		did.Effects = append(did.Effects, effect)
	}
}

// Failed implements workflows.Acts.
func (e *executing) Failed(problem *fault.Fault) { e.note(Effect{Do: "failed", Why: whyOf(problem)}) }

// Again implements workflows.Acts.
func (e *executing) Again(problem *fault.Fault, time int) {
	e.note(Effect{Do: "retry", Why: whyOf(problem), Tried: int64(time)})
}

// needsRecord is a fault where the run is about no record.
func (e *executing) needsRecord() error {
	if e.run.Object == "" {
		return fault.New(fault.Invalid, "workflow.needs_object")
	}
	return nil
}

// Put implements workflows.Acts.
func (e *executing) Put(values map[string]any) error {
	if err := e.needsRecord(); err != nil {
		return err
	}
	o := e.env.Mapping.Object
	was, err := workflows.Ask(e.tape, func() (json.RawMessage, error) {
		was := make(map[string]any, len(values))
		for name := range values {
			if f, ok := o.Field(name); ok {
				was[name] = e.env.Mapping.Value(e.env.Row, f.Column)
			}
		}
		if err := e.joint.Update(o.Doc.Name, e.run.Record, values); err != nil {
			return nil, err
		}
		return shown(o, was), e.refresh()
	}, "put", values)
	if err == nil {
		e.note(Effect{Do: "update", Object: o.Doc.Name, Record: e.run.Record, Values: shown(o, values), Was: was})
	}
	return ofOwn(err)
}

// ownField is the parameter of a fault that says of which field of the run's own record it is; "": of none alone.
const ownField = "own_field"

// ofOwn says of what was refused that it is wrong with the record that the run is about: so whoever may read that may be told.
func ofOwn(err error) error {
	f := fault.From(err)
	if f == nil || f.Kind.Breaks() || f.Kind == fault.Stale {
		return err
	}
	own := *single(f)
	own.Params = maps.Clone(own.Params)
	if own.Params == nil {
		own.Params = map[string]any{}
	}
	own.Params[ownField] = strings.TrimPrefix(own.Pointer, "/")
	return &own
}

// OwnField is the field of its own record for which a run failed, "" for none alone; ok is false where it failed for something else.
func OwnField(f *fault.Fault) (name string, ok bool) {
	name, ok = f.Params[ownField].(string)
	return name, ok
}

// Create implements workflows.Acts.
func (e *executing) Create(o *catalog.Object, values map[string]any) (id.ID, error) {
	key, err := workflows.Ask(e.tape, func() (id.ID, error) { return e.joint.Create(o.Doc.Name, values) }, "create", o.Doc.Name, values)
	if err == nil {
		e.note(Effect{Do: "create", Object: o.Doc.Name, Record: key, Values: shown(o, values)})
	}
	return key, err
}

// Update implements workflows.Acts.
func (e *executing) Update(o *catalog.Object, key id.ID, values map[string]any) error {
	err := workflows.Act(e.tape, func() error { return e.joint.Update(o.Doc.Name, key, values) }, "update", o.Doc.Name, key, values)
	if err == nil {
		e.note(Effect{Do: "update", Object: o.Doc.Name, Record: key, Values: shown(o, values)})
	}
	return err
}

// Delete implements workflows.Acts.
func (e *executing) Delete(o *catalog.Object, key id.ID) error {
	err := workflows.Act(e.tape, func() error { return e.joint.Delete(o.Doc.Name, key) }, "delete", o.Doc.Name, key)
	if err == nil {
		e.note(Effect{Do: "delete", Object: o.Doc.Name, Record: key})
	}
	return err
}

// Readable implements workflows.Acts.
func (e *executing) Readable(o *catalog.Object) (query.Filter, error) {
	return e.writer.Readable(e.ctx, o.Doc.Name)
}

// Notify implements workflows.Acts.
func (e *executing) Notify(user id.ID, text metadata.Text) error {
	if err := e.needsRecord(); err != nil {
		return err
	}
	err := workflows.Act(e.tape, func() error {
		note := collaboration.Note{ID: e.r.o.IDs.Next(), Kind: collaboration.Told, User: user, Object: e.run.Object, Record: e.run.Record, By: e.run.By, At: e.r.o.Now(), Text: text}
		return e.r.o.Notes.Inform(e.ctx, e.joint.Tx(), note)
	}, "notify", user, argument(text))
	if err == nil {
		e.note(told("notify", user, text))
	}
	return err
}

// argument is a text as tapes take it down: what it is, where it is in no language.
func argument(text metadata.Text) any {
	if one, plain := text.Plain(); plain {
		return one
	}
	return map[string]string(text)
}

// told is the effect of telling somebody something.
func told(do string, user id.ID, text metadata.Text) Effect {
	if one, plain := text.Plain(); plain {
		return Effect{Do: do, Record: user, Text: one}
	}
	return Effect{Do: do, Record: user, Texts: text}
}

// Ask implements workflows.Acts.
func (e *executing) Ask(q workflows.Question) (id.ID, []id.ID, error) {
	if err := e.needsRecord(); err != nil {
		return 0, nil, err
	}
	asked, err := workflows.Ask(e.tape, func() (asked, error) { return e.ask(q) }, "ask", q.Step, argument(q.Text), q.Way, q.Locks, q.Due.UnixMilli(), q.Asked)
	if err != nil {
		return 0, nil, err
	}
	for i, one := range q.Asked {
		text := asked.Text
		if i > 0 { // the same for all
			text = metadata.Text{"": ""}
		}
		e.note(told("ask", one.User, text))
	}
	return asked.Key, asked.People, nil
}

// asked is a question as it was asked.
type asked struct {
	Key    id.ID
	People []id.ID
	Text   metadata.Text
}

func (e *executing) ask(q workflows.Question) (a asked, err error) {
	r := &approval.Request{Run: e.run.ID, Workflow: e.run.Workflow, Step: q.Step, Object: e.run.Object, Record: e.run.Record, By: e.run.By, Text: q.Text, Way: q.Way, Locks: q.Locks, Due: q.Due}
	for _, one := range q.Asked {
		r.People = append(r.People, approval.Person{User: one.User, Instead: one.Instead})
	}
	if q.Locks { // who changes it meanwhile waits, and finds it locked
		if err := e.joint.Tx().Lock(e.ctx, e.env.Mapping.Object.Table.Name, e.run.Record); err != nil {
			return a, fmt.Errorf("locking a record that waits for approval: %w", err)
		}
	}
	if err := e.r.approvals.Ask(e.ctx, e.joint.Tx(), r); err != nil {
		return a, err
	}
	a.Key, a.Text = r.ID, r.Text
	for _, p := range r.People {
		a.People = append(a.People, p.ID)
	}
	return a, nil
}

// Answer implements workflows.Acts. A run that is tried goes on as if it were approved.
func (e *executing) Answer(asked id.ID) (workflows.Answer, error) {
	if e.tries {
		return workflows.Answer{State: approval.Approved}, nil
	}
	answer, err := workflows.Ask(e.tape, func() (workflows.Answer, error) { return e.answer(asked) }, "answer", asked)
	if err == nil && answer.State != approval.Pending {
		e.note(Effect{Do: answer.State, Record: answer.By, Text: answer.Comment})
	}
	return answer, err
}

func (e *executing) answer(asked id.ID) (answer workflows.Answer, err error) {
	r, err := approval.Get(e.ctx, e.joint.Tx(), asked)
	if err == nil && !r.Due.IsZero() && !r.Due.After(e.r.o.Now()) {
		r, err = e.r.approvals.Close(e.ctx, e.joint.Tx(), asked, approval.Late)
	}
	if err != nil {
		return answer, err
	}
	answer = workflows.Answer{State: r.State, Due: r.Due}
	for _, p := range r.People {
		if p.State == r.State && (answer.By == 0 || p.At.After(answer.At)) {
			answer.By, answer.Comment, answer.At = p.User, p.Comment, p.At
		}
	}
	if r.State != approval.Pending { // nobody is to be asked any more
		err = e.r.leaveCalls(e.ctx, e.g.joint, e.run, asked)
	}
	return answer, err
}

// Call implements workflows.Acts.
func (e *executing) Call(r outside.Request, tries int64) (id.ID, error) {
	key, err := workflows.Ask(e.tape, func() (id.ID, error) { return e.keepCall(r, tries) }, "call", r.String(), string(r.Body), tries)
	if err == nil {
		e.note(Effect{Do: "request", Text: r.String(), Values: bodyOf(r.Body)})
	}
	return key, err
}

// keepCall has a request made, or a message sent.
func (e *executing) keepCall(r outside.Request, tries int64) (id.ID, error) {
	e.calls = true
	call := &outside.Call{Run: e.run.ID, Record: e.run.Record, Request: r, Tries: tries}
	err := outside.Keep(e.ctx, e.joint.Tx(), call, e.r.o.IDs, e.r.o.Now())
	return call.ID, err
}

// Send implements workflows.Acts.
func (e *executing) Send(m *mail.Message, by string, tries int64) (id.ID, error) {
	key, err := workflows.Ask(e.tape, func() (id.ID, error) { return e.keepCall(outside.Request{Connection: by, Mail: m}, tries) },
		"send", by, m.Mailbox, m.ID, m.Record, m.Subject, m.Text, m.HTML, mail.Addresses(m.To), mail.Addresses(m.Cc), m.References, tries)
	if err != nil {
		return 0, err
	}
	values, err := json.Marshal(map[string]string{"to": mail.Addresses(slices.Concat(m.To, m.Cc)), "subject": m.Subject, "text": m.Text})
	if err != nil {
		return 0, fmt.Errorf("writing what is sent: %w", err)
	}
	if len(values) >= maxValues {
		values = nil
	}
	e.note(Effect{Do: "email", Values: values, Text: m.Mailbox})
	return key, nil
}

// replied is what became of a request, or of a message and then of its record.
type replied struct {
	Reply   workflows.Reply
	Tried   int64
	Mail    id.ID           // 0: it is none
	Changed json.RawMessage `json:",omitempty"` // of its record; nil: nothing
}

// Called implements workflows.Acts. A run that is tried goes on as if the answer were an empty one.
func (e *executing) Called(asked id.ID) (workflows.Reply, error) {
	var body []byte // of which the step keeps what it takes
	r, err := workflows.Ask(e.tape, func() (r replied, err error) {
		r, err = e.called(asked)
		body, r.Reply.Body = r.Reply.Body, nil
		return r, err
	}, "called", asked)
	if err != nil || r.Reply.State == outside.Pending {
		return r.Reply, err
	}
	if !e.tries {
		e.note(Effect{Do: "answer", Text: fmt.Sprint(r.Reply.Status), Tried: r.Tried})
	}
	if r.Changed != nil {
		e.note(Effect{Do: "update", Object: mail.ObjectName, Record: r.Mail, Values: r.Changed})
	}
	r.Reply.Body = body
	return r.Reply, nil
}

func (e *executing) called(asked id.ID) (r replied, err error) {
	call, err := outside.Get(e.ctx, e.joint.Tx(), asked)
	if err != nil {
		return r, err
	}
	if e.tries {
		call.State, call.Status = outside.Done, 200
	}
	if r.Reply.State = call.State; call.State == outside.Pending {
		return r, nil
	}
	if call.Request.Mail != nil {
		changed, err := mailed(e.g.joint, e.run, call, mail.Pending, e.env.Session.Caller.Language)
		if err != nil {
			return r, err
		}
		if r.Mail = call.Request.Mail.Record; changed != nil {
			r.Changed = shown(e.g.snapshot.Objects[mail.ObjectName], changed)
		}
	}
	r.Tried, r.Reply = call.Tried, workflows.Reply{State: call.State, Status: call.Status, Body: call.Body, Fault: call.Fault}
	return r, outside.Remove(e.ctx, e.joint.Tx(), e.run.ID, call.ID)
}

// bodyOf is the body of a request as the values of an effect; nil where it is too large to be kept, or none.
func bodyOf(body []byte) json.RawMessage {
	if body == nil || len(body) >= maxValues {
		return nil
	}
	return fmt.Appendf(nil, `{"body":%s}`, body)
}

// Alone implements workflows.Acts.
func (e *executing) Alone(o *catalog.Object) error {
	return workflows.Act(e.tape, func() error {
		return takeTurn(e.ctx, e.joint.Tx(), "records of "+o.Doc.Name, func(id.ID) (id.ID, error) { return 1, nil })
	}, "alone", o.Doc.Name)
}

// Turn implements workflows.Acts.
func (e *executing) Turn(in string, choose func(last id.ID) (id.ID, error)) error {
	told := func(last id.ID) (id.ID, error) {
		last, err := workflows.Ask(e.tape, func() (id.ID, error) { return last, nil }, "turn", in)
		if err != nil {
			return 0, err
		}
		return choose(last)
	}
	if e.tape.Replays() {
		_, err := told(0)
		return err
	}
	return takeTurn(e.ctx, e.joint.Tx(), e.run.Workflow+" "+in, told)
}

// shown are values as the API shows them; nil where there are too many to be kept.
func shown(o *catalog.Object, values map[string]any) json.RawMessage {
	raw := []byte{'{'}
	for i, name := range slices.Sorted(maps.Keys(values)) {
		if i > 0 {
			raw = append(raw, ',')
		}
		raw = append(raw, '"')
		raw = append(append(raw, name...), '"', ':')
		f, ok := o.Field(name)
		if !ok || values[name] == nil {
			raw = append(raw, "null"...)
		} else {
			raw = f.Value.AppendJSON(raw, values[name])
		}
	}
	if len(raw) >= maxValues {
		return nil
	}
	return append(raw, '}')
}

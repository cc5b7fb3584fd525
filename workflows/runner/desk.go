package runner

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/engine/record/session"
	"formwork/engine/store"
	"formwork/workflows"
	"formwork/workflows/webhook"
)

// Try runs a workflow on a record that the caller may read, or one that is about none, and keeps nothing: neither what its steps do,
// nor the run. Its trace tells what they would have done. Where it would wait it goes on at once. Cancelled: its condition does not
// hold. Who gives a document may add it: that is asked before. Faults: workflow.unknown, record.not_found (NotFound), field.required, workflow.no_record, workflow.inputs,
// webhook.payload (Invalid), catalog.invalid (Invalid) with what is wrong with a document below /document. The object that is wanted is the workflow's.
func (r *Runner) Try(ctx context.Context, t store.Tenant, c *policy.Caller, of Wanted) (run *Run, err error) {
	err = r.underNewest(ctx, t, func(system *record.Session) error {
		w, err := r.meant(ctx, system.Snapshot(), of.Workflow, of.Document)
		if err != nil {
			return err
		}
		caller := r.o.Records.As(t, system.Snapshot(), c)
		switch {
		case w.Object == nil && of.Record != 0:
			return fault.New(fault.Invalid, "workflow.no_record").At("/record")
		case w.Object != nil && of.Record == 0:
			return fault.New(fault.Invalid, "field.required").At("/record")
		case w.Object != nil:
			if err := caller.DemandReadable(ctx, w.Object.Doc.Name, of.Record); err != nil {
				return err
			}
		}
		run = r.newRun(system.Snapshot(), w, c, of.Record)
		if _, ok := w.Trigger.(workflows.OnPost); ok {
			if run, err = run.take(w, of.Payload); err != nil {
				return under("/payload", err)
			}
		} else if run, err = run.fill(ctx, caller, w, of.Inputs); err != nil {
			return err
		}
		return r.try(ctx, t, system, caller, w, c, run, func(env *session.Env) (bool, error) {
			env.Old = env.Row
			return run.triggers(ctx, w, env)
		})
	})
	if errors.Is(err, errUndo) {
		return run, nil
	}
	return nil, err
}

// try does the steps of a run in a transaction that it undoes, with errUndo. triggers says whether it is set off.
func (r *Runner) try(ctx context.Context, t store.Tenant, system, caller *record.Session, w *workflows.Workflow, c *policy.Caller, run *Run, triggers func(*session.Env) (bool, error)) error {
	begins, did := *run, &tally{}
	defer func() { r.tell(t, did) }()
	return system.Jointly(ctx, func(j *record.Joint) error {
		*run = begins
		g := r.together(ctx, t, system.Snapshot(), j, callers{keyOf(run.By, run.acts): c})
		g.tries, did = true, &g.tally
		env, err := g.about(caller, run)
		if err != nil {
			return err
		}
		if env == nil {
			return session.NotFound(run.Object, run.Record)
		}
		triggered, err := triggers(env)
		switch f := fault.From(err); {
		case f != nil && f.Kind.Breaks():
			return err
		case f != nil:
			run.State, run.Fault = Failed, single(f)
			return errUndo
		case !triggered:
			run.State = Cancelled
			return errUndo
		}
		if _, err := g.carryOn(run, w, env); err != nil {
			return err
		}
		return errUndo
	})
}

// Press runs a workflow that people set off, on a record that the caller may read. The run is kept, whatever
// becomes of it. A press whose key was taken before sets off nothing, and has the run of that one. Faults: workflow.unknown (NotFound) also of one that is not for the caller, record.not_found (NotFound), workflow.inputs (Invalid).
func (r *Runner) Press(ctx context.Context, t store.Tenant, caller *record.Session, c *policy.Caller, of Wanted) (*Run, error) {
	snapshot := caller.Snapshot()
	w, err := workflowOf(snapshot, of.Workflow)
	if err != nil {
		return nil, err
	}
	if !pressable(snapshot, w, c, of.Object) {
		return nil, unknown(of.Workflow)
	}
	if err := mayPress(ctx, caller, w, of.Object, of.Record); err != nil {
		return nil, err
	}
	if of.Begins {
		if of.Inputs, err = beginning(ctx, caller, w, of); err != nil {
			return nil, err
		}
	}
	begins, err := r.newRun(snapshot, w, c, of.Record).fill(ctx, caller, w, of.Inputs)
	if err != nil {
		return nil, err
	}
	var run *Run
	queued, did := false, &tally{}
	err = r.o.Records.As(t, snapshot, policy.System(t.Name())).Jointly(ctx, func(j *record.Joint) error {
		queued, did = false, &tally{}
		if run, err = of.pressed(ctx, j.Tx(), c); err != nil || run != nil {
			return err
		}
		env, err := caller.Within(j).Record(of.Object, of.Record)
		if err != nil {
			return err
		}
		if env == nil {
			return session.NotFound(of.Object, of.Record)
		}
		again := *begins
		run = &again
		triggered, err := run.triggers(ctx, w, env)
		if err != nil {
			return err
		}
		if !triggered {
			return fault.New(fault.Conflict, "workflow.not_now", "workflow", w.Doc.Label.In(c.Language, of.Workflow))
		}
		g := r.together(ctx, t, snapshot, j, callers{keyOf(run.By, run.acts): c})
		did = &g.tally
		did.begun++
		if _, err := g.carryOn(run, w, env); err != nil {
			return err
		}
		g.waits(run)
		if queued, err = g.queue(); err != nil {
			return err
		}
		if err := run.insert(ctx, j.Tx()); err != nil || of.Key == "" {
			return err
		}
		return webhook.Take(ctx, j.Tx(), of.Workflow, of.press(c), webhook.Answer{Run: run.ID}, r.o.Now())
	})
	if err != nil {
		return nil, err
	}
	if r.committed(t, did); queued {
		r.o.Wake(t.Name())
	}
	return run, nil
}

// press is the name of a press, among those of everybody.
func (of *Wanted) press(c *policy.Caller) string {
	return fmt.Sprint("press ", c.User, " ", of.Object, " ", of.Record, " ", of.Key)
}

// pressed is the run that a press set off which was taken before; nil where it is new.
func (of *Wanted) pressed(ctx context.Context, tx store.Tx, c *policy.Caller) (*Run, error) {
	if of.Key == "" {
		return nil, nil
	}
	before, taken, err := webhook.Taken(ctx, tx, of.Workflow, of.press(c))
	if err != nil || !taken {
		return nil, err
	}
	return Get(ctx, tx, before.Run)
}

// Offers are the workflows that a caller may set off now on a record that they may read: those whose condition holds.
func Offers(ctx context.Context, caller *record.Session, c *policy.Caller, object string, key id.ID) ([]Offered, error) {
	all := slices.DeleteFunc(workflows.Of(caller.Snapshot()).Manual(object), func(w *workflows.Workflow) bool { return !pressable(caller.Snapshot(), w, c, object) })
	if len(all) == 0 {
		return nil, nil
	}
	env, err := caller.Env(ctx, object, key)
	if err != nil || env == nil {
		return nil, err
	}
	changes, err := caller.May(ctx, policy.Update, object, key)
	if err != nil {
		return nil, err
	}
	var offered []Offered
	for _, w := range all {
		own := *env // what one can't compute is not the next one's
		triggered, err := workflows.Triggers(ctx, w, &own)
		if f := fault.From(err); f != nil && f.Kind.Breaks() {
			return nil, err
		}
		if triggered && err == nil && (changes || !forAnybody(w)) {
			begin, _ := defaults(w, *env)
			composer, err := composerOf(caller.Snapshot(), w, env)
			if err != nil {
				return nil, err
			}
			offered = append(offered, Offered{w, begin, composer})
		}
	}
	return offered, nil
}

// OffersOf are the workflows that a caller may set off on some records of an object, whatever their conditions. What inputs begin
// with is that which is the same for all records.
func OffersOf(s *catalog.Snapshot, c *policy.Caller, rights policy.ObjectRights, object string) (offered []Offered) {
	for _, w := range workflows.Of(s).Manual(object) {
		if !pressable(s, w, c, object) || forAnybody(w) && !rights.Update {
			continue
		}
		begin := map[string]json.RawMessage{}
		for _, input := range w.Trigger.(workflows.OnPress).Inputs() {
			if f := input.Field; input.Default == nil && f.Initial != nil {
				begin[f.Name] = f.Value.AppendJSON(nil, f.Initial)
			}
		}
		composer, _ := composerOf(s, w, nil) // it reads no record
		offered = append(offered, Offered{w, begin, composer})
	}
	return offered
}

// LabelOf is what a workflow is called in a language; its name, of one that is not there any more.
func LabelOf(s *catalog.Snapshot, name, language string) string {
	if w := workflows.Of(s).ByName[name]; w != nil {
		return w.Doc.Label.In(language, name)
	}
	return name
}

// forAnybody reports whether a workflow is for nobody in particular, and so for those who may change the record.
func forAnybody(w *workflows.Workflow) bool {
	return len(w.Trigger.(workflows.OnPress).Permissions()) == 0
}

// mayPress refuses who may not set off a workflow on a record: who has a permission set that it is for has to be able to
// read the record, of one that is for nobody in particular to change it. Fault workflow.unknown (NotFound).
func mayPress(ctx context.Context, caller *record.Session, w *workflows.Workflow, object string, key id.ID) error {
	action := policy.Read
	if forAnybody(w) {
		action = policy.Update
	}
	may, err := caller.May(ctx, action, object, key)
	if err == nil && !may {
		err = unknown(w.Doc.Name)
	}
	return err
}

// pressable reports whether a caller holds what a workflow that people set off asks for.
func pressable(s *catalog.Snapshot, w *workflows.Workflow, c *policy.Caller, object string) bool {
	t, ok := w.Trigger.(workflows.OnPress)
	if !ok || !w.Active() || w.Object.Doc.Name != object {
		return false
	}
	sets := t.Permissions()
	return len(sets) == 0 || s.Policies.Holds(c, sets)
}

// Cancel ends a run that waits, once it has undone what it did; one that does so at once. Fault "workflow.no_run" (NotFound), "workflow.not_waiting" (Conflict).
func (r *Runner) Cancel(ctx context.Context, t store.Tenant, key id.ID) error {
	queued, did := false, &tally{}
	err := r.underNewest(ctx, t, func(system *record.Session) error {
		return system.Jointly(ctx, func(j *record.Joint) error { // which tells listeners of inboxes that change
			queued, did = false, &tally{}
			run, err := Get(ctx, j.Tx(), key)
			if err != nil {
				return err
			}
			if run.State != Waiting {
				return fault.New(fault.Conflict, "workflow.not_waiting")
			}
			undoes, err := r.stop(ctx, j, run, did)
			if err != nil {
				return err
			}
			told, err := r.tellCaller(ctx, j.Tx(), run)
			if queued = told; err == nil && undoes {
				_, err = r.queue(ctx, j.Tx(), r.o.Now())
				queued = true
			}
			return err
		})
	})
	if err == nil { // one that undoes what it did is counted when it has
		r.committed(t, did)
	}
	if err == nil && queued {
		r.o.Wake(t.Name())
	}
	return err
}

// Retry has a run that failed or was cancelled go on with the step that failed. Faults: workflow.no_run (NotFound),
// workflow.not_failed (Conflict) of any other, workflow.undone (Conflict) of one that has undone what it did.
func (r *Runner) Retry(ctx context.Context, t store.Tenant, key id.ID) error {
	queued := false
	err := t.Write(ctx, func(tx store.Tx) error {
		run, err := Get(ctx, tx, key)
		if err != nil {
			return err
		}
		if err := run.Retryable(); err != nil {
			return err
		}
		run.State, run.Due, run.Fault, run.watches = Waiting, r.o.Now(), nil, min(run.watches, mayWatch)
		run.At.Again()
		if err := run.recording.follow(chapter{Again: true}); err != nil {
			return err
		}
		if queued, err = r.queue(ctx, tx, run.Due); err != nil {
			return err
		}
		return run.update(ctx, tx)
	})
	if err == nil && queued {
		r.o.Wake(t.Name())
	}
	return err
}

// Retryable is why Retry refuses a run; nil: it does not.
func (r *Run) Retryable() error {
	ended := r.State == Failed || r.State == Cancelled
	switch {
	case ended && r.undoing.Begun:
		return fault.New(fault.Conflict, "workflow.undone")
	case !ended || r.At.Next == "":
		return fault.New(fault.Conflict, "workflow.not_failed")
	}
	return nil
}

// newRun is a run that begins now, about a record of the workflow's object if it has one. One that a key sets off is held to what
// the key may do.
func (r *Runner) newRun(s *catalog.Snapshot, w *workflows.Workflow, by *policy.Caller, key id.ID) *Run {
	run := &Run{ID: r.o.IDs.Next(), Workflow: w.Doc.Name, Revision: s.Revision, Record: key, By: by.User, Started: r.o.Now(), At: w.Begin(), watches: mayWatchOf(w)}
	if w.Object != nil {
		run.Object = w.Object.Doc.Name
	}
	if by.Via == "key" {
		run.acts = by.Permissions
	}
	return run
}

// fill gives a run that begins what somebody filled in.
func (r *Run) fill(ctx context.Context, caller *record.Session, w *workflows.Workflow, given map[string]any) (*Run, error) {
	values, err := filled(ctx, caller, w, given)
	if err == nil {
		err = complete(ctx, caller, w, r.Record, values)
	}
	if err == nil {
		err = r.begin(w, values)
	}
	return r, err
}

// begin gives a run that begins its inputs, in stored form. Fault workflow.results_too_large (TooLarge).
func (r *Run) begin(w *workflows.Workflow, inputs map[string]any) (err error) {
	if len(inputs) == 0 {
		return nil
	}
	state := &workflows.State{}
	state.Fill(inputs)
	if r.results, err = w.Keep(state); err == nil && len(r.results) > workflows.MaxResults/2 {
		err = fault.New(fault.TooLarge, "workflow.results_too_large", "limit", workflows.MaxResults/2)
	}
	return err
}

// triggers reports whether the condition of its workflow holds for a run that begins. Of one that does, or fails, it takes down why.
func (r *Run) triggers(ctx context.Context, w *workflows.Workflow, env *session.Env) (bool, error) {
	state := &workflows.State{}
	if err := w.Restore(state, r.results); err != nil {
		return false, err
	}
	x := workflows.NewExecution(ctx, w, state, env, nil, nil)
	held, err := x.Triggered()
	if w.When == nil || !w.Records() || !held && err == nil { // most conditions of most events
		return held, err
	}
	tape := workflows.NewTape(r.stint(env, r.Revision))
	x.On(tape)
	if held, err = x.Triggered(); err == nil || !fault.From(err).Kind.Breaks() {
		err = cmp.Or(r.recording.add(chapter{When: &tape.Stint}), err)
	}
	return held, err
}

// under says that the pointers of a fault are below another.
func under(pointer string, err error) error {
	if f := fault.From(err); f != nil {
		return f.Under(pointer)
	}
	return err
}

func workflowOf(s *catalog.Snapshot, name string) (*workflows.Workflow, error) {
	if w := workflows.Of(s).ByName[name]; w != nil {
		return w, nil
	}
	return nil, unknown(name)
}

func unknown(workflow string) *fault.Fault {
	return fault.New(fault.NotFound, "workflow.unknown", "workflow", workflow)
}

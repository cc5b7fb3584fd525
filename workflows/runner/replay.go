package runner

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/engine/store"
	"formwork/workflows"
)

// maxConfigurations is under how many configurations a run may have been done that is replayed: each is compiled.
const maxConfigurations = 10

// Replayed is a run that was played again.
type Replayed struct {
	Run     *Run // as it went
	Agrees  bool
	Departs *Departure // nil: it does not, or after all steps
}

// Departure is where a replay departs from the run.
type Departure struct {
	Number int    // of the step, from 1; 0: the condition
	Step   string // "": the condition
}

// Replay plays a run that has ended again, from what it found: it reads no record, and writes, sends and calls nothing. Faults: workflow.no_run
// (NotFound); workflow.not_ended, workflow.not_recorded (Conflict); workflow.many_configurations (Limited); workflow.not_compiled (Conflict) where the
// definition or a configuration is not what the program takes any more.
func (r *Runner) Replay(ctx context.Context, t store.Tenant, key id.ID) (*Replayed, error) {
	was, err := Get(ctx, t, key)
	switch {
	case err != nil:
		return nil, err
	case was.State == Waiting:
		return nil, fault.New(fault.Conflict, "workflow.not_ended")
	case was.recording.partial:
		return nil, fault.New(fault.Conflict, "workflow.not_recorded")
	}
	chapters, err := was.recording.read()
	if err != nil {
		return nil, err
	}
	if len(chapters) == 0 && was.Steps > 0 {
		return nil, fault.New(fault.Conflict, "workflow.not_recorded")
	}
	p := &replaying{r: r, ctx: ctx, tenant: t, was: was, under: map[int64]definition{}, at: map[int64]*catalog.Snapshot{}}
	if err := p.begin(chapters); err != nil {
		return nil, err
	}
	for _, c := range chapters {
		if err := p.play(c); errors.Is(err, workflows.ErrDeparts) {
			at := p.departure()
			p.run.Trace = p.run.Trace[:min(len(p.run.Trace), maxTrace)]
			return &Replayed{Run: p.run, Departs: at}, nil
		} else if err != nil {
			return nil, err
		}
	}
	return p.end()
}

// replaying is a replay under way.
type replaying struct {
	r      *Runner
	ctx    context.Context
	tenant store.Tenant
	was    *Run
	run    *Run                 // as it goes
	doing  int                  // where the step is in its trace that was done last
	under  map[int64]definition // by revisions
	at     map[int64]*catalog.Snapshot
}

// begin makes the run as it began, and compiles what it was done under.
func (p *replaying) begin(chapters []chapter) error {
	was := p.was
	p.run = &Run{ID: was.ID, Workflow: was.Workflow, Revision: was.Revision, Object: was.Object, Record: was.Record, By: was.By, Parent: was.Parent, Depth: was.Depth, Started: was.Started, State: Waiting}
	revisions := []int64{was.Revision}
	for _, c := range chapters {
		if stint := cmp.Or(c.Ran, c.When); stint != nil {
			stint.Revision = cmp.Or(stint.Revision, was.Revision)
			if !slices.Contains(revisions, stint.Revision) {
				revisions = append(revisions, stint.Revision)
			}
		}
	}
	if len(revisions) > maxConfigurations {
		return fault.New(fault.Limited, "workflow.many_configurations", "limit", maxConfigurations)
	}
	for _, revision := range revisions {
		if err := p.compile(revision); err != nil {
			return err
		}
	}
	w := p.under[was.Revision].workflow
	if !w.Records() {
		return fault.New(fault.Conflict, "workflow.not_recorded")
	}
	p.run.At = w.Begin()
	var err error
	p.run.results, err = w.Inputs(was.results)
	return err
}

// compile compiles the definition of the run under a configuration.
func (p *replaying) compile(revision int64) error {
	s, err := p.r.o.Catalog.Former(p.ctx, p.tenant, revision)
	if err != nil {
		if f := fault.From(err); f.Kind == fault.Unavailable || f.Kind == fault.Full || p.ctx.Err() != nil {
			return err
		}
		return fault.New(fault.Conflict, "workflow.not_compiled").Because(err)
	}
	d, err := p.r.definitionOf(p.ctx, p.tenant, s, version{p.was.Workflow, p.was.Revision})
	if err != nil {
		return err
	}
	if d.problem != nil {
		return fault.New(fault.Conflict, "workflow.not_compiled").Because(d.problem)
	}
	p.under[revision], p.at[revision] = d, s
	return nil
}

// play does again what a chapter tells. It returns workflows.ErrDeparts where that comes to something else.
func (p *replaying) play(c chapter) error {
	switch {
	case c.When != nil:
		return p.decide(c.When)
	case c.Ran != nil:
		return p.goOn(c.Ran, c.Came)
	case c.Again:
		p.run.State, p.run.Fault = Waiting, nil
		if len(p.run.At.Ways) == 0 { // one that had ended was not due
			p.run.At.Until = time.Time{}
		}
		p.run.At.Again()
	case c.Undo:
		p.run.undoing.Begin(&p.run.At)
	case c.Woken != 0:
		if at := p.run.At.Asking(c.Woken); at != nil {
			at.Until = p.run.Started // which has come
		}
	case c.Beside:
		if n := len(p.run.Trace); n < len(p.was.Trace) {
			p.run.Trace = append(p.run.Trace, p.was.Trace[n])
		}
	}
	return nil
}

// decide decides the condition again.
func (p *replaying) decide(s *workflows.Stint) error {
	w := p.under[s.Revision].workflow
	env, err := p.env(s)
	if err != nil {
		return err
	}
	state := &workflows.State{}
	if err := w.Restore(state, p.run.results); err != nil {
		return err
	}
	x := workflows.NewExecution(p.ctx, w, state, env, nil, nil)
	x.On(workflows.Replay(*s))
	held, err := x.Triggered()
	if f := fault.From(err); f != nil && !errors.Is(err, workflows.ErrDeparts) {
		p.run.State, p.run.Fault, p.run.Ended = Failed, single(f), p.was.Ended
		return nil
	}
	if err == nil && !held {
		err = workflows.ErrDeparts
	}
	return err
}

// goOn does again what was done in one transaction.
func (p *replaying) goOn(s *workflows.Stint, came string) error {
	env, err := p.env(s)
	if err != nil {
		return err
	}
	tape := workflows.Replay(*s)
	e := &executing{r: p.r, ctx: p.ctx, run: p.run, workflow: p.under[s.Revision].workflow, env: env, budget: &workflows.Budget{Steps: len(s.Steps)}, tape: tape}
	err = e.execute()
	p.doing = e.doing
	if err == nil && (!tape.Ends() || p.run.State != came) {
		err = workflows.ErrDeparts
	}
	return err
}

// env is what a stint reads: by itself nothing but the record's id, and where and when it is.
func (p *replaying) env(s *workflows.Stint) (*session.Env, error) {
	snapshot := p.at[s.Revision]
	caller := policy.System(p.tenant.Name())
	caller.Language = s.Language
	var err error
	if caller.Location, err = time.LoadLocation(s.Zone); err != nil {
		return nil, fmt.Errorf("finding where a run was done: %w", err)
	}
	as := p.r.o.Records.As(p.tenant, snapshot, caller)
	env := as.EnvOf(p.ctx, snapshot.Objects[p.was.Object], stored.Row{stored.SlotID: int64(p.was.Record)}, nil)
	env.Reader, env.Clock = unread{}, time.Unix(0, s.At)
	return env, nil
}

// departure is the step that was done last.
func (p *replaying) departure() *Departure {
	if len(p.run.Trace) == 0 {
		return &Departure{}
	}
	return &Departure{Number: p.doing + 1, Step: p.run.Trace[p.doing].Step}
}

// end compares what the run came to with what it did. One that was ended by somebody has ended so.
func (p *replaying) end() (*Replayed, error) {
	run, was := p.run, p.was
	run.Trace = run.Trace[:min(len(run.Trace), maxTrace)]
	if run.State == Waiting {
		run.State, run.Fault, run.Ended = was.State, was.Fault, was.Ended
	}
	for i := range min(len(run.Trace), len(was.Trace)) {
		run.Trace[i].At = was.Trace[i].At
		same, err := alike(run.Trace[i], was.Trace[i])
		if err != nil {
			return nil, err
		}
		if !same {
			return &Replayed{Run: run, Departs: &Departure{Number: i + 1, Step: run.Trace[i].Step}}, nil
		}
		run.Trace[i] = was.Trace[i]
	}
	same, err := alike(saying(run.Fault), saying(was.Fault))
	same = same && run.State == was.State && run.Steps == was.Steps && bytes.Equal(run.results, was.results) && bytes.Equal(run.answer, was.answer)
	return &Replayed{Run: run, Agrees: same}, err
}

// saying is what is kept of why a run failed.
func saying(f *fault.Fault) []any {
	if f == nil {
		return nil
	}
	return []any{f.Code, f.Params}
}

// alike reports whether values are kept alike.
func alike(a, b any) (bool, error) {
	one, err := json.Marshal(a)
	if err != nil {
		return false, fmt.Errorf("comparing a run with what it did: %w", err)
	}
	other, err := json.Marshal(b)
	if err != nil {
		return false, fmt.Errorf("comparing a run with what it did: %w", err)
	}
	return bytes.Equal(one, other), nil
}

// unread is the store of a replay: nothing is read.
type unread struct{}

var errUnread = errors.New("a run that is replayed reads nothing")

func (unread) Select(context.Context, query.Select) iter.Seq2[store.Row, error] {
	return func(yield func(store.Row, error) bool) { yield(nil, errUnread) }
}

func (unread) Aggregate(context.Context, query.Aggregate) iter.Seq2[store.Row, error] {
	return func(yield func(store.Row, error) bool) { yield(nil, errUnread) }
}

func (unread) Count(context.Context, string, query.Filter, []query.Word, int64) (int64, error) {
	return 0, errUnread
}

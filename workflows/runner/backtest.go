package runner

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/engine/store"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
	"formwork/workflows"
)

// Bounds of a back-test.
const (
	MaxBacktestDays = 365
	backtestChanges = 100_000
	backtestBytes   = 256 << 20
	backtestHeld    = 16 << 20
	backtestFor     = 20 * time.Second
	maxExamples     = 20 // changes that are told one by one
	maxTried        = 5  // of these, on whose records the workflow is tried
	// sharedReads is how many changes share what was read behind lookups.
	sharedReads = 500
)

// Backtesting is what is back-tested: a workflow by its name, or a document, over the last so many days.
type Backtesting struct {
	Workflow string
	Document json.RawMessage
	Days     int
}

// Backtest is what a workflow would have done over some days.
type Backtest struct {
	Since    time.Time    // all changes since then were looked at
	Partial  bool         // a bound was reached: those before are missing, or the records that were made before those
	Changes  int          // that were looked at
	Records  int          // that were looked at, for what the clock sets off
	Gone     int          // of these, of records that are gone for good: they may have set it off or not
	Fired    int          // how often it would have been set off
	Failed   int          // how often its condition could not have been computed, which would have failed a run
	Fault    *fault.Fault // the newest of these
	Days     []FiredDay   // on which it would have been set off, in order
	Examples []Firing     // the newest
	Now      []string     // what was read as it is now, for what it was is not known
}

// FiredDay is a day on which a workflow would have been set off so many times.
type FiredDay struct {
	Day   string
	Fired int
}

// Firing is a change, or a time, that would have set off a workflow.
type Firing struct {
	Record id.ID         // 0: none, of a schedule without an object
	Action record.Action // "": the clock
	At     time.Time
	By     id.ID
	Via    string
	// Readable: the record is there, and who asks may read it.
	Readable bool
	Tried    *Run // on the record as it is now, with what it was before the change as old; nil: it was not
	tries    bool
	old      stored.Row
}

// Backtest says what a workflow would have done over the last days, had it been there: by the changes that the history has, decided on
// the records as they were, or by the times that have passed since. Of the newest examples whose records are there and the caller may
// read, it tries the workflow, as Try does. It keeps nothing. Who gives a document may add it: that is asked before. Faults:
// workflow.unknown (NotFound), workflow.backtest_days, workflow.not_backtested, catalog.invalid (Invalid) with what is wrong with a
// document below /document.
func (r *Runner) Backtest(ctx context.Context, t store.Tenant, c *policy.Caller, of Backtesting) (b *Backtest, err error) {
	if of.Days < 1 || of.Days > MaxBacktestDays {
		return nil, fault.New(fault.Invalid, "workflow.backtest_days", "limit", MaxBacktestDays).At("/days")
	}
	err = r.underNewest(ctx, t, func(system *record.Session) error {
		w, err := r.meant(ctx, system.Snapshot(), of.Workflow, of.Document)
		if err != nil {
			return err
		}
		p := &backtesting{Backtest: &Backtest{}, r: r, ctx: ctx, tenant: t, system: r.o.Records.As(t, system.Snapshot(), platformAt(t, w)), caller: r.o.Records.As(t, system.Snapshot(), c), as: c,
			workflow: w, began: r.o.Now(), days: map[string]int{}, envs: map[id.ID]*session.Env{}}
		b = p.Backtest
		return p.run(of.Days)
	})
	if err != nil {
		return nil, err
	}
	return b, nil
}

// meant is the workflow of a document, or the one that has the name where there is none.
func (r *Runner) meant(ctx context.Context, s *catalog.Snapshot, name string, document json.RawMessage) (*workflows.Workflow, error) {
	if len(document) == 0 {
		return workflowOf(s, name)
	}
	doc, problems := metadata.Parse(document)
	if len(problems) == 0 && doc.Kind != workflows.KindName {
		problems = []*fault.Fault{fault.New(fault.Invalid, "workflow.other_kind", "kind", doc.Kind).At("/kind")}
	}
	if len(problems) == 0 {
		problems = doc.Nulls()
	}
	if len(problems) == 0 {
		var compiled *workflows.Workflow
		if compiled, problems = catalog.CompileApart(ctx, r.o.Catalog, s, doc, r.o.Types.Compile); len(problems) == 0 {
			return compiled, nil
		}
	}
	at := "/" + doc.Kind + "/" + doc.Name
	for i, f := range problems {
		own := *f
		own.Pointer = "/document" + strings.TrimPrefix(f.Pointer, at)
		problems[i] = &own
	}
	return nil, fault.All(fault.Invalid, "catalog.invalid", problems)
}

// backtesting is a back-test under way.
type backtesting struct {
	*Backtest
	r        *Runner
	ctx      context.Context
	tenant   store.Tenant
	system   *record.Session
	caller   *record.Session
	as       *policy.Caller
	workflow *workflows.Workflow
	began    time.Time
	days     map[string]int
	envs     map[id.ID]*session.Env // by whom expressions take for the user
	shared   int                    // what was decided with these
}

func (p *backtesting) run(days int) (err error) {
	var walked record.PastWalked
	since := p.began.AddDate(0, 0, -days)
	switch trigger := p.workflow.Trigger.(type) {
	case workflows.OnSave:
		walked, err = saves{p, trigger}.walk(since)
	case workflows.OnTime:
		walked, err = times{p, trigger}.walk(since)
	default:
		return fault.New(fault.Invalid, "workflow.not_backtested").At("/trigger")
	}
	if err != nil {
		return err
	}
	p.Since, p.Partial, p.Changes, p.Records, p.Gone = walked.Since, walked.Partial, walked.Changes, walked.Records, walked.Gone
	for day, fired := range p.days {
		p.Days = append(p.Days, FiredDay{day, fired})
	}
	slices.SortFunc(p.Days, func(a, b FiredDay) int { return strings.Compare(a.Day, b.Day) })
	p.Now = p.readAsNow(walked.Lost)
	return p.try()
}

// bounds are those of what it reads.
func (p *backtesting) bounds() record.PastBounds {
	return record.PastBounds{Changes: backtestChanges, Bytes: backtestBytes, Held: backtestHeld, Enough: p.enough}
}

func (p *backtesting) enough() bool { return p.r.o.Now().Sub(p.began) > backtestFor }

// fires counts that the workflow would have been set off at a time.
func (p *backtesting) fires(at time.Time) {
	p.Fired++
	p.days[at.In(p.caller.Location()).Format(time.DateOnly)]++
}

// holds decides the condition. Where it can't be computed, that is counted.
func (p *backtesting) holds(env *session.Env) (bool, error) {
	holds, err := workflows.Triggers(p.ctx, p.workflow, env)
	f := fault.From(err)
	if f == nil || f.Kind.Breaks() {
		return holds, err
	}
	clear(p.envs) // it remembers that it failed
	if p.Failed++; p.Failed == 1 {
		p.Fault = single(f)
	}
	return false, nil
}

// saves is a back-test of what is set off by what is done to records.
type saves struct {
	*backtesting
	trigger workflows.OnSave
}

func (p saves) walk(since time.Time) (record.PastWalked, error) {
	return p.system.Walk(p.ctx, p.workflow.Object.Doc.Name, since, p.bounds(), p.look)
}

// look decides on a change whether it would have set off the workflow. One that was written later, as of a time before, sets off none.
func (p saves) look(c *record.PastChange) error {
	if c.Dated || !slices.Contains(p.trigger.On(), c.Action) || !p.trigger.Fires(pastChange{c}) {
		return nil
	}
	env, err := p.env(c.By)
	if err != nil {
		return err
	}
	env.Row, env.Old, env.Clock = c.After, c.Before, c.At
	if holds, err := p.holds(env); err != nil || !holds {
		return err
	}
	p.fires(c.At)
	if len(p.Examples) == maxExamples {
		return nil
	}
	e := Firing{Record: c.Record, Action: c.Action, At: c.At, By: c.By, Via: c.Via}
	if e.tries = c.There && p.tried() < maxTried; e.tries {
		e.old = c.Before
	}
	p.Examples = append(p.Examples, e)
	return nil
}

// tried is how many of the examples are.
func (p *backtesting) tried() (n int) {
	for _, e := range p.Examples {
		if e.tries {
			n++
		}
	}
	return n
}

// env is the environment in which conditions are computed for a user, who is as they are now.
func (p *backtesting) env(user id.ID) (*session.Env, error) {
	if p.shared++; p.shared%sharedReads == 0 {
		clear(p.envs)
	}
	if !p.workflow.ReadsUser {
		user = 0
	}
	if env := p.envs[user]; env != nil {
		return env, nil
	}
	of := p.system
	if user != 0 {
		caller, err := p.r.o.Callers.Acting(p.ctx, p.tenant, user, nil, "workflow")
		if err != nil && !fault.Is(err, "auth.user_inactive") {
			return nil, err
		}
		if caller != nil {
			of = p.r.o.Records.As(p.tenant, p.system.Snapshot(), caller)
		}
	}
	p.envs[user] = of.EnvOf(p.ctx, p.workflow.Object, nil, nil)
	return p.envs[user], nil
}

// try tries the workflow on the records of the newest examples, and notes which the caller may read.
func (p *backtesting) try() error {
	for i := range p.Examples {
		e := &p.Examples[i]
		if p.workflow.Object != nil {
			err := p.caller.DemandReadable(p.ctx, p.workflow.Object.Doc.Name, e.Record)
			if kind := fault.KindOf(err); kind == fault.NotFound || kind == fault.Forbidden {
				continue
			} else if err != nil {
				return err
			}
		}
		e.Readable = true
		if !e.tries {
			continue
		}
		run := p.r.newRun(p.system.Snapshot(), p.workflow, p.as, e.Record)
		err := p.r.try(p.ctx, p.tenant, p.system, p.caller, p.workflow, p.as, run, func(env *session.Env) (bool, error) {
			env.Old = e.old
			return true, nil
		})
		switch {
		case errors.Is(err, errUndo):
			e.Tried = run
		case fault.KindOf(err) == fault.NotFound: // it was deleted meanwhile
		default:
			return err
		}
	}
	return nil
}

// pastChange is a change as triggers see it.
type pastChange struct{ *record.PastChange }

// Action implements workflows.Saved.
func (c pastChange) Action() record.Action { return c.PastChange.Action }

// Via implements workflows.Saved.
func (c pastChange) Via() string { return c.PastChange.Via }

// readAsNow are the paths of which the trigger or the condition read what is there now.
func (p *backtesting) readAsNow(lost map[string]bool) []string {
	reading := asNow{system: p.system, object: p.workflow.Object, lost: lost, paths: map[string]bool{}}
	if t, ok := p.workflow.Trigger.(interface{ Watches() []string }); ok {
		for _, name := range t.Watches() {
			if f, ok := p.workflow.Object.Field(name); ok {
				reading.read(expression.Path{Leaf: f.Symbol()})
			}
		}
	}
	if when := cmp.Or(p.workflow.When, p.workflow.Filter); when != nil {
		for _, path := range when.Paths() {
			reading.read(path)
		}
	}
	return slices.Sorted(maps.Keys(reading.paths))
}

// asNow collects paths that are read as they are now.
type asNow struct {
	system *record.Session
	object *catalog.Object
	lost   map[string]bool
	paths  map[string]bool
}

func (n *asNow) read(path expression.Path) {
	names := make([]string, 0, len(path.Via)+2)
	if path.Root != "" {
		names = append(names, path.Root)
	}
	for _, s := range path.Via {
		names = append(names, s.Name)
	}
	named := strings.Join(append(names, path.Leaf.Name), ".")
	switch {
	case len(path.Via) > 0, path.Root == "user":
		n.paths[named] = true
	case path.Leaf.Column.Storage == fieldtype.None && path.Leaf.Formula != nil:
		for _, of := range path.Leaf.Formula.Paths() {
			if of.Root == "" {
				of.Root = path.Root
			}
			n.read(of)
		}
	case n.lost[path.Leaf.Name], n.system.AsNow(n.object, path.Leaf.Column, path.Root == "old"):
		n.paths[named] = true
	}
}

package record

import (
	"context"
	"slices"

	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/store"
)

// draft is a record on its way to the store: one that is made (env.old is nil) or
// changed. It is prepared from the start each time a transaction is run again.
type draft struct {
	env
	a        *access
	in       *input
	id       id.ID
	action   Action
	warnings []Warning
	faults   []*fault.Fault

	// Of a new record, made before it is written.
	words []string
	told  *told
}

func (s *Session) draft(ctx context.Context, reader store.Reader, a *access, in *input, action Action, key id.ID, old row) *draft {
	d := &draft{env: env{ctx: ctx, s: s, reader: reader, plan: a.plan, old: old}, a: a, in: in, id: key, action: action}
	if old != nil {
		d.row = slices.Clone(old)
		return d
	}
	d.row = make(row, len(a.columns))
	now, by := s.clock.UnixMilli(), s.by()
	d.row[slotID], d.row[slotVersion] = int64(key), int64(1)
	d.row[slotCreatedAt], d.row[slotCreatedBy], d.row[slotUpdatedAt], d.row[slotUpdatedBy] = now, by, now, by
	d.row[slotOwner] = by
	a.plan.emptyRollups(d.row)
	return d
}

// by is who writes, in stored form.
func (s *Session) by() any {
	if s.caller.User == 0 {
		return nil
	}
	return int64(s.caller.User)
}

// fill completes the record: what was sent, defaults, the stage's settings, numbers
// (which need tx), formulas. It returns what can't be taken.
func (d *draft) fill(tx store.Tx) error {
	d.faults = d.in.apply(d.row, d.old)
	if d.old == nil {
		d.setDefaults()
	}
	d.enterStage()
	if len(d.faults) > 0 {
		d.checkRequired()
		return d.refusal()
	}
	if d.old == nil && len(d.a.numbers) > 0 {
		if err := d.number(tx); err != nil {
			return err
		}
	}
	d.compute()
	return d.refusal()
}

// refusal is the fault of all problems so far, nil if there are none.
func (d *draft) refusal() error {
	if d.err != nil {
		return d.err
	}
	return fault.All(fault.Invalid, "record.invalid", d.faults)
}

func (d *draft) setDefaults() {
	for _, f := range d.a.defaults {
		if d.in.sent[f.slot] {
			continue
		}
		if f.Default == nil {
			d.row[f.slot] = f.Initial
			continue
		}
		d.row[f.slot] = d.evaluate(f.Default, f.Name)
	}
}

// evaluate runs a program; what goes wrong (a number that is too big) is told at a field.
func (d *draft) evaluate(p *expression.Program, field string) any {
	v, err := p.Eval(d)
	if err != nil {
		d.faults = append(d.faults, fault.New(fault.Invalid, "record.expression_failed", "field", field).At("/"+field).Because(err))
		return nil
	}
	return v
}

// holds runs a condition; one that can't be computed does not hold.
func (d *draft) holds(p *expression.Program) bool {
	yes, err := p.Holds(d)
	return err == nil && yes
}

// stage returns the stage before and after; entered is whether the record comes
// into another one. Names are "" for none.
func (d *draft) stage() (from, to string, entered bool) {
	slot := d.plan.slots[d.a.object.Stages.Field.Column.Name]
	to, _ = d.row[slot].(string)
	if d.old != nil {
		from, _ = d.old[slot].(string)
	}
	return from, to, to != from
}

// enterStage sets what a stage that is entered sets, where the caller sent nothing.
func (d *draft) enterStage() {
	if d.a.object.Stages == nil {
		return
	}
	_, to, entered := d.stage()
	st := d.a.object.Stages.ByName[to]
	if !entered || st == nil {
		return
	}
	for _, f := range d.a.fields {
		if program := st.Set[f.Name]; program != nil && !d.in.sent[f.slot] {
			d.row[f.slot] = d.evaluate(program, f.Name)
		}
	}
}

// compute fills formulas and roll-ups over own rows, then the columns that follow fields.
func (d *draft) compute() {
	if f := d.env.derive(); f != nil {
		d.faults = append(d.faults, f)
	}
}

// derive brings what is derived from a record's values up to date.
func (e *env) derive() *fault.Fault {
	p := e.plan
	for _, f := range p.nested {
		v, err := computeRows(e, f.Field, e.row[f.slot])
		if err != nil {
			return fault.New(fault.Invalid, "record.expression_failed", "field", f.Name).At("/" + f.Name).Because(err)
		}
		e.row[f.slot] = v
	}
	for _, f := range p.computed {
		var v any
		var err error
		if f.Formula != nil {
			v, err = f.Formula.Eval(e)
		} else {
			v, err = rollRows(e, f)
		}
		if err != nil {
			return fault.New(fault.Invalid, "record.expression_failed", "field", f.Name).At("/" + f.Name).Because(err)
		}
		e.row[f.slot] = v
	}
	p.follow(e.row)
	return nil
}

// follow fills the columns that follow fields.
func (p *plan) follow(r row) {
	for _, s := range p.split {
		var parts []any
		if v := r[s.from]; v != nil {
			parts = s.into(v)
		}
		for i, to := range s.to {
			r[to] = nil
			if parts != nil {
				r[to] = parts[i]
			}
		}
	}
	for _, columns := range [2][]derived{p.folded, p.matched} {
		for _, c := range columns {
			if v := r[c.from]; v != nil {
				r[c.to] = c.derive(v)
			} else {
				r[c.to] = nil
			}
		}
	}
}

// check holds the record to everything that is demanded of its values, all problems
// at once.
func (d *draft) check() error {
	d.checkRequired()
	d.checkGone()
	d.checkOptions()
	d.checkSchema()
	d.checkRules()
	d.checkStage()
	if d.err != nil {
		return d.err
	}
	if err := d.checkReferences(); err != nil {
		return err
	}
	return d.refusal()
}

// permit decides about the final values. Fault record.forbidden_values.
func (d *draft) permit() error {
	action := policy.Update
	if d.old == nil {
		action = policy.Create
	}
	f, err := d.s.filter(d.ctx, d.plan.object.Doc.Name, action)
	if err != nil {
		return err
	}
	if !d.match(f, d.row) {
		return fault.New(fault.Forbidden, "record.forbidden_values", "object", d.plan.object.Doc.Name, "action", string(action))
	}
	return d.err
}

// visibleTo reports whether the caller may read the record as it now is.
func (d *draft) visibleTo() (bool, error) {
	f, err := d.s.filter(d.ctx, d.plan.object.Doc.Name, policy.Read)
	if err != nil {
		return false, err
	}
	return d.a.right(policy.Read) && d.match(f, d.row), d.err
}

// saved is the answer: what the caller may read of the record, from memory. Of a
// record that the caller may not read it shows the id and version alone.
func (d *draft) saved(reader store.Reader) (*Saved, error) {
	d.reader = reader
	readable, err := d.visibleTo()
	if err != nil {
		return nil, err
	}
	a, fields := d.a, []string(nil)
	if !readable {
		a, fields = &access{plan: d.plan, all: true}, []string{query.ID.Name, query.Version.Name}
	}
	r, err := d.record(a, fields)
	if err != nil {
		return nil, err
	}
	return &Saved{Record: r, Warnings: d.warnings}, nil
}

// record shows the draft's row.
func (d *draft) record(a *access, fields []string) (Record, error) {
	sh, err := d.s.shape(d.ctx, a, fields)
	if err != nil {
		return Record{}, err
	}
	refs, err := sh.query(d.ctx, d.s)
	if err != nil {
		return Record{}, err
	}
	out := make([]any, sh.width)
	for i, ref := range refs {
		if len(ref.Hops) == 0 {
			out[i] = d.plan.value(d.row, ref.Column)
		} else {
			out[i] = d.through(d.row, ref)
		}
	}
	if err := sh.fill(d.ctx, d.s, out); err != nil {
		return Record{}, err
	}
	return Record{shape: sh, row: out}, d.err
}

// recordTypeOptions are the options a record's type allows for a field; ok is false
// if it does not say.
func recordTypeOptions(o *catalog.Object, recordType, field string) (allowed []string, ok bool) {
	t := o.Doc.RecordTypes[recordType]
	if t == nil {
		return nil, false
	}
	allowed, ok = t.Options[field]
	return allowed, ok
}

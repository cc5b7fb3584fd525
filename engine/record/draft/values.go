package draft

import (
	"slices"

	"formwork/engine/budget"
	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
)

// TakeInput takes what the caller sent.
func (d *Draft) TakeInput() { d.problems = d.Input.Apply(d.Row, d.Old) }

// SetDefaults fills the fields of a new record that the caller did not send.
func (d *Draft) SetDefaults() {
	if d.Old != nil {
		return
	}
	for _, f := range d.Mapping.Defaults {
		if d.Input.Sent[f.Slot] {
			continue
		}
		if begin := d.Beginning(f); begin.Default == nil {
			d.Row[f.Slot] = begin.Initial
		} else {
			d.Row[f.Slot] = d.evaluate(begin.Default, f.Field)
		}
		d.follow(f)
	}
}

// Beginning is the default of a field for the record's type, which has its own default
// before the others.
func (d *Draft) Beginning(f *stored.Field) catalog.Beginning {
	recordType := ""
	if at, ok := d.Mapping.ByName["record_type"]; ok {
		recordType, _ = d.Row[at.Slot].(string)
	}
	return d.Mapping.Object.Beginning(f.Field, recordType)
}

// evaluate runs a program; what goes wrong (a number that is too big) is a problem of
// the field.
func (d *Draft) evaluate(p *expression.Program, f *catalog.Field) any {
	v, err := p.Eval(d)
	if err != nil {
		d.problemOf(f, expressionFailed(d.Session, f, err))
		return nil
	}
	return v
}

// expressionFailed is the fault of a field whose value can't be computed.
func expressionFailed(s *session.Session, f *catalog.Field, err error) *fault.Fault {
	return fault.New(fault.Invalid, "record.expression_failed", "field", s.Label(f), "reason", fault.From(err).Text(s.Caller.Language)).At("/" + f.Name).Because(err)
}

// stageTransition returns the stage before and after; entered is whether the record comes
// into another one. Names are "" for none.
func (d *Draft) stageTransition() (from, to string, entered bool) {
	slot := d.Mapping.Slots[d.Mapping.Object.Stages.Field.Column.Name]
	to, _ = d.Row[slot].(string)
	if d.Old != nil {
		from, _ = d.Old[slot].(string)
	}
	return from, to, to != from
}

// ApplyStageSettings sets what a stage that is entered sets, where the caller sent nothing.
func (d *Draft) ApplyStageSettings() {
	if d.Mapping.Object.Stages == nil {
		return
	}
	_, to, entered := d.stageTransition()
	st := d.Mapping.Object.Stages.ByName[to]
	if !entered || st == nil {
		return
	}
	for _, f := range d.Mapping.Fields {
		if program := st.Set[f.Name]; program != nil && !d.Input.Sent[f.Slot] {
			d.Row[f.Slot] = d.evaluate(program, f.Field)
			d.follow(f)
		}
	}
}

// Compute brings formulas up to date, and the columns that follow fields.
func (d *Draft) Compute() {
	if f, problem := Derive(&d.Env); problem != nil {
		d.problemOf(f, problem)
	}
}

// Derive brings all that is derived from a record's values up to date: formulas of its
// child rows, its own formulas and roll-ups over child rows, and the columns that follow
// fields. A formula that fails is a problem of the change that touched what it reads; in
// any other it is empty, so that a formula made later holds up nobody. A problem is told
// with the field whose value can't be computed.
func Derive(e *session.Env) (of *catalog.Field, problem *fault.Fault) {
	derive(e, func(f *stored.Field, err error) (goOn bool) {
		if f.Formula != nil && untouched(e, f.Formula) {
			return true
		}
		of, problem = f.Field, expressionFailed(e.Session, f.Field, err)
		return false
	})
	return of, problem
}

// DeriveAll is Derive for a record that nobody changes: what can't be computed is empty,
// child rows stay as they are. It returns the fields that fail.
func DeriveAll(e *session.Env) (failed []*stored.Field) {
	derive(e, func(f *stored.Field, _ error) (goOn bool) {
		failed = append(failed, f)
		return true
	})
	return failed
}

// derive asks fails of each field that can't be computed whether to go on, with that field
// empty or its rows as they are.
func derive(e *session.Env, fails func(f *stored.Field, err error) (goOn bool)) {
	m := e.Mapping
	for _, f := range m.RowsWithFormulas {
		v, err := computeRows(e, f.Field, e.Row[f.Slot])
		if err == nil {
			e.Row[f.Slot] = v
		} else if !fails(f, err) {
			return
		}
	}
	var turn budget.Turn
	for _, f := range m.Computed {
		turn.Yield()
		var v any
		var err error
		if f.Formula != nil {
			v, err = f.Formula.Eval(e)
		} else {
			v, err = rollUpRows(e, f)
		}
		if err != nil {
			if !fails(f, err) {
				return
			}
			v = nil
		}
		e.Row[f.Slot] = v
	}
	m.FillCompanions(e.Row)
}

// untouched reports a change of a record that leaves what a formula reads as it was.
func untouched(e *session.Env, formula *expression.Program) bool {
	if e.Old == nil || e.Failed() != nil {
		return false
	}
	for _, path := range formula.Paths() {
		if !sameInput(e, path) {
			return false
		}
	}
	return true
}

// sameInput reports whether a change of a record leaves the field as it was in which a path
// from it begins.
func sameInput(e *session.Env, path expression.Path) bool {
	first := path.Leaf
	if len(path.Via) > 0 {
		first = path.Via[0]
	}
	slot, ok := e.Mapping.Slots[first.Column.Name]
	return ok && stored.Same(e.Old[slot], e.Row[slot])
}

// FillMissing gives the named fields their defaults where they have no value. One that
// can't be computed is left empty.
func (d *Draft) FillMissing(fields []string) {
	for _, f := range d.Mapping.Defaults {
		if d.Row[f.Slot] != nil || !slices.Contains(fields, f.Name) {
			continue
		}
		if begin := d.Beginning(f); begin.Default == nil {
			d.Row[f.Slot] = begin.Initial
		} else if v, err := begin.Default.Eval(d); err == nil {
			d.Row[f.Slot] = v
		}
	}
}

package record

import (
	"slices"

	"formwork/engine/expression"
	"formwork/engine/fault"
)

// takeInput takes what the caller sent.
func (d *draft) takeInput() { d.problems = d.input.apply(d.row, d.old) }

// setDefaults fills the fields of a new record that the caller did not send.
func (d *draft) setDefaults() {
	if d.old != nil {
		return
	}
	for _, f := range d.mapping.defaults {
		if d.input.sent[f.slot] {
			continue
		}
		if f.Default == nil {
			d.row[f.slot] = f.Initial
			continue
		}
		d.row[f.slot] = d.evaluate(f.Default, f.Name)
	}
}

// evaluate runs a program; what goes wrong (a number that is too big) is a problem of
// the field.
func (d *draft) evaluate(p *expression.Program, field string) any {
	v, err := p.Eval(d)
	if err != nil {
		d.problem(expressionFailed(field, err))
		return nil
	}
	return v
}

// expressionFailed is the fault of a field whose value can't be computed.
func expressionFailed(field string, err error) *fault.Fault {
	return fault.New(fault.Invalid, "record.expression_failed", "field", field).At("/" + field).Because(err)
}

// stageStep returns the stage before and after; entered is whether the record comes
// into another one. Names are "" for none.
func (d *draft) stageStep() (from, to string, entered bool) {
	slot := d.mapping.slots[d.mapping.object.Stages.Field.Column.Name]
	to, _ = d.row[slot].(string)
	if d.old != nil {
		from, _ = d.old[slot].(string)
	}
	return from, to, to != from
}

// applyStageSettings sets what a stage that is entered sets, where the caller sent nothing.
func (d *draft) applyStageSettings() {
	if d.mapping.object.Stages == nil {
		return
	}
	_, to, entered := d.stageStep()
	st := d.mapping.object.Stages.ByName[to]
	if !entered || st == nil {
		return
	}
	for _, f := range d.mapping.fields {
		if program := st.Set[f.Name]; program != nil && !d.input.sent[f.slot] {
			d.row[f.slot] = d.evaluate(program, f.Name)
		}
	}
}

// compute brings formulas up to date, and the columns that follow fields.
func (d *draft) compute() {
	if f := derive(&d.env); f != nil {
		d.problem(f)
	}
}

// derive brings all that is derived from a record's values up to date: formulas of its
// child rows, its own formulas and roll-ups over child rows, and the columns that follow
// fields.
func derive(e *env) *fault.Fault {
	m := e.mapping
	for _, f := range m.nested {
		v, err := computeRows(e, f.Field, e.row[f.slot])
		if err != nil {
			return expressionFailed(f.Name, err)
		}
		e.row[f.slot] = v
	}
	for _, f := range m.computed {
		var v any
		var err error
		if f.Formula != nil {
			v, err = f.Formula.Eval(e)
		} else {
			v, err = rollUpRows(e, f)
		}
		if err != nil {
			return expressionFailed(f.Name, err)
		}
		e.row[f.slot] = v
	}
	m.follow(e.row)
	return nil
}

// fillMissing gives the named fields their defaults where they have no value. One that
// can't be computed is left empty.
func (d *draft) fillMissing(fields []string) {
	for _, f := range d.mapping.defaults {
		if d.row[f.slot] != nil || !slices.Contains(fields, f.Name) {
			continue
		}
		if f.Default == nil {
			d.row[f.slot] = f.Initial
		} else if v, err := f.Default.Eval(d); err == nil {
			d.row[f.slot] = v
		}
	}
}

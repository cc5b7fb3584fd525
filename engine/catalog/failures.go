package catalog

import (
	"slices"
	"time"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/query"
)

// failures warns of a new or changed stored formula that can't be computed for some records.
// A formula that reads what is only known after the change has no number.
func (w weigher) failures(o *Object, f *Field) {
	if f.Formula == nil {
		return
	}
	e := Effect{Table: o.Table.Name, warns: true, read: []query.Ref{query.Field(query.ID)},
		Impact: Impact{Notice: fault.New(fault.Invalid, "catalog.formula_fails", "field", f.Name, "object", o.Doc.Name).
			At(pointerTo("object", o.Doc.Name) + "/fields" + step(f.Name) + "/expression")}}
	inputs := inputs{object: o, place: map[string]int{}, now: w.Now}
	if !w.readInputs(o, f, &e, inputs) {
		return
	}
	e.check = func(values []any) (bool, error) {
		inputs.values = values
		_, err := f.Formula.Eval(inputs)
		return err != nil, nil
	}
	w.Add(e)
}

// readInputs has an effect read what a formula reads of its own record, through the formulas
// that it stands on. It reports whether all of it is known before the change.
func (w weigher) readInputs(o *Object, f *Field, e *Effect, into inputs) bool {
	for _, path := range f.Formula.Paths() {
		of := o.byName[path.Leaf.Name]
		if of == nil || len(path.Via) > 0 {
			return false
		}
		if of.Formula != nil {
			if !w.readInputs(o, of, e, into) {
				return false
			}
			continue
		}
		stored, certain := w.known(o, expression.Path{Leaf: of.Symbol()})
		if !certain && !(of.Initial != nil && of.Default == nil) {
			return false
		}
		if ref := query.Field(of.Column); stored && !slices.ContainsFunc(e.read, func(r query.Ref) bool { return r.Column == ref.Column }) {
			into.place[of.Name] = len(e.read)
			e.read = append(e.read, ref)
		}
	}
	return true
}

// inputs answers a formula from the values that were read for it, and from those that
// fields which are new begin with.
type inputs struct {
	object *Object
	place  map[string]int
	values []any
	now    time.Time
}

func (in inputs) Now() time.Time           { return in.now }
func (in inputs) Location() *time.Location { return time.UTC }

func (in inputs) Get(p expression.Path) any {
	f := in.object.byName[p.Leaf.Name]
	if f.Formula != nil {
		v, err := f.Formula.Eval(in)
		if err != nil {
			return nil
		}
		return v
	}
	if at, ok := in.place[f.Name]; ok {
		return in.values[at]
	}
	return f.Initial
}

package draft

import (
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
)

// CheckChoices: references lead to records that may be chosen, where the reference, or what
// decides about it in the record, is new. What the other record becomes later is not
// looked at.
func (d *Draft) CheckChoices() {
	for _, f := range d.Mapping.Narrowed {
		key, ok := d.Row[f.Slot].(int64)
		if !ok || d.Failed() != nil || !d.choosesAnew(f) {
			continue
		}
		allowed, err := d.ChoiceFilter(d.Object, f.Field)
		if err == nil {
			ok, err = session.Exists(d.Ctx, d.Reader, f.Target.Table.Name, query.And(query.Is(query.ID, key), allowed))
			if err == nil && !ok {
				err = fault.New(fault.Invalid, "record.not_choosable", "field", d.Session.Label(f.Field), "id", id.ID(key).String())
			}
		}
		switch {
		case err == nil:
		case fault.KindOf(err).Breaks():
			d.Fail(err)
		default:
			d.problemOf(f.Field, fault.From(err).At("/"+f.Name))
		}
	}
}

// choosesAnew reports whether a reference, or what its condition reads of the record, has
// changed.
func (d *Draft) choosesAnew(f *stored.Field) bool {
	if d.Old == nil || !stored.Same(d.Old[f.Slot], d.Row[f.Slot]) {
		return true
	}
	for _, path := range f.ChooseWhen.Paths() {
		if path.Root == "record" && !sameInput(&d.Env, path) {
			return true
		}
	}
	return false
}

package draft

import (
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
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
			ok, err = d.choosable(f, key, allowed)
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

// choosable reports whether a reference may lead to a record: one that is allowed, and that
// the caller may read. That the reference led there before is no matter, for who changes what
// the condition reads would learn of a record that is hidden from them.
func (d *Draft) choosable(f *stored.Field, key int64, allowed query.Filter) (bool, error) {
	target := f.Target.Doc.Name
	filter := query.And(query.Is(query.ID, key), allowed)
	if !d.isCaller(target, key) {
		if holds, known := d.References.holds(target, key, allowed); known {
			return holds, nil
		}
		readable, err := d.Session.RecordFilter(d.Ctx, target, policy.Read)
		if err != nil {
			return false, err
		}
		filter = query.And(filter, readable)
	}
	return session.Exists(d.Ctx, d.Reader, f.Target.Table.Name, filter)
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

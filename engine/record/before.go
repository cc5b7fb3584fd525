package record

import (
	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/store"
)

// Change is what is about to be saved or deleted, in the hands of a Before.
type Change struct {
	d    *draft
	gone bool
}

// Object is the record's object.
func (c *Change) Object() *catalog.Object { return c.d.plan.object }

// Session is on whose behalf the change is made.
func (c *Change) Session() *Session { return c.d.s }

// ID is the record's identity.
func (c *Change) ID() id.ID { return c.d.id }

// Action is Created, Updated or Deleted.
func (c *Change) Action() Action { return c.d.action }

// Get is a field's value in stored form, as it will be saved; nil for no such field.
func (c *Change) Get(field string) any {
	if f, ok := c.d.plan.object.Field(field); ok {
		return c.d.plan.value(c.d.row, f.Column)
	}
	return nil
}

// Was is a field's value in stored form before the change; nil of a new record.
func (c *Change) Was(field string) any {
	if f, ok := c.d.plan.object.Field(field); ok {
		return c.d.plan.value(c.d.old, f.Column)
	}
	return nil
}

// Set gives a field another value, written as in a request. Faults: record.unknown_field,
// record.read_only for what is computed, that of the value, record.too_late for a
// record that is deleted.
func (c *Change) Set(field string, value any) error {
	at, ok := c.d.plan.byName[field]
	switch {
	case !ok:
		return c.d.s.unknownField(c.d.a, "record.unknown_field", field)
	case at.computed:
		return fault.New(fault.Forbidden, "record.read_only", "field", field)
	case c.gone:
		return fault.New(fault.Conflict, "record.too_late")
	case value == nil:
		c.d.row[at.slot] = nil
		return nil
	}
	stored, problem := at.Value.Coerce(value)
	if problem != nil {
		return problem
	}
	c.d.row[at.slot] = stored
	return nil
}

// listeners are those that want to be asked.
func (s *Session) listeners(a *access, action Action) []Before {
	var wanted []Before
	for _, b := range s.service.before {
		if b.Wants(s.snapshot, a.object.Doc.Name, action) {
			wanted = append(wanted, b)
		}
	}
	return wanted
}

// ask calls those that may change or refuse the draft, and brings formulas up to
// date with what they changed. Outside a transaction there is nobody to ask.
func (d *draft) ask(tx store.Tx) error {
	if tx == nil {
		return nil
	}
	listeners := d.s.listeners(d.a, d.action)
	for _, b := range listeners {
		if err := b.BeforeSave(d.ctx, tx, &Change{d: d, gone: d.action == Deleted}); err != nil {
			return err
		}
	}
	if len(listeners) > 0 && d.action != Deleted {
		d.compute()
	}
	return d.refusal()
}

package record

import (
	"context"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/store"
)

// SaveHook may change or refuse what is about to be saved or deleted. It is called in
// the transaction that saves, after defaults and formulas and before the rules; what
// it changes is checked like everything else. It may be called more than once for
// one change, and must change nothing but through the Change.
type SaveHook interface {
	// Wants tells, without looking at a record, whether BeforeSave is to be called.
	Wants(s *catalog.Snapshot, object string, a Action) bool
	// BeforeSave returns a fault to refuse.
	BeforeSave(ctx context.Context, tx store.Tx, c *Change) error
}

// Change is what is about to be saved or deleted, in the hands of a SaveHook.
type Change struct {
	d      *draft
	action Action
}

// Object is the record's object.
func (c *Change) Object() *catalog.Object { return c.d.mapping.object }

// Caller is on whose behalf the change is made.
func (c *Change) Caller() *policy.Caller { return c.d.s.caller }

// ID is the record's identity.
func (c *Change) ID() id.ID { return c.d.id }

// Action is Created, Updated or Deleted.
func (c *Change) Action() Action { return c.action }

// Get is a field's value in stored form, as it will be saved; nil for no such field.
func (c *Change) Get(field string) any {
	if f, ok := c.d.mapping.object.Field(field); ok {
		return c.d.mapping.value(c.d.row, f.Column)
	}
	return nil
}

// Was is a field's value in stored form before the change; nil of a new record.
func (c *Change) Was(field string) any {
	if f, ok := c.d.mapping.object.Field(field); ok {
		return c.d.mapping.value(c.d.old, f.Column)
	}
	return nil
}

// Set gives a field another value, written as in a request. Faults: record.unknown_field,
// record.read_only for what is computed, that of the value, record.too_late for a
// record that is deleted.
func (c *Change) Set(field string, value any) error {
	f, ok := c.d.mapping.byName[field]
	switch {
	case !ok:
		return unknownField(c.d.object, "record.unknown_field", field)
	case f.computed:
		return fault.New(fault.Forbidden, "record.read_only", "field", field)
	case c.action == Deleted:
		return fault.New(fault.Conflict, "record.too_late")
	case value == nil:
		c.d.row[f.slot] = nil
		return nil
	}
	stored, problem := f.Value.Coerce(value)
	if problem != nil {
		return problem
	}
	c.d.row[f.slot] = stored
	return nil
}

// hooksFor are the hooks that want to be called for an action on an object's records.
func (o *WriteOptions) hooksFor(s *core, m *mapping, action Action) []SaveHook {
	var wanted []SaveHook
	for _, hook := range o.Hooks {
		if hook.Wants(s.snapshot, m.object.Doc.Name, action) {
			wanted = append(wanted, hook)
		}
	}
	return wanted
}

// callSaveHooks calls those that may change or refuse the draft, and brings formulas up
// to date with what they changed.
func (u *unit) callSaveHooks(d *draft) error {
	action := Updated
	if d.old == nil {
		action = Created
	}
	hooks := u.options.hooksFor(u.s, d.mapping, action)
	for _, hook := range hooks {
		if err := hook.BeforeSave(u.ctx, u.tx, &Change{d: d, action: action}); err != nil {
			return err
		}
	}
	if len(hooks) > 0 {
		d.compute()
	}
	return nil
}

// callDeleteHooks calls those that may refuse that records are deleted.
func (u *unit) callDeleteHooks(deleted []storedRecord) error {
	for _, r := range deleted {
		for _, hook := range u.options.hooksFor(u.s, r.mapping, Deleted) {
			d := changeDraft(u.ctx, u.s, u.tx, unrestricted(r.mapping), nil, r.row)
			if err := hook.BeforeSave(u.ctx, u.tx, &Change{d: d, action: Deleted}); err != nil {
				return err
			}
		}
	}
	return nil
}

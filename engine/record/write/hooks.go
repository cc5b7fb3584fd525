package write

import (
	"context"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record/draft"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/engine/store"
)

// SaveHook may change or refuse what is about to be saved or deleted. It is called after
// defaults and formulas and before the rules; what it changes is checked like everything
// else. It may be called more than once for one change, and for one that is only
// previewed and never saved. So it changes nothing but through the Change.
type SaveHook interface {
	// Wants tells, without looking at a record, whether the hook is to be called.
	Wants(s *catalog.Snapshot, object string, a stored.Action) bool
	// BeforeSave returns a fault to refuse. The reader is the transaction that saves, or
	// the tenant in a preview.
	BeforeSave(ctx context.Context, reader store.Reader, c *Change) error
}

// WritingHook is a SaveHook that writes beside the record.
type WritingHook interface {
	SaveHook
	// AfterSave is called in the transaction, after a record was created or changed and
	// all that follows from it was written. A fault refuses the save. It may be called
	// more than once for one change, each time in a new run of the transaction.
	AfterSave(ctx context.Context, tx store.Tx, c *Change) error
}

// PurgingHook is a SaveHook that is told of records which are removed for good, if it wants
// to hear of what was purged.
type PurgingHook interface {
	SaveHook
	// AfterPurge is called in the transaction that removes the record. It may be called
	// more than once, each time in a new run of the transaction.
	AfterPurge(ctx context.Context, tx store.Tx, key id.ID) error
}

// Change is what is about to be saved or deleted, in the hands of a SaveHook.
type Change struct {
	d      *draft.Draft
	action stored.Action
	saved  bool // it can't be changed any more
}

// Snapshot is the configuration under which the change is made.
func (c *Change) Snapshot() *catalog.Snapshot { return c.d.Session.Snapshot }

// Object is the record's object.
func (c *Change) Object() *catalog.Object { return c.d.Mapping.Object }

// Caller is on whose behalf the change is made.
func (c *Change) Caller() *policy.Caller { return c.d.Session.Caller }

// ID is the record's identity.
func (c *Change) ID() id.ID { return c.d.ID }

// Action is Created, Updated or Deleted.
func (c *Change) Action() stored.Action { return c.action }

// Via is by what way the record is changed, as its history will tell it.
func (c *Change) Via() string { return c.d.Session.Caller.Via }

// Get is a field's value in stored form, as it will be saved; nil for no such field.
func (c *Change) Get(field string) any {
	if f, ok := c.d.Mapping.Object.Field(field); ok {
		return c.d.Mapping.Value(c.d.Row, f.Column)
	}
	return nil
}

// Was is a field's value in stored form before the change; nil of a new record.
func (c *Change) Was(field string) any {
	if f, ok := c.d.Mapping.Object.Field(field); ok {
		return c.d.Mapping.Value(c.d.Old, f.Column)
	}
	return nil
}

// Set gives a field another value, written as in a request. Faults: record.unknown_field,
// record.read_only for what is computed, that of the value, record.too_late for a
// record that is deleted, or saved.
func (c *Change) Set(field string, value any) error {
	f, err := c.written(field)
	if err != nil {
		return err
	}
	if value == nil {
		c.d.Row[f.Slot] = nil
		return nil
	}
	stored, problem := f.Value.Coerce(value)
	if problem != nil {
		return problem
	}
	c.d.Row[f.Slot] = stored
	return nil
}

// Put gives fields other values in stored form, such as expressions make, and brings formulas up to
// date. Faults: those of Set, but of values, which are checked with the record; then none is given one.
func (c *Change) Put(values map[string]any) error {
	for field := range values {
		if _, err := c.written(field); err != nil {
			return err
		}
	}
	for field, value := range values {
		c.d.Put(c.d.Mapping.ByName[field], value)
	}
	c.d.Compute()
	return nil
}

// written is a field that can be given another value.
func (c *Change) written(field string) (*stored.Field, error) {
	f, ok := c.d.Mapping.ByName[field]
	switch {
	case !ok:
		return nil, session.UnknownField(c.d.Object, "record.unknown_field", field)
	case f.Computed:
		return nil, fault.New(fault.Forbidden, "record.read_only", "field", field)
	case c.action == stored.Deleted || c.saved:
		return nil, fault.New(fault.Conflict, "record.too_late")
	}
	return f, nil
}

// Env is what expressions read of the record as it is about to be saved.
func (c *Change) Env() *session.Env { return &c.d.Env }

// hooksFor are the hooks that want to be called for an action on an object's records.
func (o *Options) hooksFor(s *session.Session, m *stored.Mapping, action stored.Action) []SaveHook {
	var wanted []SaveHook
	for _, hook := range o.Hooks {
		if hook.Wants(s.Snapshot, m.Object.Doc.Name, action) {
			wanted = append(wanted, hook)
		}
	}
	return wanted
}

// callSaveHooks calls those that may change or refuse the draft, and brings formulas up
// to date with what they changed.
func (u *Unit) callSaveHooks(d *draft.Draft) error {
	action := actionOn(d)
	hooks := u.options.hooksFor(u.session, d.Mapping, action)
	for _, hook := range hooks {
		if err := hook.BeforeSave(u.ctx, d.Reader, &Change{d: d, action: action}); err != nil {
			return err
		}
	}
	if len(hooks) > 0 {
		d.Compute()
	}
	return nil
}

// actionOn is what saving a draft does to its record.
func actionOn(d *draft.Draft) stored.Action {
	if d.Old == nil {
		return stored.Created
	}
	return stored.Updated
}

// callAfterSave calls the hooks that write beside the record.
func (s *saving) callAfterSave() error {
	for _, hook := range s.u.options.hooksFor(s.u.session, s.Mapping, s.action()) {
		if writes, ok := hook.(WritingHook); ok {
			if err := writes.AfterSave(s.u.ctx, s.u.Tx, &Change{d: s.Draft, action: s.action(), saved: true}); err != nil {
				return err
			}
			s.u.forget()
		}
	}
	return nil
}

// callDeleteHooks calls those that may refuse that records are deleted.
func (u *Unit) callDeleteHooks(deleted []stored.Record) error {
	for _, part := range deleted {
		hooks := u.options.hooksFor(u.session, part.Mapping, stored.Deleted)
		if len(hooks) == 0 {
			continue
		}
		r, err := u.whole(part)
		if err != nil {
			return err
		}
		for _, hook := range hooks {
			d := draft.ForChange(u.ctx, u.session, u.Tx, session.Unrestricted(r.Mapping), nil, r.Row)
			if err := hook.BeforeSave(u.ctx, u.Tx, &Change{d: d, action: stored.Deleted}); err != nil {
				return err
			}
		}
	}
	return nil
}

// callPurgingHooks tells of a record that is removed for good.
func (u *Unit) callPurgingHooks(r stored.Record) error {
	for _, hook := range u.options.hooksFor(u.session, r.Mapping, stored.Purged) {
		if purging, ok := hook.(PurgingHook); ok {
			if err := purging.AfterPurge(u.ctx, u.Tx, r.ID()); err != nil {
				return err
			}
		}
	}
	return nil
}

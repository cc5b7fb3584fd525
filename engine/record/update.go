package record

import (
	"cmp"
	"context"
	"strings"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
)

// Update changes a record by a merge patch: fields that are absent stay, null empties.
// version, if not 0, is the one the caller knows. A patch that changes nothing saves
// nothing. Faults: record.not_found (also of what the caller may not read),
// record.forbidden, record.stale, and those of Create.
func (s *Session) Update(ctx context.Context, object string, key id.ID, patch map[string]any, version int64) (*Saved, error) {
	a, err := s.access(ctx, object, policy.Update)
	if err != nil {
		return nil, err
	}
	in := s.input(a, patch)
	var d *draft
	err = s.write(ctx, func(u *unit) (err error) {
		d, err = u.change(a, in, key, version)
		return err
	})
	if err != nil {
		return nil, err
	}
	return d.saved(s.tenant)
}

// change updates one record in the transaction.
func (u *unit) change(a *access, in *input, key id.ID, version int64) (*draft, error) {
	old, err := u.find(a, key, policy.Update, version)
	if err != nil {
		return nil, err
	}
	d := u.s.draft(u.ctx, u.tx, a, in, Updated, key, old)
	if err := d.fill(u.tx); err != nil {
		return nil, err
	}
	if !d.differs() {
		return d, nil
	}
	if err := d.ask(u.tx); err != nil {
		return nil, err
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	if err := d.permit(); err != nil {
		return nil, err
	}
	return d, u.save(d)
}

// save writes a changed record that is ready.
func (u *unit) save(d *draft) error {
	if err := u.duplicates(d); err != nil {
		return err
	}
	if err := u.unique(d); err != nil {
		return err
	}
	changes := d.plan.changes(d.old, d.row)
	u.s.touch(d.row)
	if err := u.update(d.plan, d.old, d.row); err != nil {
		return err
	}
	if err := u.record(d.plan, d.action, d.id, changes, ""); err != nil {
		return err
	}
	return u.feed(d.plan, d.old, d.row)
}

// differs reports whether a field has another value than before.
func (d *draft) differs() bool { return len(d.plan.changes(d.old, d.row)) > 0 }

// find loads a record for something to be done with it: one that the caller may not
// read is not there, one that may not be changed is forbidden, one of another
// version (0: any will do) is stale.
func (u *unit) find(a *access, key id.ID, action policy.Action, version int64) (row, error) {
	object := a.object.Doc.Name
	old, err := u.load(a.plan, key)
	if err != nil {
		return nil, err
	}
	if old == nil {
		return nil, notFound(object, key)
	}
	e := env{ctx: u.ctx, s: u.s, reader: u.tx, plan: a.plan, row: old}
	for _, wanted := range []policy.Action{policy.Read, action} {
		f, err := u.s.filter(u.ctx, object, wanted)
		if err != nil {
			return nil, err
		}
		if e.match(f, old) {
			continue
		}
		if e.err != nil {
			return nil, e.err
		}
		if wanted == policy.Read {
			return nil, notFound(object, key)
		}
		return nil, u.s.forbiddenRecord(a.object, string(action))
	}
	if e.err != nil {
		return nil, e.err
	}
	if current, _ := old[slotVersion].(int64); version != 0 && version != current {
		return nil, fault.New(fault.Stale, "record.stale", "version", version, "current", current)
	}
	return old, nil
}

func notFound(object string, key id.ID) *fault.Fault {
	return fault.New(fault.NotFound, "record.not_found", "object", object, "id", key.String())
}

// notUnique is the fault of values that another record has, at the key's first field;
// fields that the caller may not read are not named.
func (s *Session) notUnique(p *plan, key *catalog.UniqueKey) *fault.Fault {
	a := &access{plan: p, all: s.caller.System}
	if s.rights != nil {
		a.rights = s.rights.Objects[p.object.Doc.Name]
	}
	var labels []string
	pointer, message := "", ""
	for _, f := range key.Fields {
		if a.reads(f) {
			labels = append(labels, s.label(f))
			pointer = cmp.Or(pointer, "/"+f.Name)
		}
	}
	if key.Doc != nil {
		message = key.Doc.Message.In(s.caller.Language, "")
	}
	f := fault.New(fault.Conflict, "record.not_unique", "field", strings.Join(labels, ", "))
	if message != "" {
		f = fault.New(fault.Conflict, "record.not_unique_message", "field", strings.Join(labels, ", "), "message", message)
	}
	return f.At(pointer)
}

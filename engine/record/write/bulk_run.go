package write

import (
	"context"
	"errors"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
)

// runAll runs all operations in one transaction: if one is refused, none counts.
func (b *bulk) runAll(ctx context.Context) error {
	refused := false
	for i := range b.tasks {
		refused = refused || b.tasks[i].failed != nil
	}
	if !refused {
		err := b.w.transaction(ctx, func(u *Unit) error {
			if err := u.readAheadFor(b.tasks); err != nil {
				return err
			}
			for i := range b.tasks {
				b.tasks[i].failed = nil // of a former run
			}
			for i := range b.tasks {
				t := &b.tasks[i]
				if err := u.do(t); err != nil {
					if f := fault.From(err); !f.Kind.Breaks() {
						t.failed = f
						return errUndo
					}
					return err
				}
			}
			return nil
		})
		if !errors.Is(err, errUndo) {
			return err
		}
	}
	for i := range b.tasks {
		if t := &b.tasks[i]; t.failed == nil {
			t.failed = fault.New(fault.Conflict, "record.rolled_back")
		}
	}
	return nil
}

// runEach runs the operations in one transaction, each as an attempt: one that is refused
// changes nothing, and the others count. finish, if there is one, ends the transaction.
// Several transactions would write the pages of indexes that rows share several times.
func (b *bulk) runEach(ctx context.Context, finish func(u *Unit) error) error {
	return b.w.transaction(ctx, func(u *Unit) error {
		if err := u.readAheadFor(b.tasks); err != nil {
			return err
		}
		for i := range b.tasks {
			t := &b.tasks[i]
			if t.refused = nil; t.failed != nil {
				continue
			}
			var err error
			if t.refused, err = u.attempt(t); err != nil {
				return err
			}
		}
		if finish == nil {
			return nil
		}
		return finish(u)
	})
}

// prefetchDuplicatesFor asks for the duplicates of the records that are ready to be made.
func (u *Unit) prefetchDuplicatesFor(part []task) (err error) {
	var m *stored.Mapping
	rows := make([]stored.Row, 0, len(part))
	for i := range part {
		if t := &part[i]; t.ready != nil && t.failed == nil {
			m, rows = t.object.Mapping, append(rows, t.ready.Row)
		}
	}
	u.prefetch, err = prefetchDuplicates(u.ctx, u.Tx, m, rows)
	return err
}

// do does one operation.
func (u *Unit) do(t *task) (err error) {
	t.did, t.key, t.version, t.warnings = "", t.op.ID, 0, nil
	switch t.op.Op {
	case "delete":
		t.did = "deleted"
		return u.delete(t.object, t.op.ID, t.op.Version)
	case "restore":
		return u.doRestore(t)
	case "create":
		return u.doCreate(t)
	}
	key := t.op.ID
	switch {
	case t.match != nil:
		key, err = u.recordOfMatch(t)
	case t.op.Key != "":
		key, err = u.recordOfKey(t)
	}
	if err != nil {
		return err
	}
	if key != 0 || t.op.Op == "update" {
		return u.doUpdate(t, key)
	}
	if err := t.soughtFault(u.session); err != nil {
		return err
	}
	return u.doCreate(t)
}

func (u *Unit) doCreate(t *task) error {
	var s *saving
	var err error
	switch {
	case t.ready != nil:
		s, err = u.store(*t.ready)
	case t.newID != 0:
		s, err = u.create(t.object, t.input, t.newID)
	default:
		s, err = u.create(t.object, t.input, u.options.IDs.Next())
	}
	if err != nil {
		return err
	}
	t.did = "created"
	t.saved(s)
	return nil
}

func (u *Unit) doUpdate(t *task, key id.ID) error {
	s, err := u.change(t.object, t.input, key, t.op.Version)
	if err != nil {
		return err
	}
	t.did = "updated"
	if !s.Differs() {
		t.did = "unchanged"
	}
	t.saved(s)
	return nil
}

// saved keeps what is told of a record that was saved.
func (t *task) saved(s *saving) {
	t.key, t.warnings = s.ID, s.warnings
	t.version, _ = s.Row[stored.SlotVersion].(int64)
}

// recordOfKey finds the record with the key of an update or upsert; 0 if it is to be made.
func (u *Unit) recordOfKey(t *task) (id.ID, error) {
	key, ok := upsertKey(t.object.Object, t.op.Key)
	if !ok {
		return 0, fault.New(fault.Invalid, "record.unknown_key", "key", session.Shorten(t.op.Key), "object", t.object.Object.Doc.Name).At("/key")
	}
	r, err := t.target()
	if err != nil {
		return 0, err
	}
	if _, ok := t.object.KeyFilter(key, r); !ok {
		return 0, fault.New(fault.Invalid, "record.key_empty", "key", t.op.Key).At("/" + key.Fields[0].Name)
	}
	found, err := u.keyed(t.object.Mapping, key, r)
	if err == nil && found == 0 && t.op.Op == "update" {
		err = fault.New(fault.NotFound, "record.key_not_found", "key", t.op.Key)
	}
	if err != nil || found == 0 {
		return 0, err
	}
	if _, err := u.find(t.object, found, policy.Read, 0); fault.Is(err, "record.not_found") {
		return 0, u.notUnique(t.object.Mapping, key) // somebody else's, which the caller may not know more of
	}
	return found, nil
}

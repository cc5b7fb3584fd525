package write

import (
	"context"
	"fmt"
	"iter"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/engine/store"
)

// Restore takes a record out of the bin, with all that was deleted with it. Values
// whose records are gone are emptied, and told in the warnings. Needs the right to
// delete it, and what came with it but for its own dependents. Faults:
// record.not_in_bin (NotFound), record.forbidden, record.not_unique, record.needs_right
// (Forbidden) where users would come along.
func (w *Writer) Restore(ctx context.Context, object string, key id.ID) (*Saved, error) {
	a, err := w.Object(ctx, object, policy.Delete)
	if err != nil {
		return nil, err
	}
	var restored stored.Row
	var warnings []Warning
	err = w.transaction(ctx, func(u *Unit) (err error) {
		restored, warnings, err = u.restore(a, key)
		return err
	})
	if err != nil {
		return nil, err
	}
	e := session.NewEnv(ctx, w.Session, w.Tenant, a.Mapping, restored, nil)
	return w.answer(a, &e, warnings)
}

func (u *Unit) restore(a *session.Object, key id.ID) (stored.Row, []Warning, error) {
	batch, err := u.deletedWith(a, key)
	if err != nil {
		return nil, nil, err
	}
	if err := u.checkMayRestore(batch); err != nil {
		return nil, nil, err
	}
	if err := u.checkTakenAlong(batch[1:]); err != nil {
		return nil, nil, err
	}
	restored := map[id.ID]bool{}
	for _, r := range batch {
		restored[r.ID()] = true
	}
	var warnings []Warning
	for _, part := range batch {
		r, err := u.whole(part)
		if err != nil {
			return nil, nil, err
		}
		dropped, err := u.dropReferences(r, restored)
		if err != nil {
			return nil, nil, err
		}
		warnings = append(warnings, dropped...)
		if err := u.takeOutOfBin(r); err != nil {
			return nil, nil, err
		}
	}
	// Its children may have come back after it, and been counted.
	r, err := u.Load(a.Mapping, key)
	return r, warnings, err
}

// takeOutOfBin moves one record out of the bin. Children that are back already are
// counted now, those that follow when they come.
func (u *Unit) takeOutOfBin(r stored.Record) error {
	for _, roll := range r.Object.Rollups {
		if err := u.recount(r.Mapping, r.ID(), r.Row, roll); err != nil {
			return err
		}
	}
	e := session.NewEnv(u.ctx, u.session, u.Tx, r.Mapping, r.Row, nil)
	if err := u.derive(&e); err != nil {
		return err
	}
	u.touch(r.Row, u.session.Clock)
	if err := u.Tx.Delete(u.ctx, stored.BinTable, r.ID()); err != nil {
		return fmt.Errorf("taking a record out of the bin: %w", err)
	}
	if err := u.insert(r.Mapping, r.Row); err != nil {
		return err
	}
	u.followRead(r.Mapping, nil, r.Row)
	if err := u.writeTrail(r.Mapping, stored.Restored, r.ID(), r.Changes(nil, r.Row)); err != nil {
		return err
	}
	return u.propagateRollups(r.Mapping, nil, r.Row)
}

// checkMayRestore refuses a batch with records that were not deleted because of the first
// one, such as the parent it went with, unless the caller might have deleted them too.
func (u *Unit) checkMayRestore(batch []stored.Record) error {
	dependents := cascading(batch)
	for _, r := range batch[1:] {
		if dependents[r.ID()] {
			continue
		}
		a, err := u.session.Object(u.ctx, r.Object.Doc.Name, policy.Delete)
		if err != nil {
			return err
		}
		if r, err = u.whole(r); err != nil {
			return err
		}
		refused, err := u.refusedAction(a.Mapping, r.Row, policy.Read, policy.Delete)
		if err != nil {
			return err
		}
		if refused != "" {
			return u.session.ForbiddenRecord(a.Object, "restore")
		}
	}
	return nil
}

// cascading are the records of a batch that are deleted whenever the first one is: they
// refer to it, or to another of them, by a reference that cascades.
func cascading(batch []stored.Record) map[id.ID]bool {
	found := map[id.ID]bool{batch[0].ID(): true}
	for grown := true; grown; {
		grown = false
		for _, r := range batch[1:] {
			if found[r.ID()] {
				continue
			}
			for _, f := range r.References {
				if v := r.Row[f.Slot]; v != nil && f.Refers.OnDelete() == "cascade" {
					_, key := f.Referred(v)
					grown = grown || found[id.ID(key)]
					found[r.ID()] = found[r.ID()] || found[id.ID(key)]
				}
			}
		}
	}
	return found
}

// dropReferences empties references to records that are neither there nor restored.
func (u *Unit) dropReferences(r stored.Record, restored map[id.ID]bool) ([]Warning, error) {
	var warnings []Warning
	for _, f := range r.References {
		v := r.Row[f.Slot]
		if v == nil {
			continue
		}
		object, key := f.Referred(v)
		o, ok := u.session.Snapshot.Objects[object]
		if !ok && f.System || restored[id.ID(key)] {
			continue
		}
		found := false
		if ok {
			var err error
			if found, err = session.Exists(u.ctx, u.Tx, o.Table.Name, query.Is(query.ID, key)); err != nil {
				return nil, err
			}
		}
		if !found {
			r.Row[f.Slot] = nil
			a, err := u.session.ObjectOf(u.ctx, r.Object)
			if err != nil {
				return nil, err
			}
			if a.Reads(f.Field) {
				warnings = append(warnings, Warning{Fault: fault.New(fault.Conflict, "record.reference_gone",
					"field", u.session.Label(f.Field), "object", r.Object.Doc.Name, "id", r.ID().String()).At("/" + f.Name)})
			}
		}
	}
	return warnings, nil
}

// deleted loads a record in the bin, which the caller must have been able to delete.
func (u *Unit) deleted(a *session.Object, key id.ID) (first binRow, err error) {
	object := a.Object.Doc.Name
	found := false
	for first, err = range u.binned(query.And(query.Is(query.ID, int64(key)), query.Is(stored.ColObject, object))) {
		found = true
	}
	if err != nil {
		return first, err
	}
	if !found {
		return first, session.NotInBin(object, key)
	}
	refused, err := u.refusedAction(a.Mapping, first.Row, policy.Read, policy.Delete)
	switch {
	case err != nil:
		return first, err
	case refused == policy.Read:
		return first, session.NotInBin(object, key)
	case refused != "":
		return first, u.session.ForbiddenRecord(a.Object, "restore")
	}
	return first, nil
}

// deletedWith loads what was deleted together with a record in the bin, that one first, or
// parts of the others. The caller must have been able to delete it.
func (u *Unit) deletedWith(a *session.Object, key id.ID) ([]stored.Record, error) {
	first, err := u.deleted(a, key)
	if err != nil {
		return nil, err
	}
	batch, room := []stored.Record{first.Record}, u.room()
	others := query.And(query.Is(stored.ColBatch, int64(first.batch)), query.Compare{Ref: query.Field(query.ID), Op: query.Ne, Value: int64(key)})
	for other, err := range u.binned(others) {
		if err != nil {
			return nil, err
		}
		batch = append(batch, stored.Record{Mapping: other.Mapping, Row: room.take(other.Mapping, other.Row)})
	}
	return batch, nil
}

// doRestore takes the record of an operation out of the bin. One that is there, such as what was
// deleted with a former one, stays as it is.
func (u *Unit) doRestore(t *task) error {
	r, warnings, err := u.restore(t.object, t.op.ID)
	t.did, t.warnings = "restored", warnings
	if fault.Is(err, "record.not_in_bin") {
		missing := err
		if r, err = u.find(t.object, t.op.ID, policy.Read, 0); fault.Is(err, "record.not_found") {
			return missing
		}
		t.did = "unchanged"
	}
	if err != nil {
		return err
	}
	t.version, _ = r[stored.SlotVersion].(int64)
	return nil
}

// binRow is a record in the bin.
type binRow struct {
	stored.Record
	batch id.ID
}

// binned reads rows of the bin whose objects still exist, one after the other. It ends where
// an error is passed, or the caller stops.
func (u *Unit) binned(f query.Filter) iter.Seq2[binRow, error] {
	return func(yield func(binRow, error) bool) {
		q := query.Select{Table: stored.BinTable, Filter: f, Sort: []query.Order{{Ref: query.Field(query.ID)}}}
		for r, err := range store.Find(u.ctx, u.Tx, q, stored.BinColumns...) {
			if err != nil {
				yield(binRow{}, fmt.Errorf("reading the bin: %w", err))
				return
			}
			o, ok := u.session.Snapshot.Objects[r.Text(stored.ColObject)]
			if !ok {
				continue
			}
			m := u.session.Mappings.Of(o)
			values, err := stored.DecodeRow(m, r.ID(query.ID), r.JSON(stored.ColDoc))
			if !yield(binRow{stored.Record{Mapping: m, Row: values}, r.ID(stored.ColBatch)}, err) || err != nil {
				return
			}
		}
	}
}

package record

import (
	"context"
	"encoding/json"
	"fmt"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
)

// Restore takes a record out of the bin, with all that was deleted with it. Values
// whose records are gone are emptied, and told in the warnings. Needs the right to
// delete it, and what came with it but for its own dependents. Faults:
// record.not_in_bin (NotFound), record.forbidden, record.not_unique.
func (w *Writer) Restore(ctx context.Context, object string, key id.ID) (*Saved, error) {
	a, err := w.access(ctx, object, policy.Delete)
	if err != nil {
		return nil, err
	}
	var restored row
	var warnings []Warning
	err = w.transaction(ctx, func(u *unit) (err error) {
		restored, warnings, err = u.restore(a, key)
		return err
	})
	if err != nil {
		return nil, err
	}
	e := newEnv(ctx, w.core, w.tenant, a.mapping, restored, nil)
	return w.answer(a, &e, warnings)
}

func (u *unit) restore(a *access, key id.ID) (row, []Warning, error) {
	batch, err := u.deletedWith(a, key)
	if err != nil {
		return nil, nil, err
	}
	if err := u.checkMayRestore(batch); err != nil {
		return nil, nil, err
	}
	restored := map[id.ID]bool{}
	for _, r := range batch {
		restored[r.id()] = true
	}
	var warnings []Warning
	for _, r := range batch {
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
	r, err := u.Load(a.mapping, key)
	return r, warnings, err
}

// takeOutOfBin moves one record out of the bin. Children that are back already are
// counted now, those that follow when they come.
func (u *unit) takeOutOfBin(r storedRecord) error {
	for _, roll := range r.object.Rollups {
		if err := u.recount(r.mapping, r.id(), r.row, roll); err != nil {
			return err
		}
	}
	e := newEnv(u.ctx, u.s, u.tx, r.mapping, r.row, nil)
	if f := derive(&e); f != nil {
		return f
	}
	u.touch(r.row)
	u.wrote = true
	if err := u.tx.Delete(u.ctx, binTable, r.id()); err != nil {
		return fmt.Errorf("taking a record out of the bin: %w", err)
	}
	if err := u.insert(r.mapping, r.row); err != nil {
		return err
	}
	if err := u.writeTrail(r.mapping, Restored, r.id(), r.changes(nil, r.row)); err != nil {
		return err
	}
	return u.propagateRollups(r.mapping, nil, r.row)
}

// checkMayRestore refuses a batch with records that were not deleted because of the first
// one, such as the parent it went with, unless the caller might have deleted them too.
func (u *unit) checkMayRestore(batch []storedRecord) error {
	dependents := cascading(batch)
	for _, r := range batch[1:] {
		if dependents[r.id()] {
			continue
		}
		a, err := u.s.access(u.ctx, r.object.Doc.Name, policy.Delete)
		if err != nil {
			return err
		}
		refused, err := u.refusedAction(a.mapping, r.row, policy.Read, policy.Delete)
		if err != nil {
			return err
		}
		if refused != "" {
			return u.s.forbiddenRecord(a.object, "restore")
		}
	}
	return nil
}

// cascading are the records of a batch that are deleted whenever the first one is: they
// refer to it, or to another of them, by a reference that cascades.
func cascading(batch []storedRecord) map[id.ID]bool {
	found := map[id.ID]bool{batch[0].id(): true}
	for grown := true; grown; {
		grown = false
		for _, r := range batch[1:] {
			if found[r.id()] {
				continue
			}
			for _, f := range r.references {
				if v := r.row[f.slot]; v != nil && f.refers.OnDelete() == "cascade" {
					_, key := f.referred(v)
					grown = grown || found[id.ID(key)]
					found[r.id()] = found[r.id()] || found[id.ID(key)]
				}
			}
		}
	}
	return found
}

// dropReferences empties references to records that are neither there nor restored.
func (u *unit) dropReferences(r storedRecord, restored map[id.ID]bool) ([]Warning, error) {
	var warnings []Warning
	for _, f := range r.references {
		v := r.row[f.slot]
		if v == nil {
			continue
		}
		object, key := f.referred(v)
		o, ok := u.s.snapshot.Objects[object]
		if !ok && f.System || restored[id.ID(key)] {
			continue
		}
		found := false
		if ok {
			var err error
			if found, err = exists(u.ctx, u.tx, o.Table.Name, query.Is(query.ID, key)); err != nil {
				return nil, err
			}
		}
		if !found {
			r.row[f.slot] = nil
			warnings = append(warnings, Warning{Fault: fault.New(fault.Conflict, "record.reference_gone",
				"field", u.s.label(f.Field), "object", r.object.Doc.Name, "id", r.id().String()).At("/" + f.Name)})
		}
	}
	return warnings, nil
}

// deletedWith loads what was deleted together with a record in the bin, that one first.
// The caller must have been able to delete it.
func (u *unit) deletedWith(a *access, key id.ID) ([]storedRecord, error) {
	object := a.object.Doc.Name
	rows, err := u.binRows(query.And(query.Is(query.ID, int64(key)), query.Is(colObject, object)))
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, notInBin(object, key)
	}
	first := rows[0]
	refused, err := u.refusedAction(a.mapping, first.row, policy.Read, policy.Delete)
	switch {
	case err != nil:
		return nil, err
	case refused == policy.Read:
		return nil, notInBin(object, key)
	case refused != "":
		return nil, u.s.forbiddenRecord(a.object, "restore")
	}
	others, err := u.binRows(query.And(query.Is(colBatch, int64(first.batch)), query.Compare{Ref: query.Field(query.ID), Op: query.Ne, Value: int64(key)}))
	if err != nil {
		return nil, err
	}
	batch := []storedRecord{first.storedRecord}
	for _, other := range others {
		batch = append(batch, other.storedRecord)
	}
	return batch, nil
}

// notInBin is the fault of a record that is not in the bin, or that the caller may not read.
func notInBin(object string, key id.ID) *fault.Fault {
	return fault.New(fault.NotFound, "record.not_in_bin", "object", object, "id", key.String())
}

// binRow is a record in the bin.
type binRow struct {
	storedRecord
	batch id.ID
}

// binRows loads rows of the bin whose objects still exist.
func (u *unit) binRows(f query.Filter) ([]binRow, error) {
	var rows []binRow
	q := query.Select{Table: binTable, Columns: binRefs, Filter: f, Sort: []query.Order{{Ref: query.Field(query.ID)}}}
	for r, err := range u.tx.Select(u.ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("reading the bin: %w", err)
		}
		name, _ := r[1].(string)
		o, ok := u.s.snapshot.Objects[name]
		if !ok {
			continue
		}
		m := u.s.mappings.of(o)
		doc, _ := r[6].(json.RawMessage)
		values, err := decodeRow(m, id.ID(r[0].(int64)), doc)
		if err != nil {
			return nil, err
		}
		batch, _ := r[5].(int64)
		rows = append(rows, binRow{storedRecord{m, values}, id.ID(batch)})
	}
	return rows, nil
}

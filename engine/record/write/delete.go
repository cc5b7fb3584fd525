package write

import (
	"context"
	"fmt"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/engine/store"
)

// MaxDependents bounds the records that one delete or merge takes along or changes.
const MaxDependents = 10_000

// Delete moves a record to the recycle bin, with those that are deleted with it.
// Faults: record.not_found, record.forbidden, record.stale, record.referenced
// (Conflict) where a reference restricts it, record.too_many_dependents, record.needs_right
// (Forbidden) where users would go along.
func (w *Writer) Delete(ctx context.Context, object string, key id.ID, version int64) error {
	a, err := w.Object(ctx, object, policy.Delete)
	if err != nil {
		return err
	}
	return w.transaction(ctx, func(u *Unit) error { return u.delete(a, key, version) })
}

// delete deletes one record in the transaction.
func (u *Unit) delete(a *session.Object, key id.ID, version int64) error {
	old, err := u.find(a, key, policy.Delete, version)
	if err != nil {
		return err
	}
	set, err := u.collect(stored.Record{Mapping: a.Mapping, Row: old})
	if err != nil {
		return err
	}
	if err := u.checkTakenAlong(set.records[1:]); err != nil {
		return err
	}
	if err := u.callDeleteHooks(set.records); err != nil {
		return err
	}
	return u.moveToBin(set)
}

// deletionSet are the records of one delete: those asked for first.
type deletionSet struct {
	records []stored.Record
	ids     map[id.ID]bool
}

func (set *deletionSet) add(r stored.Record) {
	set.ids[r.ID()] = true
	set.records = append(set.records, r)
}

// collect finds what is deleted with some records: all that refer to one by a reference that
// cascades, and so on. Then it refuses if one that stays restricts one of them.
func (u *Unit) collect(first ...stored.Record) (*deletionSet, error) {
	set := &deletionSet{ids: map[id.ID]bool{}}
	for _, r := range first {
		set.add(r)
	}
	for i := 0; i < len(set.records); i++ {
		r := set.records[i]
		for _, in := range r.Object.Inbound {
			if in.OnDelete != "cascade" {
				continue
			}
			from, rows, err := u.referring(in, r)
			if err != nil {
				return nil, err
			}
			for _, row := range rows {
				if !set.ids[row.ID()] {
					set.add(stored.Record{Mapping: from, Row: row})
				}
			}
			if len(set.records) > MaxDependents {
				return nil, tooManyDependents()
			}
		}
	}
	for _, r := range set.records {
		for _, in := range r.Object.Inbound {
			if in.OnDelete != "restrict" {
				continue
			}
			restricted, err := u.restricts(set, r, in)
			if err != nil {
				return nil, err
			}
			if restricted {
				return nil, u.referenced(in)
			}
		}
	}
	return set, nil
}

// referenced is the fault of a record to which one refers that stays. The object and the
// field are named to those who may read them.
func (u *Unit) referenced(in *catalog.Inbound) error {
	a, err := u.session.ObjectOf(u.ctx, in.From)
	if err != nil {
		return err
	}
	if !a.Allows(policy.Read) {
		return fault.New(fault.Conflict, "record.referenced_unseen")
	}
	refused := fault.New(fault.Conflict, "record.referenced", "object", in.From.Doc.Name,
		"label", in.From.Doc.Label.In(u.session.Caller.Language, in.From.Doc.Name))
	if a.Reads(in.Field) {
		refused.Params["field"] = in.Field.Name
	}
	return refused
}

// referring loads the records that refer to one by a reference, one more at most than
// may be changed.
func (u *Unit) referring(in *catalog.Inbound, to stored.Record) (*stored.Mapping, []stored.Row, error) {
	from := u.session.Mappings.Of(in.From)
	rows, err := u.LoadWhere(from, referencesTo(in, to), MaxDependents+1)
	return from, rows, err
}

// referencesTo selects the records that refer to one by a reference.
func referencesTo(in *catalog.Inbound, to stored.Record) query.Filter {
	return query.Is(in.Field.Column, stored.Reference(in.Field, to.Object.Doc.Name, to.ID()))
}

// restricts reports whether a record that stays refers to one that is deleted.
func (u *Unit) restricts(set *deletionSet, deleted stored.Record, in *catalog.Inbound) (bool, error) {
	q := query.Select{Table: in.From.Table.Name, Columns: []query.Ref{query.Field(query.ID)},
		Filter: referencesTo(in, deleted), Limit: len(set.records) + 1}
	for r, err := range u.Tx.Select(u.ctx, q) {
		if err != nil {
			return false, fmt.Errorf("looking for references: %w", err)
		}
		if !set.ids[id.ID(r[0].(int64))] {
			return true, nil
		}
	}
	return false, nil
}

// moveToBin moves records to the bin as one batch and empties what referred to them.
func (u *Unit) moveToBin(set *deletionSet) error {
	batch := u.options.IDs.Next()
	for _, r := range set.records {
		if err := u.moveOneToBin(r, batch); err != nil {
			return err
		}
	}
	// Whatever a roll-up counts now, it does not see those that are gone.
	for _, r := range set.records {
		if err := u.clearReferences(r); err != nil {
			return err
		}
		if err := u.writeTrail(r.Mapping, stored.Deleted, r.ID(), r.Changes(r.Row, nil)); err != nil {
			return err
		}
		if err := u.propagateRollups(r.Mapping, r.Row, nil); err != nil {
			return err
		}
	}
	return nil
}

// moveOneToBin moves one record to the bin.
func (u *Unit) moveOneToBin(r stored.Record, batch id.ID) error {
	err := u.Tx.Insert(u.ctx, stored.BinTable, r.ID(), map[string]any{
		stored.ColObject.Name: r.Object.Doc.Name, stored.ColName.Name: store.Text(r.Name()), stored.ColDeletedAt.Name: u.session.Clock.UnixMilli(),
		stored.ColDeletedBy.Name: u.session.By(), stored.ColBatch.Name: int64(batch), stored.ColDoc.Name: stored.EncodeRow(r.Mapping, r.Row)}, nil)
	if err != nil {
		return fmt.Errorf("moving a record of %s to the bin: %w", r.Object.Doc.Name, err)
	}
	if err := u.Tx.Delete(u.ctx, r.Object.Table.Name, r.ID()); err != nil {
		return fmt.Errorf("deleting a record of %s: %w", r.Object.Doc.Name, err)
	}
	return u.wrote(r.Mapping, r.Row, nil)
}

// clearReferences empties the references to a record that is gone.
func (u *Unit) clearReferences(deleted stored.Record) error {
	for _, in := range deleted.Object.Inbound {
		if in.OnDelete != "clear" {
			continue
		}
		from, rows, err := u.referring(in, deleted)
		if err != nil {
			return err
		}
		if len(rows) > MaxDependents {
			return tooManyDependents()
		}
		slot := from.Slots[in.Field.Column.Name]
		for _, old := range rows {
			if err := u.revise(from, old, func(r stored.Row) { r[slot] = nil }); err != nil {
				return err
			}
		}
	}
	return nil
}

func tooManyDependents() *fault.Fault {
	return fault.New(fault.Limited, "record.too_many_dependents", "max", MaxDependents)
}

package write

import (
	"context"
	"fmt"
	"slices"

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
	held := int64(sizeOf(old))
	if err := u.share.Try(held); err != nil {
		return err
	}
	defer u.share.Release(held)
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
	records []stored.Record // parts of those for which there is no room
	ids     map[id.ID]bool
	room    *room
}

func (u *Unit) newDeletionSet() *deletionSet {
	return &deletionSet{ids: map[id.ID]bool{}, room: u.room()}
}

func (set *deletionSet) add(r stored.Record) {
	set.ids[r.ID()] = true
	set.records = append(set.records, r)
}

// collect finds what is deleted with some records: all that refer to one by a reference that
// cascades, and so on. Then it refuses if one that stays restricts one of them.
func (u *Unit) collect(first ...stored.Record) (*deletionSet, error) {
	set := u.newDeletionSet()
	for _, r := range first {
		set.add(r)
	}
	for from := 0; from < len(set.records); {
		level := set.records[from:]
		from = len(set.records)
		if err := u.collectLevel(set, level); err != nil {
			return nil, err
		}
	}
	return set, u.checkRestricted(set)
}

// collectLevel adds what refers to some of the records by references that cascade.
func (u *Unit) collectLevel(set *deletionSet, level []stored.Record) error {
	found, err := u.referringTo(level, "cascade", set.room)
	if err != nil {
		return err
	}
	if found == nil {
		return tooManyDependents()
	}
	for _, r := range level {
		for _, in := range r.Object.Inbound {
			from := u.session.Mappings.Of(in.From)
			for _, row := range found[referenceTo{in, r.ID()}] {
				if !set.ids[row.ID()] {
					set.add(stored.Record{Mapping: from, Row: row})
				}
			}
			if len(set.records) > MaxDependents {
				return tooManyDependents()
			}
		}
	}
	return nil
}

// checkRestricted refuses the deletion if a record that stays refers to one of the set by
// a reference that restricts.
func (u *Unit) checkRestricted(set *deletionSet) error {
	for _, records := range byObject(set.records) {
		for _, in := range records[0].Object.Inbound {
			if in.OnDelete != "restrict" {
				continue
			}
			restricted, err := u.restricts(set, records, in)
			if err != nil {
				return err
			}
			if restricted {
				return u.referenced(in)
			}
		}
	}
	return nil
}

// byObject are records by their object, in the order of the first of each.
func byObject(records []stored.Record) [][]stored.Record {
	var groups [][]stored.Record
	at := map[*catalog.Object]int{}
	for _, r := range records {
		i, ok := at[r.Object]
		if !ok {
			i = len(groups)
			at[r.Object], groups = i, append(groups, nil)
		}
		groups[i] = append(groups[i], r)
	}
	return groups
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

// referring loads parts of the records that refer to one by a reference, one more at most
// than may be changed.
func (u *Unit) referring(in *catalog.Inbound, to stored.Record) (*stored.Mapping, []stored.Row, error) {
	from := u.session.Mappings.Of(in.From)
	rows, err := u.loadParts(from, referencesTo(in, to), MaxDependents+1, nil)
	return from, rows, err
}

// referencesTo selects the records that refer to one of some by a reference.
func referencesTo(in *catalog.Inbound, to ...stored.Record) query.Filter {
	values := make([]any, len(to))
	for i, r := range to {
		values[i] = stored.Reference(in.Field, r.Object.Doc.Name, r.ID())
	}
	return query.In{Ref: query.Field(in.Field.Column), Values: values}
}

// restricts reports whether a record that stays refers to one of some that are deleted.
func (u *Unit) restricts(set *deletionSet, deleted []stored.Record, in *catalog.Inbound) (bool, error) {
	for part := range slices.Chunk(u.mayBeReferredTo(in, deleted), aheadKeys) {
		q := query.Select{Table: in.From.Table.Name, Columns: []query.Ref{query.Field(query.ID)},
			Filter: referencesTo(in, part...), Limit: len(set.records) + 1}
		for r, err := range u.Tx.Select(u.ctx, q) {
			if err != nil {
				return false, fmt.Errorf("looking for references: %w", err)
			}
			if !set.ids[id.ID(r[0].(int64))] {
				return true, nil
			}
		}
	}
	return false, nil
}

// moveToBin moves records to the bin as one batch and empties what referred to them.
func (u *Unit) moveToBin(set *deletionSet) error {
	batch := u.options.IDs.Next()
	for _, part := range set.records {
		r, err := u.whole(part)
		if err != nil {
			return err
		}
		if err := u.moveOneToBin(r, batch); err != nil {
			return err
		}
	}
	if err := u.readParentsOf(set.records); err != nil {
		return err
	}
	// Whatever a roll-up counts now, it does not see those that are gone.
	for part := range slices.Chunk(set.records, aheadKeys) {
		if err := u.follow(part); err != nil {
			return err
		}
	}
	set.room.clear()
	return nil
}

// follow does what follows from the deletion of records.
func (u *Unit) follow(deleted []stored.Record) error {
	referring, err := u.referringTo(deleted, "clear", nil)
	if err != nil {
		return err
	}
	for _, part := range deleted {
		if err := u.clearReferences(part, referring); err != nil {
			return err
		}
		r, err := u.whole(part)
		if err != nil {
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

// clearReferences empties the references to a record that is gone. referring has what
// refers to it; nil: it is still to be looked for.
func (u *Unit) clearReferences(deleted stored.Record, referring map[referenceTo][]stored.Row) error {
	for _, in := range deleted.Object.Inbound {
		if in.OnDelete != "clear" {
			continue
		}
		from, rows := u.session.Mappings.Of(in.From), referring[referenceTo{in, deleted.ID()}]
		if referring == nil {
			var err error
			if from, rows, err = u.referring(in, deleted); err != nil {
				return err
			}
		}
		if len(rows) > MaxDependents {
			return tooManyDependents()
		}
		slot := from.Slots[in.Field.Column.Name]
		for _, found := range rows {
			old, err := u.Load(from, found.ID()) // another that was emptied may have changed it
			if err != nil {
				return err
			}
			if old == nil || !stored.Same(old[slot], found[slot]) {
				continue
			}
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

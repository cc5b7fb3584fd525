package write

import (
	"context"
	"slices"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record/draft"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
)

// MaxMerged bounds the records that are merged into another at once.
const MaxMerged = 20

// Merge makes one record of several: the master takes data (a merge patch), all that
// referred to the others refers to it, and the others go to the bin. Needs the right
// "merge", to update the master and to delete the others. Faults: those of Update and
// Delete, record.bad_merge, record.too_many_dependents.
func (w *Writer) Merge(ctx context.Context, object string, master id.ID, from []id.ID, data map[string]any) (*Saved, error) {
	a, err := w.Object(ctx, object, policy.Update)
	if err != nil {
		return nil, err
	}
	if !a.Allows(policy.Delete) {
		return nil, w.Forbidden(a.Object, policy.Delete)
	}
	if err := w.DemandRight(ctx, "merge"); err != nil {
		return nil, err
	}
	losers := slices.Compact(slices.Sorted(slices.Values(from)))
	if len(losers) == 0 || len(losers) > MaxMerged || slices.Contains(losers, master) {
		return nil, fault.New(fault.Invalid, "record.bad_merge", "max", MaxMerged)
	}
	in := draft.NewInput(w.Session, a, data)
	return w.save(ctx, func(u *Unit) (*saving, error) { return u.merge(a, in, master, losers) })
}

func (u *Unit) merge(a *session.Object, in *draft.Input, master id.ID, losers []id.ID) (*saving, error) {
	if _, err := u.find(a, master, policy.Update, 0); err != nil {
		return nil, err
	}
	set := u.newDeletionSet()
	for _, key := range losers {
		r, err := u.find(a, key, policy.Delete, 0)
		if err != nil {
			return nil, err
		}
		set.add(stored.Record{Mapping: a.Mapping, Row: set.room.take(a.Mapping, r)})
	}
	if err := u.callDeleteHooks(set.records); err != nil {
		return nil, err
	}
	moved := 0
	for _, loser := range set.records {
		for _, inbound := range a.Object.Inbound {
			n, err := u.redirect(inbound, loser, master, set)
			if err != nil {
				return nil, err
			}
			if moved += n; moved > MaxDependents {
				return nil, tooManyDependents()
			}
		}
	}
	// The losers may refer to each other, and changed when what refers to them did.
	for i, loser := range set.records {
		if loser.Row.IsPart() {
			continue // it is read when it goes
		}
		r, err := u.Load(a.Mapping, loser.ID())
		if err != nil {
			return nil, err
		}
		set.records[i].Row = r
	}
	if err := u.moveToBin(set); err != nil {
		return nil, err
	}
	s, err := u.change(a, in, master, 0) // after the losers: their unique values are free now
	if err != nil {
		return nil, err
	}
	return s, u.writeMerged(a.Mapping, master, losers)
}

// redirect moves references from one record to another of its object and says how many.
// A record that would refer to itself refers to nothing.
func (u *Unit) redirect(in *catalog.Inbound, loser stored.Record, master id.ID, losers *deletionSet) (int, error) {
	from, rows, err := u.referring(in, loser)
	if err != nil {
		return 0, err
	}
	slot := from.Slots[in.Field.Column.Name]
	for _, found := range rows {
		key := found.ID()
		if in.From == loser.Object && losers.ids[key] {
			continue // it is deleted as well
		}
		to := stored.Reference(in.Field, loser.Object.Doc.Name, master)
		if in.From == loser.Object && key == master {
			to = nil
		}
		old, err := u.whole(stored.Record{Mapping: from, Row: found})
		if err != nil {
			return 0, err
		}
		if err := u.revise(from, old.Row, func(r stored.Row) { r[slot] = to }); err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}

// writeMerged writes into the master's trail which records it took in.
func (u *Unit) writeMerged(m *stored.Mapping, master id.ID, losers []id.ID) error {
	members := append([]byte{'{'}, stored.JSONKey(stored.MergedKey)...)
	members = append(members, '[')
	for i, key := range losers {
		if i > 0 {
			members = append(members, ',')
		}
		members = stored.AppendID(members, key)
	}
	t := newTrail(stored.Merged, nil, string(append(members, "]}"...)))
	if err := u.writeHistory(m, stored.Merged, master, u.session.Clock, t.history); err != nil {
		return err
	}
	return u.writeEvent(m, stored.Merged, master, u.session.Clock, t.event)
}

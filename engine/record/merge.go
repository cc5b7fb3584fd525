package record

import (
	"context"
	"slices"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
)

// MaxMerged bounds the records that are merged into another at once.
const MaxMerged = 20

// Merge makes one record of several: the master takes data (a merge patch), all that
// referred to the others refers to it, and the others go to the bin. Needs the right
// "merge", to update the master and to delete the others. Faults: those of Update and
// Delete, record.bad_merge, record.too_many_dependents.
func (w *Writer) Merge(ctx context.Context, object string, master id.ID, from []id.ID, data map[string]any) (*Saved, error) {
	a, err := w.access(ctx, object, policy.Update)
	if err != nil {
		return nil, err
	}
	if !a.allows(policy.Delete) {
		return nil, w.forbidden(a.object, policy.Delete)
	}
	if err := w.demand(ctx, "merge"); err != nil {
		return nil, err
	}
	losers := slices.Compact(slices.Sorted(slices.Values(from)))
	if len(losers) == 0 || len(losers) > MaxMerged || slices.Contains(losers, master) {
		return nil, fault.New(fault.Invalid, "record.bad_merge", "max", MaxMerged)
	}
	in := newInput(w.core, a, data)
	return w.save(ctx, func(u *unit) (*saving, error) { return u.merge(a, in, master, losers) })
}

func (u *unit) merge(a *access, in *input, master id.ID, losers []id.ID) (*saving, error) {
	if _, err := u.find(a, master, policy.Update, 0); err != nil {
		return nil, err
	}
	set := &deletionSet{ids: map[id.ID]bool{}}
	for _, key := range losers {
		r, err := u.find(a, key, policy.Delete, 0)
		if err != nil {
			return nil, err
		}
		set.add(storedRecord{a.mapping, r})
	}
	if err := u.callDeleteHooks(set.records); err != nil {
		return nil, err
	}
	moved := 0
	for _, loser := range set.records {
		for _, inbound := range a.object.Inbound {
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
		r, err := u.Load(a.mapping, loser.id())
		if err != nil {
			return nil, err
		}
		set.records[i].row = r
	}
	if err := u.moveToBin(set); err != nil {
		return nil, err
	}
	s, err := u.change(a, in, master, 0) // after the losers: their unique values are free now
	if err != nil {
		return nil, err
	}
	return s, u.writeMerged(a.mapping, master, losers)
}

// redirect moves references from one record to another of its object and says how many.
// A record that would refer to itself refers to nothing.
func (u *unit) redirect(in *catalog.Inbound, loser storedRecord, master id.ID, losers *deletionSet) (int, error) {
	from, rows, err := u.referring(in, loser)
	if err != nil {
		return 0, err
	}
	slot := from.slots[in.Field.Column.Name]
	for _, old := range rows {
		key := old.id()
		if in.From == loser.object && losers.ids[key] {
			continue // it is deleted as well
		}
		to := reference(in.Field, loser.object.Doc.Name, master)
		if in.From == loser.object && key == master {
			to = nil
		}
		if err := u.revise(from, old, func(r row) { r[slot] = to }); err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}

// writeMerged writes into the master's trail which records it took in.
func (u *unit) writeMerged(m *mapping, master id.ID, losers []id.ID) error {
	members := append([]byte{'{'}, quotedKey(mergedKey)...)
	members = append(members, '[')
	for i, key := range losers {
		if i > 0 {
			members = append(members, ',')
		}
		members = appendID(members, key)
	}
	t := newTrail(Merged, nil, string(append(members, "]}"...)))
	if err := u.writeHistory(m, Merged, master, t.history); err != nil {
		return err
	}
	return u.writeEvent(m, Merged, master, t.event)
}

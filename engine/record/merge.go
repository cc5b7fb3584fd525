package record

import (
	"context"
	"slices"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
)

// MaxMerged bounds the records that are merged into another at once.
const MaxMerged = 20

// Merge makes one record of several: the master takes data (a merge patch), all that
// referred to the others refers to it, and the others go to the bin. Needs the right
// "merge", to update the master and to delete the others. Faults: those of Update and
// Delete, record.bad_merge, record.too_many_dependents.
func (s *Session) Merge(ctx context.Context, object string, master id.ID, from []id.ID, data map[string]any) (*Saved, error) {
	a, err := s.access(ctx, object, policy.Update)
	if err != nil {
		return nil, err
	}
	if !a.right(policy.Delete) {
		return nil, s.forbidden(a.object, policy.Delete)
	}
	if err := s.demand(ctx, "merge"); err != nil {
		return nil, err
	}
	losers := slices.Compact(slices.Sorted(slices.Values(from)))
	if len(losers) == 0 || len(losers) > MaxMerged || slices.Contains(losers, master) {
		return nil, fault.New(fault.Invalid, "record.bad_merge", "max", MaxMerged)
	}
	in := s.input(a, data)
	var d *draft
	err = s.write(ctx, func(u *unit) (err error) {
		d, err = u.merge(a, in, master, losers)
		return err
	})
	if err != nil {
		return nil, err
	}
	return d.saved(s.tenant)
}

func (u *unit) merge(a *access, in *input, master id.ID, losers []id.ID) (*draft, error) {
	if _, err := u.find(a, master, policy.Update, 0); err != nil {
		return nil, err
	}
	g := &going{known: map[id.ID]bool{}}
	for _, key := range losers {
		r, err := u.find(a, key, policy.Delete, 0)
		if err != nil {
			return nil, err
		}
		g.records = append(g.records, doomed{a.plan, r})
		g.known[key] = true
	}
	if err := u.askDeleted(g); err != nil {
		return nil, err
	}
	moved := 0
	for _, at := range g.records {
		for _, inbound := range a.object.Inbound {
			n, err := u.redirect(a.object, inbound, at.id(), master, g)
			if err != nil {
				return nil, err
			}
			if moved += n; moved > MaxDependents {
				return nil, fault.New(fault.Limited, "record.too_many_dependents", "max", MaxDependents)
			}
		}
	}
	// The losers may refer to each other, and changed when what refers to them did.
	for i, at := range g.records {
		r, err := u.load(a.plan, at.id())
		if err != nil {
			return nil, err
		}
		g.records[i].row = r
	}
	if err := u.remove(g); err != nil {
		return nil, err
	}
	d, err := u.change(a, in, master, 0) // after the losers: their unique values are free now
	if err != nil {
		return nil, err
	}
	return d, u.note(d, losers)
}

// redirect moves references from one record to another and says how many. A record
// that would refer to itself refers to nothing.
func (u *unit) redirect(o *catalog.Object, in *catalog.Inbound, loser, master id.ID, g *going) (int, error) {
	from := u.s.compiled.plan(in.From)
	rows, err := u.loadWhere(from, query.Is(in.Field.Column, reference(in.Field, o.Doc.Name, loser)), MaxDependents+1)
	if err != nil {
		return 0, err
	}
	slot := from.slots[in.Field.Column.Name]
	for _, r := range rows {
		key := id.ID(r[slotID].(int64))
		if in.From == o && g.known[key] {
			continue // it goes as well
		}
		to := reference(in.Field, o.Doc.Name, master)
		if in.From == o && key == master {
			to = nil
		}
		if err := u.revise(from, r, func(r row) { r[slot] = to }); err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}

// note writes into the master's history which records it took in.
func (u *unit) note(d *draft, losers []id.ID) error {
	note := append([]byte{'{'}, quotedKey(mergedKey)...)
	note = append(note, '[')
	for i, key := range losers {
		if i > 0 {
			note = append(note, ',')
		}
		note = appendID(note, key)
	}
	return u.record(d.plan, Merged, d.id, nil, string(append(note, "]}"...)))
}

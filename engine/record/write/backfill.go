package write

import (
	"slices"

	"formwork/engine/fault"
	"formwork/engine/record/draft"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
)

// Backfill gives a record the values that a change of the configuration asks for:
// defaults and numbers of the named fields where it has none, and everything that is
// derived. Where that would make it equal to another in a unique key, it stays out of
// the key. It is no change of the record by anybody: version and history stay. failed: one
// of the fields, or another that had a value, can't be computed and is empty now.
func (u *Unit) Backfill(m *stored.Mapping, old stored.Row, fields []string) (failed bool, err error) {
	d := draft.ForChange(u.ctx, u.session, u.Tx, session.Unrestricted(m), nil, old)
	d.FillMissing(fields)
	for _, f := range m.Numbers {
		if slices.Contains(fields, f.Name) {
			if err := u.takeNumber(d, f); err != nil {
				return false, err
			}
		}
	}
	// What can't be computed for an old record must not hold up the others.
	for _, f := range draft.DeriveAll(&d.Env) {
		failed = failed || slices.Contains(fields, f.Name) || f.Formula != nil && old[f.Slot] != nil
	}
	if err := d.Failed(); err != nil {
		return false, err
	}
	for _, key := range m.Object.Unique {
		if err := u.skipTakenKey(m, key, old, d.Row); err != nil {
			return false, err
		}
	}
	var words []string
	for _, f := range m.Object.Search {
		if slices.Contains(fields, f.Name) {
			words = m.WordsOf(d.Row)
		}
	}
	if words == nil && stored.SameRow(old, d.Row) {
		return failed, nil
	}
	if err := u.updateWith(m, old, d.Row, words); err != nil {
		return false, err
	}
	return failed, u.propagateRollups(m, old, d.Row)
}

// RecomputeRollups computes the named roll-ups of a record anew. One that is too big is
// emptied: then failed is true.
func (u *Unit) RecomputeRollups(m *stored.Mapping, old stored.Row, fields []string) (failed bool, err error) {
	e := session.NewEnv(u.ctx, u.session, u.Tx, m, old.Clone(), old)
	for _, roll := range m.Object.Rollups {
		if !slices.Contains(fields, roll.Field.Name) {
			continue
		}
		err := u.recount(m, old.ID(), e.Row, roll)
		if fault.Is(err, "record.overflow") || fault.Is(err, "query.overflow") {
			e.Row[m.Slots[roll.Field.Column.Name]] = nil
			failed = true
			continue
		}
		if err != nil {
			return false, err
		}
	}
	return failed, u.saveRollups(&e)
}

package record

import (
	"slices"

	"formwork/engine/fault"
)

// Backfill gives a record the values that a change of the configuration asks for:
// defaults and numbers of the named fields where it has none, and everything that is
// derived. Where that would make it equal to another in a unique key, it stays out of
// the key. It is no change of the record by anybody: version and history stay.
func (u *unit) Backfill(m *mapping, old row, fields []string) error {
	d := changeDraft(u.ctx, u.s, u.tx, unrestricted(m), nil, old)
	d.fillMissing(fields)
	for _, f := range m.numbers {
		if slices.Contains(fields, f.Name) {
			if err := u.takeNumber(d.row, m, f); err != nil {
				return err
			}
		}
	}
	if f := derive(&d.env); f != nil {
		// A formula that can't be computed for an old record must not hold up the others.
		copy(d.row, old)
		m.follow(d.row)
	}
	if err := d.failed(); err != nil {
		return err
	}
	for _, key := range m.object.Unique {
		if err := u.leaveKey(m, key, old, d.row); err != nil {
			return err
		}
	}
	var words []string
	for _, f := range m.object.Search {
		if slices.Contains(fields, f.Name) {
			words = m.wordsOf(d.row)
		}
	}
	if words == nil && sameRow(old, d.row) {
		return nil
	}
	if err := u.updateWith(m, old, d.row, words); err != nil {
		return err
	}
	return u.propagateRollups(m, old, d.row)
}

// RecomputeRollups computes the named roll-ups of a record anew. One that is too big is
// emptied.
func (u *unit) RecomputeRollups(m *mapping, old row, fields []string) error {
	e := newEnv(u.ctx, u.s, u.tx, m, old.clone(), old)
	for _, roll := range m.object.Rollups {
		if !slices.Contains(fields, roll.Field.Name) {
			continue
		}
		err := u.recount(m, old.id(), e.row, roll)
		if fault.Is(err, "record.overflow") || fault.Is(err, "query.overflow") {
			e.row[m.slots[roll.Field.Column.Name]] = nil
			continue
		}
		if err != nil {
			return err
		}
	}
	return u.saveRollups(&e)
}

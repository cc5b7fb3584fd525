package record

import (
	"context"
	"fmt"

	"formwork/engine/fault"
	"formwork/engine/store"
)

// unit is what one transaction writes on behalf of a session. It is made anew each
// time the transaction is run.
type unit struct {
	ctx     context.Context
	s       *core
	options *WriteOptions
	tx      store.Tx

	rollupDepth int // of roll-ups over roll-ups that are under way
	// skipsRefused: the transaction goes on without what is refused (see bulkrun.go), so
	// that what a unique index would refuse is looked for before anything is written.
	skipsRefused bool
	wrote        bool // something since it was last false
	prefetch     *duplicatePrefetch
}

// insert writes a new record.
func (u *unit) insert(m *mapping, r row) error { return u.insertWith(m, r, m.wordsOf(r)) }

// insertWith is insert with the words of the record.
func (u *unit) insertWith(m *mapping, r row, words []string) error {
	filled := 0
	for _, v := range r {
		if v != nil {
			filled++
		}
	}
	values := make(map[string]any, filled)
	for slot, v := range r {
		if v != nil && slot != slotID {
			values[m.columns[slot].Name] = v
		}
	}
	u.wrote = true
	u.prefetch.forget(m, r)
	if err := u.tx.Insert(u.ctx, m.object.Table.Name, r.id(), values, words); err != nil {
		return u.refused(m, err)
	}
	return nil
}

// update writes what differs between two states of a record, if it still has the
// version of the first.
func (u *unit) update(m *mapping, old, r row) error {
	for _, key := range m.object.Unique {
		if !m.moved(key, old, r) {
			if err := u.leaveKey(m, key, old, r); err != nil {
				return err
			}
		}
	}
	var words []string
	for _, slot := range m.searched {
		if !same(old[slot], r[slot]) {
			words = m.wordsOf(r)
			break
		}
	}
	return u.updateWith(m, old, r, words)
}

// updateWith is update with the words of the record; nil: they stay.
func (u *unit) updateWith(m *mapping, old, r row, words []string) error {
	values := make(map[string]any, 8)
	for slot := range r {
		if !same(old[slot], r[slot]) {
			values[m.columns[slot].Name] = r[slot]
		}
	}
	version, _ := old[slotVersion].(int64)
	u.wrote = true
	u.prefetch.forget(m, r)
	if err := u.tx.Update(u.ctx, m.object.Table.Name, r.id(), version, values, words); err != nil {
		return u.refused(m, err)
	}
	return nil
}

// refused turns what a store says about a write into the caller's terms.
func (u *unit) refused(m *mapping, err error) error {
	f := fault.From(err)
	if f.Code != "store.not_unique" {
		return fmt.Errorf("writing a record of %s: %w", m.object.Doc.Name, err)
	}
	index, _ := f.Params["index"].(string)
	for _, key := range m.object.Unique {
		if key.Index == index {
			return u.notUnique(m, key)
		}
	}
	return fault.New(fault.Conflict, "record.not_unique", "field", index).Because(err)
}

// lock has whoever changes a record at the same time wait.
func (u *unit) lock(m *mapping, r row) error {
	if err := u.tx.Lock(u.ctx, m.object.Table.Name, r.id()); err != nil {
		return fmt.Errorf("locking a record of %s: %w", m.object.Doc.Name, err)
	}
	return nil
}

// touch marks a row as changed by the caller now.
func (u *unit) touch(r row) {
	version, _ := r[slotVersion].(int64)
	r[slotVersion], r[slotUpdatedAt], r[slotUpdatedBy] = version+1, u.s.clock.UnixMilli(), u.s.by()
}

// revise saves a change the platform makes to a record as a consequence of another:
// nothing is asked of the values, but all that follows from them is brought up to date.
func (u *unit) revise(m *mapping, old row, change func(r row)) error {
	e := newEnv(u.ctx, u.s, u.tx, m, old.clone(), old)
	change(e.row)
	if f := derive(&e); f != nil {
		return f
	}
	if err := e.failed(); err != nil {
		return err
	}
	changes := m.changes(old, e.row)
	if len(changes) == 0 {
		return nil
	}
	u.touch(e.row)
	if err := u.update(m, old, e.row); err != nil {
		return err
	}
	if err := u.writeTrail(m, Updated, old.id(), changes); err != nil {
		return err
	}
	return u.propagateRollups(m, old, e.row)
}

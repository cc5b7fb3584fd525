package write

import (
	"context"
	"fmt"
	"time"

	"formwork/engine/budget"
	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/record/draft"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/engine/store"
)

// Unit is what one transaction writes on behalf of a session. It is made anew each
// time the transaction is run.
type Unit struct {
	ctx     context.Context
	session *session.Session
	options *Options
	Tx      store.Tx

	rollupDepth int // of roll-ups over roll-ups that are under way
	prefetch    *duplicatePrefetch
	known       known
	referrers   referrers
	references  *draft.References
	sequences   map[string]*sequence // of automatic numbers, by name
	writes      int                  // of records
	previews    bool                 // nothing is saved: Tx refuses to write
	*consequences
	share *budget.Share // of the request, which counts the rows that are held
	// looksForKeys: what a unique index would refuse is looked for before anything is written.
	looksForKeys bool
}

// consequences are what follows from a transaction, whichever sessions write in it.
type consequences struct {
	users     []id.ID // whose records were written
	following []*catalog.Following
}

func newUnit(ctx context.Context, s *session.Session, o *Options, tx store.Tx) *Unit {
	share := budget.From(ctx)
	return &Unit{ctx: ctx, session: s, options: o, Tx: tx, share: share, known: known{share: share}, consequences: &consequences{}}
}

// insert writes a new record.
func (u *Unit) insert(m *stored.Mapping, r stored.Row) error { return u.insertWith(m, r, m.WordsOf(r)) }

// insertWith is insert with the words of the record.
func (u *Unit) insertWith(m *stored.Mapping, r stored.Row, words []string) error {
	filled := 0
	for _, v := range r {
		if v != nil {
			filled++
		}
	}
	values := make(map[string]any, filled)
	for slot, v := range r {
		if v != nil && slot != stored.SlotID {
			values[m.Columns[slot].Name] = v
		}
	}
	u.prefetch.markPresent(m, r)
	if err := u.lockReferred(m, nil, r); err != nil {
		return err
	}
	if err := u.Tx.Insert(u.ctx, m.Object.Table.Name, r.ID(), values, words); err != nil {
		return u.refused(m, err)
	}
	return u.wrote(m, nil, r)
}

// update writes what differs between two states of a record, if it still has the
// version of the first.
func (u *Unit) update(m *stored.Mapping, old, r stored.Row) error {
	for _, key := range m.Object.Unique {
		if !m.KeyMoved(key, old, r) {
			if err := u.skipTakenKey(m, key, old, r); err != nil {
				return err
			}
		}
	}
	var words []string
	for _, f := range m.Searched {
		if !stored.Same(old[f.Slot], r[f.Slot]) {
			words = m.WordsOf(r)
			break
		}
	}
	return u.updateWith(m, old, r, words)
}

// updateWith is update with the words of the record; nil: they stay.
func (u *Unit) updateWith(m *stored.Mapping, old, r stored.Row, words []string) error {
	values := make(map[string]any, 8)
	for slot := range r {
		if !stored.Same(old[slot], r[slot]) {
			values[m.Columns[slot].Name] = r[slot]
		}
	}
	version, _ := old[stored.SlotVersion].(int64)
	u.prefetch.markPresent(m, r)
	if err := u.lockReferred(m, old, r); err != nil {
		return err
	}
	if err := u.Tx.Update(u.ctx, m.Object.Table.Name, r.ID(), version, values, words); err != nil {
		return u.refused(m, err)
	}
	return u.wrote(m, old, r)
}

// refused turns what a store says about a write into the caller's terms.
func (u *Unit) refused(m *stored.Mapping, err error) error {
	f := fault.From(err)
	if f.Code != "store.not_unique" {
		return fmt.Errorf("writing a record of %s: %w", m.Object.Doc.Name, err)
	}
	index, _ := f.Params["index"].(string)
	for _, key := range m.Object.Unique {
		if key.Index == index {
			return u.notUnique(m, key)
		}
	}
	return fault.New(fault.Conflict, "record.not_unique", "field", index).Because(err)
}

// lockReferred locks the records that a record comes to refer to by references that
// cascade or restrict; old is nil for a new one. Whoever deletes such a record has to have
// seen all that refer to it, and whoever refers to it that it is still there. References
// that are cleared are left alone: many records may refer to one at the same time, and one
// that is gone reads as empty. So are owners and the like.
func (u *Unit) lockReferred(m *stored.Mapping, old, r stored.Row) error {
	for _, f := range m.References {
		if f.System || f.Refers.OnDelete() == "clear" || r[f.Slot] == nil || old != nil && stored.Same(old[f.Slot], r[f.Slot]) {
			continue
		}
		object, key := f.Referred(r[f.Slot])
		o, ok := u.session.Snapshot.Objects[object]
		if !ok {
			continue
		}
		if err := u.Tx.Lock(u.ctx, o.Table.Name, id.ID(key)); err != nil {
			return fmt.Errorf("locking a record of %s: %w", object, err)
		}
	}
	return nil
}

// lock has whoever changes a record at the same time wait.
func (u *Unit) lock(m *stored.Mapping, r stored.Row) error {
	if err := u.Tx.Lock(u.ctx, m.Object.Table.Name, r.ID()); err != nil {
		return fmt.Errorf("locking a record of %s: %w", m.Object.Doc.Name, err)
	}
	return nil
}

// touch marks a row as changed by the caller at a time.
func (u *Unit) touch(r stored.Row, at time.Time) {
	version, _ := r[stored.SlotVersion].(int64)
	r[stored.SlotVersion], r[stored.SlotUpdatedAt], r[stored.SlotUpdatedBy] = version+1, at.UnixMilli(), u.session.By()
}

// derive brings all that is derived from a record's values up to date. What can't be
// computed is told as far as the caller may know the record's object.
func (u *Unit) derive(e *session.Env) error {
	f, problem := draft.Derive(e)
	if problem == nil {
		return e.Failed()
	}
	a, err := u.session.ObjectOf(u.ctx, e.Mapping.Object)
	if err != nil {
		return err
	}
	return a.Told(f, problem)
}

// revise saves a change the platform makes to a record as a consequence of another:
// nothing is asked of the values, but all that follows from them is brought up to date.
func (u *Unit) revise(m *stored.Mapping, old stored.Row, change func(r stored.Row)) error {
	e := session.NewEnv(u.ctx, u.session, u.Tx, m, old.Clone(), old)
	change(e.Row)
	if err := u.derive(&e); err != nil {
		return err
	}
	changes := m.Changes(old, e.Row)
	if len(changes) == 0 {
		return nil
	}
	if err := u.checkFollowing(m, changes); err != nil {
		return err
	}
	u.touch(e.Row, u.session.Clock)
	if err := u.update(m, old, e.Row); err != nil {
		return err
	}
	if err := u.writeTrail(m, stored.Updated, old.ID(), changes); err != nil {
		return err
	}
	return u.propagateRollups(m, old, e.Row)
}

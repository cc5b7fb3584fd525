package record

import (
	"context"
	"encoding/json"
	"fmt"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
)

// unit is what one transaction writes on behalf of a session. It is made anew each
// time the transaction is run.
type unit struct {
	ctx   context.Context
	s     *Session
	tx    store.Tx
	depth int  // of roll-ups over roll-ups
	wrote bool // something since it was last false
	// careful looks for what a unique index would refuse before anything is written, so
	// that the transaction can go on without it.
	careful bool

	foresight *foresight // of duplicates; nil: none
}

// write runs fn in one transaction and tells that there is something in the outbox.
func (s *Session) write(ctx context.Context, fn func(u *unit) error) error {
	err := s.tenant.Write(ctx, func(tx store.Tx) error {
		return fn(&unit{ctx: ctx, s: s, tx: tx})
	})
	if err != nil {
		return err
	}
	s.service.committed(s.tenant.Name())
	return nil
}

// load reads a whole record; nil if there is none.
func (u *unit) load(p *plan, key id.ID) (row, error) {
	rows, err := u.loadWhere(p, query.Is(query.ID, int64(key)), 1)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows[0], nil
}

// loadWhere reads whole records, by id; limit 0: all.
func (u *unit) loadWhere(p *plan, f query.Filter, limit int) ([]row, error) {
	q := query.Select{Table: p.object.Table.Name, Columns: p.refs, Filter: f, Limit: limit}
	if limit != 1 {
		q.Sort = []query.Order{{Ref: query.Field(query.ID)}}
	}
	var rows []row
	for r, err := range u.tx.Select(u.ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("reading records of %s: %w", p.object.Doc.Name, err)
		}
		rows = append(rows, holdRow(r))
	}
	return rows, nil
}

// holdRow copies what a store lent.
func holdRow(r store.Row) row {
	out := make(row, len(r))
	for i, v := range r {
		out[i] = hold(v)
	}
	return out
}

// insert writes a new record.
func (u *unit) insert(p *plan, r row) error { return u.insertWith(p, r, p.wordsOf(r)) }

// insertWith is insert with the words of the record.
func (u *unit) insertWith(p *plan, r row, words []string) error {
	filled := 0
	for _, v := range r {
		if v != nil {
			filled++
		}
	}
	values := make(map[string]any, filled)
	for slot, v := range r {
		if v != nil && slot != slotID {
			values[p.columns[slot].Name] = v
		}
	}
	key := id.ID(r[slotID].(int64))
	u.wrote = true
	u.foresight.appears(p, r)
	if err := u.tx.Insert(u.ctx, p.object.Table.Name, key, values, words); err != nil {
		return u.refused(p, err)
	}
	return nil
}

// update writes what differs between two states of a record, if it still has the
// version of the first.
func (u *unit) update(p *plan, old, r row) error {
	for _, key := range p.object.Unique {
		if !p.moved(key, old, r) {
			if err := u.yield(p, key, old, r); err != nil {
				return err
			}
		}
	}
	var words []string
	for _, slot := range p.searched {
		if !same(old[slot], r[slot]) {
			words = p.wordsOf(r)
			break
		}
	}
	return u.updateWith(p, old, r, words)
}

// updateWith is update with the words of the record; nil: they stay.
func (u *unit) updateWith(p *plan, old, r row, words []string) error {
	values := make(map[string]any, 8)
	for slot := range r {
		if !same(old[slot], r[slot]) {
			values[p.columns[slot].Name] = r[slot]
		}
	}
	version, _ := old[slotVersion].(int64)
	u.wrote = true
	u.foresight.appears(p, r)
	if err := u.tx.Update(u.ctx, p.object.Table.Name, id.ID(r[slotID].(int64)), version, values, words); err != nil {
		return u.refused(p, err)
	}
	return nil
}

// refused turns what a store says about a write into the caller's terms.
func (u *unit) refused(p *plan, err error) error {
	f := fault.From(err)
	if f.Code != "store.not_unique" {
		return fmt.Errorf("writing a record of %s: %w", p.object.Doc.Name, err)
	}
	index, _ := f.Params["index"].(string)
	for _, key := range p.object.Unique {
		if key.Index == index {
			return u.s.notUnique(p, key)
		}
	}
	return fault.New(fault.Conflict, "record.not_unique", "field", index).Because(err)
}

// changed is a slot of a field whose value changed.
type changed struct {
	*planned
	from, to any
}

// changes compares the fields of two states of a record; either may be nil.
func (p *plan) changes(old, r row) []changed {
	var out []changed
	for i, f := range p.fields {
		var from, to any
		if old != nil {
			from = old[f.slot]
		}
		if r != nil {
			to = r[f.slot]
		}
		if !same(from, to) {
			if out == nil {
				out = make([]changed, 0, len(p.fields)-i)
			}
			out = append(out, changed{f, from, to})
		}
	}
	return out
}

// appendChanges writes {"field":[from,to]}, values as the API shows them.
func appendChanges(dst []byte, changes []changed, trackedOnly bool) []byte {
	dst = append(dst, '{')
	first := true
	for _, c := range changes {
		if trackedOnly && !c.tracked {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(append(dst, c.key...), '[')
		dst = append(appendValue(dst, c.Value, c.from), ',')
		dst = append(appendValue(dst, c.Value, c.to), ']')
	}
	return append(dst, '}')
}

// told is what is told of a change: in the history (nil: nothing) and in the event.
type told struct{ history, event json.RawMessage }

// tell writes a change that was made. More is added to the history's changes: JSON
// members such as `"from":[…]`.
func tell(action Action, changes []changed, more string) *told {
	tracked := 0
	for _, c := range changes {
		if c.tracked {
			tracked++
		}
	}
	all := appendChanges(make([]byte, 0, 64*(len(changes)+1)), changes, false)
	if action == Updated && tracked == 0 {
		return &told{event: all}
	}
	history := json.RawMessage("{}")
	switch {
	case more != "":
		history = json.RawMessage(more)
	case action != Updated && action != Merged: // the rest of the history tells what there was
	case tracked == len(changes):
		history = all
	case tracked > 0:
		history = appendChanges(nil, changes, true)
	}
	return &told{history: history, event: all}
}

// record writes the history entry and the event of a change that was made; see tell.
func (u *unit) record(p *plan, action Action, key id.ID, changes []changed, more string) error {
	return u.write(p, action, key, tell(action, changes, more))
}

// write writes what is told of a change.
func (u *unit) write(p *plan, action Action, key id.ID, t *told) error {
	if t.history != nil {
		err := u.tx.Insert(u.ctx, historyTable, u.s.service.ids.Next(), map[string]any{
			"object": p.object.Doc.Name, "record": int64(key), "at": u.s.clock.UnixMilli(), "by": u.s.by(), "via": text(u.s.caller.Via),
			"action": string(action), "changes": t.history}, nil)
		if err != nil {
			return fmt.Errorf("writing the history: %w", err)
		}
	}
	return u.event(p, action, key, t.event)
}

// event puts a change into the outbox.
func (u *unit) event(p *plan, action Action, key id.ID, changes json.RawMessage) error {
	err := u.tx.Insert(u.ctx, outboxTable, u.s.service.ids.Next(), map[string]any{
		"object": p.object.Doc.Name, "record": int64(key), "action": string(action), "at": u.s.clock.UnixMilli(),
		"by": u.s.by(), "via": text(u.s.caller.Via), "depth": int64(u.s.depth), "revision": u.s.snapshot.Revision, "changes": changes}, nil)
	if err != nil {
		return fmt.Errorf("writing the outbox: %w", err)
	}
	return nil
}

// text is a text in stored form.
func text(s string) any { return emptyText(s) }

// touch marks a row as changed by the caller now.
func (s *Session) touch(r row) {
	version, _ := r[slotVersion].(int64)
	r[slotVersion], r[slotUpdatedAt], r[slotUpdatedBy] = version+1, s.clock.UnixMilli(), s.by()
}

// revise saves a change the platform makes to a record as a consequence of another:
// nothing is asked of the values, but all that follows from them is brought up to date.
func (u *unit) revise(p *plan, old row, change func(r row)) error {
	e := &env{ctx: u.ctx, s: u.s, reader: u.tx, plan: p, old: old, row: append(row(nil), old...)}
	change(e.row)
	if f := e.derive(); f != nil {
		return f
	}
	if e.err != nil {
		return e.err
	}
	changes := p.changes(old, e.row)
	if len(changes) == 0 {
		return nil
	}
	u.s.touch(e.row)
	if err := u.update(p, old, e.row); err != nil {
		return err
	}
	if err := u.record(p, Updated, id.ID(old[slotID].(int64)), changes, ""); err != nil {
		return err
	}
	return u.feed(p, old, e.row)
}

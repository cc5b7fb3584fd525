package write

import (
	"fmt"
	"slices"

	"formwork/engine/budget"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/record/draft"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/engine/store"
)

// known are records as they are in the transaction: those that were read ahead, for many
// operations at once, and what the unit made of them. So no operation asks for them one
// by one, before which a store would have to send what was written so far.
type known struct {
	rows map[recordKey]stored.Row // nil: there is none
	// there are records of which no more is known than that they are there.
	there map[recordKey]bool
	size  int           // of the rows, in bytes, about
	share *budget.Share // of the request, which counts them
}

// recordKey names a record.
type recordKey struct {
	table string
	id    id.ID
}

const (
	knownSize = 8 << 20 // bytes of the rows that are known, about; others are read when they are needed
	aheadRows = 250     // that are read at a time
	aheadKeys = 500     // that are looked for at a time
)

// row is a record that is known; nil if there is none.
func (k *known) row(m *stored.Mapping, key id.ID) (r stored.Row, ok bool) {
	r, ok = k.rows[recordKey{m.Object.Table.Name, key}]
	return r, ok
}

// isThere reports whether a record is known to be there.
func (k *known) isThere(table string, key id.ID) bool {
	at := recordKey{table, key}
	return k.there[at] || k.rows[at] != nil
}

// keep keeps a row in the place of a former one, if there is room for it.
func (k *known) keep(m *stored.Mapping, r stored.Row) {
	at := recordKey{m.Object.Table.Name, r.ID()}
	k.drop(at)
	if size := sizeOf(r); k.size+size <= knownSize && k.share.Try(int64(size)) == nil {
		k.size += size
		k.put(at, r)
	}
}

func (k *known) put(at recordKey, r stored.Row) {
	if k.rows == nil {
		k.rows = map[recordKey]stored.Row{}
	}
	k.rows[at] = r
}

func (k *known) drop(at recordKey) {
	size := sizeOf(k.rows[at])
	k.size -= size
	k.share.Release(int64(size))
	delete(k.rows, at)
}

// wrote notes what became of a record; r is nil for one that is gone.
func (k *known) wrote(m *stored.Mapping, key id.ID, r stored.Row) {
	at := recordKey{m.Object.Table.Name, key}
	if r == nil {
		k.drop(at)
		k.put(at, nil)
		delete(k.there, at)
		return
	}
	if _, ok := k.rows[at]; ok {
		k.keep(m, r.Clone())
	}
}

// heldSize is how many bytes of rows a deletion, a merge or a restoring holds at once, about:
// of the rows that don't fit it holds parts, and reads each again when it comes to it.
const heldSize = 16 << 20

// room is for rows that are held together. In nil there is none.
type room struct {
	left  int
	share *budget.Share // of the request, which counts them
}

func (u *Unit) room() *room { return &room{heldSize, u.share} }

// take is a row, if there is room for it, or a part of it.
func (o *room) take(m *stored.Mapping, r stored.Row) stored.Row {
	if o == nil {
		return m.Part(r)
	}
	size := sizeOf(r)
	if size > o.left || o.share.Try(int64(size)) != nil {
		return m.Part(r)
	}
	o.left -= size
	return r
}

// clear says that the rows are held no longer.
func (o *room) clear() {
	o.share.Release(int64(heldSize - o.left))
	o.left = heldSize
}

// sizeOf is about how many bytes a row takes.
func sizeOf(r stored.Row) int {
	size := 24 * len(r)
	for _, v := range r {
		size += store.ValueSize(v)
	}
	return size
}

// Keep has Load answer for records that were read, as they are at each time.
func (u *Unit) Keep(m *stored.Mapping, rows []stored.Row) {
	for _, r := range rows {
		u.known.keep(m, r)
	}
}

// forget forgets what was known, for some of it has been undone.
func (u *Unit) forget() {
	u.known.share.Release(int64(u.known.size))
	u.known, u.referrers, u.sequences, u.references = known{share: u.known.share}, nil, nil, nil
}

// readAhead reads records that will be asked for.
func (u *Unit) readAhead(m *stored.Mapping, keys []id.ID) error {
	var wanted []any
	for _, key := range slices.Compact(slices.Sorted(slices.Values(keys))) {
		if _, ok := u.known.row(m, key); !ok {
			wanted = append(wanted, int64(key))
		}
	}
	if len(wanted) < 2 {
		return nil
	}
	for part := range slices.Chunk(wanted, aheadRows) {
		found := make(map[id.ID]bool, len(part))
		for r, err := range u.each(m, query.In{Ref: query.Field(query.ID), Values: part}, 0) {
			if err != nil {
				return err
			}
			if u.known.size > knownSize/2 {
				return nil // the others are read when they are needed
			}
			found[r.ID()] = true
			u.known.keep(m, r)
		}
		for _, key := range part {
			if at := id.ID(key.(int64)); !found[at] {
				u.known.wrote(m, at, nil)
			}
		}
	}
	return nil
}

// findAhead looks which records of a table are there.
func (u *Unit) findAhead(table string, keys []any) error {
	if u.known.there == nil {
		u.known.there = map[recordKey]bool{}
	}
	for part := range slices.Chunk(keys, aheadKeys) {
		q := query.Select{Table: table, Columns: []query.Ref{query.Field(query.ID)}, Filter: query.In{Ref: query.Field(query.ID), Values: part}}
		for r, err := range u.Tx.Select(u.ctx, q) {
			if err != nil {
				return fmt.Errorf("looking for records of %s: %w", table, err)
			}
			u.known.there[recordKey{table, id.ID(r[0].(int64))}] = true
		}
	}
	return nil
}

// readAheadFor asks, for many operations at once, for what each of them would ask for.
func (u *Unit) readAheadFor(part []task) error {
	if err := u.prefetchDuplicatesFor(part); err != nil || len(part) < fewestPrefetched {
		return err
	}
	var m *stored.Mapping
	var targets, deleted []id.ID
	var ready []stored.Row // that are made
	var inputs []*draft.Input
	for i := range part {
		t := &part[i]
		if t.failed != nil || t.object == nil {
			continue
		}
		m = t.object.Mapping
		if t.op.ID != 0 {
			targets = append(targets, t.op.ID)
		}
		if t.op.Op == "delete" {
			deleted = append(deleted, t.op.ID)
		}
		switch {
		case t.ready != nil:
			ready = append(ready, t.ready.Row)
		case t.input != nil:
			inputs = append(inputs, t.input)
		}
	}
	if m == nil {
		return nil
	}
	if err := u.readAhead(m, targets); err != nil {
		return err
	}
	if err := u.readParents(m, slices.Concat(ready, u.knownAmong(m, targets), sent(m, inputs))); err != nil {
		return err
	}
	if err := u.readReferring(m, deleted); err != nil {
		return err
	}
	if err := u.findReferred(m, ready); err != nil {
		return err
	}
	references, err := draft.FindReferences(u.ctx, u.session, u.Tx, inputs)
	u.references = references
	return err
}

// knownAmong are the rows of those records that are known.
func (u *Unit) knownAmong(m *stored.Mapping, keys []id.ID) []stored.Row {
	var rows []stored.Row
	for _, key := range keys {
		if r, _ := u.known.row(m, key); r != nil {
			rows = append(rows, r)
		}
	}
	return rows
}

// sent are rows of no more than what was sent, if the records are counted by roll-ups.
func sent(m *stored.Mapping, inputs []*draft.Input) []stored.Row {
	if len(m.Object.Feeds) == 0 {
		return nil
	}
	rows := make([]stored.Row, len(inputs))
	for i, in := range inputs {
		rows[i] = make(stored.Row, len(m.Columns))
		in.Apply(rows[i], nil)
	}
	return rows
}

// readParents reads ahead the records whose roll-ups count rows.
func (u *Unit) readParents(m *stored.Mapping, rows []stored.Row) error {
	seen := map[string]bool{}
	for _, roll := range m.Object.Feeds {
		if seen[roll.Lookup.Column.Name] {
			continue
		}
		seen[roll.Lookup.Column.Name] = true
		var parents []id.ID
		for _, r := range rows {
			if parent, ok := m.Value(r, roll.Lookup.Column).(int64); ok {
				parents = append(parents, id.ID(parent))
			}
		}
		if err := u.readAhead(u.session.Mappings.Of(roll.Parent), parents); err != nil {
			return err
		}
	}
	return nil
}

// readParentsOf is readParents for records of several objects.
func (u *Unit) readParentsOf(records []stored.Record) error {
	for _, of := range byObject(records) {
		rows := make([]stored.Row, len(of))
		for i, r := range of {
			rows[i] = r.Row
		}
		if err := u.readParents(of[0].Mapping, rows); err != nil {
			return err
		}
	}
	return nil
}

// findReferred looks ahead for the records that rows refer to.
func (u *Unit) findReferred(m *stored.Mapping, rows []stored.Row) error {
	wanted := map[string][]any{}
	seen := map[recordKey]bool{}
	for _, r := range rows {
		for _, f := range m.References {
			if r[f.Slot] == nil {
				continue
			}
			object, key := f.Referred(r[f.Slot])
			o, ok := u.session.Snapshot.Objects[object]
			if !ok || object == session.UserObject && key == int64(u.session.Caller.User) {
				continue
			}
			at := recordKey{o.Table.Name, id.ID(key)}
			if !seen[at] && !u.known.isThere(at.table, at.id) {
				wanted[at.table] = append(wanted[at.table], key)
			}
			seen[at] = true
		}
	}
	for table, keys := range wanted {
		if len(keys) < 2 {
			continue
		}
		if err := u.findAhead(table, keys); err != nil {
			return err
		}
	}
	return nil
}

// attempt does an operation that counts by itself, and returns the fault that refused it.
// What is known is forgotten if the operation wrote before it was refused.
func (u *Unit) attempt(t *task) (*fault.Fault, error) {
	before := u.writes
	refused, err := u.Tx.Attempt(u.ctx, func() error { return u.do(t) })
	if err != nil {
		return nil, fmt.Errorf("doing an operation: %w", err)
	}
	if refused == nil {
		return nil, nil
	}
	if u.writes != before {
		u.forget()
	}
	f := fault.From(refused)
	if f.Kind.Breaks() {
		return nil, refused
	}
	return f, nil
}

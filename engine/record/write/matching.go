package write

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/metadata/fieldtype"
)

// An update or upsert may find its record by fields that need not be unique, among the
// records that the caller may read. Of several upserts of the same fields and values at
// most one makes a record, even if they come at once, to any process: who is about to make
// one locks a row that all of them agree on. Records that are made in another way are not
// held to that, but on SQLite, where the writes of a tenant run one after another.

// Limits of finding records by fields that need not be unique.
const (
	// maxMatched is how many fields there may be.
	maxMatched = 5
	// slowMatches is how many operations of a request may find records where no index
	// begins with one of the fields: each looks through the whole table while it writes.
	slowMatches = 10
	// toldMatches is up to where several records are counted.
	toldMatches = 10
	// lockRows is how many rows there are to be locked. Operations of other values may wait
	// for the same one.
	lockRows = 4096
)

// matching is what a record is found by.
type matching struct {
	labels string // of the fields, for people
	filter query.All
	lock   id.ID
}

// bindMatch finds out by what an operation finds its record: by the unique key of the
// fields that it names, if there is one, else by their values.
func (t *task) bindMatch(s *session.Session) error {
	if !t.object.Allows(policy.Read) {
		return s.Forbidden(t.object.Object, policy.Read)
	}
	if len(t.op.Match) > maxMatched {
		return fault.New(fault.TooLarge, "record.too_many_matched", "max", maxMatched).At("/match")
	}
	fields, err := t.matched()
	if err != nil {
		return err
	}
	for _, key := range t.object.Object.Unique {
		if len(key.Fields) == len(fields) && !slices.ContainsFunc(key.Fields, func(f *catalog.Field) bool { return !slices.Contains(fields, f) }) {
			t.op.Key = key.Name
			return nil
		}
	}
	r, err := t.target()
	if err != nil {
		return err
	}
	m := &matching{}
	hash := fnv.New64a()
	fmt.Fprintf(hash, "%q", t.object.Object.Doc.Name)
	var labels []string
	var all query.All
	for _, f := range fields {
		value := t.object.Mapping.Value(r, f.Column)
		if value == nil {
			return fault.New(fault.Invalid, "record.key_empty", "key", s.Label(f)).At("/" + f.Name)
		}
		labels = append(labels, s.Label(f))
		all = append(all, query.Is(f.Column, value))
		if column, folded := stored.Compared(f, value); column != f.Column { // which is what indexes are of
			all = append(all, query.Is(column, folded))
		}
		fmt.Fprintf(hash, "%q%q", f.Name, fmt.Sprint(value))
	}
	m.labels, m.filter, m.lock = strings.Join(labels, ", "), all, id.ID(hash.Sum64()%lockRows+1)
	t.match = m
	return nil
}

// divide parts what an operation sends: the values of fields that its record is found by and
// the caller may read and not write, and all else. The former are not written.
func (t *task) divide() (sought, written map[string]any) {
	names := t.op.Match
	if key, ok := upsertKey(t.object.Object, t.op.Key); ok {
		for _, f := range key.Fields {
			names = append(names, f.Name)
		}
	}
	written = t.op.Data
	for _, name := range names {
		f, ok := t.object.ByName[name]
		if value, sent := written[name]; sent && ok && t.object.Reads(f.Field) && !t.object.Writes(name) {
			if sought == nil {
				sought, written = map[string]any{}, maps.Clone(written)
			}
			sought[name] = value
			delete(written, name)
		}
	}
	return sought, written
}

// target is a row with the values that an operation's record is found by.
func (t *task) target() (stored.Row, error) {
	r := make(stored.Row, len(t.object.Columns))
	if faults := append(t.input.Apply(r, nil), t.sought.Apply(r, nil)...); len(faults) > 0 {
		return nil, fault.All(fault.Invalid, "record.invalid", faults)
	}
	return r, nil
}

// soughtFault refuses to make a record that could not be given the values it was looked for by.
func (t *task) soughtFault(s *session.Session) error {
	for _, f := range t.object.Object.Fields {
		if at, ok := t.object.ByName[f.Name]; ok && t.sought != nil && t.sought.Sent[at.Slot] {
			return fault.New(fault.Forbidden, "record.sought_read_only", "field", s.Label(f)).At("/" + f.Name)
		}
	}
	return nil
}

// matched are the fields that an operation names, sorted, each once.
func (t *task) matched() ([]*catalog.Field, error) {
	var fields []*catalog.Field
	for _, name := range t.op.Match {
		f, ok := t.object.Object.Field(name)
		if !ok || !t.object.Reads(f) {
			return nil, session.UnknownField(t.object, "record.unknown_field", name).At("/match")
		}
		if f.Column.Storage == fieldtype.None || !slices.Contains(fieldtype.UsesOf(f.Value).Operators, "==") {
			return nil, fault.New(fault.Invalid, "record.not_matched", "field", name).At("/match")
		}
		if !slices.Contains(fields, f) {
			fields = append(fields, f)
		}
	}
	slices.SortFunc(fields, func(a, b *catalog.Field) int { return cmp.Compare(a.Name, b.Name) })
	return fields, nil
}

// limitMatches refuses the operations that would look through the table once too often.
func (b *bulk) limitMatches() {
	slow := 0
	for i := range b.tasks {
		t := &b.tasks[i]
		if t.match == nil || t.failed != nil || b.w.indexed(t) {
			continue
		}
		if slow++; slow > slowMatches {
			t.failed = fault.New(fault.Limited, "record.match_not_indexed", "fields", t.match.labels, "max", slowMatches).At("/match")
		}
	}
}

// indexed reports whether an index begins with a field that an operation finds its record by.
func (w *Writer) indexed(t *task) bool {
	for _, index := range w.Snapshot.Indexes[t.object.Object.Doc.Name] {
		first := index.Columns[0].Column
		if slices.ContainsFunc(t.match.filter, func(f query.Filter) bool {
			compares, ok := f.(query.Compare)
			return ok && compares.Ref.Column == first
		}) {
			return true
		}
	}
	return false
}

// recordOfMatch finds the record of an update or upsert; 0 if it is to be made, which
// nobody else does until the transaction ends.
func (u *Unit) recordOfMatch(t *task) (id.ID, error) {
	may, err := u.session.RecordFilter(u.ctx, t.object.Object.Doc.Name, policy.Read)
	if err != nil {
		return 0, err
	}
	q := query.Select{Table: t.object.Object.Table.Name, Columns: []query.Ref{query.Field(query.ID)},
		Filter: query.And(t.match.filter, may), Limit: toldMatches + 1}
	var found []id.ID
	for r, err := range u.Tx.Select(u.ctx, q) {
		if err != nil {
			return 0, fmt.Errorf("looking for a record by its values: %w", err)
		}
		found = append(found, id.ID(r[0].(int64)))
	}
	switch n := len(found); {
	case n == 1:
		return found[0], nil
	case n > toldMatches:
		return 0, fault.New(fault.Conflict, "record.matches_many", "max", toldMatches, "fields", t.match.labels).At("/match")
	case n > 1:
		return 0, fault.New(fault.Conflict, "record.matches_several", "records", n, "fields", t.match.labels).At("/match")
	case t.op.Op == "update":
		return 0, fault.New(fault.NotFound, "record.match_not_found", "fields", t.match.labels)
	}
	return 0, u.lockRow(t.match.lock)
}

// lockRow has all that lock the same row run one after another, or again.
func (u *Unit) lockRow(key id.ID) error {
	there, err := session.Exists(u.ctx, u.Tx, stored.LockTable, query.Is(query.ID, int64(key)))
	if err != nil {
		return fmt.Errorf("looking for a row to lock: %w", err)
	}
	if there {
		err = u.Tx.Lock(u.ctx, stored.LockTable, key)
	} else {
		err = u.Tx.Insert(u.ctx, stored.LockTable, key, nil, nil)
	}
	if err != nil {
		return fmt.Errorf("locking a row: %w", err)
	}
	return nil
}

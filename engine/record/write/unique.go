package write

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/record/stored"
	"formwork/engine/store"
)

// upsertKey finds the unique key that an upsert names.
func upsertKey(o *catalog.Object, name string) (*catalog.UniqueKey, bool) {
	for _, key := range o.Unique {
		if key.Name == name {
			return key, true
		}
	}
	return nil, false
}

// keyed finds the record that has the values of a unique key; 0 if none has, or one
// of the values is empty.
func (u *Unit) keyed(m *stored.Mapping, key *catalog.UniqueKey, r stored.Row) (id.ID, error) {
	f, ok := m.KeyFilter(key, r)
	if !ok {
		return 0, nil
	}
	return byKey(u.ctx, u.Tx, m, f)
}

// byKey finds the one record that a filter on a unique key selects.
func byKey(ctx context.Context, reader store.Reader, m *stored.Mapping, f query.Filter) (id.ID, error) {
	q := query.Select{Table: m.Object.Table.Name, Columns: []query.Ref{query.Field(query.ID)}, Filter: f, Limit: 1}
	for r, err := range reader.Select(ctx, q) {
		if err != nil {
			return 0, fmt.Errorf("looking for a record by its key: %w", err)
		}
		return id.ID(r[0].(int64)), nil
	}
	return 0, nil
}

// skipTakenKey leaves a record out of a unique key that it would come into, if another
// record has the same values there. Both records are older than the key, and the caller
// changes something else, so the save must not fail for it. The record comes into the key
// when it is next changed while the values are free.
func (u *Unit) skipTakenKey(m *stored.Mapping, key *catalog.UniqueKey, old, r stored.Row) error {
	var filled []int
	for _, f := range key.Fields {
		if slot, ok := m.Slots[key.Compared(f).Name]; ok && !stored.Same(old[slot], r[slot]) {
			filled = append(filled, slot)
		}
	}
	if filled == nil {
		return nil
	}
	found, err := u.keyed(m, key, r)
	if err != nil || found == 0 || found == r.ID() {
		return err
	}
	for _, slot := range filled {
		r[slot] = nil
	}
	return nil
}

// checkUnique finds out, where that is looked for before writing, whether another record
// has a value that only one may have. The store's unique indexes decide in any case.
func (s *saving) checkUnique() error {
	if !s.u.looksForKeys {
		return nil
	}
	for _, key := range s.Mapping.Object.Unique {
		if s.Old != nil && !s.Mapping.KeyMoved(key, s.Old, s.Row) {
			continue
		}
		found, err := s.u.keyed(s.Mapping, key, s.Row)
		if err != nil {
			return err
		}
		if found != 0 && found != s.ID {
			return s.u.notUnique(s.Mapping, key)
		}
	}
	return nil
}

// isNotUnique reports whether an error is one of notUnique.
func isNotUnique(err error) bool {
	return fault.Is(err, "record.not_unique") || fault.Is(err, "record.not_unique_message") || fault.Is(err, "record.not_unique_hidden")
}

// notUnique is the fault of values that another record has, at the key's first field;
// fields that the caller may not read are not named.
func (u *Unit) notUnique(m *stored.Mapping, key *catalog.UniqueKey) error {
	a, err := u.session.ObjectOf(u.ctx, m.Object)
	if err != nil {
		return err
	}
	var labels []string
	pointer, message := "", ""
	for _, f := range key.Fields {
		if a.Reads(f) {
			labels = append(labels, u.session.Label(f))
			pointer = cmp.Or(pointer, "/"+f.Name)
		}
	}
	if key.Doc != nil { // what it says is told to everybody
		message = key.Doc.Message.In(u.session.Caller.Language, "")
	}
	f := fault.New(fault.Conflict, "record.not_unique", "field", strings.Join(labels, ", "))
	switch {
	case message != "":
		f = fault.New(fault.Conflict, "record.not_unique_message", "field", strings.Join(labels, ", "), "message", message)
	case len(labels) == 0:
		f = fault.New(fault.Conflict, "record.not_unique_hidden")
	}
	return f.At(pointer)
}

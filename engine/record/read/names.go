package read

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"formwork/engine/budget"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// Names are what records are called, by object and id. A record that has no name is called "".
type Names map[string]map[id.ID]string

// Bounds of the names in one answer.
const (
	MaxNames    = 10_000  // to which references lead; others are left out
	namesBytes  = 4 << 20 // of which all are told
	namesAtOnce = 2_000   // ids in one query
	// nameEntry is what a name takes as JSON besides its text: its id, and what JSON writes.
	nameEntry = 24
)

// Names tells what the records are called to which references in some records lead: lookups,
// also those that were reached by paths, and those in child rows. It has the records that the
// caller may read, of objects whose names they may read, and asks as NamesOf. An answer has at
// most 10,000 names. Faults: those of package budget.
func (s *Reader) Names(ctx context.Context, records ...Record) (Names, error) {
	return s.NamesWith(ctx, nil, records...)
}

// NamesWith is Names, and besides what those are called who made some changes, and to which
// references lead that were changed, but for those in child rows.
func (s *Reader) NamesWith(ctx context.Context, changes []Entry, records ...Record) (Names, error) {
	to, err := referencesOf(changes, records)
	if err != nil {
		return nil, err
	}
	return s.namesOf(ctx, to)
}

// namesOf reads the names of what some references lead to.
func (s *Reader) namesOf(ctx context.Context, to references) (Names, error) {
	named := map[string][]id.ID{}
	for object, keys := range to.of {
		a, err := s.AnyObject(ctx, object)
		switch {
		case refusedOr(err) != nil:
			return nil, err
		case err == nil && a.ShowsText(a.Object.NameField):
			named[object] = keys
		}
	}
	return s.NamesOf(ctx, named)
}

// NamesOf tells what some records are called, given by object: those that the caller may read, and
// no others; "" where they may not read the name, and beyond 4 MiB of names. There are none of an
// object that they may not read, or that there is not. It asks once for each object, up to 2,000
// ids. Faults: those of package budget.
func (s *Reader) NamesOf(ctx context.Context, records map[string][]id.ID) (Names, error) {
	names, size := Names{}, 0
	for _, object := range slices.Sorted(maps.Keys(records)) {
		a, err := s.Object(ctx, object, policy.Read)
		if refusedOr(err) != nil {
			return nil, err
		}
		if err != nil {
			continue
		}
		for part := range slices.Chunk(records[object], namesAtOnce) {
			if err := s.addNames(ctx, a, part, names, &size); err != nil {
				return nil, err
			}
		}
	}
	return names, nil
}

// addNames reads the names of some records of an object. size is what all names take so far.
func (s *Reader) addNames(ctx context.Context, a *session.Object, keys []id.ID, names Names, size *int) error {
	object := a.Object.Doc.Name
	read, err := s.RecordFilter(ctx, object, policy.Read)
	if err != nil {
		return err
	}
	among := make([]any, len(keys))
	for i, key := range keys {
		among[i] = int64(key)
	}
	q := query.Select{Table: a.Object.Table.Name, Columns: []query.Ref{query.Field(query.ID)},
		Filter: query.And(query.In{Ref: query.Field(query.ID), Values: among}, read)}
	shown := a.ShowsText(a.Object.NameField)
	if shown {
		q.Columns = append(q.Columns, query.Field(a.Object.NameField.Column))
	}
	for r, err := range s.Tenant.Select(ctx, q) {
		if err != nil {
			return fmt.Errorf("reading names of %s: %w", object, err)
		}
		name := ""
		if shown {
			name = a.ShownText(a.Object.NameField, r[1])
		}
		if *size += nameEntry + len(name) + escaped(name); *size > namesBytes {
			name = ""
		}
		if err := budget.From(ctx).Hold(ctx, 2*int64(nameEntry+len(name)+escaped(name))); err != nil { // the name, and its JSON
			return err
		}
		if names[object] == nil {
			names[object] = make(map[id.ID]string, len(keys))
		}
		names[object][id.ID(r[0].(int64))] = name
	}
	return nil
}

// Among are those of the names to which references in some records lead.
func (n Names) Among(records ...Record) (Names, error) { return n.AmongWith(nil, records...) }

// AmongWith is Among, with what NamesWith tells of some changes.
func (n Names) AmongWith(changes []Entry, records ...Record) (Names, error) {
	to, err := referencesOf(changes, records)
	if err != nil {
		return nil, err
	}
	among := Names{}
	for one := range to.seen {
		key := id.ID(one.key)
		name, ok := n[one.object][key]
		if !ok {
			continue
		}
		if among[one.object] == nil {
			among[one.object] = map[id.ID]string{}
		}
		among[one.object][key] = name
	}
	return among, nil
}

// reference is where a reference leads.
type reference struct {
	object string
	key    int64
}

// references are where some references lead: ids by object, each once.
type references struct {
	of   map[string][]id.ID
	seen map[reference]bool
}

// referencesOf are those in some changes and some records; a record's own id is none.
func referencesOf(changes []Entry, records []Record) (references, error) {
	to := references{of: map[string][]id.ID{}, seen: map[reference]bool{}}
	for _, e := range changes {
		for _, one := range e.refers {
			to.lead(one)
		}
	}
	for _, r := range records {
		for i, c := range r.Fields() {
			if c.Name == query.ID.Name {
				continue
			}
			if err := to.add(c.Value, r.Value(i)); err != nil {
				return to, err
			}
		}
	}
	return to, nil
}

// lead takes in where a reference leads.
func (r *references) lead(to reference) {
	if to.key != 0 && !r.seen[to] && len(r.seen) < MaxNames {
		r.seen[to] = true
		r.of[to.object] = append(r.of[to.object], id.ID(to.key))
	}
}

// add takes in what a value in stored form refers to: by itself, or in its rows.
func (r *references) add(value fieldtype.Value, v any) error {
	switch value := value.(type) {
	case fieldtype.Refers:
		object, key := stored.Referred(value, v)
		r.lead(reference{object, key})
	case fieldtype.Nests:
		raw, ok := v.(json.RawMessage)
		if !ok {
			return nil
		}
		rows, err := fieldtype.Rows(value, raw)
		if err != nil {
			return err
		}
		for _, row := range rows {
			for name, field := range value.Fields() {
				if err := r.add(field.Value, row[name]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// AppendJSON appends the names as an object of objects, ordered by object and id.
func (n Names) AppendJSON(dst []byte) []byte {
	dst = append(dst, '{')
	for i, object := range slices.Sorted(maps.Keys(n)) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(dst, stored.JSONKey(object)...), '{')
		for j, key := range slices.Sorted(maps.Keys(n[object])) {
			if j > 0 {
				dst = append(dst, ',')
			}
			dst = append(stored.AppendID(dst, key), ':')
			dst = metadata.AppendString(dst, n[object][key])
		}
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

// MarshalJSON is AppendJSON for encoding/json.
func (n Names) MarshalJSON() ([]byte, error) { return n.AppendJSON(nil), nil }

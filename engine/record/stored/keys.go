package stored

import (
	"formwork/engine/catalog"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// KeyFilter selects the record with a row's values of a unique key; ok is false if
// one of them is empty, which no record is held to.
func (m *Mapping) KeyFilter(key *catalog.UniqueKey, r Row) (f query.Filter, ok bool) {
	var all query.All
	for _, field := range key.Fields {
		c, v := ComparedBy(key, field, m.Value(r, field.Column))
		if v == nil {
			return nil, false
		}
		all = append(all, query.Is(c, v))
	}
	return all, true
}

// KeyMoved reports whether a change concerns a unique key.
func (m *Mapping) KeyMoved(key *catalog.UniqueKey, old, r Row) bool {
	for _, f := range key.Fields {
		if !Same(m.Value(old, f.Column), m.Value(r, f.Column)) {
			return true
		}
	}
	return false
}

// ComparedBy is the column by which a unique key compares one of its fields, and a value as
// it stands there.
func ComparedBy(key *catalog.UniqueKey, f *catalog.Field, stored any) (query.Column, any) {
	if c := key.Compared(f); c != f.Key {
		return c, stored
	}
	return Compared(f, stored)
}

// Compared is the column by which a field is sorted and looked for whatever the case, and a
// value as it stands there.
func Compared(f *catalog.Field, stored any) (query.Column, any) {
	folds, can := f.Value.(fieldtype.Folds)
	if !can || f.Key.Name == "" {
		return f.Column, stored
	}
	if stored == nil {
		return f.Key, nil
	}
	return f.Key, store.Text(folds.Fold(stored))
}

package record

import (
	"formwork/engine/catalog"
	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

// keyFilter selects the record with a row's values of a unique key; ok is false if
// one of them is empty, which no record is held to.
func (m *mapping) keyFilter(key *catalog.UniqueKey, r row) (f query.Filter, ok bool) {
	var all query.All
	for _, field := range key.Fields {
		c, v := compared(field, m.value(r, field.Column))
		if v == nil {
			return nil, false
		}
		all = append(all, query.Is(c, v))
	}
	return all, true
}

// moved reports whether a change concerns a unique key.
func (m *mapping) moved(key *catalog.UniqueKey, old, r row) bool {
	for _, f := range key.Fields {
		if !same(m.value(old, f.Column), m.value(r, f.Column)) {
			return true
		}
	}
	return false
}

// compared is the column by which keys compare a field, and a value as it stands there.
func compared(f *catalog.Field, stored any) (query.Column, any) {
	folds, can := f.Value.(fieldtype.Folds)
	if !can || f.Key.Name == "" {
		return f.Column, stored
	}
	if stored == nil {
		return f.Key, nil
	}
	return f.Key, emptyText(folds.Fold(stored))
}

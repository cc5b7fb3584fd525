package stored

import (
	"formwork/engine/catalog"
	"formwork/engine/search"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// companion is a column that follows a field.
type companion struct {
	from, to int
	derive   func(stored any) any
}

// partColumns are the columns of a value's parts.
type partColumns struct {
	from int
	to   []int
	into func(stored any) []any
}

// addCompanions adds the columns that follow a field, and finds the field its options depend on.
func (m *Mapping) addCompanions(f *Field) {
	if f.Key.Name != "" {
		if folds, ok := f.Value.(fieldtype.Folds); ok {
			m.folded = append(m.folded, companion{from: f.Slot, to: m.add(f.Key), derive: func(stored any) any { return store.Text(folds.Fold(stored)) }})
		}
	}
	if f.Exact.Name != "" {
		m.folded = append(m.folded, companion{from: f.Slot, to: m.add(f.Exact), derive: func(stored any) any { return stored }})
	}
	if f.Count.Name != "" {
		m.add(f.Count)
	}
	if has, ok := f.Value.(fieldtype.Parts); ok && len(f.Parts) > 0 {
		s := partColumns{from: f.Slot, into: has.Split}
		for _, part := range f.Parts {
			s.to = append(s.to, m.add(part.Column))
		}
		m.parts = append(m.parts, s)
	}
	chooses, ok := f.Value.(fieldtype.Chooses)
	if !ok {
		return
	}
	if !f.Computed {
		m.Options = append(m.Options, f)
	}
	if f.DependsOn = m.ByName[chooses.DependsOn()]; f.DependsOn != nil {
		m.Dependent = append(m.Dependent, f)
	}
}

// FillCompanions fills the columns that follow fields.
func (m *Mapping) FillCompanions(r Row) {
	for _, s := range m.parts {
		var parts []any
		if v := r[s.from]; v != nil {
			parts = s.into(v)
		}
		for i, to := range s.to {
			r[to] = nil
			if parts != nil {
				r[to] = parts[i]
			}
		}
	}
	for _, columns := range [2][]companion{m.folded, m.matched} {
		for _, c := range columns {
			if v := r[c.from]; v != nil {
				r[c.to] = c.derive(v)
			} else {
				r[c.to] = nil
			}
		}
	}
}

// ZeroRollups gives roll-ups the values they have without children.
func (m *Mapping) ZeroRollups(r Row) {
	for _, f := range m.rollups {
		r[f.Slot] = nil
		if op := f.Value.(fieldtype.Rolls).Rollup().Op; op == "count" || op == "sum" {
			r[f.Slot] = int64(0)
		}
		if f.Count.Name != "" {
			r[m.Slots[f.Count.Name]] = int64(0)
		}
	}
}

// WordsOf are the words that a record is found by; nil for an object without search.
func (m *Mapping) WordsOf(r Row) []string {
	if !m.Searchable {
		return nil
	}
	texts := make([]string, 0, len(m.Searched))
	for _, f := range m.Searched {
		texts = AppendTexts(texts, f.Value, r[f.Slot])
	}
	// Not nil: a record without words has none any more.
	return append([]string{}, search.Words(texts...)...)
}

// AppendTexts appends the texts in a stored value that words are taken from.
func AppendTexts(texts []string, of fieldtype.Value, v any) []string {
	switch v := v.(type) {
	case string:
		if of, ok := of.(fieldtype.Words); ok {
			return append(texts, of.Words(v))
		}
		return append(texts, v)
	case []string:
		return append(texts, v...)
	}
	return texts
}

// duplicateKey makes the key of a match: what is alike has the same.
func duplicateKey(match *catalog.Match) func(stored any) any {
	how, value := match.Doc.How, match.Field.Value
	return func(stored any) any {
		s, ok := stored.(string)
		if !ok && how == "exact" {
			return store.Text(value.CSV(stored))
		}
		return store.Text(fieldtype.Normalize(how, s))
	}
}

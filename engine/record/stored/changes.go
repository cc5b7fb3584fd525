package stored

// Changed is a slot of a field whose value changed.
type Changed struct {
	*Field
	from, to any
}

// Changes compares the fields of two states of a record; either may be nil.
func (m *Mapping) Changes(old, r Row) []Changed {
	var out []Changed
	for i, f := range m.Fields {
		var from, to any
		if old != nil {
			from = old[f.Slot]
		}
		if r != nil {
			to = r[f.Slot]
		}
		if !Same(from, to) {
			if out == nil {
				out = make([]Changed, 0, len(m.Fields)-i)
			}
			out = append(out, Changed{f, from, to})
		}
	}
	return out
}

// Differ reports whether a field has different values in two states of a record.
func (m *Mapping) Differ(old, r Row) bool {
	for _, f := range m.Fields {
		if !Same(old[f.Slot], r[f.Slot]) {
			return true
		}
	}
	return false
}

// AppendChanges writes {"field":[from,to]}, values as the API shows them.
func AppendChanges(dst []byte, changes []Changed, trackedOnly bool) []byte {
	dst = append(dst, '{')
	first := true
	for _, c := range changes {
		if trackedOnly && !c.Tracked {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(append(dst, c.jsonKey...), '[')
		dst = append(AppendValue(dst, c.Value, c.from), ',')
		dst = append(AppendValue(dst, c.Value, c.to), ']')
	}
	return append(dst, '}')
}

package record

// changed is a slot of a field whose value changed.
type changed struct {
	*field
	from, to any
}

// changes compares the fields of two states of a record; either may be nil.
func (m *mapping) changes(old, r row) []changed {
	var out []changed
	for i, f := range m.fields {
		var from, to any
		if old != nil {
			from = old[f.slot]
		}
		if r != nil {
			to = r[f.slot]
		}
		if !same(from, to) {
			if out == nil {
				out = make([]changed, 0, len(m.fields)-i)
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
		dst = append(append(dst, c.jsonKey...), '[')
		dst = append(appendValue(dst, c.Value, c.from), ',')
		dst = append(appendValue(dst, c.Value, c.to), ']')
	}
	return append(dst, '}')
}

// Package demand knows what questions ask of indexes: the shape of a list or an
// aggregation, which is what an index for it is on, and how often each shape is used.
package demand

import (
	"slices"
	"strings"

	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// Shape is what a list or an aggregation asks of an index, without the values that it
// looks for. Questions of one shape are served by the same indexes.
type Shape struct {
	// Equal are the columns that are held equal to one value: the owner, then by name.
	Equal []query.Column
	// Then is the order in which what they leave is read: the sort and the id, what is
	// grouped by, or a column that is bounded. It begins ascending, since an index is read
	// in both directions.
	Then []store.IndexColumn
	// Also are columns that an aggregation reads besides, by name. An index that has them
	// answers it without the rows.
	Also []query.Column
}

// maxColumns bounds the columns of a shape: more of them are nobody's habit.
const maxColumns = 8

// OfList is the shape of a list; ok is false where no index of the table helps, or none
// but its key is needed.
func OfList(q query.Select) (s Shape, ok bool) {
	if len(q.Words) > 0 {
		return s, false
	}
	equal, bounded := Conditions(q.Filter)
	s.Equal = ordered(equal)
	for _, key := range q.Sort {
		if len(key.Ref.Hops) > 0 {
			s.Then = nil // no index reaches through a lookup
			break
		}
		if slices.Contains(s.Equal, key.Ref.Column) && key.Ref.Column != query.ID {
			continue // all are the same there
		}
		s.Then = append(s.Then, store.IndexColumn{Column: key.Ref.Column, Descending: key.Descending})
	}
	s.turn()
	if byID := len(s.Then) == 1 && s.Then[0].Column == query.ID; byID && len(bounded) > 0 && bounded[0] != query.ID {
		s.Then[0].Column = bounded[0]
	}
	return s, s.helps()
}

// OfAggregate is the shape of an aggregation; ok as for OfList.
func OfAggregate(q query.Aggregate) (s Shape, ok bool) {
	if len(q.Words) > 0 {
		return s, false
	}
	equal, _ := Conditions(q.Filter)
	s.Equal = ordered(equal)
	r := reading{covers: true}
	for _, group := range q.Groups {
		if group.By != query.ByValue || len(group.Ref.Hops) > 0 {
			r.ref(group.Ref)
			continue
		}
		if c := group.Ref.Column; !slices.Contains(s.Equal, c) {
			s.Then = append(s.Then, store.IndexColumn{Column: c})
		}
	}
	r.filter(q.Filter)
	for _, m := range q.Measures {
		if m.Op != query.Count {
			r.ref(m.Ref)
		}
		r.filter(m.Filter)
	}
	if r.covers {
		for _, c := range ordered(r.columns) {
			if c != query.ID && !slices.Contains(s.Equal, c) && !slices.Contains(s.Then, store.IndexColumn{Column: c}) {
				s.Also = append(s.Also, c)
			}
		}
	}
	if len(s.columns()) > maxColumns {
		s.Also = nil
	}
	return s, s.helps()
}

// reading collects the columns that an aggregation reads of the table itself.
type reading struct {
	columns []query.Column
	// covers is false once an index would have to hold what is too large for one.
	covers bool
}

func (r *reading) ref(ref query.Ref) {
	c := ref.Column
	if len(ref.Hops) > 0 {
		c = ref.Hops[0].Lookup
	}
	if c.Storage == fieldtype.List || c.Storage == fieldtype.JSON {
		r.covers = false
	}
	if !slices.Contains(r.columns, c) {
		r.columns = append(r.columns, c)
	}
}

func (r *reading) filter(f query.Filter) {
	query.MapRefs(f, func(ref query.Ref) query.Ref { r.ref(ref); return ref })
}

// helps reports whether an index of this shape is of use, and a sensible one.
func (s *Shape) helps() bool {
	n := len(s.columns())
	keyed := slices.Contains(s.Equal, query.ID) || len(s.Equal) == 0 && len(s.Then) == 1 && s.Then[0].Column == query.ID
	return n > 0 && n <= maxColumns && !keyed
}

// turn makes the order begin ascending.
func (s *Shape) turn() {
	if len(s.Then) > 0 && s.Then[0].Descending {
		s.Then = turned(s.Then)
	}
}

func turned(columns []store.IndexColumn) []store.IndexColumn {
	columns = slices.Clone(columns)
	for i := range columns {
		columns[i].Descending = !columns[i].Descending
	}
	return columns
}

// ordered are columns with the owner first, then by name.
func ordered(columns []query.Column) []query.Column {
	slices.SortFunc(columns, func(a, b query.Column) int {
		switch {
		case a == b:
			return 0
		case a == query.Owner:
			return -1
		case b == query.Owner:
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	return columns
}

// columns are those of an index of this shape, in order.
func (s *Shape) columns() []store.IndexColumn {
	all := make([]store.IndexColumn, 0, len(s.Equal)+len(s.Then)+len(s.Also))
	for _, c := range s.Equal {
		all = append(all, store.IndexColumn{Column: c})
	}
	all = append(all, s.Then...)
	for _, c := range s.Also {
		all = append(all, store.IndexColumn{Column: c})
	}
	return all
}

// Columns are those of an index of this shape, in order.
func (s Shape) Columns() []store.IndexColumn { return s.columns() }

// ServedBy reports whether an index does what one of this shape would: it finds the rows,
// gives them in the order, and has all that is read besides.
func (s Shape) ServedBy(i store.Index) bool {
	if i.Unique {
		return s.findsOne(i)
	}
	if i.Filled && !slices.Contains(s.Equal, i.Columns[0].Column) {
		return false // it leaves out rows that are wanted
	}
	n := len(s.Equal)
	if len(i.Columns) < n {
		return false
	}
	for _, c := range i.Columns[:n] {
		if !slices.Contains(s.Equal, c.Column) {
			return false
		}
	}
	rest := i.Columns[n:]
	if !reads(rest, s.Then) && !reads(rest, turned(s.Then)) {
		return false
	}
	return !slices.ContainsFunc(s.Also, func(c query.Column) bool {
		return !slices.ContainsFunc(rest, func(has store.IndexColumn) bool { return has.Column == c })
	})
}

// findsOne reports whether a unique index leads to the one row that there can be.
func (s Shape) findsOne(i store.Index) bool {
	return !slices.ContainsFunc(i.Columns, func(c store.IndexColumn) bool { return !slices.Contains(s.Equal, c.Column) })
}

// reads reports whether columns of an index are read in an order. Stores end an index with
// the id by themselves, ascending, so there it need not be named.
func reads(columns, order []store.IndexColumn) bool {
	if last := len(order) - 1; last >= 0 && len(columns) == last && order[last] == (store.IndexColumn{Column: query.ID}) {
		order = order[:last]
	}
	return len(columns) >= len(order) && slices.Equal(columns[:len(order)], order)
}

// String is the shape as a text, from which Read makes it again.
func (s Shape) String() string {
	var b strings.Builder
	write := func(i int, c store.IndexColumn) {
		if i > 0 {
			b.WriteByte(',')
		}
		if c.Descending {
			b.WriteByte('-')
		}
		b.WriteString(c.Column.Name)
	}
	for i, c := range s.Equal {
		write(i, store.IndexColumn{Column: c})
	}
	b.WriteByte('|')
	for i, c := range s.Then {
		write(i, c)
	}
	b.WriteByte('|')
	for i, c := range s.Also {
		write(i, store.IndexColumn{Column: c})
	}
	return b.String()
}

// Read makes a shape of its text; ok is false where find does not know one of its columns,
// or for a text that is none.
func Read(text string, find func(name string) (query.Column, bool)) (s Shape, ok bool) {
	parts := strings.Split(text, "|")
	if len(parts) != 3 {
		return s, false
	}
	var read [3][]store.IndexColumn
	for i, part := range parts {
		for name := range strings.SplitSeq(part, ",") {
			if part == "" {
				break
			}
			name, descending := strings.CutPrefix(name, "-")
			c, known := find(name)
			if !known {
				return s, false
			}
			read[i] = append(read[i], store.IndexColumn{Column: c, Descending: descending})
		}
	}
	for _, c := range read[0] {
		s.Equal = append(s.Equal, c.Column)
	}
	s.Then = read[1]
	for _, c := range read[2] {
		s.Also = append(s.Also, c.Column)
	}
	return s, len(s.columns()) > 0
}

// Conditions finds a table's own columns that a filter holds equal to one value, and those
// that it bounds, in the order in which they are written.
func Conditions(filter query.Filter) (equal, bounded []query.Column) {
	var collect func(f query.Filter)
	collect = func(f query.Filter) {
		switch f := f.(type) {
		case query.All:
			for _, part := range f {
				collect(part)
			}
		case query.Any:
			if len(f) == 1 {
				collect(f[0])
			}
		case query.Compare:
			switch {
			case len(f.Ref.Hops) > 0 || f.Value == nil || f.Op == query.Ne:
			case f.Op == query.Eq && !slices.Contains(equal, f.Ref.Column):
				equal = append(equal, f.Ref.Column)
			case f.Op != query.Eq && !slices.Contains(bounded, f.Ref.Column):
				bounded = append(bounded, f.Ref.Column)
			}
		}
	}
	collect(filter)
	return equal, bounded
}

package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"formwork/engine/expression"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// maxIndexes bounds the indexes of an object that are planned for speed. Those
// that something relies on (unique keys, references, duplicate rules, indexes
// asked for by hand) come first and are never left out.
const maxIndexes = 12

// mostIndexes bounds those, too, but for unique keys, which decide what is right:
// a MongoDB collection has 64 indexes at most, two of them the store's own.
const mostIndexes = 60

// column is a column of a planned index.
type column = store.IndexColumn

// planIndexes chooses the indexes of an object. docs/indexes.md says the rule in
// words; candidates come in the order of their worth, and one that is the
// beginning of another is left out, until there are enough:
//
//  1. unique keys, references (with the sort of a related list), lists that need
//     theirs, the keys of duplicate rules, indexes asked for by hand;
//  2. each view: what its filter holds equal, then its sort or, without one, what
//     its filter bounds; a kanban counts its group as held equal. Where records are
//     private, first with the owner before, as the policy adds it to most queries,
//     then without, for those who see all; and the owner alone;
//  3. lists made on the spot: every pair of an equality field (indexed options and
//     checkboxes, and those that views hold equal) and a sort field (indexed, or
//     sorted by in views), with and without the owner in turn, those of indexed fields
//     first; among the others each sort field alone; then each equality field.
//
// An index on (owner, status, revenue, id) serves the sort in both directions, the
// count, and the sum of revenue by status without reading a row. Every index for a
// sort ends with the id, as sorts do.
func planIndexes(o *Object, lists []*List) []store.Index {
	p := &planner{object: o}
	p.relied(lists)
	if o.private() {
		p.lists(lists, query.Owner)
	}
	p.lists(lists)
	if o.private() {
		p.add([]column{asc(query.Owner), asc(query.ID)})
	}
	p.pairs(lists)
	return p.chosen()
}

// private reports whether a caller in general sees the own records only.
func (o *Object) private() bool {
	return o.Owned && (o.Doc.Visibility == "" || o.Doc.Visibility == "private")
}

type planner struct {
	object    *Object
	needed    []store.Index // never left out
	candidate [][]column
}

func asc(c query.Column) column { return column{Column: c} }

// relied adds what keys, deletes and duplicate rules rely on, and what was asked for.
func (p *planner) relied(lists []*List) {
	o := p.object
	for _, key := range o.Unique {
		p.needed = append(p.needed, store.Index{Name: key.Index, Columns: key.columns(), Unique: true})
	}
	for _, l := range lists {
		if l.Object == o && l.Lookup != nil && !l.Lookup.System {
			columns := withSort([]column{asc(l.Lookup.Column)}, l)
			if len(l.Sort) == 0 {
				columns = append(columns, asc(query.ID))
			}
			p.need(true, columns)
		}
	}
	for _, l := range lists {
		if l.Object == o && l.Needed {
			p.need(false, withSort(held(l), l))
		}
	}
	for _, f := range o.Fields {
		if _, refers := f.Value.(fieldtype.Refers); refers && !f.System {
			p.need(true, []column{asc(f.Column)})
		}
	}
	for _, rule := range o.Dupes {
		var columns []column
		for _, m := range rule.Matches {
			if m.Doc.How != "fuzzy" {
				columns = append(columns, asc(m.Key))
			}
		}
		for _, m := range rule.Matches {
			if m.Doc.How == "fuzzy" {
				columns = append(columns, asc(m.Key))
			}
		}
		p.need(true, columns)
	}
	for _, name := range byName(o.Doc.Indexes) {
		var columns []column
		for _, key := range o.Doc.Indexes[name].Fields {
			field, descending := strings.CutPrefix(key, "-")
			columns = append(columns, column{Column: o.last(splitPath(field)).compared(), Descending: descending})
		}
		p.need(false, columns)
	}
}

// need adds an index that must be there, unless one that begins with it is. filled
// says that nobody looks by it for records whose first column is empty: those have no
// record to refer to, and are nobody's duplicates.
func (p *planner) need(filled bool, columns []column) {
	if len(columns) == 0 || len(p.needed) >= mostIndexes || p.covered(p.needed, columns, filled) {
		return
	}
	p.needed = slices.DeleteFunc(p.needed, func(i store.Index) bool {
		return !i.Unique && (i.Filled || !filled) && begins(columns, i.Columns)
	})
	p.needed = append(p.needed, store.Index{Name: indexName("i", columns), Columns: columns, Filled: filled})
}

// lists adds the candidates of views, each with columns before that are held equal.
func (p *planner) lists(lists []*List, front ...query.Column) {
	for _, l := range lists {
		if l.Object != p.object || l.Lookup != nil {
			continue
		}
		columns := held(l, front...)
		if l.Group != nil && len(l.Sum) > 0 {
			p.add(append(slices.Clone(columns), asc(l.Sum[0].Column))) // sums of groups, without reading rows
		}
		p.add(withSort(columns, l))
	}
}

// held are the columns of a list's index before its sort: those in front, those that are
// held equal, the owner before the others, and without a sort one that is bounded.
func held(l *List, front ...query.Column) []column {
	equal, bounded := conditions(l.Filter)
	if slices.Contains(equal, query.Owner) {
		equal = append([]query.Column{query.Owner}, equal...)
	}
	if l.Group != nil {
		equal = append(equal, l.Group.Column)
	}
	columns := ascending(append(slices.Clone(front), equal...))
	if len(l.Sort) == 0 && len(bounded) > 0 {
		columns = append(columns, asc(bounded[0]))
	}
	return columns
}

// pairs adds the candidates of lists made on the spot: the fields that were asked to
// be indexed with each other, which also covers sums of the one by the other, then
// every sort field alone and the remaining pairs, the first fields before the later.
func (p *planner) pairs(lists []*List) {
	equals, sorts := p.equalities(lists), p.sorts(lists)
	indexed := func(c query.Column) bool {
		return slices.ContainsFunc(p.object.Fields, func(f *Field) bool {
			return !f.System && f.Doc.Indexed && (f.Column == c || f.compared() == c)
		})
	}
	for _, asked := range []bool{true, false} {
		for sum := range len(equals) + len(sorts) {
			for i := range min(sum+1, len(equals)) {
				if j := sum - i; j < len(sorts) && (indexed(equals[i]) && indexed(sorts[j])) == asked {
					p.both(equals[i], sorts[j], query.ID)
				}
			}
			if !asked && sum < len(sorts) {
				p.both(sorts[sum], query.ID)
			}
		}
	}
	for _, e := range equals {
		p.both(e)
	}
}

// both adds a candidate with the owner before, where records are private, and without.
func (p *planner) both(columns ...query.Column) {
	if p.object.private() {
		p.add(ascending(append([]query.Column{query.Owner}, columns...)))
	}
	p.add(ascending(columns))
}

// ascending are columns of an index, each once.
func ascending(columns []query.Column) []column {
	var all []column
	for _, c := range columns {
		if !slices.Contains(all, asc(c)) {
			all = append(all, asc(c))
		}
	}
	return all
}

func (p *planner) add(columns []column) {
	if len(columns) > 0 {
		p.candidate = append(p.candidate, columns)
	}
}

// equalities are the columns that lists hold equal to one of few values: indexed
// options and checkboxes in the order of fields, then those of views.
func (p *planner) equalities(lists []*List) []query.Column {
	var found []query.Column
	few := func(f *Field) bool {
		_, chooses := f.Value.(fieldtype.Chooses)
		return !f.System && (chooses && f.Column.Storage == fieldtype.Text || f.Column.Storage == fieldtype.Bool)
	}
	add := func(c query.Column) {
		if !slices.Contains(found, c) {
			found = append(found, c)
		}
	}
	for _, f := range p.object.Fields {
		if few(f) && f.Doc.Indexed {
			add(f.Column)
		}
	}
	for _, l := range lists {
		if l.Object != p.object {
			continue
		}
		equal, _ := conditions(l.Filter)
		if l.Group != nil {
			equal = append(equal, l.Group.Column)
		}
		for _, f := range p.object.Fields {
			if few(f) && slices.Contains(equal, f.Column) {
				add(f.Column)
			}
		}
	}
	return found
}

// sorts are the columns that lists are sorted by: of indexed fields in their
// order, then those of views.
func (p *planner) sorts(lists []*List) []query.Column {
	var found []query.Column
	add := func(c query.Column) {
		if !slices.Contains(found, c) && c != query.ID {
			found = append(found, c)
		}
	}
	for _, f := range p.object.Fields {
		_, chooses := f.Value.(fieldtype.Chooses)
		_, refers := f.Value.(fieldtype.Refers)
		if s := f.Column.Storage; f.Doc.Indexed && !chooses && !refers && (s == fieldtype.Int || s == fieldtype.Text) {
			add(f.compared())
		}
	}
	for _, l := range lists {
		if l.Object == p.object && len(l.Sort) > 0 && len(l.Sort[0].Ref.Hops) == 0 {
			add(l.Sort[0].Ref.Column)
		}
	}
	return found
}

// chosen are the needed indexes and the best candidates, as many as are allowed.
func (p *planner) chosen() []store.Index {
	indexes := slices.Clone(p.needed)
	for i, columns := range p.candidate {
		if len(indexes) >= maxIndexes {
			break
		}
		if p.covered(indexes, columns, false) || p.coveredLater(columns, i) {
			continue
		}
		indexes = slices.DeleteFunc(indexes, func(x store.Index) bool { return !x.Unique && begins(columns, x.Columns) })
		indexes = append(indexes, store.Index{Name: indexName("i", columns), Columns: columns})
	}
	slices.SortFunc(indexes, func(a, b store.Index) int { return strings.Compare(a.Name, b.Name) })
	return indexes
}

// covered reports whether columns are the beginning of an index, which has all rows
// unless those whose first column is filled are enough. A unique index leaves out rows
// with any column empty (see store.Index).
func (p *planner) covered(indexes []store.Index, columns []column, filled bool) bool {
	return slices.ContainsFunc(indexes, func(i store.Index) bool {
		leavesOut := i.Filled && !filled || i.Unique && (!filled || len(i.Columns) > 1)
		return !leavesOut && begins(i.Columns, columns)
	})
}

// coveredLater reports whether a candidate is the beginning of the next few: those
// take its place, so that no room is lost to both.
func (p *planner) coveredLater(columns []column, i int) bool {
	const near = 8
	for _, other := range p.candidate[i+1 : min(i+1+near, len(p.candidate))] {
		if len(other) > len(columns) && begins(other, columns) {
			return true
		}
	}
	return false
}

// begins reports whether long begins with short. The id at the end of short is
// only a tie-break, which nothing is sorted by alone.
func begins(long, short []column) bool {
	if n := len(short); n > 1 && short[n-1].Column == query.ID && len(long) >= n && long[n-1] != short[n-1] {
		return false
	}
	return len(long) >= len(short) && slices.Equal(long[:len(short)], short)
}

// withSort appends a list's sort and the id.
func withSort(columns []column, l *List) []column { return append(columns, sortColumns(l)...) }

// sortColumns are the columns of a list's sort and the id, none if the sort looks
// through a lookup. An index is read in both directions, so one that would begin
// descending is turned round.
func sortColumns(l *List) []column {
	var columns []column
	for _, key := range l.Sort {
		if len(key.Ref.Hops) > 0 {
			return nil
		}
		columns = append(columns, column{Column: key.Ref.Column, Descending: key.Descending != l.Sort[0].Descending})
	}
	if len(columns) > 0 {
		last := columns[len(columns)-1]
		columns = append(columns, column{Column: query.ID, Descending: last.Descending})
	}
	return columns
}

// indexName is made of what the index is on, so that another definition is
// another index.
func indexName(prefix string, columns []column) string {
	const longest = 56 // bytes; stores add the table's name
	var b strings.Builder
	b.WriteString(prefix)
	for _, c := range columns {
		b.WriteByte('.')
		if c.Descending {
			b.WriteByte('-')
		}
		b.WriteString(c.Column.Name)
	}
	name := b.String()
	if len(name) <= longest {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return name[:longest-13] + "~" + hex.EncodeToString(sum[:6])
}

// conditions finds the record's own columns that a filter holds equal to one
// value, and those that it bounds, in the order in which they are written.
func conditions(p *expression.Program) (equal, bounded []query.Column) {
	if p == nil {
		return nil, nil
	}
	filter, err := p.Filter(sample{})
	if err != nil {
		return nil, nil // nothing can be planned for it
	}
	return comparisons(filter)
}

// comparisons is conditions for a filter.
func comparisons(filter query.Filter) (equal, bounded []query.Column) {
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

// sample answers what a filter asks of the user and the clock while indexes are
// planned: any value does, only the columns count.
type sample struct{}

func (sample) Now() time.Time           { return time.Unix(1_767_225_600, 0).UTC() }
func (sample) Location() *time.Location { return time.UTC }

func (sample) Get(p expression.Path) any { return sampleOf(p.Leaf.Value.Storage()) }

func sampleOf(s fieldtype.Storage) any {
	switch s {
	case fieldtype.Bool:
		return true
	case fieldtype.Int:
		return int64(1)
	case fieldtype.Text:
		return "sample"
	case fieldtype.List:
		return []string{"sample"}
	}
	return nil
}

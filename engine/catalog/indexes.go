package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"formwork/engine/demand"
	"formwork/engine/expression"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// mostIndexes bounds the indexes of an object, but for unique keys, which decide what is
// right: a MongoDB collection has 64 indexes at most, two of them the store's own.
const mostIndexes = 60

// column is a column of a planned index.
type column = store.IndexColumn

// planIndexes chooses the indexes that an object always has; docs/indexes.md says the rule
// in words. What is the beginning of another is left out:
//
//  1. unique keys, references (with the sort of a related list), lists that need theirs,
//     the keys of duplicate rules, indexes asked for by hand;
//  2. the owner where records are private, as the policy adds it to most queries, with the
//     id, which lists are sorted by where nothing else is asked;
//  3. each field that is marked as indexed, but for options and checkboxes, which leave
//     too many records to be found by alone.
//
// Those of views and of lists made on the spot are made on demand; see demand.
func planIndexes(o *Object, lists []*List) []store.Index {
	p := &planner{object: o}
	p.relied(lists)
	if o.private() {
		p.need(false, []column{asc(query.Owner), asc(query.ID)})
	}
	p.indexed()
	slices.SortFunc(p.needed, func(a, b store.Index) int { return strings.Compare(a.Name, b.Name) })
	return p.needed
}

// private reports whether a caller in general sees the own records only.
func (o *Object) private() bool {
	return o.Owned && (o.Doc.Visibility == "" || o.Doc.Visibility == "private")
}

type planner struct {
	object *Object
	needed []store.Index
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

// held are the columns of a list's index before its sort: those that are held equal, the
// owner before the others, and without a sort one that is bounded.
func held(l *List) []column {
	equal, bounded := conditions(l.Filter)
	equal, bounded = l.Object.ordered(equal), l.Object.ordered(bounded)
	if slices.Contains(equal, query.Owner) {
		equal = append([]query.Column{query.Owner}, equal...)
	}
	if l.Group != nil {
		equal = append(equal, l.Group.Column)
	}
	columns := ascending(equal)
	if len(l.Sort) == 0 && len(bounded) > 0 {
		columns = append(columns, asc(bounded[0]))
	}
	return columns
}

// indexed adds the fields that were asked to be indexed.
func (p *planner) indexed() {
	for _, f := range p.object.Fields {
		_, chooses := f.Value.(fieldtype.Chooses)
		_, refers := f.Value.(fieldtype.Refers)
		if s := f.Column.Storage; f.Doc.Indexed && !chooses && !refers && (s == fieldtype.Int || s == fieldtype.Text) {
			p.need(false, []column{asc(f.compared()), asc(query.ID)})
		}
	}
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

// covered reports whether columns are the beginning of an index, which has all rows
// unless those whose first column is filled are enough. A unique index leaves out rows
// with any column empty (see store.Index).
func (p *planner) covered(indexes []store.Index, columns []column, filled bool) bool {
	return slices.ContainsFunc(indexes, func(i store.Index) bool {
		leavesOut := i.Filled && !filled || i.Unique && (!filled || len(i.Columns) > 1)
		return !leavesOut && begins(i.Columns, columns)
	})
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
	return demand.Conditions(filter)
}

// ordered are those of an object's columns whose values an index can hold.
func (o *Object) ordered(columns []query.Column) []query.Column {
	return slices.DeleteFunc(columns, func(c query.Column) bool {
		return slices.ContainsFunc(o.Fields, func(f *Field) bool {
			_, unordered := f.Value.(fieldtype.Unordered)
			return unordered && f.Column == c
		})
	})
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

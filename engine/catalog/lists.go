package catalog

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

// List is a list of an object's records that is asked for again and again: a view, the
// related list of a layout. The advisor looks at how it is read.
type List struct {
	Source string // "view/my_accounts", "layout/account/related/contacts"
	Object *Object
	// Order is its worth among the lists of the object: there are not indexes for all.
	Order int
	// Needed: its index is never left out.
	Needed bool
	Lookup *Field              // of a related list: which field holds the record shown
	Filter *expression.Program // must be queryable; nil: all records
	Sort   []SortKey
	Group  *Field   // of a kanban: an own field, which is asked for one value at a time
	Sum    []*Field // own fields that are added up by group
}

// SortKey is one key of a list's sort.
type SortKey struct {
	Ref        query.Ref
	Descending bool
}

// lists are those that the documents of all kinds ask for, by their order.
func (k *Kinds) lists(s *Snapshot) []*List {
	var lists []*List
	for _, kind := range k.order {
		if kind, ok := kind.(Lists); ok {
			lists = append(lists, kind.Lists(s)...)
		}
	}
	slices.SortStableFunc(lists, func(a, b *List) int { return cmp.Compare(a.Order, b.Order) })
	return lists
}

func (b *builder) checkColumns(o *Object, columns []string, pointer string) {
	for i, path := range columns {
		b.path(o, path, pointer+index(i))
	}
}

// sortKeys reads "-amount", "account.name"; text is sorted by its key if it has one.
func (b *builder) sortKeys(o *Object, keys []string, pointer string) []SortKey {
	var sort []SortKey
	for i, key := range keys {
		at := pointer + index(i)
		path, descending := strings.CutPrefix(key, "-")
		f := b.path(o, path, at)
		if f == nil {
			continue
		}
		if s := f.Column.Storage; s == fieldtype.None || s == fieldtype.List || s == fieldtype.JSON {
			b.report(fault.New(fault.Invalid, "catalog.not_sortable", "field", path), at)
			continue
		}
		if !b.checkOrdered(f, at) {
			continue
		}
		sort = append(sort, SortKey{Ref: o.ref(path), Descending: descending})
	}
	return sort
}

// holds reports whether a path that is known to be right ends at the record itself and
// leads through no lookup, so that an index of the object can hold its values.
func (o *Object) holds(path string) bool { return len(o.ref(path).Hops) == 0 }

// ref is how a query reads a path that is known to be right, by the column that
// its values are sorted by.
func (o *Object) ref(path string) query.Ref {
	var ref query.Ref
	steps := splitPath(path)
	for i, name := range steps {
		f := o.byName[name]
		if f.Target == nil {
			ref.Column = o.last(steps[i:]).compared()
			break
		}
		ref.Column = f.Column
		ref.Hops = append(ref.Hops, query.Hop{Lookup: f.Column, Table: f.Target.Table.Name})
		o = f.Target
	}
	if n := len(ref.Hops); n > 0 && ref.Hops[n-1].Lookup == ref.Column {
		ref.Hops = ref.Hops[:n-1] // the path ends with the lookup itself
	}
	if len(ref.Hops) == 0 {
		ref.Hops = nil
	}
	return ref
}

// index is the step of a JSON pointer to the i-th item of a list.
func index(i int) string { return "/" + strconv.Itoa(i) }

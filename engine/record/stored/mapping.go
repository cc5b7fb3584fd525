// Package stored is how records are kept: the mapping of an object's fields to the
// columns of a row, the columns that follow fields, values in stored form, and the tables
// beside those of the objects (history, outbox, bin, sequences). It reads and writes
// nothing by itself.
package stored

import (
	"slices"

	"sync"

	"formwork/engine/catalog"
	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

// Mappings are the mappings of a snapshot's objects, each made when it is first asked
// for. Safe for concurrent use.
type Mappings struct{ byObject sync.Map } // *catalog.Object -> *Mapping

// Of returns the mapping of an object.
func (all *Mappings) Of(o *catalog.Object) *Mapping {
	if found, ok := all.byObject.Load(o); ok {
		return found.(*Mapping)
	}
	made, _ := all.byObject.LoadOrStore(o, newMapping(o))
	return made.(*Mapping)
}

// Mapping is how the records of an object are stored: the columns of a row and, for
// every step of saving, the fields that it concerns. Immutable.
type Mapping struct {
	Object  *catalog.Object
	Columns []query.Column
	Refs    []query.Ref
	Slots   map[string]int // by column name

	Fields           []*Field // stored fields that are not of the system, and owner
	ByName           map[string]*Field
	Defaults         []*Field
	Numbers          []*Field // automatic numbers
	RowsWithFormulas []*Field // child rows with formulas
	// RowsWithReferences are child rows that refer to records, themselves or in rows of theirs.
	RowsWithReferences []*Field
	Computed           []*Field // formulas and roll-ups over own rows, in dependency order
	Expressed          []*Field // whose values expressions make: defaults, stages, formulas
	Required           []*Field
	References         []*Field
	Narrowed           []*Field // references that may lead to some records only
	Options            []*Field // fields with options, that are no formulas
	Dependent          []*Field // options that depend on another field's value
	rollups            []*Field // roll-ups over other records
	parts              []partColumns
	folded             []companion
	matched            []companion
	Searched           []Searched
	Searchable         bool
}

// Searched is a field that words are taken from.
type Searched struct {
	Slot  int
	Value fieldtype.Value
}

// Field is a stored field.
type Field struct {
	*catalog.Field
	Slot      int
	jsonKey   []byte // `"name":`
	Refers    fieldtype.Refers
	DependsOn *Field // that the options depend on; nil: on none
	// Tracked fields leave their changes in the history.
	Tracked  bool
	Computed bool // written by the platform alone
	numbered bool // an automatic number: written by the platform, or as it was elsewhere
}

// ReadOnly reports whether nobody but the platform writes the field.
func (f *Field) ReadOnly() bool { return f.Computed || f.numbered || f.Doc != nil && f.Doc.ReadOnly }

func newMapping(o *catalog.Object) *Mapping {
	m := &Mapping{Object: o, Slots: map[string]int{}, ByName: map[string]*Field{}, Searchable: o.Table.Search}
	for _, c := range systemColumns {
		m.add(c)
	}
	untracked := map[string]bool{}
	for _, name := range o.Doc.Untracked {
		untracked[name] = true
	}
	for _, f := range o.Fields {
		if f.Column.Storage == fieldtype.None || (f.System && f.Name != query.Owner.Name) {
			continue
		}
		m.addField(f, untracked[f.Name])
	}
	for _, f := range m.Fields {
		m.addCompanions(f)
	}
	for _, rule := range o.Dupes {
		for _, match := range rule.Matches {
			m.matched = append(m.matched, companion{from: m.Slots[match.Field.Column.Name], to: m.add(match.Key), derive: duplicateKey(match)})
		}
	}
	for _, f := range o.Computed {
		if at, ok := m.ByName[f.Name]; ok {
			m.Computed = append(m.Computed, at)
		}
	}
	for _, f := range o.Search {
		if slot, ok := m.Slots[f.Column.Name]; ok {
			m.Searched = append(m.Searched, Searched{Slot: slot, Value: f.Value})
		}
	}
	for _, f := range m.Fields {
		if _, expressed := o.Begins(f.Field); f.Formula != nil || expressed || setByStage(o, f.Name) {
			m.Expressed = append(m.Expressed, f)
		}
	}
	for _, c := range m.Columns {
		m.Refs = append(m.Refs, query.Field(c))
	}
	return m
}

// setByStage reports whether entering a stage sets a field.
func setByStage(o *catalog.Object, field string) bool {
	if o.Stages == nil {
		return false
	}
	for _, st := range o.Stages.ByName {
		if st.Set[field] != nil {
			return true
		}
	}
	return false
}

// add gives a column its slot.
func (m *Mapping) add(c query.Column) int {
	if slot, ok := m.Slots[c.Name]; ok {
		return slot
	}
	m.Slots[c.Name] = len(m.Columns)
	m.Columns = append(m.Columns, c)
	return len(m.Columns) - 1
}

// addField adds a stored field and sorts it into the steps of saving.
func (m *Mapping) addField(f *catalog.Field, untracked bool) {
	at := &Field{Field: f, Slot: m.add(f.Column), jsonKey: JSONKey(f.Name), Tracked: !untracked}
	m.Fields = append(m.Fields, at)
	m.ByName[f.Name] = at
	if refers, ok := f.Value.(fieldtype.Refers); ok {
		at.Refers = refers
		m.References = append(m.References, at)
		if f.ChooseWhen != nil {
			m.Narrowed = append(m.Narrowed, at)
		}
	}
	if rolls, ok := f.Value.(fieldtype.Rolls); ok {
		at.Computed = true
		if rolls.Rollup().Rows == "" {
			at.Tracked = false
			m.rollups = append(m.rollups, at)
		}
		return
	}
	if f.Formula != nil {
		at.Computed = true
		return
	}
	if _, ok := f.Value.(fieldtype.Counts); ok {
		at.numbered = true
		m.Numbers = append(m.Numbers, at)
		return
	}
	if f.Rows != nil && ComputesRows(f.Rows) {
		m.RowsWithFormulas = append(m.RowsWithFormulas, at)
	}
	if f.Rows != nil && ReferInRows(f.Rows) {
		m.RowsWithReferences = append(m.RowsWithReferences, at)
	}
	if f.Doc == nil {
		return
	}
	if begins, _ := m.Object.Begins(f); begins {
		m.Defaults = append(m.Defaults, at)
	}
	if f.Required != nil || (f.Doc.Required != nil && f.Doc.Required.Always) {
		m.Required = append(m.Required, at)
	}
}

// ReferInRows reports whether rows, or rows in them, have references.
func ReferInRows(r *catalog.Rows) bool {
	return slices.ContainsFunc(r.Fields, func(f *catalog.Field) bool {
		_, refers := f.Value.(fieldtype.Refers)
		return refers || f.Rows != nil && ReferInRows(f.Rows)
	})
}

// ComputesRows reports whether rows, or rows in them, have formulas.
func ComputesRows(r *catalog.Rows) bool {
	if len(r.Computed) > 0 {
		return true
	}
	for _, f := range r.Fields {
		if f.Rows != nil && ComputesRows(f.Rows) {
			return true
		}
	}
	return false
}

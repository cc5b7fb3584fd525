package record

import (
	"sync"

	"formwork/engine/catalog"
	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

// mappings are the mappings of a snapshot's objects, each made when it is first asked
// for. Safe for concurrent use.
type mappings struct{ byObject sync.Map } // *catalog.Object -> *mapping

// of returns the mapping of an object.
func (all *mappings) of(o *catalog.Object) *mapping {
	if found, ok := all.byObject.Load(o); ok {
		return found.(*mapping)
	}
	made, _ := all.byObject.LoadOrStore(o, newMapping(o))
	return made.(*mapping)
}

// mapping is how the records of an object are stored: the columns of a row and, for
// every stage of saving, the fields that it concerns. Immutable.
type mapping struct {
	object  *catalog.Object
	columns []query.Column
	refs    []query.Ref
	slots   map[string]int // by column name

	fields     []*field // stored fields that are not of the system, and owner
	byName     map[string]*field
	defaults   []*field
	numbers    []*field // automatic numbers
	nested     []*field // child rows with formulas
	computed   []*field // formulas and roll-ups over own rows, in dependency order
	expressed  []*field // whose values expressions make: defaults, stages, formulas
	required   []*field
	references []*field
	options    []*field // fields with options, that are no formulas
	dependent  []*field // options that depend on another field's value
	rollups    []*field // roll-ups over other records
	parts      []partColumns
	folded     []companion
	matched    []companion
	searched   []int // slots of the fields that words are taken from
	searchable bool
}

// field is a stored field.
type field struct {
	*catalog.Field
	slot    int
	jsonKey []byte // `"name":`
	refers  fieldtype.Refers
	depends *field // that the options depend on; nil: on none
	// tracked fields leave their changes in the history.
	tracked  bool
	computed bool // written by the platform alone
	numbered bool // an automatic number: written by the platform, or as it was elsewhere
}

// readOnly reports whether nobody but the platform writes the field.
func (f *field) readOnly() bool { return f.computed || f.numbered || f.Doc != nil && f.Doc.ReadOnly }

func newMapping(o *catalog.Object) *mapping {
	m := &mapping{object: o, slots: map[string]int{}, byName: map[string]*field{}, searchable: o.Table.Search}
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
	for _, f := range m.fields {
		m.addCompanions(f)
	}
	for _, rule := range o.Dupes {
		for _, match := range rule.Matches {
			m.matched = append(m.matched, companion{from: m.slots[match.Field.Column.Name], to: m.add(match.Key), derive: duplicateKey(match)})
		}
	}
	for _, f := range o.Computed {
		if at, ok := m.byName[f.Name]; ok {
			m.computed = append(m.computed, at)
		}
	}
	for _, f := range o.Search {
		if slot, ok := m.slots[f.Column.Name]; ok {
			m.searched = append(m.searched, slot)
		}
	}
	for _, f := range m.fields {
		if f.Formula != nil || f.Default != nil || setByStage(o, f.Name) {
			m.expressed = append(m.expressed, f)
		}
	}
	for _, c := range m.columns {
		m.refs = append(m.refs, query.Field(c))
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
func (m *mapping) add(c query.Column) int {
	if slot, ok := m.slots[c.Name]; ok {
		return slot
	}
	m.slots[c.Name] = len(m.columns)
	m.columns = append(m.columns, c)
	return len(m.columns) - 1
}

// addField adds a stored field and sorts it into the stages of saving.
func (m *mapping) addField(f *catalog.Field, untracked bool) {
	at := &field{Field: f, slot: m.add(f.Column), jsonKey: quotedKey(f.Name), tracked: !untracked}
	m.fields = append(m.fields, at)
	m.byName[f.Name] = at
	if refers, ok := f.Value.(fieldtype.Refers); ok {
		at.refers = refers
		m.references = append(m.references, at)
	}
	if rolls, ok := f.Value.(fieldtype.Rolls); ok {
		at.computed = true
		if rolls.Rollup().Rows == "" {
			at.tracked = false
			m.rollups = append(m.rollups, at)
		}
		return
	}
	if f.Formula != nil {
		at.computed = true
		return
	}
	if _, ok := f.Value.(fieldtype.Counts); ok {
		at.numbered = true
		m.numbers = append(m.numbers, at)
		return
	}
	if f.Rows != nil && computesRows(f.Rows) {
		m.nested = append(m.nested, at)
	}
	if f.Doc == nil {
		return
	}
	if f.Initial != nil || f.Default != nil {
		m.defaults = append(m.defaults, at)
	}
	if f.Required != nil || (f.Doc.Required != nil && f.Doc.Required.Always) {
		m.required = append(m.required, at)
	}
}

// computesRows reports whether rows, or rows in them, have formulas.
func computesRows(r *catalog.Rows) bool {
	if len(r.Computed) > 0 {
		return true
	}
	for _, f := range r.Fields {
		if f.Rows != nil && computesRows(f.Rows) {
			return true
		}
	}
	return false
}

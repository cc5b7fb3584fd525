package record

import (
	"runtime"
	"sync"
	"weak"

	lru "github.com/hashicorp/golang-lru/v2"

	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

// compiledCache keeps what is prepared for a snapshot for as long as somebody else
// keeps the snapshot: the bound of memory is that of the catalog's cache.
type compiledCache struct{ bySnapshot sync.Map } // weak.Pointer[catalog.Snapshot] -> *compiled

func (c *compiledCache) of(s *catalog.Snapshot) *compiled {
	key := weak.Make(s)
	if found, ok := c.bySnapshot.Load(key); ok {
		return found.(*compiled)
	}
	made, loaded := c.bySnapshot.LoadOrStore(key, newCompiled(s))
	if !loaded {
		runtime.AddCleanup(s, func(key weak.Pointer[catalog.Snapshot]) { c.bySnapshot.Delete(key) }, key)
	}
	return made.(*compiled)
}

// Bounds of what is kept for one snapshot. A compiled filter takes more than a
// hundred bytes for each of its text: long ones, which hardly come twice, are not kept.
const (
	cachedPrograms = 512 // filters of requests
	cachedShapes   = 512
	longestKept    = 512 // bytes of a filter, or of a list of fields
)

// compiled is what this room prepares once for a snapshot. It must not refer to the
// snapshot itself (see compiledCache). Safe for concurrent use.
type compiled struct {
	objects  map[string]*catalog.Object
	plans    sync.Map // *catalog.Object -> *plan
	programs *lru.Cache[programKey, *expression.Program]
	shapes   *lru.Cache[shapeKey, *shape]
}

// programKey names a filter of a request. Rights are compared by identity: the
// policy keeps one for all callers that have the same.
type programKey struct {
	object *catalog.Object
	rights *policy.Rights
	text   string
}

type shapeKey struct {
	object *catalog.Object
	rights *policy.Rights
	fields string
}

func newCompiled(s *catalog.Snapshot) *compiled {
	// The only error of lru.New is a size below one.
	programs, _ := lru.New[programKey, *expression.Program](cachedPrograms)
	shapes, _ := lru.New[shapeKey, *shape](cachedShapes)
	return &compiled{objects: s.Objects, programs: programs, shapes: shapes}
}

// plan returns what is prepared for an object.
func (c *compiled) plan(o *catalog.Object) *plan {
	if found, ok := c.plans.Load(o); ok {
		return found.(*plan)
	}
	made, _ := c.plans.LoadOrStore(o, newPlan(o))
	return made.(*plan)
}

// The slots of system columns in every row.
const (
	slotID = iota
	slotVersion
	slotCreatedAt
	slotCreatedBy
	slotUpdatedAt
	slotUpdatedBy
	slotOwner
	firstSlot
)

var systemColumns = [firstSlot]query.Column{query.ID, query.Version, query.CreatedAt, query.CreatedBy,
	query.UpdatedAt, query.UpdatedBy, query.Owner}

// row is a whole record in stored form, in the order of its plan's columns.
type row []any

// plan is how the records of an object are written: the layout of a row and, for
// every step of saving, the fields it concerns.
type plan struct {
	object  *catalog.Object
	columns []query.Column
	refs    []query.Ref
	slots   map[string]int // by column name

	fields    []*planned // stored fields that are not of the system, and owner
	byName    map[string]*planned
	defaults  []*planned
	numbers   []*planned // automatic numbers
	nested    []*planned // child rows with formulas
	computed  []*planned // formulas and roll-ups over own rows, in dependency order
	expressed []*planned // whose values expressions make: defaults, stages, formulas
	required  []*planned
	refers    []*planned
	chosen    []*planned // fields with options, that are no formulas
	dependent []*planned // options that depend on another field's value
	rollups   []*planned // roll-ups over other records
	split     []split
	folded    []derived
	matched   []derived
	searched  []int // slots of the fields that words are taken from
	words     bool
}

// planned is a stored field.
type planned struct {
	*catalog.Field
	slot    int
	key     []byte // `"name":`
	refers  fieldtype.Refers
	depends *planned
	// tracked fields leave their changes in the history.
	tracked  bool
	computed bool // written by the platform alone
	numbered bool // an automatic number: written by the platform, or as it was elsewhere
}

// derived fills a companion column from a field.
type derived struct {
	from, to int
	derive   func(stored any) any
}

// split fills the columns of a value's parts.
type split struct {
	from int
	to   []int
	into func(stored any) []any
}

func newPlan(o *catalog.Object) *plan {
	p := &plan{object: o, slots: map[string]int{}, byName: map[string]*planned{}, words: o.Table.Search}
	for _, c := range systemColumns {
		p.add(c)
	}
	untracked := map[string]bool{}
	for _, name := range o.Doc.Untracked {
		untracked[name] = true
	}
	for _, f := range o.Fields {
		if f.Column.Storage == fieldtype.None || (f.System && f.Name != query.Owner.Name) {
			continue
		}
		p.field(f, untracked[f.Name])
	}
	for _, f := range p.fields {
		p.companions(f)
	}
	for _, rule := range o.Dupes {
		for _, m := range rule.Matches {
			p.matched = append(p.matched, derived{from: p.slots[m.Field.Column.Name], to: p.add(m.Key), derive: normaliser(m)})
		}
	}
	for _, f := range o.Computed {
		if at, ok := p.byName[f.Name]; ok {
			p.computed = append(p.computed, at)
		}
	}
	for _, f := range o.Search {
		if slot, ok := p.slots[f.Column.Name]; ok {
			p.searched = append(p.searched, slot)
		}
	}
	for _, f := range p.fields {
		if f.Formula != nil || f.Default != nil || setByStage(o, f.Name) {
			p.expressed = append(p.expressed, f)
		}
	}
	for _, c := range p.columns {
		p.refs = append(p.refs, query.Field(c))
	}
	return p
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
func (p *plan) add(c query.Column) int {
	if slot, ok := p.slots[c.Name]; ok {
		return slot
	}
	p.slots[c.Name] = len(p.columns)
	p.columns = append(p.columns, c)
	return len(p.columns) - 1
}

// field adds a stored field and sorts it into the steps of saving.
func (p *plan) field(f *catalog.Field, untracked bool) {
	at := &planned{Field: f, slot: p.add(f.Column), key: quotedKey(f.Name), tracked: !untracked}
	p.fields = append(p.fields, at)
	p.byName[f.Name] = at
	if refers, ok := f.Value.(fieldtype.Refers); ok {
		at.refers = refers
		p.refers = append(p.refers, at)
	}
	if rolls, ok := f.Value.(fieldtype.Rolls); ok {
		at.computed = true
		if rolls.Rollup().Rows == "" {
			at.tracked = false
			p.rollups = append(p.rollups, at)
		}
		return
	}
	if f.Formula != nil {
		at.computed = true
		return
	}
	if _, ok := f.Value.(fieldtype.Counts); ok {
		at.numbered = true
		p.numbers = append(p.numbers, at)
		return
	}
	if f.Rows != nil && computesRows(f.Rows) {
		p.nested = append(p.nested, at)
	}
	if f.Doc == nil {
		return
	}
	if f.Initial != nil || f.Default != nil {
		p.defaults = append(p.defaults, at)
	}
	if f.Required != nil || (f.Doc.Required != nil && f.Doc.Required.Always) {
		p.required = append(p.required, at)
	}
}

// companions adds the columns that follow a field, and finds the field its options depend on.
func (p *plan) companions(f *planned) {
	if f.Key.Name != "" {
		if folds, ok := f.Value.(fieldtype.Folds); ok {
			p.folded = append(p.folded, derived{from: f.slot, to: p.add(f.Key), derive: func(stored any) any { return emptyText(folds.Fold(stored)) }})
		}
	}
	if f.Count.Name != "" {
		p.add(f.Count)
	}
	if has, ok := f.Value.(fieldtype.Parts); ok && len(f.Parts) > 0 {
		s := split{from: f.slot, into: has.Split}
		for _, part := range f.Parts {
			s.to = append(s.to, p.add(part.Column))
		}
		p.split = append(p.split, s)
	}
	chooses, ok := f.Value.(fieldtype.Chooses)
	if !ok {
		return
	}
	if !f.computed {
		p.chosen = append(p.chosen, f)
	}
	if f.depends = p.byName[chooses.DependsOn()]; f.depends != nil {
		p.dependent = append(p.dependent, f)
	}
}

func emptyText(s string) any {
	if s == "" {
		return nil
	}
	return s
}

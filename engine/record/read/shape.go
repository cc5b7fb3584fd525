package read

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"weak"

	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/metadata/fieldtype"
)

// MaxFields bounds the paths of one request.
const MaxFields = 200

// Record is a record as a caller may see it. Immutable.
type Record struct {
	shape *shape
	row   []any
}

// RecordField is a column of a record: a field, or a path such as "account.name".
type RecordField struct {
	Name  string
	Value fieldtype.Value
	Via   []*catalog.Field // lookups
	Field *catalog.Field
}

// shape is what is read and shown for one list of fields: prepared once for
// callers of the same rights.
type shape struct {
	columns []RecordField
	entries []shapeColumn // parallel to columns
	selects []selected
	refs    []query.Ref // of selects, if none of them is guarded
	width   int         // of a row: what is selected, then what is computed
	slots   map[string]int
	compute bool
	rolled  []rolledUp
	// rolledAt are the places among these, by what rolledKey makes.
	rolledAt map[string]int
}

// shapeColumn is how a column is filled and written.
type shapeColumn struct {
	key     []byte // `"name":`
	slot    int
	value   fieldtype.Value
	formula *expression.Program // computed when read, on the record behind via
	via     []expression.Symbol
	rolled  int             // place among those that are rolled up when read; -1: none
	mask    *fieldtype.Mask // through which the values are shown; nil: as they are
}

// selected is a column of the query; the caller must be able to read the records
// that its first hops lead to. Those that only formulas need have none guarded.
type selected struct {
	ref     query.Ref
	guarded int
}

// shape resolves the fields a caller wants; all that may be read if none are named.
func (s *Reader) shape(ctx context.Context, a *session.Object, fields []string) (*shape, error) {
	rights, err := s.Rights(ctx)
	if err != nil {
		return nil, err
	}
	if len(fields) > MaxFields {
		return nil, fault.New(fault.Invalid, "list.too_many_fields", "max", MaxFields).At("/fields")
	}
	key := shapeKey{object: a.Object, rights: weak.Make(rights), fields: strings.Join(fields, ",")}
	if found, ok := s.cache.shapes.Get(key); ok {
		return found, nil
	}
	made, err := s.newShape(ctx, a, fields)
	if err != nil {
		return nil, err
	}
	if len(key.fields) <= longestKept {
		s.cache.shapes.Add(key, made, int64(1+len(made.columns)))
	}
	return made, nil
}

func (s *Reader) newShape(ctx context.Context, a *session.Object, fields []string) (*shape, error) {
	if len(fields) == 0 {
		fields = a.ShownNames()
	}
	sh := &shape{slots: map[string]int{}, rolledAt: map[string]int{}}
	sh.selectRef(query.Field(query.ID), 0)
	sh.selectRef(query.Field(query.Version), 0)
	seen := map[string]bool{}
	for _, name := range append([]string{query.ID.Name}, fields...) {
		if seen[name] {
			continue
		}
		seen[name] = true
		p, err := s.ShownPath(ctx, a, name, "list.unknown_field")
		if err != nil {
			return nil, fault.From(err).At("/fields")
		}
		sh.add(a, p)
	}
	sh.width = len(sh.selects)
	if len(sh.rolled) > MaxFields {
		return nil, fault.New(fault.Invalid, "list.too_many_fields", "max", MaxFields).At("/fields")
	}
	for i := range sh.rolled {
		sh.rolled[i].slot = sh.width
		sh.width++
	}
	for i, e := range sh.entries {
		switch {
		case e.rolled >= 0:
			sh.entries[i].slot = sh.rolled[e.rolled].slot
		case e.formula != nil:
			sh.entries[i].slot = sh.width
			sh.width++
		}
	}
	sh.finish()
	return sh, nil
}

// add puts a path into the shape.
func (sh *shape) add(a *session.Object, p session.Path) {
	e := shapeColumn{key: stored.JSONKey(p.Text), value: p.Leaf.Value, rolled: -1, mask: p.Mask}
	switch {
	case p.Leaf.Rollup != nil:
		e.rolled = sh.addRolledUp(p.Leaf.Rollup, p.Ref(query.ID), len(p.Via))
	case p.Leaf.Column.Storage == fieldtype.None && p.Leaf.Formula != nil:
		e.formula, e.via = p.Leaf.Formula, p.Symbols(a)
		sh.compute = true
		sh.needs(owner(a, p), e.formula, e.via, len(e.via))
	default:
		e.slot = sh.selectRef(p.Ref(p.Leaf.Column), len(p.Via))
	}
	sh.columns = append(sh.columns, RecordField{Name: p.Text, Value: p.Leaf.Value, Via: p.Via, Field: p.Leaf})
	sh.entries = append(sh.entries, e)
}

// owner is the object that the field at the end of a path belongs to.
func owner(a *session.Object, p session.Path) *catalog.Object {
	if len(p.Via) == 0 {
		return a.Object
	}
	return p.Via[len(p.Via)-1].Target
}

// needs selects what a formula of an object reads, through the formulas it stands on, and has
// the roll-ups computed that it reads.
func (sh *shape) needs(o *catalog.Object, program *expression.Program, via []expression.Symbol, guarded int) {
	for _, p := range program.Paths() {
		if p.Root != "" {
			continue
		}
		all, on := append(append([]expression.Symbol{}, via...), p.Via...), o
		if len(p.Via) > 0 {
			on, _ = p.Via[len(p.Via)-1].Target.(*catalog.Object)
		}
		switch {
		case p.Leaf.RolledUp:
			if f, ok := on.Field(p.Leaf.Name); ok && f.Rollup != nil {
				sh.addRolledUp(f.Rollup, parentOf(all), guarded)
			}
			continue
		case p.Leaf.Column.Storage == fieldtype.None:
			if p.Leaf.Formula != nil {
				sh.needs(on, p.Leaf.Formula, all, guarded)
			}
			continue
		}
		sh.selectRef(expression.Path{Via: all, Leaf: p.Leaf}.Ref(), guarded)
	}
}

// selectRef adds a column to the query and returns its slot.
func (sh *shape) selectRef(ref query.Ref, guarded int) int {
	key := refKey(ref, guarded)
	if slot, ok := sh.slots[key]; ok {
		return slot
	}
	slot := len(sh.selects)
	sh.slots[key] = slot
	sh.selects = append(sh.selects, selected{ref: ref, guarded: guarded})
	return slot
}

// finish prepares the references of a shape that needs no guards.
func (sh *shape) finish() {
	refs := make([]query.Ref, len(sh.selects))
	for i, c := range sh.selects {
		if c.guarded > 0 {
			return
		}
		refs[i] = c.ref
	}
	sh.refs = refs
}

// query returns the columns to select for a session.
func (sh *shape) query(ctx context.Context, s *session.Session) ([]query.Ref, error) {
	if sh.refs != nil {
		return sh.refs, nil
	}
	refs := make([]query.Ref, len(sh.selects))
	for i, c := range sh.selects {
		ref, err := s.GuardRef(ctx, c.ref, c.guarded)
		if err != nil {
			return nil, err
		}
		refs[i] = ref
	}
	return refs, nil
}

// refKey names a path by its columns; paths of formulas and of callers differ by
// how many of their hops are guarded.
func refKey(ref query.Ref, guarded int) string {
	if len(ref.Hops) == 0 {
		return ref.Column.Name
	}
	key := make([]byte, 0, 64)
	for _, h := range ref.Hops {
		key = append(append(key, h.Lookup.Name...), '.')
	}
	key = append(key, ref.Column.Name...)
	return string(strconv.AppendInt(append(key, '/'), int64(guarded), 10))
}

// fill computes what is computed when read. row has the shape's width.
func (sh *shape) fill(ctx context.Context, s *session.Session, row []any) error {
	if !sh.compute {
		return nil
	}
	e := shapeEnv{CallerEnv: session.NewCallerEnv(ctx, s), shape: sh, row: row}
	for _, at := range sh.entries {
		if at.formula == nil {
			continue
		}
		e.via, e.guarded = at.via, len(at.via)
		v, err := at.formula.Eval(&e)
		if err != nil {
			v = nil // such as an overflow: shown as empty, like a division by zero
		}
		row[at.slot] = v
	}
	return e.Failed()
}

// shapeEnv answers formulas that are computed when read, from what was selected.
type shapeEnv struct {
	session.CallerEnv
	shape *shape
	row   []any
	via   []expression.Symbol // where the formula stands
	// guarded is how many of the first lookups the caller named.
	guarded int
}

// Get implements expression.Env.
func (e *shapeEnv) Get(p expression.Path) any {
	if p.Root != "" {
		return e.CallerEnv.Get(p)
	}
	if len(e.via) == 0 && len(p.Via) == 0 && p.Leaf.Column.Storage != fieldtype.None {
		if slot, ok := e.shape.slots[p.Leaf.Column.Name]; ok {
			return e.row[slot]
		}
		return nil
	}
	all := append(append([]expression.Symbol{}, e.via...), p.Via...)
	if p.Leaf.RolledUp {
		if i, ok := e.shape.rolledAt[rolledKey(parentOf(all), e.guarded, p.Leaf.Name)]; ok {
			return e.row[e.shape.rolled[i].slot]
		}
		return nil
	}
	if p.Leaf.Column.Storage == fieldtype.None {
		if p.Leaf.Formula == nil {
			return nil
		}
		below := *e
		below.via = all
		v, err := p.Leaf.Formula.Eval(&below)
		if err != nil {
			return nil
		}
		return v
	}
	if slot, ok := e.shape.slots[refKey(expression.Path{Via: all, Leaf: p.Leaf}.Ref(), e.guarded)]; ok {
		return e.row[slot]
	}
	return nil
}

// ID is the record's identity.
func (r Record) ID() id.ID { return id.ID(r.integer(0)) }

// Version is the record's version, from 1.
func (r Record) Version() int64 { return r.integer(1) }

func (r Record) integer(slot int) int64 {
	if r.row == nil {
		return 0
	}
	n, _ := r.row[slot].(int64)
	return n
}

// Fields are what the record shows, in order; the id is the first.
func (r Record) Fields() []RecordField {
	if r.shape == nil {
		return nil
	}
	return r.shape.columns
}

// Value is the stored form of the i-th of Fields, as far as the caller is shown it.
func (r Record) Value(i int) any {
	e := &r.shape.entries[i]
	v := r.row[e.slot]
	if text, ok := v.(string); ok && e.mask != nil {
		return e.mask.Text(text)
	}
	return v
}

// CSV is the i-th of Fields as a CSV cell.
func (r Record) CSV(i int) string {
	if v := r.Value(i); v != nil {
		return r.shape.columns[i].Value.CSV(v)
	}
	return ""
}

// Blank is the record without the values of some fields, which are empty in it.
func (r Record) Blank(names ...string) Record {
	row := slices.Clone(r.row)
	for i, c := range r.shape.columns {
		if slices.Contains(names, c.Name) {
			row[r.shape.entries[i].slot] = nil
		}
	}
	return Record{shape: r.shape, row: row}
}

// AppendJSON appends the record as the API shows it; empty values are null.
func (r Record) AppendJSON(dst []byte) []byte {
	dst = append(dst, '{')
	if r.shape == nil {
		return append(dst, '}')
	}
	for i := range r.shape.entries {
		e := &r.shape.entries[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, e.key...)
		dst = stored.AppendValue(dst, e.value, r.Value(i))
	}
	return append(dst, '}')
}

// MarshalJSON is AppendJSON for encoding/json.
func (r Record) MarshalJSON() ([]byte, error) { return r.AppendJSON(nil), nil }

package catalog

import (
	"slices"
	"strings"
	"time"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

// node is a field that is computed from others: a formula or a roll-up.
type node struct {
	object *Object
	field  *Field
	needs  []*node
	state  visitState
}

type visitState uint8

const (
	unseen visitState = iota
	open
	closed
)

func (n *node) name() string { return n.object.Doc.Name + "." + n.field.Name }

func (n *node) pointer() string {
	return pointerTo("object", n.object.Doc.Name) + "/fields" + step(n.field.Name)
}

// planComputation compiles formulas and roll-ups, each after what it reads, and
// refuses those that would need themselves.
func (b *builder) planComputation() {
	nodes := map[string]*node{}
	var all []*node
	for _, o := range b.objects {
		eachRows(o, b.compileRowFormulas)
		for _, f := range o.Fields {
			_, computes := f.Value.(fieldtype.Computes)
			_, rolls := f.Value.(fieldtype.Rolls)
			if computes || rolls {
				n := &node{object: o, field: f}
				nodes[n.name()] = n
				all = append(all, n)
			}
		}
	}
	for _, n := range all {
		n.needs = b.needs(n, nodes)
	}
	var order []*node
	for _, n := range all {
		b.visit(n, nil, &order)
	}
	for _, n := range order {
		if b.broken[n.name()] {
			continue
		}
		if computes, ok := n.field.Value.(fieldtype.Computes); ok {
			b.compileFormula(n, computes.Expression())
		}
		if rolls, ok := n.field.Value.(fieldtype.Rolls); ok {
			b.compileRollup(n, rolls.Rollup())
		}
	}
	b.boundWhenRead()
}

// needs lists the computed fields that a node reads.
func (b *builder) needs(n *node, nodes map[string]*node) []*node {
	var needs []*node
	add := func(object, field string) {
		if other := nodes[object+"."+field]; other != nil {
			needs = append(needs, other)
		}
	}
	read := func(source string, scope expression.Scope) {
		walk(source, scope, func(at expression.Names, name string, _ bool) { add(at.Object(), name) })
	}
	if computes, ok := n.field.Value.(fieldtype.Computes); ok {
		read(computes.Expression(), b.formulaScope(n))
	}
	if rolls, ok := n.field.Value.(fieldtype.Rolls); ok {
		r := rolls.Rollup()
		if child := b.s.Objects[r.Object]; child != nil {
			add(r.Object, r.Field)
			add(r.Object, strings.TrimPrefix(r.Sort, "-"))
			read(r.Filter, expression.Scope{Record: child})
		}
	}
	return needs
}

// visit appends a node to the order after those it needs. trail are the open
// nodes that led to it.
func (b *builder) visit(n *node, trail []*node, order *[]*node) {
	switch n.state {
	case closed:
		return
	case open:
		b.reportCycle(n, trail)
		return
	}
	n.state = open
	for _, other := range n.needs {
		b.visit(other, append(trail, n), order)
	}
	n.state = closed
	*order = append(*order, n)
}

// reportCycle names the cycle from n back to n, once, at the field it was entered by.
func (b *builder) reportCycle(n *node, trail []*node) {
	start := 0
	for i, t := range trail {
		if t == n {
			start = i
		}
	}
	var names []string
	for _, t := range trail[start:] {
		names = append(names, t.name())
		b.broken[t.name()] = true
	}
	cycle := strings.Join(append(names, n.name()), " → ")
	b.report(fault.New(fault.Invalid, "catalog.cycle", "cycle", cycle), n.pointer())
}

// scaleOf is the scale of a value; -1 if it has none.
func scaleOf(v fieldtype.Value) int {
	if scaled, ok := v.(fieldtype.Scaled); ok {
		return scaled.Scale()
	}
	return -1
}

// formulaScope is what a formula may read. On an object with a field named user, the
// name is that field's.
func (b *builder) formulaScope(n *node) expression.Scope {
	scope := expression.Scope{Record: n.object, RolledUp: true, Result: n.field.Value.Kind(), Scale: scaleOf(n.field.Value)}
	if _, taken := n.object.byName["user"]; !taken {
		scope.User = b.user()
	}
	return scope
}

// compileFormula compiles a formula and decides where it is computed: one that
// reads stored fields of its own record alone is stored; one that looks through a
// lookup, at the clock, at the user or at what is itself computed when read, is
// computed then.
func (b *builder) compileFormula(n *node, source string) {
	f := n.field
	p := b.compile(source, b.formulaScope(n), n.pointer()+"/expression")
	if p == nil {
		b.broken[n.name()] = true
		return
	}
	f.Formula = p
	stored := !p.UsesClock() && !p.UsesUser()
	for _, path := range p.Paths() {
		stored = stored && len(path.Via) == 0 && path.Leaf.Column.Storage != fieldtype.None
	}
	if stored {
		f.Column = columnOf(f.Name, f.Value)
		n.object.Computed = append(n.object.Computed, f)
	}
}

// compileRollup joins a roll-up with what it counts.
func (b *builder) compileRollup(n *node, r fieldtype.Rollup) {
	if r.Op == "avg" {
		n.field.Count = query.Column{Name: n.field.Name + ":n", Storage: fieldtype.Int}
	}
	before := len(b.problems)
	if r.Rows != "" {
		b.compileRowRollup(n, r)
	} else {
		b.compileChildRollup(n, r)
	}
	if len(b.problems) > before {
		b.broken[n.name()] = true
	}
}

func (b *builder) compileRowRollup(n *node, r fieldtype.Rollup) {
	rows := b.field(n.object, r.Rows, n.pointer()+"/rows")
	if rows == nil {
		return
	}
	if rows.Rows == nil {
		b.report(fault.New(fault.Invalid, "catalog.no_rows", "field", r.Rows), n.pointer()+"/rows")
		return
	}
	if r.Field != "" {
		of, ok := rows.Rows.byName[r.Field]
		if !ok {
			b.unknownField(rows.Rows.Name, r.Field, rows.Rows.names, n.pointer()+"/field")
			return
		}
		b.checkRolled(n, of, r)
	}
	if r.Filter != "" {
		n.field.RowFilter = b.compile(r.Filter, expression.Scope{Record: rows.Rows, Result: fieldtype.BoolKind, Scale: -1}, n.pointer()+"/filter")
	}
	n.object.Computed = append(n.object.Computed, n.field)
}

func (b *builder) compileChildRollup(n *node, r fieldtype.Rollup) {
	child := b.object(r.Object, n.pointer()+"/object")
	if child == nil {
		return
	}
	lookup := b.field(child, r.Lookup, n.pointer()+"/lookup")
	if lookup == nil {
		return
	}
	if lookup.Target != n.object || lookup.System {
		b.report(fault.New(fault.Invalid, "catalog.rollup_lookup", "field", r.Lookup, "object", r.Object, "parent", n.object.Doc.Name), n.pointer()+"/lookup")
		return
	}
	roll := &Rollup{Parent: n.object, Field: n.field, Child: child, Lookup: lookup, Op: r.Op}
	if r.Field != "" {
		of := b.field(child, r.Field, n.pointer()+"/field")
		if of == nil {
			return
		}
		if of.Column.Storage == fieldtype.None {
			b.reportNotStored(of, "catalog.rollup_not_stored", n.pointer()+"/field")
			return
		}
		roll.Of = of
		b.checkRolled(n, of, r)
	}
	if r.Picks() {
		b.sortPicked(n, roll, r)
	}
	if r.Filter != "" {
		roll.Filter = b.compile(r.Filter, expression.Scope{Record: child, Result: fieldtype.BoolKind, Scale: -1, Queryable: true}, n.pointer()+"/filter")
	}
	if b.lookAtClock(n, roll, r) {
		return
	}
	b.followFilter(roll)
	n.object.Rollups = append(n.object.Rollups, roll)
	child.Feeds = append(child.Feeds, roll)
}

// followFields gives the roll-ups that take over the value of a child the type of its field.
// What is wrong with them is told when they are compiled.
func (b *builder) followFields() {
	state := map[*Field]visitState{}
	var follow func(f *Field)
	follow = func(f *Field) {
		r, picks := picked(f)
		if !picks || state[f] != unseen {
			return
		}
		state[f] = open
		if child := b.s.Objects[r.Object]; child != nil && child.byName[r.Field] != nil {
			of := child.byName[r.Field]
			follow(of)
			f.Value = fieldtype.RollupOf(r, of.Value)
			f.Column = columnOf(f.Name, f.Value)
		}
		state[f] = closed
	}
	for _, o := range b.objects {
		for _, f := range o.Fields {
			follow(f)
		}
	}
}

// picked is the definition of a roll-up that takes over the value of a child.
func picked(f *Field) (r fieldtype.Rollup, picks bool) {
	rolls, ok := f.Value.(fieldtype.Rolls)
	if !ok {
		return r, false
	}
	r = rolls.Rollup()
	return r, r.Picks()
}

// sortPicked gives a roll-up the sort by which a child is the first or the last.
func (b *builder) sortPicked(n *node, roll *Rollup, r fieldtype.Rollup) {
	name, descending := strings.CutPrefix(r.Sort, "-")
	by := b.field(roll.Child, name, n.pointer()+"/sort")
	if by == nil {
		return
	}
	switch by.Column.Storage {
	case fieldtype.Bool, fieldtype.Int, fieldtype.Text:
	default:
		b.report(fault.New(fault.Invalid, "catalog.not_sortable", "field", name), n.pointer()+"/sort")
		return
	}
	if !b.checkOrdered(by, n.pointer()+"/sort") {
		return
	}
	roll.By, roll.descending = by, descending != (r.Op == "last")
}

// maxWhenRead bounds the roll-ups of an object that are computed when read, and those behind its
// lookups that its formulas read: each is a query for every page of records.
const maxWhenRead = 20

// boundWhenRead refuses what would take too many queries to read a page of records.
func (b *builder) boundWhenRead() {
	for _, o := range b.objects {
		read := map[string]bool{}
		count := func(path, name string) {
			if read[path] = true; len(read) == maxWhenRead+1 {
				b.demand(fault.New(fault.Invalid, "catalog.rollups_when_read", "object", o.Doc.Name, "max", maxWhenRead),
					pointerTo("object", o.Doc.Name)+"/fields"+step(name))
			}
		}
		for _, f := range o.Fields {
			if f.Rollup != nil {
				count(f.Name, f.Name)
			}
			if f.Formula == nil || !f.Formula.RolledUp() {
				continue
			}
			for _, p := range f.Formula.Paths() {
				if p.Leaf.RolledUp {
					count(pathName(p), f.Name)
				}
			}
		}
	}
}

// lookAtClock makes a roll-up whose filter looks at the clock one that is computed when it
// is read, and reports whether it is one: what it counts changes without a change of any
// record.
func (b *builder) lookAtClock(n *node, roll *Rollup, r fieldtype.Rollup) bool {
	if roll.Filter == nil || !roll.Filter.UsesClock() {
		if r.Timezone != "" {
			b.report(fault.New(fault.Invalid, "catalog.rollup_no_clock"), n.pointer()+"/timezone")
		}
		return false
	}
	if r.Timezone != "" {
		var err error
		// The server's own zone is nobody's.
		if roll.Location, err = time.LoadLocation(r.Timezone); err != nil || r.Timezone == "Local" {
			b.demand(fault.New(fault.Invalid, "catalog.unknown_timezone", "timezone", r.Timezone), n.pointer()+"/timezone")
			roll.Location = time.UTC
		}
	}
	n.field.Rollup, n.field.Column, n.field.Count = roll, query.Column{}, query.Column{}
	return true
}

// followFilter has the objects that a roll-up's filter reads through lookups know what of
// their records it reads.
func (b *builder) followFilter(roll *Rollup) {
	if roll.Filter == nil {
		return
	}
	paths := roll.Filter.Paths()
	if !slices.ContainsFunc(paths, func(p expression.Path) bool { return len(p.Via) > 0 }) {
		return
	}
	for _, path := range paths {
		steps := append(slices.Clone(path.Via), path.Leaf)
		roll.Reads = append(roll.Reads, steps[0].Column)
		for i, s := range steps[1:] {
			from := path.Via[i]
			if object, ok := from.Target.(*Object); ok {
				object.Followed = append(object.Followed, &Followed{Rollup: roll, Via: path.Ref().Hops[:i+1], Column: s.Column, Dangles: dangles(from.Column)})
			}
		}
	}
}

// dangles reports whether a lookup may lead to a record that is gone: that of who made or
// changed a record is not emptied with the user.
func dangles(lookup query.Column) bool {
	return lookup == query.CreatedBy || lookup == query.UpdatedBy
}

// checkRolled refuses what can't be summed or compared, or would lose digits.
func (b *builder) checkRolled(n *node, of *Field, r fieldtype.Rollup) {
	pointer := n.pointer() + "/field"
	kind := of.Value.Kind()
	if !b.checkOrdered(of, pointer) { // the values of many children or parents would be held at once
		return
	}
	switch r.Op {
	case "sum", "avg":
		if kind != fieldtype.NumberKind && kind != fieldtype.DurationKind {
			b.report(fault.New(fault.Invalid, "catalog.rollup_not_a_number", "field", of.Name, "op", r.Op), pointer)
			return
		}
	case "min", "max":
		if s := of.Value.Storage(); s != fieldtype.Int && s != fieldtype.Text {
			b.report(fault.New(fault.Invalid, "catalog.rollup_no_order", "field", of.Name, "op", r.Op), pointer)
			return
		}
	case "first", "last":
		if s := of.Value.Storage(); is[fieldtype.Opens](of.Value) || s != fieldtype.Bool && s != fieldtype.Int && s != fieldtype.Text {
			b.report(fault.New(fault.Invalid, "catalog.rollup_no_single_value", "field", of.Name), pointer)
		}
		return
	case "count":
		return
	}
	if n.field.Value.Kind() != kind {
		b.report(fault.New(fault.Invalid, "catalog.rollup_result", "field", of.Name), n.pointer()+"/result")
		return
	}
	if r.Op != "avg" && scaleOf(n.field.Value) < scaleOf(of.Value) {
		b.report(fault.New(fault.Invalid, "catalog.rollup_scale", "scale", scaleOf(of.Value)), n.pointer()+"/scale")
	}
}

// eachRows calls visit with every kind of child rows of an object, inner ones
// first, and the pointer of the field that has them.
func eachRows(o *Object, visit func(r *Rows, pointer string)) {
	var walk func(fields []*Field, pointer string)
	walk = func(fields []*Field, pointer string) {
		for _, f := range fields {
			if f.Rows != nil {
				at := pointer + "/fields" + step(f.Name)
				walk(f.Rows.Fields, at)
				visit(f.Rows, at)
			}
		}
	}
	walk(o.Fields, pointerTo("object", o.Doc.Name))
}

// compileRowFormulas compiles the formulas of a row, each after those it reads.
func (b *builder) compileRowFormulas(r *Rows, pointer string) {
	state := map[*Field]visitState{}
	var visit func(f *Field, trail []string)
	visit = func(f *Field, trail []string) {
		computes, ok := f.Value.(fieldtype.Computes)
		if !ok || state[f] == closed {
			return
		}
		at := pointer + "/fields" + step(f.Name)
		trail = append(trail, r.Name+"."+f.Name)
		if state[f] == open {
			for i, name := range trail {
				if name == trail[len(trail)-1] {
					trail = trail[i:]
					break
				}
			}
			b.report(fault.New(fault.Invalid, "catalog.cycle", "cycle", strings.Join(trail, " → ")), at)
			return
		}
		state[f] = open
		scope := expression.Scope{Record: r, Result: f.Value.Kind(), Scale: scaleOf(f.Value)}
		walk(computes.Expression(), scope, func(on expression.Names, name string, ok bool) {
			if on == expression.Names(r) && ok {
				visit(r.byName[name], trail)
			}
		})
		state[f] = closed
		f.Formula = b.compile(computes.Expression(), scope, at+"/expression")
		b.checkRowFormula(f, at)
		r.Computed = append(r.Computed, f)
	}
	for _, f := range r.Fields {
		visit(f, nil)
	}
}

// checkRowFormula refuses a row's formula that can't be stored with the row.
func (b *builder) checkRowFormula(f *Field, pointer string) {
	if f.Formula == nil {
		return
	}
	stored := !f.Formula.UsesClock()
	for _, path := range f.Formula.Paths() {
		stored = stored && len(path.Via) == 0
	}
	if !stored {
		b.report(fault.New(fault.Invalid, "catalog.row_formula", "field", f.Name), pointer+"/expression")
	}
}

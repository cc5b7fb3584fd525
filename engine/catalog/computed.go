package catalog

import (
	"cmp"
	"slices"
	"strings"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

// readField is a field that something is computed from.
type readField struct {
	object *Object
	field  *Field
}

func (in readField) name() string { return in.object.Doc.Name + "." + in.field.Name }

// readFields collects the fields that something is computed from, each once. Of a field that is
// computed itself it does not collect the inputs: that is a computation by itself.
type readFields struct {
	s   *Snapshot
	all []readField
}

func (r *readFields) add(object, name string) {
	o := r.s.Objects[object]
	if o == nil || o.byName[name] == nil {
		return
	}
	if in := (readField{o, o.byName[name]}); !slices.Contains(r.all, in) {
		r.all = append(r.all, in)
	}
}

// read adds what an expression reads, the fields in which users have their own values of
// settings among it.
func (r *readFields) read(p *expression.Program, scope expression.Scope) {
	if p == nil {
		return
	}
	walk(p.Source(), scope, func(on expression.Names, name string, ok bool) {
		if ok {
			r.add(on.Object(), name)
		}
	})
	for _, name := range byName(p.Constants()) {
		if setting, ok := strings.CutPrefix(name, "settings."); ok {
			r.add("user", r.s.Settings[setting].UserField)
		}
	}
}

// inputsOf are the fields that a formula or a roll-up reads; none for other fields.
func inputsOf(s *Snapshot, o *Object, f *Field) []readField {
	r := readFields{s: s}
	if f.Formula != nil {
		users := s.Objects["user"]
		if o.byName["user"] != nil {
			users = nil // see formulaScope
		}
		r.read(f.Formula, scopeOf(o, users))
	}
	if rolls, ok := f.Value.(fieldtype.Rolls); ok {
		roll := rolls.Rollup()
		r.add(o.Doc.Name, roll.Rows)
		r.add(roll.Object, roll.Lookup)
		r.add(roll.Object, roll.Field)
		r.add(roll.Object, strings.TrimPrefix(roll.Sort, "-"))
		if of := o.rolling(f); of != nil {
			r.read(of.Filter, scopeOf(of.Child, nil))
		}
	}
	return r.all
}

// rolling is what a field rolls up of child records, stored or when it is read; nil if it
// does not.
func (o *Object) rolling(f *Field) *Rollup { return cmp.Or(f.Rollup, o.rollup(f)) }

// computation is a formula, a roll-up, a default by an expression, or a mask. Its value is shown to
// whoever may read the field that has it, or has it masked, whatever they may read of what it is
// computed from.
type computation struct {
	pointer string // in the object's document
	says    any    // its definition; comparable
	inputs  []readField
	// whole are the objects of which it reads records that its reader may not reach: a value
	// that is stored is the same for everybody.
	whole []*Object
}

// same reports whether another computation is defined alike and reads the same fields.
func (c computation) same(as computation) bool {
	return c.says == as.says && slices.EqualFunc(c.inputs, as.inputs, func(a, b readField) bool { return a.name() == b.name() })
}

// computations are those of an object: of its fields, then of its record types.
func computations(s *Snapshot, o *Object) (all []computation) {
	byDefault := func(p *expression.Program, pointer string) {
		if p != nil {
			r := readFields{s: s}
			r.read(p, scopeOf(o, s.Objects["user"]))
			all = append(all, computation{pointer, p.Source(), r.all, passed(p)})
		}
	}
	for _, f := range o.Fields {
		at := "/fields" + step(f.Name)
		switch {
		case f.Formula != nil:
			all = append(all, computation{at, f.Formula.Source(), inputsOf(s, o, f), nil})
		case isRollup(f):
			c := computation{pointer: at, says: f.Value.(fieldtype.Rolls).Rollup(), inputs: inputsOf(s, o, f)}
			if of := o.rolling(f); of != nil {
				c.whole = append(c.whole, of.Child)
				c.whole = append(c.whole, passed(of.Filter)...)
			}
			all = append(all, c)
		}
		byDefault(f.Default, at+"/default_expr")
		if f.Doc != nil && fieldtype.MaskOf(f.Value, f.Doc.Mask) != nil {
			all = append(all, computation{pointer: at + "/mask", says: f.Doc.Mask, inputs: []readField{{o, f}}})
		}
	}
	for _, name := range byName(o.begins) {
		for _, field := range byName(o.begins[name]) {
			byDefault(o.begins[name][field].Default, "/record_types"+step(name)+"/default_exprs"+step(field))
		}
	}
	return all
}

// passed are the objects to which an expression looks through lookups.
func passed(p *expression.Program) (objects []*Object) {
	if p == nil {
		return nil
	}
	for _, path := range p.Paths() {
		for _, lookup := range path.Via {
			if o, ok := lookup.Target.(*Object); ok && !slices.Contains(objects, o) {
				objects = append(objects, o)
			}
		}
	}
	return objects
}

// computations: what is new, or says something else, reads nothing that the author may not.
func (g *guard) computations() {
	for _, name := range byName(g.after.Objects) {
		had := map[string]computation{}
		if old := g.before.Objects[name]; old != nil {
			for _, c := range computations(g.before, old) {
				had[c.pointer] = c
			}
		}
		for _, c := range computations(g.after, g.after.Objects[name]) {
			if !c.same(had[c.pointer]) && g.err == nil {
				g.computes(name, c)
			}
		}
	}
}

// computes reports each field that a computation reads and its author may not read, and
// each object of whose records it tells more than they reach.
func (g *guard) computes(object string, c computation) {
	told := map[string]bool{}
	for _, in := range c.inputs {
		right, err := g.unread(in)
		if err != nil {
			g.err = err
			return
		}
		if right != "" && !told[right] {
			g.report(fault.New(fault.Invalid, "catalog.grants_beyond", "right", right), "object", object, c.pointer)
		}
		told[right] = true
	}
	for _, o := range c.whole {
		if name := o.Doc.Name; !g.shown(name) && !told[name+": read"] {
			g.opens(name, false, "object", object, c.pointer)
		}
	}
}

// unread is the right that the author would need to read a field; "" if they may. What is
// new holds nothing yet.
func (g *guard) unread(in readField) (right string, err error) {
	name, field := in.object.Doc.Name, in.field.Name
	o := g.before.Objects[name]
	kept, removed := g.kept[name]
	switch {
	case o == nil && !removed:
		return "", nil
	case o != nil && o.byName[field] == nil && !slices.Contains(kept, field):
		return "", nil
	}
	reads, may, err := g.before.Policies.ReadsField(g.ctx, g.author, name, field)
	switch {
	case err != nil || may || reads && in.field.System && field != query.Owner.Name:
		return "", err
	case !reads:
		return name + ": read", nil
	}
	return in.name() + ": read", nil
}

// shown reports whether everybody who may read records of an object reaches all of them.
func (g *guard) shown(object string) bool {
	o := g.before.Objects[object]
	if o == nil || o.Doc.Visibility == "" || o.Doc.Visibility == "private" {
		return false
	}
	for _, p := range policyDocuments(g.before) {
		if p.Object == object {
			return false
		}
	}
	return true
}

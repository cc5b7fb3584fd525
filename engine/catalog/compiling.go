package catalog

import (
	"context"
	"slices"
	"strings"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// Compiling is what the documents of a kind are compiled with. Whatever is named or
// written wrongly is reported at the pointer given, "/<kind>/<name>/<JSON pointer in the
// document>", and nil is returned; all problems of a change are told together.
type Compiling struct {
	*builder
	kind string
}

// Context is that of the change.
func (c *Compiling) Context() context.Context { return c.ctx }

// Snapshot is what is being made: it has the documents of all kinds, and what the kinds
// that were needed are compiled to.
func (c *Compiling) Snapshot() *Snapshot { return c.s }

// Report tells a problem.
func (c *Compiling) Report(problem *fault.Fault, pointer string) { c.report(problem, pointer) }

// Refused reports whether the schema refused something at a pointer or below it, so that it was
// left out.
func (c *Compiling) Refused(pointer string) bool {
	return slices.ContainsFunc(c.refused, func(f *fault.Fault) bool {
		return f.Pointer == pointer || strings.HasPrefix(f.Pointer, pointer+"/")
	})
}

// Object finds an object.
func (c *Compiling) Object(name, pointer string) *Object { return c.object(name, pointer) }

// Field finds a field of an object.
func (c *Compiling) Field(o *Object, name, pointer string) *Field { return c.field(o, name, pointer) }

// FieldSet are the fields of a field set of an object; none, which is reported, where there is no such.
func (c *Compiling) FieldSet(o *Object, name, pointer string) []string {
	if set := o.Doc.FieldSets[name]; set != nil {
		return set.Fields
	}
	c.report(fault.New(fault.Invalid, "catalog.unknown_field_set", "name", name, "object", o.Doc.Name), pointer)
	return nil
}

// Path finds the field that a path like "account.name" leads to.
func (c *Compiling) Path(o *Object, path, pointer string) *Field { return c.path(o, path, pointer) }

// Condition compiles a yes-or-no expression on a record of o and the user; nil, too, for
// an empty source.
func (c *Compiling) Condition(o *Object, source, pointer string) *expression.Program {
	return c.condition(o, source, pointer)
}

// Change compiles a condition that may also look at the record before a change, as old.
func (c *Compiling) Change(o *Object, source, pointer string) *expression.Program {
	return c.change(o, source, pointer)
}

// Filter compiles a condition that must run in the database.
func (c *Compiling) Filter(o *Object, source, pointer string) *expression.Program {
	return c.filter(o, source, pointer)
}

// Expression compiles any expression.
func (c *Compiling) Expression(source string, scope expression.Scope, pointer string) *expression.Program {
	return c.compile(source, scope, pointer)
}

// Value compiles an expression that makes the value of a field; of scope, what is read counts.
func (c *Compiling) Value(f *Field, source string, scope expression.Scope, pointer string) *expression.Program {
	return c.value(f, source, scope, pointer)
}

// Entered binds a field of no object, which people are asked to fill in. nil where it can't be bound, is not one that
// people fill in, or holds more than one value, which is reported.
func (c *Compiling) Entered(name string, doc *metadata.Field, at string) *Field {
	f := c.bindField(&Object{Doc: &metadata.Object{}}, name, doc, at)
	if f == nil {
		return nil
	}
	_, counts := f.Value.(fieldtype.Counts)
	if storage := f.Value.Storage(); computed(f) || counts || storage == fieldtype.None || storage == fieldtype.JSON || fieldtype.Loose(f.Value.Kind(), 0) == nil {
		c.report(fault.New(fault.Invalid, "catalog.not_entered", "type", doc.Type), at+"/type")
		return nil
	}
	if narrows, ok := f.Value.(fieldtype.Narrows); ok && narrows.ChooseWhen() != "" || doc.VisibleWhen != "" || doc.Mask != "" || doc.Required != nil && doc.Required.When != "" || doc.Unique {
		c.report(fault.New(fault.Invalid, "catalog.not_entered_so"), at)
		return nil
	}
	f.Column = columnOf(name, f.Value)
	if doc.Default != nil {
		if doc.DefaultExpr != "" {
			c.report(fault.New(fault.Invalid, "catalog.two_defaults", "field", name), at+"/default_expr")
		}
		f.Initial = c.readValue(f.Value, doc.Default, at+"/default")
	}
	if refers, ok := f.Value.(fieldtype.Refers); ok {
		if f.Target = c.s.Objects[refers.Targets()[0]]; f.Column.Storage != fieldtype.Int || len(refers.Targets()) > 1 || f.Target == nil {
			c.report(fault.New(fault.Invalid, "catalog.not_entered", "type", doc.Type), at+"/type")
			return nil
		}
	}
	return f
}

// User are the names of the user in expressions; none without an object user.
func (c *Compiling) User() expression.Names { return c.user() }

// Sort reads the keys of a sort, "-amount" or "account.name"; those that are wrong are
// left out.
func (c *Compiling) Sort(o *Object, keys []string, pointer string) []SortKey {
	return c.sortKeys(o, keys, pointer)
}

// Unknown reports the name of a document that does not exist. One that exists and has
// problems of its own is reported there.
func (c *Compiling) Unknown(kind, name, pointer string) { c.unknownDocument(kind, name, pointer) }

// Read are the documents of the kind, decoded, by name.
func Read[D any](c *Compiling) map[string]*D {
	documents := make(map[string]*D, len(c.s.parsed[c.kind]))
	for name, p := range c.s.parsed[c.kind] {
		documents[name] = p.value.(*D)
	}
	return documents
}

// Each compiles the documents of the kind one by one, in the order of their names; at is
// the pointer of the document. nil: nothing is kept of it. What the former snapshot has
// compiled of the same document is taken over if nothing has changed that the kind needs.
func Each[D, C any](c *Compiling, compile func(doc *D, at string) *C) map[string]*C {
	return EachOf(c, func(s *Snapshot) map[string]*C { return Of[map[string]*C](s, c.kind) }, compile)
}

// EachOf is Each for a kind that is compiled to more than a map; compiled finds the map in what a
// snapshot has of the kind.
func EachOf[D, C any](c *Compiling, compiled func(s *Snapshot) map[string]*C, compile func(doc *D, at string) *C) map[string]*C {
	var before map[string]*C
	if c.sameNeeds(c.kind) {
		before = compiled(c.former)
	}
	all := make(map[string]*C, len(c.s.parsed[c.kind]))
	for _, name := range byName(c.s.parsed[c.kind]) {
		p := c.s.parsed[c.kind][name]
		if had := before[name]; had != nil && c.former.parsed[c.kind][name] == p {
			all[name] = had
			c.takeParts(metadata.Key{Kind: c.kind, Name: name})
			continue
		}
		if compiled := compile(p.value.(*D), pointerTo(c.kind, name)); compiled != nil {
			all[name] = compiled
		}
	}
	return all
}

// compileKind compiles the documents of a kind, or takes over what the former snapshot
// compiled of the same documents against the same others.
func (b *builder) compileKind(kind Kind) {
	name := kind.Name()
	var compiled any
	if b.sameNeeds(name) && b.sameDocuments(name) {
		b.same[name] = true
		compiled = b.former.compiled[name]
		for _, document := range b.Names(name) {
			b.takeParts(metadata.Key{Kind: name, Name: document})
		}
	} else {
		b.s.compiling = &dependent{name, b.kinds.needed[name]}
		compiled = kind.Compile(&Compiling{builder: b, kind: name})
		b.s.compiling = nil
	}
	b.s.compiled[name] = compiled
	if k, ok := kind.(member); ok {
		k.put(b, compiled)
	}
}

// dependent is a kind that is being compiled, with the kinds that it may look at.
type dependent struct {
	kind  string
	needs map[string]bool
}

// assertNeeded makes sure that a kind looks at nothing that it doesn't say it needs: it would
// see too little, or not be compiled again when that changes.
func (s *Snapshot) assertNeeded(kind string) {
	if d := s.compiling; d != nil && kind != d.kind && !d.needs[kind] {
		panic("the kind of documents " + d.kind + " looks at " + kind + ", which it does not need")
	}
}

// member is implemented by kinds of this room that are a member of the snapshot, too:
// everything else is compiled against them, or asks them.
type member interface {
	put(b *builder, compiled any)
}

// sameNeeds reports whether what a kind is compiled against was taken over from the
// former snapshot.
func (b *builder) sameNeeds(name string) bool {
	if b.former == nil {
		return false
	}
	kind := b.kinds.byName[name]
	for _, needed := range needs(kind) {
		if !b.same[needed] {
			return false
		}
	}
	if k, ok := kind.(Mentions); ok {
		for _, mentioned := range k.Mentions() {
			if !namedAlike(b.s, b.former, mentioned) {
				return false
			}
		}
	}
	return true
}

// sameDocuments reports whether the former snapshot had the same documents of a kind.
func (b *builder) sameDocuments(kind string) bool {
	had, have := b.former.parsed[kind], b.s.parsed[kind]
	if len(had) != len(have) || !namedAlike(b.s, b.former, kind) {
		return false
	}
	for name, p := range have {
		if had[name] != p {
			return false
		}
	}
	return true
}

// namedAlike reports whether two snapshots have documents of a kind by the same names.
func namedAlike(a, b *Snapshot, kind string) bool {
	names := 0
	for key := range a.Documents {
		if key.Kind != kind {
			continue
		}
		if _, ok := b.Documents[key]; !ok {
			return false
		}
		names++
	}
	for key := range b.Documents {
		if key.Kind == kind {
			names--
		}
	}
	return names == 0
}

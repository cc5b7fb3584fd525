package catalog

import (
	"context"
	"maps"
	"slices"
	"strings"

	"formwork/engine/budget"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/store"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
	"formwork/metadata/schema"
)

// Build compiles effective documents to a Snapshot, or says everything that is
// wrong with them. Pointers of the problems are "/<kind>/<name>/<JSON pointer in
// the document>"; they come sorted. It reads nothing but its arguments.
func Build(ctx context.Context, types *fieldtype.Registry, kinds *Kinds, revision int64, documents []metadata.Document) (*Snapshot, []*fault.Fault) {
	return build(ctx, language{types: types, kinds: kinds, schemas: schema.New(types, kinds.All())}, revision, documents, nil)
}

// language is what documents are written in: the types of fields, the kinds of
// documents, their schemas, and how much of it there may be.
type language struct {
	types   *fieldtype.Registry
	kinds   *Kinds
	schemas *schema.Schemas // nil: the documents are known to keep to them
	limits  limits
}

// build is Build that takes over from a former snapshot, made in the same language, what
// depends on unchanged documents alone. The result is the same with and without one.
func build(ctx context.Context, in language, revision int64, documents []metadata.Document, former *Snapshot) (*Snapshot, []*fault.Fault) {
	b := &builder{ctx: ctx, language: in, former: former, broken: map[string]bool{}, same: map[string]bool{}, s: &Snapshot{
		Revision:  revision,
		Documents: make(map[metadata.Key]metadata.Document, len(documents)),
		Objects:   map[string]*Object{},
		Indexes:   map[string][]store.Index{},
		parsed:    map[string]map[string]*parsed{},
		compiled:  map[string]any{},
		parts:     map[metadata.Key]int{},
	}, patterns: map[string]*fieldtype.Pattern{}, names: map[string][]string{}, system: map[string]*Field{}}
	if !b.within(documents) {
		return nil, b.told()
	}
	for _, d := range documents {
		b.s.Documents[d.Key] = d
	}
	b.decode()
	for _, kind := range in.kinds.order {
		b.compileKind(kind)
	}
	if problems := b.told(); len(problems) > 0 {
		return nil, problems
	}
	b.s.Languages = languagesOf(b.s.Objects)
	b.s.lists = in.kinds.lists(b.s)
	for name, o := range b.s.Objects {
		if !b.sharesObjects() {
			o.former = nil
		}
		b.s.Indexes[name] = planIndexes(o, b.s.lists)
	}
	b.s.build = &built{digest: digestOf(documents), bytes: b.s.estimate()}
	return b.s, nil
}

// builder holds what is under construction. The kinds are compiled in their order; each
// reports what is wrong and leaves out what it can't make, so that later ones find the
// other problems.
type builder struct {
	language
	ctx      context.Context
	former   *Snapshot
	s        *Snapshot
	same     map[string]bool // kinds whose compiled documents are those of former
	objects  []*Object       // by name
	problems []*fault.Fault
	refused  []*fault.Fault // what schemas refuse
	// broken are fields, as object.field, that have a problem of their own: what
	// uses them is not blamed for it.
	broken   map[string]bool
	fields   int                           // made so far
	parts    int                           // of expressions, so far
	names    map[string][]string           // by kind; see Names
	patterns map[string]*fieldtype.Pattern // by their texts
	system   map[string]*Field             // system fields that are the same for all objects, by column
	context  likeness                      // see sameContext
	bound    string                        // the pointer of the field whose type is being bound
	asked    []*fieldtype.Pattern          // patterns that it has asked for
	turn     budget.Turn
	// shared: the objects are those of a snapshot that others use, and nothing is kept in them.
	shared bool
	// exceeded: a limit was passed, and before are the problems up to then.
	exceeded bool
	before   []*fault.Fault
}

// sharesObjects reports whether the objects are not the builder's own: those of a finished snapshot, or taken over
// from the former one. Others read them at the same time, so nothing in them is changed any more.
func (b *builder) sharesObjects() bool { return b.shared || b.same["object"] }

// told are all problems, sorted. Where a schema refused something, what follows from
// its being left out is not told.
func (b *builder) told() []*fault.Fault {
	if b.exceeded {
		return bounded(append(b.before, b.refused...))
	}
	if len(b.problems)+len(b.refused) == 0 {
		return nil
	}
	refused := make(map[string]bool, len(b.refused))
	for _, f := range b.refused {
		refused[f.Pointer] = true
	}
	follows := func(f *fault.Fault) bool {
		for at := f.Pointer; at != ""; at = at[:strings.LastIndexByte(at, '/')] {
			if refused[at] {
				return true
			}
		}
		return false
	}
	return bounded(append(slices.DeleteFunc(b.problems, follows), b.refused...))
}

// maxProblems is how many problems of a change are told.
const maxProblems = 1_000

// bounded are problems, sorted; where there are too many to be read, the first of them,
// and one that says so.
func bounded(problems []*fault.Fault) []*fault.Fault {
	if len(problems) == 0 {
		return nil
	}
	problems = sorted(problems)
	if len(problems) <= maxProblems {
		return problems
	}
	return append(problems[:maxProblems:maxProblems], fault.New(fault.Invalid, "catalog.more_problems", "shown", maxProblems))
}

func (b *builder) report(f *fault.Fault, pointer string) {
	b.problems = append(b.problems, f.Under(pointer))
}

// demand reports what a change may not bring. A revision that is stored may have it: it
// was published by a version of the program that let it pass, and is used as it is.
func (b *builder) demand(f *fault.Fault, pointer string) {
	if b.schemas != nil {
		b.report(f, pointer)
	}
}

// unknownField reports a name that is no field of an object. What is broken is
// reported where it is broken.
func (b *builder) unknownField(object, name string, known []string, pointer string) {
	if b.broken[object+"."+name] {
		return
	}
	if near, ok := metadata.Nearest(name, known); ok {
		b.report(fault.New(fault.Invalid, "catalog.unknown_field_near", "field", name, "object", object, "suggestion", near), pointer)
		return
	}
	b.report(fault.New(fault.Invalid, "catalog.unknown_field", "field", name, "object", object), pointer)
}

// unknownDocument reports the name of a document that does not exist.
func (b *builder) unknownDocument(kind, name string, pointer string) {
	if b.documented(kind, name) {
		return // its own problems are reported with it
	}
	if near, ok := metadata.Nearest(name, b.Names(kind)); ok {
		b.report(fault.New(fault.Invalid, "catalog.unknown_document_near", "kind", kind, "name", name, "suggestion", near), pointer)
		return
	}
	b.report(fault.New(fault.Invalid, "catalog.unknown_document", "kind", kind, "name", name), pointer)
}

// documented reports whether there is a document of a kind and name, a text.
func (b *builder) documented(kind string, name any) bool {
	text, _ := name.(string)
	return b.s.Documents[metadata.Key{Kind: kind, Name: text}].Body != nil
}

// field finds a field of an object that is named at a pointer, or reports that
// there is none.
func (b *builder) field(o *Object, name, pointer string) *Field {
	f, ok := o.byName[name]
	if !ok {
		b.unknownField(o.Doc.Name, name, o.names, pointer)
	}
	return f
}

// path follows "account.name" or "account.address.city" from an object, or reports
// where it ends.
func (b *builder) path(o *Object, path, pointer string) *Field {
	steps := splitPath(path)
	for i, step := range steps {
		f := b.field(o, step, pointer)
		if f == nil || i == len(steps)-1 {
			return f
		}
		if f.Target == nil && len(f.Parts) > 0 && i == len(steps)-2 {
			return b.part(o, f, steps[i+1], pointer)
		}
		if f.Target == nil {
			b.report(fault.New(fault.Invalid, "catalog.no_path", "field", step, "path", path), pointer)
			return nil
		}
		o = f.Target
	}
	return nil
}

// object finds an object that is named at a pointer, or reports that there is none.
func (b *builder) object(name, pointer string) *Object {
	b.s.assertNeeded("object")
	o := b.s.Objects[name]
	if o == nil {
		b.unknownDocument("object", name, pointer)
	}
	return o
}

// compile makes a program, or reports what is wrong with the expression.
func (b *builder) compile(source string, scope expression.Scope, pointer string) *expression.Program {
	if b.exceeded {
		return nil
	}
	b.s.assertNeeded("constant")
	b.s.assertNeeded("setting")
	scope.Constants, scope.Settings = b.s.Constants, b.s.Settings
	if p := b.programOf(scope, pointer); p != nil {
		if !b.sharesObjects() {
			keepProgram(scope, pointer, p)
		}
		b.countParts(p.Parts(), pointer)
		return p
	}
	if b.readsBroken(source, scope) {
		return nil
	}
	b.turn.Yield()
	p, problems := expression.Compile(source, scope)
	for _, problem := range problems {
		if kind := valueKinds[problem.Code]; kind != "" && b.documented(kind, problem.Params["name"]) {
			continue // its own problems are reported with it
		}
		b.problems = append(b.problems, problem.Fault(pointer))
	}
	if len(problems) > 0 {
		return nil
	}
	if !b.sharesObjects() {
		keepProgram(scope, pointer, p)
	}
	b.countParts(p.Parts(), pointer)
	return p
}

// value compiles an expression that makes the value of a field.
func (b *builder) value(f *Field, source string, scope expression.Scope, pointer string) *expression.Program {
	scope.Result, scope.Scale = f.Value.Kind(), scaleOf(f.Value)
	p := b.compile(source, scope, pointer)
	if p != nil && !p.Becomes(f.Value) {
		b.demand(fault.New(fault.Invalid, "catalog.unfit", "field", f.Name), pointer)
	}
	return p
}

// condition compiles a yes-or-no expression on a record of o and the user; nil
// for an empty source.
func (b *builder) condition(o *Object, source, pointer string) *expression.Program {
	if source == "" {
		return nil
	}
	return b.compile(source, expression.Scope{Record: o, User: b.user(), Result: fieldtype.BoolKind, Scale: -1}, pointer)
}

// filter compiles a condition that must run in the database; nil for an empty source.
func (b *builder) filter(o *Object, source, pointer string) *expression.Program {
	if source == "" {
		return nil
	}
	return b.compile(source, expression.Scope{Record: o, User: b.user(), Result: fieldtype.BoolKind, Scale: -1, Queryable: true}, pointer)
}

// change compiles a condition that may also look at the record before the change.
func (b *builder) change(o *Object, source, pointer string) *expression.Program {
	if source == "" {
		return nil
	}
	return b.compile(source, expression.Scope{Record: o, User: b.user(), Old: true, Result: fieldtype.BoolKind, Scale: -1}, pointer)
}

// user are the names of the user in expressions; none without an object user.
func (b *builder) user() expression.Names {
	if o := b.s.Objects["user"]; o != nil {
		return o
	}
	return nil
}

// Names lists the names of all documents of a kind, sorted; they must not be changed. With Options, Type and
// Pattern it makes the builder the context in which field types are bound.
func (b *builder) Names(kind string) []string {
	if names, ok := b.names[kind]; ok {
		return names
	}
	var names []string
	for key := range b.s.Documents {
		if key.Kind == kind {
			names = append(names, key.Name)
		}
	}
	slices.Sort(names)
	b.names[kind] = names
	return names
}

// Pattern compiles a regular expression of a field, once for all that have the same.
func (b *builder) Pattern(text string) (*fieldtype.Pattern, *fault.Fault) {
	if p := b.patterns[text]; p != nil {
		b.asked = append(b.asked, p)
		return p, nil
	}
	b.turn.Yield()
	p, problem := fieldtype.CompilePattern(text)
	if problem != nil {
		return nil, problem
	}
	if b.countParts(p.Instructions/8, b.bound); b.exceeded {
		return nil, b.before[len(b.before)-1]
	}
	b.patterns[text], b.asked = p, append(b.asked, p)
	return p, nil
}

// Options returns the options of a shared picklist.
func (b *builder) Options(picklist string) (map[string]*metadata.Option, bool) {
	p, ok := Picklists(b.s)[picklist]
	if !ok {
		return nil, false
	}
	return p.Options, true
}

// Type finds a field type.
func (b *builder) Type(name string) (fieldtype.Type, bool) { return b.types.Type(name) }

// byName lists the keys of a map, sorted: everything is done in a fixed order, so
// that problems and plans come the same each time.
func byName[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// sorted orders problems by pointer, then code.
func sorted(problems []*fault.Fault) []*fault.Fault {
	return fault.From(fault.All(fault.Invalid, "catalog.invalid", problems)).Errors
}

// step is one step of a JSON pointer.
func step(name string) string { return "/" + metadata.EscapePointer(name) }

// pointerTo is the pointer of a document in a list of problems.
func pointerTo(kind, name string) string { return step(kind) + step(name) }

package catalog

import (
	"slices"

	"formwork/engine/expression"
	"formwork/metadata/fieldtype"
)

// unchanged is an object of the former snapshot of which everything holds that follows
// from its document alone: the document is the same, and so is what its fields' types are
// bound in. nil if there is none. What leads to other objects is linked anew, for those
// may have changed.
func (b *builder) unchanged(name string) *Object {
	if b.former == nil || !b.sameContext() {
		return nil
	}
	if had := b.former.parsed["object"][name]; had == nil || had != b.s.parsed["object"][name] {
		return nil
	}
	had := b.former.Objects[name]
	if slices.ContainsFunc(had.Fields, func(f *Field) bool { _, picks := picked(f); return picks }) {
		return nil // the types of these follow from the documents of others
	}
	return had
}

// sameContext reports whether types are bound in the same context as in the former
// snapshot: shared picklists, and the names of documents.
func (b *builder) sameContext() bool {
	if b.context == unknown {
		b.context = differs
		if b.sameNeeds("object") && namedAlike(b.s, b.former, "object") {
			b.context = same
		}
	}
	return b.context == same
}

// likeness is whether two things are the same, if it is known.
type likeness uint8

const (
	unknown likeness = iota
	same
	differs
)

// takePatterns counts and shares the patterns of a field that is taken over.
func (b *builder) takePatterns(patterns []*fieldtype.Pattern, pointer string) {
	for _, p := range patterns {
		if text := p.String(); b.patterns[text] == nil {
			b.patterns[text] = p
			b.countParts(p.Instructions/8, pointer)
		}
	}
}

// programOf is the program at a pointer of an object that is unchanged, if it reads nothing but
// plain fields of that object; else nil.
func (b *builder) programOf(scope expression.Scope, pointer string) *expression.Program {
	o, ok := scope.Record.(*Object)
	if !ok || o.former == nil || scope.Draft != nil || scope.Roots != nil {
		return nil
	}
	p := o.former.programs[pointer]
	if p != nil && slices.ContainsFunc(p.Paths(), func(path expression.Path) bool { return !computedAlike(o, path.Leaf) }) {
		return nil
	}
	return p
}

// computedAlike reports whether a field is computed as it was: the filter of a roll-up may have come to
// look at the clock, or ceased to, by a formula of its children.
func computedAlike(o *Object, was expression.Symbol) bool {
	now, ok := o.Symbol(was.Name)
	return !ok || now.RolledUp == was.RolledUp && now.Column == was.Column
}

// keepProgram lets a later build take a program over. One that reads a draft as well belongs
// to the document of another object.
func keepProgram(scope expression.Scope, pointer string, p *expression.Program) {
	if o, ok := scope.Record.(*Object); ok && scope.Draft == nil && scope.Roots == nil && selfContained(p) {
		if o.programs == nil {
			o.programs = map[string]*expression.Program{}
		}
		o.programs[pointer] = p
	}
}

// selfContained reports whether a program holds on to nothing but fields' values and columns: not
// to other objects, or rows, which are made anew in each build.
func selfContained(p *expression.Program) bool {
	if p.UsesUser() {
		return false
	}
	for _, path := range p.Paths() {
		if len(path.Via) > 0 || path.Leaf.Target != nil || path.Leaf.Rows != nil {
			return false
		}
	}
	return true
}

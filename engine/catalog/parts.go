package catalog

import (
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// makeParts gives a field whose value has parts a field for each. A part is named with
// its field, as field.part, belongs to it in rights and history, and is only read: a
// path, a query or an index finds records by it, while the value is written as a whole.
func (f *Field) makeParts() {
	has, ok := f.Value.(fieldtype.Parts)
	if !ok || f.Column.Storage == fieldtype.None {
		return
	}
	for _, p := range has.Parts() {
		name := f.Name + "." + p.Name
		f.Parts = append(f.Parts, &Field{Name: name, Value: p.Value, Column: columnOf(name, p.Value),
			Doc: &metadata.Field{Type: f.Doc.Type, Label: p.Label, ReadOnly: true}})
	}
}

// Part finds a part of a field by its own name.
func (f *Field) Part(name string) (*Field, bool) {
	for _, part := range f.Parts {
		if part.Name == f.Name+"."+name {
			return part, true
		}
	}
	return nil, false
}

// PartNames are the names of a field's parts, with the field's.
func (f *Field) PartNames() []string {
	names := make([]string, len(f.Parts))
	for i, part := range f.Parts {
		names[i] = part.Name
	}
	return names
}

// partSymbols are the parts as expressions see them.
func (f *Field) partSymbols() []expression.Symbol {
	symbols := make([]expression.Symbol, len(f.Parts))
	for i, part := range f.Parts {
		symbols[i] = expression.Symbol{Name: part.Name[len(f.Name)+1:], Value: part.Value, Column: part.Column}
	}
	return symbols
}

// last follows the end of a path that is known to be right from an object: a field, or
// a field and its part.
func (o *Object) last(steps []string) *Field {
	f := o.byName[steps[0]]
	if len(steps) > 1 {
		f, _ = f.Part(steps[1])
	}
	return f
}

// part finds the part of a field that a path ends with, or reports that there is none.
func (b *builder) part(o *Object, f *Field, name, pointer string) *Field {
	part, ok := f.Part(name)
	if !ok {
		b.unknownField(o.Doc.Name, f.Name+"."+name, f.PartNames(), pointer)
	}
	return part
}

// own finds a field of an object or the part of one, or reports that there is none:
// what an index, a group or a sum may be of.
func (b *builder) own(o *Object, path, pointer string) *Field {
	steps := splitPath(path)
	f := b.field(o, steps[0], pointer)
	switch {
	case f == nil || len(steps) == 1:
		return f
	case len(steps) == 2 && len(f.Parts) > 0:
		return b.part(o, f, steps[1], pointer)
	}
	b.report(fault.New(fault.Invalid, "catalog.no_path", "field", steps[0], "path", path), pointer)
	return nil
}

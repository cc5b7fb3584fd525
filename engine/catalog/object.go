package catalog

import (
	"slices"

	"formwork/engine/expression"
	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

// Object is the object's name. With Symbol and Symbols an Object is the names of
// its records in expressions, all of them: see Visible for those of a caller.
func (o *Object) Object() string { return o.Doc.Name }

// Symbol finds a field.
func (o *Object) Symbol(name string) (expression.Symbol, bool) {
	f, ok := o.byName[name]
	if !ok {
		return expression.Symbol{}, false
	}
	return f.Symbol(), true
}

// Symbols lists the names of the fields, sorted. It must not be changed.
func (o *Object) Symbols() []string { return o.names }

// Settable reports whether the configuration may say what value the field of a record is given: it
// is neither computed nor numbered nor kept by the platform.
func (f *Field) Settable() bool {
	return !(f.System && f.Name != query.Owner.Name || computed(f) || is[fieldtype.Counts](f.Value))
}

// Symbol is the field as expressions see it, without guards.
func (f *Field) Symbol() expression.Symbol {
	s := expression.Symbol{Name: f.Name, Value: f.Value, Column: f.Column, Parts: f.partSymbols()}
	if f.Target != nil {
		s.Target, s.Table = f.Target, f.Target.Table.Name
	}
	if f.Rows != nil {
		s.Rows = f.Rows
	}
	if f.Column.Storage == fieldtype.None {
		s.Formula, s.RolledUp = f.Formula, f.Rollup != nil
	}
	return s
}

// Object is the name of the rows, as object.field.
func (r *Rows) Object() string { return r.Name }

// Symbol finds a field of a row.
func (r *Rows) Symbol(name string) (expression.Symbol, bool) {
	f, ok := r.byName[name]
	if !ok {
		return expression.Symbol{}, false
	}
	return f.Symbol(), true
}

// Symbols lists the names of a row's fields, sorted. It must not be changed.
func (r *Rows) Symbols() []string { return r.names }

// Field finds a field of a row by name.
func (r *Rows) Field(name string) (*Field, bool) { f, ok := r.byName[name]; return f, ok }

// Visible are the names that a caller may use: fields for which fields answers yes
// and the system fields but the owner, which is asked for as well. A path goes
// through a lookup under the guard of the object it leads to (nil: every record).
// What may not be used looks like what does not exist.
func (o *Object) Visible(fields func(object, field string) bool, guard func(object string) query.Filter) expression.Names {
	return visible{object: o, fields: fields, guard: guard}
}

type visible struct {
	object *Object
	fields func(object, field string) bool
	guard  func(object string) query.Filter
}

func (v visible) Object() string { return v.object.Object() }

func (v visible) may(f *Field) bool {
	return f.System && f.Name != query.Owner.Name || v.fields(v.object.Doc.Name, f.Name)
}

func (v visible) Symbol(name string) (expression.Symbol, bool) {
	f, ok := v.object.byName[name]
	if !ok || !v.may(f) {
		return expression.Symbol{}, false
	}
	s := f.Symbol()
	if f.Target != nil {
		s.Target = visible{object: f.Target, fields: v.fields, guard: v.guard}
		s.Guard = v.guard(f.Target.Doc.Name)
	}
	return s, true
}

func (v visible) Symbols() []string {
	return slices.DeleteFunc(slices.Clone(v.object.names), func(name string) bool { return !v.may(v.object.byName[name]) })
}

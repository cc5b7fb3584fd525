package policy

import (
	"strings"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// form is what a value is in JSON, and so in Rego. Rego orders values of different
// forms by their form, null first.
type form uint8

const (
	nullForm form = iota
	boolForm
	numberForm
	textForm
	otherForm // objects and arrays: only null is told apart
)

// field is a field that a policy reads, as Rego sees it and as a query does.
type field struct {
	name  string
	ref   query.Ref
	value fieldtype.Value
	kind  fieldtype.Kind
	form  form
	scale int // of numbers
	// ordered: the order of the stored values is that of the values shown. Instants
	// count as ordered: they compare as instants and not as texts.
	ordered bool
}

func newField(name string, ref query.Ref, value fieldtype.Value) *field {
	f := &field{name: name, ref: ref, value: value, kind: value.Kind(), form: formOf(value)}
	if s, ok := value.(fieldtype.Scaled); ok {
		f.scale = s.Scale()
	}
	switch {
	case f.form == numberForm || f.form == boolForm:
		f.ordered = true
	case f.form == textForm:
		f.ordered = ref.Column.Storage == fieldtype.Text || f.kind == fieldtype.DatetimeKind
	}
	return f
}

func formOf(v fieldtype.Value) form {
	switch s := v.Storage(); s {
	case fieldtype.Bool:
		return boolForm
	case fieldtype.Int, fieldtype.Text:
		switch shown := v.Schema()["type"]; {
		case shown == "string":
			return textForm
		case (shown == "number" || shown == "integer") && s == fieldtype.Int:
			return numberForm
		}
	}
	return otherForm
}

// maxHops is how many lookups a path in a policy may go through.
const maxHops = 5

// resolve finds a field by its path ("account.industry").
func resolve(names expression.Names, path string) (*field, *fault.Fault) {
	steps := strings.Split(path, ".")
	if len(steps) > maxHops+1 {
		return nil, fault.New(fault.Invalid, "policy.path_too_long", "name", path, "max", maxHops)
	}
	var ref query.Ref
	for i, step := range steps {
		symbol, ok := names.Symbol(step)
		if !ok {
			return nil, unknownField(step, names)
		}
		if i == len(steps)-1 {
			if symbol.Column.Storage == fieldtype.None || symbol.Value == nil {
				return nil, fault.New(fault.Invalid, "policy.not_stored", "name", path)
			}
			ref.Column = symbol.Column
			return newField(path, ref, symbol.Value), nil
		}
		if symbol.Target == nil || symbol.Column.Storage != fieldtype.Int {
			return nil, fault.New(fault.Invalid, "policy.no_lookup", "name", step)
		}
		// No guard: a policy looks at what its caller may not see.
		ref.Hops = append(ref.Hops, query.Hop{Lookup: symbol.Column, Table: symbol.Table})
		names = symbol.Target
	}
	return nil, unknownField(path, names)
}

func unknownField(name string, names expression.Names) *fault.Fault {
	if near, ok := metadata.Nearest(name, names.Symbols()); ok {
		return fault.New(fault.Invalid, "policy.misspelt_field", "name", name, "object", names.Object(), "suggestion", near)
	}
	return fault.New(fault.Invalid, "policy.unknown_field", "name", name, "object", names.Object())
}

// roleOf is the role of an owner; nil if users have none.
func roleOf(owner expression.Symbol) *field {
	if owner.Target == nil {
		return nil
	}
	role, ok := owner.Target.Symbol("role")
	if !ok || role.Value == nil || role.Column.Storage != fieldtype.Text {
		return nil
	}
	hops := []query.Hop{{Lookup: owner.Column, Table: owner.Table}}
	return newField("owner.role", query.Ref{Hops: hops, Column: role.Column}, role.Value)
}

// callerFields are what every caller has, whether the user object has it or not.
var callerFields = []string{"id", "permissions", "role", "teams"}

// userFields are the fields of the user's record, by name.
func userFields(names expression.Names) map[string]*field {
	fields := map[string]*field{}
	for _, name := range names.Symbols() {
		if symbol, ok := names.Symbol(name); ok && symbol.Value != nil && symbol.Value.Storage() != fieldtype.None {
			fields[name] = newField(name, query.Ref{Column: symbol.Column}, symbol.Value)
		}
	}
	return fields
}

// shown is a stored value as the API shows it, decoded with numbers as json.Number.
func (f *field) shown(stored any) (any, error) {
	if stored == nil {
		return nil, nil
	}
	v, problem := metadata.ReadJSON(f.value.AppendJSON(nil, stored), metadata.Limits{Depth: 2 * metadata.MaxDepth})
	if problem != nil {
		return nil, problem
	}
	return v, nil
}

// stored is the value that is shown as text, if there is exactly one.
func (f *field) stored(text string) (any, bool) {
	if f.ref.Column.Storage == fieldtype.Text {
		return text, true // what is stored as text is shown as it is
	}
	v, problem := f.value.Coerce(text)
	if problem != nil || v == nil {
		return nil, false
	}
	if shown, err := f.shown(v); err != nil || shown != any(text) {
		return nil, false
	}
	return v, true
}

package api

import (
	"slices"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/metadata/fieldtype"
)

// usesMember is the member of a field's schema that says what it can be used for.
const usesMember = "x-field"

// FieldUses is what can be done with a field, as its schema says in "x-field".
type FieldUses struct {
	Type string `json:"type"` // of the field
	fieldtype.Uses
	// Targets are the objects that a reference may lead to, of those that the caller
	// knows of.
	Targets []string `json:"targets,omitempty"`
	// Masked: only what the field's mask leaves is shown, and no other use is made of it.
	Masked bool `json:"masked,omitempty"`
}

// uses says what can be done with a field. One that is computed when it is read is in
// no column: it is never sorted, grouped or measured, and which operators a filter may
// have on it is for its formula to say.
func (s schemasOf) uses(f *catalog.Field) FieldUses {
	if s.mine().Masked[f.Name] {
		return FieldUses{Type: f.Doc.Type, Masked: true, Uses: fieldtype.Uses{Kind: fieldtype.UsesOf(f.Value).Kind, Operators: []string{}}}
	}
	uses := FieldUses{Type: f.Doc.Type, Uses: fieldtype.UsesOf(f.Value)}
	if refers, ok := f.Value.(fieldtype.Refers); ok {
		uses.Targets = slices.DeleteFunc(slices.Clone(refers.Targets()), func(object string) bool { return !s.knows(object) })
	}
	if f.Key.Name != "" {
		uses.Sort = "text"
	}
	if f.Column.Storage == fieldtype.None {
		uses.Sort, uses.Measures, uses.Groups, uses.Parts = "", nil, nil, nil
		uses.Operators = slices.DeleteFunc(uses.Operators, func(operator string) bool {
			_, problems := expression.Compile(sampleFilter(f.Name, operator, f.Value.Kind()), expression.Scope{
				Record: s.object, Result: fieldtype.BoolKind, Scale: -1, Queryable: true})
			return len(problems) > 0
		})
	}
	return uses
}

// samples are values of each kind as expressions write them.
var samples = map[fieldtype.Kind]string{fieldtype.TextKind: `"a"`, fieldtype.NumberKind: "1", fieldtype.BoolKind: "true",
	fieldtype.DateKind: `"2026-01-31"`, fieldtype.DatetimeKind: `"2026-01-31T10:00:00Z"`, fieldtype.TimeKind: `"10:00"`,
	fieldtype.DurationKind: "days(1)", fieldtype.ListKind: `"a"`}

// sampleFilter is a filter with an operator on a field that is no reference.
func sampleFilter(field, operator string, kind fieldtype.Kind) string {
	switch operator {
	case "empty":
		return field + " == nil"
	case "in":
		return field + " in [" + samples[kind] + "]"
	}
	return field + " " + operator + " " + samples[kind]
}

// FieldType is a type of field, and what can be done with its fields that are stored.
type FieldType struct {
	Type string          `json:"type"`
	Uses *fieldtype.Uses `json:"uses"` // null: those of the type that the field results in
	// Results are the types that a field may result in.
	Results []string `json:"results,omitempty"`
}

// fieldTypes is GET /schemas/field-types.
func (s *Server) fieldTypes(r *request) error {
	answer := List[FieldType]{Items: []FieldType{}}
	for _, name := range s.o.Catalog.Types().Names() {
		one := FieldType{Type: name}
		if uses, ok := s.o.Catalog.Types().Uses(name); ok {
			one.Uses = &uses
		} else {
			one.Results = s.o.Catalog.Types().MayResult()
		}
		answer.Items = append(answer.Items, one)
	}
	return r.json(fiber.StatusOK, answer)
}

package catalog

import (
	"encoding/json"
	"maps"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// constantKind is the kind of the documents of values with names, which every expression
// may read: Snapshot.Constants.
type constantKind struct{ Documents[metadata.Constant] }

func (constantKind) Name() string            { return "constant" }
func (constantKind) Schema() json.RawMessage { return schemaOf("constant") }

// AlsoCalled are the names that other systems have for the kind.
func (constantKind) AlsoCalled() []string {
	return []string{"variable", "global_variable", "global", "parameter"}
}

func (constantKind) Shown(*fieldtype.Registry) metadata.Shown {
	return metadata.WithHead(metadata.AllOf("type", "scale", "value"))
}

func (constantKind) Compile(c *Compiling) any {
	constants := expression.Constants{}
	documents := Read[metadata.Constant](c)
	for _, name := range byName(documents) {
		doc, at := documents[name], pointerTo("constant", name)
		value := c.bindValue(name, doc.Type, doc.Settings, at)
		if value == nil {
			continue
		}
		if stored := c.readValue(value, doc.Value, at+"/value"); stored != nil {
			constants[name] = expression.Constant{Value: value, Stored: stored}
		}
	}
	return constants
}

func (constantKind) put(b *builder, compiled any) {
	b.s.Constants = compiled.(expression.Constants)
}

// valueKinds are the kinds of the documents of values, by the problem of an expression that
// reads one which is not there.
var valueKinds = map[string]string{"expression.unknown_constant": "constant", "expression.unknown_setting": "setting"}

// bindValue makes the value of a document that is one, by the settings in the document;
// nil where they are wrong.
func (b *builder) bindValue(name, typeName string, settings json.RawMessage, pointer string) fieldtype.Value {
	t, ok := b.types.Type(typeName)
	if !ok {
		b.report(fault.New(fault.Invalid, "catalog.unknown_type", "type", typeName), pointer+"/type")
		return nil
	}
	value, problems := t.Bind(name, &metadata.Field{Type: typeName, Settings: settings}, b)
	for _, problem := range problems {
		b.report(problem, pointer)
	}
	if len(problems) > 0 {
		return nil
	}
	return value
}

// sameConstants reports whether two expressions read the same of the constants and settings.
func sameConstants(a, b *expression.Program) bool {
	return a == b || a != nil && b != nil && maps.Equal(a.Constants(), b.Constants())
}

// Package standard lists what the program brings along: field types, kinds of documents, and
// what workflows are made of.
package standard

import (
	"formwork/engine/calendar"
	"formwork/engine/catalog"
	"formwork/engine/connection"
	"formwork/engine/form"
	"formwork/engine/mail"
	"formwork/engine/record"
	"formwork/engine/template"
	"formwork/metadata/fieldtype"
	"formwork/plugins"
	"formwork/workflows/runner"
	"formwork/workflows/sla"
	"formwork/workflows/steps"
	"formwork/workflows/triggers"
)

// Set is the standard plugin set. Without a sealer no secrets are taken.
func Set(sealer fieldtype.Sealer) plugins.Set {
	return plugins.Set{FieldTypes: fieldtype.Standard(sealer), Kinds: append(catalog.StandardKinds(), connection.Kind(), mail.Kind(), template.Kind(), calendar.Kind(), form.Kind(), sla.Kind()),
		Triggers: triggers.All(), Steps: steps.All(), SaveHooks: []record.SaveHook{runner.Lock{}, runner.BeforeSave{}, sla.Clocks{}}}
}

// FieldTypes is the registry of the standard field types, without a key for secrets.
func FieldTypes() *fieldtype.Registry { return plugins.FieldTypes(Set(nil)) }

// Kinds is the registry of the standard kinds of documents.
func Kinds() *catalog.Kinds { return plugins.Kinds(Set(nil)) }

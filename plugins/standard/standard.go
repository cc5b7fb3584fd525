// Package standard lists the field types that the program brings along.
package standard

import (
	"formwork/engine/catalog"
	"formwork/metadata/fieldtype"
	"formwork/plugins"
)

// Set is the standard plugin set. Without a sealer no secrets are taken.
func Set(sealer fieldtype.Sealer) plugins.Set {
	return plugins.Set{FieldTypes: fieldtype.Standard(sealer), Kinds: catalog.StandardKinds()}
}

// FieldTypes is the registry of the standard field types, without a key for secrets.
func FieldTypes() *fieldtype.Registry { return plugins.FieldTypes(Set(nil)) }

// Kinds is the registry of the standard kinds of documents.
func Kinds() *catalog.Kinds { return plugins.Kinds(Set(nil)) }

// Package plugins is the contract by which the platform is extended: a Set is
// everything that one extension adds, and a program is built from the sets that
// it lists. standard lists the defaults.
package plugins

import (
	"formwork/engine/catalog"
	"formwork/metadata/fieldtype"
)

// Set is what a plugin adds.
type Set struct {
	FieldTypes []fieldtype.Type
	Kinds      []catalog.Kind // of documents
}

// FieldTypes makes the registry of the types of all sets. Two types of one name
// are a programmer's mistake and panic.
func FieldTypes(sets ...Set) *fieldtype.Registry {
	var types []fieldtype.Type
	for _, set := range sets {
		types = append(types, set.FieldTypes...)
	}
	return fieldtype.NewRegistry(types...)
}

// Kinds makes the registry of the kinds of documents of all sets. Two kinds of one name
// are a programmer's mistake and panic, as do kinds that need each other.
func Kinds(sets ...Set) *catalog.Kinds {
	var kinds []catalog.Kind
	for _, set := range sets {
		kinds = append(kinds, set.Kinds...)
	}
	return catalog.NewKinds(kinds...)
}

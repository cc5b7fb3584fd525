// Package standard lists what the program brings along.
package standard

import (
	"formwork/metadata/fieldtype"
	"formwork/plugins"
)

// Set is the standard plugin set.
func Set() plugins.Set {
	return plugins.Set{FieldTypes: []fieldtype.Type{
		fieldtype.CheckboxType{},
		fieldtype.CurrencyType{},
		fieldtype.DateType{},
		fieldtype.DatetimeType{},
		fieldtype.EmailType{},
		fieldtype.LookupType{},
		fieldtype.NumberType{},
		fieldtype.PercentType{},
		fieldtype.PicklistType{},
		fieldtype.TextType{},
		fieldtype.UserType{},
	}}
}

// FieldTypes is the registry of the standard field types.
func FieldTypes() *fieldtype.Registry { return plugins.FieldTypes(Set()) }

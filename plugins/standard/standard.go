// Package standard lists what the program brings along.
package standard

import (
	"formwork/metadata/fieldtype"
	"formwork/plugins"
)

// Set is the standard plugin set. Without a sealer no secrets are taken.
func Set(sealer fieldtype.Sealer) plugins.Set {
	return plugins.Set{FieldTypes: []fieldtype.Type{
		fieldtype.AddressType{},
		fieldtype.AnyLookupType{},
		fieldtype.AutoNumberType{},
		fieldtype.CheckboxType{},
		fieldtype.ChildrenType{},
		fieldtype.CurrencyType{},
		fieldtype.DateType{},
		fieldtype.DatetimeType{},
		fieldtype.DurationType{},
		fieldtype.EmailType{},
		fieldtype.FormulaType{},
		fieldtype.JSONType{},
		fieldtype.LocationType{},
		fieldtype.LongTextType{},
		fieldtype.LookupType{},
		fieldtype.MultiPicklistType{},
		fieldtype.NumberType{},
		fieldtype.PercentType{},
		fieldtype.PhoneType{},
		fieldtype.PicklistType{},
		fieldtype.RichTextType{},
		fieldtype.RollupType{},
		fieldtype.SecretType{Sealer: sealer},
		fieldtype.TagsType{},
		fieldtype.TextType{},
		fieldtype.TimeType{},
		fieldtype.URLType{},
		fieldtype.UserType{},
	}}
}

// FieldTypes is the registry of the standard field types, without a key for secrets.
func FieldTypes() *fieldtype.Registry { return plugins.FieldTypes(Set(nil)) }

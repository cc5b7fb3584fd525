package fieldtype

// Standard lists the types of this room. Without a sealer no secrets are taken.
func Standard(sealer Sealer) []Type {
	return []Type{
		AddressType{},
		AnyLookupType{},
		AutoNumberType{},
		CheckboxType{},
		ChildrenType{},
		CurrencyType{},
		DateType{},
		DatetimeType{},
		DurationType{},
		EmailType{},
		FileType{},
		FormulaType{},
		ImageType{},
		JSONType{},
		LinkType{},
		LocationType{},
		LongTextType{},
		LookupType{},
		MultiPicklistType{},
		NumberType{},
		PercentType{},
		PhoneType{},
		PicklistType{},
		RichTextType{},
		RollupType{},
		SecretType{Sealer: sealer},
		TagsType{},
		TextType{},
		TimeType{},
		URLType{},
		UserType{},
	}
}

package fieldtype

// Standard lists the types of this room.
func Standard() []Type {
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
		FormulaType{},
		JSONType{},
		LocationType{},
		LongTextType{},
		LookupType{},
		MultiPicklistType{},
		NumberType{},
		PercentType{},
		PhoneType{},
		PicklistType{},
		RollupType{},
		TagsType{},
		TextType{},
		TimeType{},
		URLType{},
		UserType{},
	}
}
